"""When a lead that a partner took, and does nothing about, goes back. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from portal.leads.hours import midnight

#: After such a part of its time the partner is warned.
WARNED_AFTER = Fraction(2, 3)
#: A planned day puts the return off, but a lead cannot be parked for longer than that.
AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Term:
    """When the partner is warned, and when the lead goes back."""

    warn_at: datetime
    return_at: datetime


def wind(
    *, days: int, touched_at: datetime, contacted: bool = False, step_on: date | None = None, zone: str = "UTC"
) -> Term | None:
    """The term of a lead that somebody has just done something about; None where the policy takes nothing back.

    Args:
        days: of the policy; 0 for never.
        touched_at: when it was taken, or when the last step or note was written.
        contacted: whether the customer was spoken with. Only then a planned day puts the term off: a first call is not
            postponed by planning it.
        step_on: the day of the planned step, in ``zone``. The term begins at its end, at most :data:`AHEAD` from now.
    """
    if days <= 0:
        return None
    begins = touched_at
    if contacted and step_on is not None:
        horizon = touched_at + AHEAD
        # A day beyond the horizon is as good as the horizon, and need not be a moment at all.
        begins = horizon if step_on > horizon.date() else max(touched_at, min(_end_of(step_on, zone), horizon))
    span = timedelta(days=days)
    return Term(begins + span * WARNED_AFTER.numerator / WARNED_AFTER.denominator, begins + span)


def put_off(term: Term, *, warned_at: datetime) -> datetime:
    """When the lead goes back after a warning that came at this moment: nobody has less time after it than was meant."""
    return max(term.return_at, warned_at + (term.return_at - term.warn_at))


def _end_of(day: date, zone: str) -> datetime:
    noon = datetime.fromisoformat(f"{day.isoformat()}T12:00:00+00:00")
    # Noon in UTC is that very day everywhere but at the far edges of the map, where a day more does no harm.
    return midnight(noon, zone, days=1)
