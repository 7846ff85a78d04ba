"""How case studies are set in order and beside each other by their figures.

Two rules keep a comparison honest. What a case does not tell is never first, whichever way one sorts. And sums are
compared only within one currency: a list by money is grouped by currency, and of sums in several none is called best.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum


class Figure(StrEnum):
    """What cases are compared by."""

    DAYS = "days"
    HOURS = "hours"
    EARNED = "earned"
    HOURLY = "hourly"
    PEOPLE = "people"


#: Sums of money: each in its case's own currency.
MONEY = frozenset({Figure.EARNED, Figure.HOURLY})
#: Of these less is better, of money more; the size of a customer is neither.
LESS_IS_BETTER = frozenset({Figure.DAYS, Figure.HOURS})


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one case; None where it does not tell. Money is in minor units of ``currency``."""

    key: str
    days: int | None = None
    hours: int | None = None
    people: int | None = None
    earned: int | None = None
    currency: str = ""

    @property
    def hourly(self) -> int | None:
        """Earned per hour of effort, in minor units, halves rounded up."""
        if self.earned is None or not self.hours:
            return None
        return int((Decimal(self.earned) / self.hours).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def tell(self, figure: Figure) -> int | None:
        found: int | None = getattr(self, figure.value)
        return found


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that can be compared with each other: of one currency where they are sorted by money."""

    currency: str
    cases: tuple[Figures, ...]


def sort_cases(cases: Iterable[Figures], figure: Figure, *, descending: bool = False) -> list[Group]:
    """The cases in the order of a figure, those that do not tell it last; equal ones stay as they came.

    By money there is a group for each currency, the most frequent first; by anything else there is one group.
    """
    told: list[Figures] = []
    silent: list[Figures] = []
    for case in cases:
        (silent if case.tell(figure) is None else told).append(case)
    told.sort(key=lambda case: case.tell(figure) or 0, reverse=descending)
    if figure not in MONEY:
        return [Group("", (*told, *silent))] if told or silent else []
    counts = Counter(case.currency for case in told)
    order = sorted(counts, key=lambda currency: (-counts[currency], currency))
    groups = [Group(currency, tuple(case for case in told if case.currency == currency)) for currency in order]
    return [*groups, *([Group("", tuple(silent))] if silent else [])]


def find_best(cases: Sequence[Figures], figure: Figure) -> frozenset[str]:
    """The keys of the cases that are best by a figure; none where nothing can be said.

    That is where fewer than two tell it, all are equal, the figure has no better, or the sums are in several currencies.
    """
    told = [(case.key, value) for case in cases if (value := case.tell(figure)) is not None]
    values = {value for _key, value in told}
    if figure is Figure.PEOPLE or len(values) < 2:
        return frozenset()
    if figure in MONEY and not share_currency(cases):
        return frozenset()
    best = min(values) if figure in LESS_IS_BETTER else max(values)
    return frozenset(key for key, value in told if value == best)


def share_currency(cases: Iterable[Figures]) -> bool:
    """Whether all the sums that the cases tell are in one currency."""
    return len({case.currency for case in cases if case.earned is not None}) <= 1
