"""How well a partner works what it is offered, beside the others of the route: what may move its weight. Pure, integers.

Measured once a month from the offers that ended in the three months before, so that everyone knows when weights move, and
published to the partner with the figures that it is made of. A policy says by how much it may move a weight at most.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from portal.leads.policies import UNMEASURED

#: How far back offers are looked at.
LOOKED_BACK = timedelta(days=91)
#: A partner with fewer ended offers than this is not measured: too few to say anything.
LEAST_OFFERS = 10
#: The largest percentage that is kept, far beyond every bound.
MOST = 1000


class Record(NamedTuple):
    """Offers of a route to one partner that it could have worked, and of these the ones whose customer it spoke with."""

    offered: int
    worked: int


def month_of(now: datetime) -> date:
    """The first day of the month whose weights hold at a moment, in UTC: the same for every partner."""
    return now.date().replace(day=1)


def measure(records: Mapping[int, Record]) -> dict[int, int]:
    """A partner's share of worked offers in percent of the share of all together, rounded half up.

    Returns:
        By partner, of those with :data:`LEAST_OFFERS` or more. Nothing where nobody worked any offer.
    """
    offered = sum(record.offered for record in records.values())
    worked = sum(record.worked for record in records.values())
    if not worked:
        return {}
    percents = {}
    for partner, record in records.items():
        if record.offered >= LEAST_OFFERS:
            share, average = record.worked * offered, record.offered * worked  # over one denominator
            percents[partner] = min((2 * UNMEASURED * share + average) // (2 * average), MOST)
    return percents
