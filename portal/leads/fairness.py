"""What a partner may expect of a route: the published bound, how many leads until its next turn, and about when.

Nothing here decides anything. It runs :func:`portal.leads.routing.choose` ahead, over the credits as they stand.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle, islice

from portal.leads.routing import TURN, Candidate, accrue, choose

#: How far back the pace of a route is taken from.
PACE = timedelta(days=28)
#: A route that began less than this ago, or gave fewer turns than that, has no pace yet.
PACE_FROM = timedelta(days=7)
PACE_TURNS = 4
#: How many leads are looked ahead for the next turn.
AHEAD = 500


def bound(partners: int) -> float:
    """Turns by which served and entitled may differ at most, for so many partners: ``1 - 1/(2n - 2)``, 0 for one.

    It holds from credits of zero while the eligible partners and their weights stay the same: R. Tijdeman, "The chairman
    assignment problem", Discrete Mathematics 32, 1980, 323-330.
    """
    return 1 - 1 / (2 * partners - 2) if partners > 1 else 0.0


def find_widest(winners: Iterable[int], weights: Iterable[tuple[int, int]]) -> int:
    """The largest difference between what a partner was served and entitled to after any of these turns, in units.

    Args:
        winners: who got each turn, in their order, from credits of zero.
        weights: (partner id, weight) of each that competed for every one of them.
    """
    shares = accrue(tuple(sorted(weights)))
    served: Counter[int] = Counter()
    widest = turns = 0
    for turns, winner in enumerate(winners, start=1):
        # A credit grows from turn to turn: it is largest before one's own, and least after it.
        share, paid = shares.get(winner, 0), served[winner] * TURN
        widest = max(widest, abs((turns - 1) * share - paid), abs(turns * share - paid - TURN))
        served[winner] += 1
    return max(widest, *(abs(turns * share - served[partner] * TURN) for partner, share in shares.items()))


def entitled(served: int, credit: int) -> float:
    """Turns that a partner was entitled to so far: a credit is what it was entitled to less what it was served."""
    return served + credit / TURN


def expect_turn(
    partner_id: int, coming: Sequence[Sequence[Candidate]], credits: Mapping[int, int], *, ahead: int = AHEAD
) -> int | None:
    """With which lead from now the partner's turn comes: 1 for the very next one.

    Args:
        coming: for each lead that is expected those that would compete for it, in the order of arrival; when it is at
            its end it begins again.
        credits: units by partner id, as they stand.

    Returns:
        A number from 1, or None where its turn is not among the next ``ahead`` leads.
    """
    if not any(candidate.partner_id == partner_id for candidates in coming for candidate in candidates):
        return None
    booked = dict(credits)
    for number, candidates in enumerate(islice(cycle(coming), ahead), start=1):
        choice = choose(candidates, booked)
        if choice.winner == partner_id:
            return number
        choice.settle(booked)
    return None


def expect_moment(leads: int, *, turns: int, began: datetime | None, now: datetime) -> datetime | None:
    """About when so many leads will have come, if they keep coming at the pace of the last :data:`PACE`.

    Args:
        leads: how many leads from now.
        turns: how many turns the route gave in the last :data:`PACE`.
        began: when it gave its first turn; None where it gave none.

    Returns:
        The moment, or None where the route gave too few turns, or began too lately, to speak of a pace.
    """
    if began is None or turns < PACE_TURNS or now - began < PACE_FROM:
        return None
    return now + min(PACE, now - began) / turns * leads
