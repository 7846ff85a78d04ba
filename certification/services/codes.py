"""Short names that nobody should have to think up: of a question after its topic, of a row after what it is called."""

import re
from typing import Any

from django.utils.text import slugify

from certification.models import Question, Topic

#: Room is left for a number.
MOST = 40


def suggest_code(topic: Topic) -> str:
    """The next code of a topic's questions: ``prices-07`` after ``prices-06``."""
    taken = Question.objects.filter(slug__startswith=f"{topic.slug}-").values_list("slug", flat=True)
    numbers = [
        int(found[1]) for slug in taken if (found := re.fullmatch(rf"{re.escape(topic.slug)}-(\d{{1,6}})", slug))
    ]
    return f"{topic.slug[:MOST]}-{max(numbers, default=0) + 1:02}"


def suggest_slug(model: Any, name: str) -> str:
    """A slug after a name that no row of the model has; empty where the name has no letter for one."""
    base = slugify(name)[:MOST].strip("-")
    if not base:
        return ""
    taken = set(model.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    names = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 2)))
    return next(name for name in names if name not in taken)
