"""How an answer fares on calls, and when it is weak.

An answer is judged by the calls of the last :data:`WINDOW`, in whatever language they were held. It is **weak** when at
least :data:`ENOUGH` calls were rated and it worked in fewer than half of them. A spell of weakness begins with the
rating at which the answer is weak and was not at the rating before; it ends with the first rating at which it is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

#: An answer is judged by what it did lately: texts, prices and customers change.
WINDOW = timedelta(days=90)
#: Of fewer calls nothing can be said.
ENOUGH = 5
#: An answer that worked in a smaller share of its calls is weak.
HALF = Fraction(1, 2)

#: Deals take longer than calls.
DEALS_WINDOW = timedelta(days=365)
#: Below so many deals nothing is told: a customer might be recognised.
AT_LEAST = 5
#: Of fewer deals nothing can be said.
ENOUGH_DEALS = 10

#: When a call was rated, and whether the answer worked.
Rating = tuple[datetime, bool]


@dataclass(frozen=True, slots=True)
class Faring:
    """In how many calls an answer was used and rated, and in how many of them it worked."""

    rated: int = 0
    worked: int = 0

    @property
    def share(self) -> Fraction | None:
        """The share of calls in which it worked; None before the first."""
        return Fraction(self.worked, self.rated) if self.rated else None

    @property
    def is_known(self) -> bool:
        """Whether so many calls were rated that something can be said."""
        return self.rated >= ENOUGH

    @property
    def is_weak(self) -> bool:
        return self.is_known and self.share is not None and self.share < HALF


def judge(ratings: Iterable[Rating], *, now: datetime) -> Faring:
    """How the answer fared in the window that ends at ``now``; ratings after it are not known yet."""
    lately = [worked for rated_at, worked in ratings if now - WINDOW < rated_at <= now]
    return Faring(rated=len(lately), worked=sum(lately))


def begins_spell(ratings: Sequence[Rating]) -> bool:
    """Whether the last of these ratings begins a spell of weakness.

    Args:
        ratings: the answer's ratings in the order in which they were given, at least those of two windows. Each is
            judged by those up to it, also of the same moment.
    """
    if not ratings or not judge(ratings, now=ratings[-1][0]).is_weak:
        return False
    before = ratings[:-1]
    return not (before and judge(before, now=before[-1][0]).is_weak)


@dataclass(frozen=True, slots=True)
class Deals:
    """In how many deals that have ended an answer was used, and how many of them were won."""

    used: int = 0
    won: int = 0

    @property
    def may_be_told(self) -> bool:
        return self.used >= AT_LEAST

    def loses(self, others: "Deals") -> bool:
        """Whether the answer's deals are won clearly less often than those of all answers together: in less than half of
        their share. Most deals are lost whatever is said, so that half of all deals is no measure."""
        return (
            self.used >= ENOUGH_DEALS
            and others.used > 0
            and self.won * others.used * HALF.denominator < others.won * self.used * HALF.numerator
        )
