"""A person as every request needs them: the row, and what the apps above ask about them on every page."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import IntegerField
from wagtail import hooks

from portal.accounts import registry
from portal.accounts.models import User
from portal.core.prepared import Asked, Rows

PERSON = Rows(User, lambda pk: User.objects.filter(pk=pk).order_by(), pk=IntegerField())


@dataclass(slots=True)
class AskedPerson:
    """Questions about one person, and their answers once the database was asked; they are as old as the request.

    Attributes:
        questions: the person's row, then what each app of :mod:`portal.accounts.registry` asks along, by ``names``.
    """

    pk: int
    questions: list[Asked]
    names: dict[str, int]
    answers: list[list[tuple[Any, ...]]] = field(default_factory=list)

    def read(self) -> User | None:
        """The person with ``asked_along``, or None where there is no such person."""
        rows, *along = self.answers
        remaining = iter(along)
        found: User | None = next(iter(PERSON.read(rows)), None)
        if found is not None:
            answers = {name: [next(remaining) for _asked in range(count)] for name, count in self.names.items()}
            found.asked_along = answers  # type: ignore[attr-defined]  # kept for whoever asked
        return found


def ask_person(pk: int, now: datetime) -> AskedPerson:
    """What to ask the database about a person."""
    along = dict(function(int(pk), now) for function in hooks.get_hooks(registry.HOOK))
    questions = [PERSON(pk=int(pk)), *(asked for questions in along.values() for asked in questions)]
    return AskedPerson(int(pk), questions, {name: len(questions) for name, questions in along.items()})
