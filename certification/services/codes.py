"""Short names that nobody should have to think up: of a question after its topic, of a row after what it is called."""

import re
from typing import Any

from django.utils.text import slugify

from certification.models import Question, Topic

#: Room is left for a number.
MOST = 40


def suggest_code(topic: Topic) -> str:
    """The next code of a topic's questions: ``prices-07`` after ``prices-06``."""
    base = topic.slug[:MOST]
    taken = Question.objects.filter(slug__startswith=f"{base}-").values_list("slug", flat=True)
    numbers = [int(found[1]) for slug in taken if (found := re.fullmatch(rf"{re.escape(base)}-(\d{{1,6}})", slug))]
    return f"{base}-{max(numbers, default=0) + 1:02}"


def claim_code(topic: Topic) -> str:
    """The same, until the transaction ends for nobody else: of two in one second the other has the one after it."""
    Topic.objects.select_for_update().get(pk=topic.pk)
    return suggest_code(topic)


def suggest_slug(model: Any, name: str) -> str:
    """A slug after a name that no row of the model has; empty where the name has no letter for one."""
    base = slugify(name)[:MOST].strip("-")
    if not base:
        return ""
    taken = set(model.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    names = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 2)))
    return next(name for name in names if name not in taken)
