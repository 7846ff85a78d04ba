"""What the components are given: small frozen shapes that a view fills and a template draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy


class MarkState(StrEnum):
    """How a mark is drawn; each state differs in line as well as in colour."""

    HELD = "held"
    EXPIRING = "expiring"
    MISSING = "missing"
    REVOKED = "revoked"
    LAPSED = "lapsed"


class StepState(StrEnum):
    """Where a point of a thread, a rung of a ladder or a step of a course stands."""

    DONE = "done"
    CURRENT = "current"
    AHEAD = "ahead"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Mark:
    """One punched mark for ``components/marks.html``.

    Attributes:
        letter: the exam's or programme's single letter.
        shape: shield, octagon, circle or lozenge.
        year: the two digits of the year of expiry; empty for none.
        state: one of :class:`MarkState`.
        label: what the mark stands for, written beneath it and spoken.
        caption: what to know or do about it ("until 12 Nov 2027", "Anna may retry on Friday").
        detail: a longer description for screen readers only.
        url: where the label leads; empty for nowhere.
        won: whether it was won on this very page view and is struck before the reader's eyes.
    """

    letter: str
    shape: str
    year: str
    state: str
    label: str | Promise
    caption: str | Promise = ""
    detail: str | Promise = ""
    url: str = ""
    won: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One point of the thread, one rung of the tier ladder, or one step of a list.

    ``label`` and ``title`` are the same text: the thread and the ladder label, the list of steps has titles.
    """

    label: str | Promise
    state: str
    url: str = ""
    note: str | Promise = ""

    @property
    def title(self) -> str | Promise:
        return self.label


THREAD = {
    "study": pgettext_lazy("thread", "Study"),
    "exam": pgettext_lazy("thread", "Exam"),
    "credential": pgettext_lazy("thread", "Credential"),
    "qualification": pgettext_lazy("thread", "Qualification"),
    "lead": pgettext_lazy("thread", "Lead"),
}


def thread(*, current: str, urls: dict[str, str] | None = None, notes: dict[str, str] | None = None) -> list[Step]:
    """The five points from study to lead for ``components/thread.html``; what lies before ``current`` is done.

    Raises:
        ValueError: ``current`` is none of the five names.
    """
    names = list(THREAD)
    return [
        Step(
            label=THREAD[name],
            state=_state(index, names.index(current)),
            url=(urls or {}).get(name, ""),
            note=(notes or {}).get(name, ""),
        )
        for index, name in enumerate(names)
    ]


def ladder(labels: Sequence[str | Promise], *, current: int, notes: Sequence[str] = ()) -> list[Step]:
    """The rungs of the tier ladder from the lowest for ``components/tier_ladder.html``; ``current`` is an index."""
    padded = [*notes, *[""] * (len(labels) - len(notes))]
    return [Step(label=label, state=_state(index, current), note=padded[index]) for index, label in enumerate(labels)]


def _state(index: int, current: int) -> StepState:
    if index == current:
        return StepState.CURRENT
    return StepState.DONE if index < current else StepState.AHEAD


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a table's column; figures stand at its end."""

    label: str | Promise
    number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that knows its column, since on a phone each cell carries its own heading."""

    value: Any
    column: Column


@dataclass(frozen=True, slots=True)
class Table:
    """What ``components/table.html`` draws."""

    columns: list[Column]
    rows: list[list[Cell]]


def tabulate(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Table:
    """Give each cell its column. The first cell of a row names the row.

    Raises:
        ValueError: a row is longer or shorter than the columns.
    """
    return Table(
        list(columns),
        [[Cell(value, column) for value, column in zip(row, columns, strict=True)] for row in rows],
    )
