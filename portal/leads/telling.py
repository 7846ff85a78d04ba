"""Whom of a partner an offer is told first, whom next while nobody looks at it, and when nobody is to be disturbed.

The first is whoever has least in hand. Half the time over, and the offer unseen, the next colleague hears of it; a
quarter left, everybody else does. Whoever leads the team comes after the others in each round. At night nobody is told
of an offer that others know of already: they are told in the morning, if there is still something to do.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from portal.leads.hours import WorkingHours

#: From when until when people are left alone, on the clock where they are.
NIGHT_BEGINS, NIGHT_ENDS = time(21), time(8)

#: How much of the time to answer is over when the next colleague is told, and when everybody is.
NEXT_AFTER, REST_AFTER = 1 / 2, 3 / 4


@dataclass(frozen=True, slots=True)
class Colleague:
    """One who may work leads of the partner.

    Attributes:
        membership: the number of the membership; of two with the same in hand the lower comes first.
        in_hand: leads in work, and open offers that they were the first to hear of.
        leads_team: whether they lead the team, and so come after the others.
        zone: where they are.
    """

    membership: int
    in_hand: int
    leads_team: bool
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Following:
    """What happens to an offer that nobody has looked at.

    Attributes:
        tell: memberships to be told now.
        again_at: when to look again; None where nothing can follow.
    """

    tell: tuple[int, ...]
    again_at: datetime | None


def quiet_until(moment: datetime, zone: tzinfo) -> datetime | None:
    """When the night in which the moment lies ends there, in UTC; None by day."""
    local = moment.astimezone(zone)
    if NIGHT_ENDS <= local.time() < NIGHT_BEGINS:
        return None
    day = local.date() + timedelta(days=1 if local.time() >= NIGHT_BEGINS else 0)
    return datetime.combine(day, NIGHT_ENDS, zone).astimezone(UTC)


def find_turning_points(
    made_at: datetime, due_at: datetime, *, hours: WorkingHours | None = None, window: timedelta = timedelta()
) -> tuple[datetime, datetime]:
    """When half the time to answer is over, and when a quarter is left.

    Args:
        hours: of the partner, where its time to answer is counted in them; ``window`` is that time.
    """
    if hours is not None:
        half, last = hours.add(made_at, window * NEXT_AFTER), hours.add(made_at, window * REST_AFTER)
        if made_at < half <= last < due_at:
            return half, last
    span = due_at - made_at
    return made_at + span * NEXT_AFTER, made_at + span * REST_AFTER


def share_out(offers: Iterable[int], colleagues: Sequence[Colleague], *, now: datetime) -> dict[int, int]:
    """Whom each offer is told first: whoever has least in hand, an offer told counting as one more.

    Those who are awake come before those who are not; where all sleep, an offer is told all the same, since its time runs.

    Returns:
        Offer to membership; empty where there is nobody.
    """
    awake = [one for one in colleagues if quiet_until(now, one.zone) is None] or list(colleagues)
    in_hand = {one.membership: one.in_hand for one in awake}
    told = {}
    for offer in offers:
        if not in_hand:
            break
        least = min(in_hand, key=lambda membership: (in_hand[membership], membership))
        told[offer] = least
        in_hand[least] += 1
    return told


def follow(
    colleagues: Iterable[Colleague],
    *,
    told: Collection[int],
    has_told_next: bool,
    last_call_at: datetime,
    due_at: datetime,
    now: datetime,
) -> Following:
    """Whom to tell of an offer that is open and unseen when half its time is over, or later.

    Args:
        told: memberships that know of it.
        has_told_next: whether a further colleague was told at the half already.
        last_call_at: from when on everybody is told.
    """
    left = [one for one in colleagues if one.membership not in told]
    left.sort(key=lambda one: (one.leads_team, one.in_hand, one.membership))
    if now >= due_at:
        return Following((), None)
    if not left:
        # Where nobody knows of it at all, somebody may be back before the last call.
        return Following((), last_call_at if not told and now < last_call_at else None)
    if now < last_call_at and has_told_next:
        return Following((), last_call_at)
    nights = {one.membership: quiet_until(now, one.zone) for one in left}
    awake = [one.membership for one in left if nights[one.membership] is None]
    mornings = [morning for morning in nights.values() if morning is not None]
    if now < last_call_at:
        tell = tuple(awake[:1])
        again_at = min([last_call_at, *(() if tell else mornings)]) if len(left) > len(tell) else None
    else:
        tell = tuple(awake)
        again_at = min(mornings, default=None)
    return Following(tell, again_at if again_at is not None and again_at < due_at else None)
