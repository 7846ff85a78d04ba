"""How leads that a partner did not get are told without telling them apart: in groups of five or more, never one by one.

A lead is described by its week, region and product and by what stopped the partner, and by nothing else. Where fewer
than five are alike the description is made coarser, first over products, then over regions, then over weeks; what is
still too few in the end is counted and not described.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date

#: So many leads at least stand together.
AT_LEAST = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Leads that are alike. None where they differ: several weeks, regions, or products.

    Attributes:
        verdict: the letter of what stopped the partner.
        week: its Monday.
        region, product: ids.
    """

    verdict: str
    leads: int
    week: date | None = None
    region: int | None = None
    product: int | None = None

    @property
    def coarseness(self) -> int:
        """How much of the description was given up: 0 nothing, 1 products, 2 also regions, 3 also weeks."""
        return [self.week, self.region, self.product].count(None)

    def coarsen(self, coarseness: int) -> "Group":
        """The same leads described no finer than ``coarseness`` allows."""
        return Group(
            self.verdict,
            self.leads,
            week=self.week if coarseness < 3 else None,
            region=self.region if coarseness < 2 else None,
            product=self.product if coarseness < 1 else None,
        )


@dataclass(frozen=True, slots=True)
class Coarsened:
    """The groups that may be told, and how many leads are in none of them."""

    groups: tuple[Group, ...]
    others: int


def coarsen(found: Iterable[Group], *, at_least: int = AT_LEAST, growing: date | None = None) -> Coarsened:
    """Merge groups upward until each holds ``at_least`` leads. Every lead is counted exactly once.

    Args:
        found: described in full. Several may be alike.
        growing: the Monday of a week to which leads are still added. It is told over all regions and products only:
            whoever looked every day would see by the difference what came on one day.
    """
    told: list[Group] = []
    left = list(found)
    for coarseness in range(4):
        alike: Counter[Group] = Counter()
        kept: list[Group] = []
        for group in left:
            if coarseness < 2 and group.week == growing:
                kept.append(group)
            else:
                alike[replace(group.coarsen(coarseness), leads=0)] += group.leads
        for like, leads in alike.items():
            (told if leads >= at_least else kept).append(replace(like, leads=leads))
        left = kept
    return Coarsened(tuple(told), sum(group.leads for group in left))


def find_group(described: Collection[Group], lead: Group) -> Group | None:
    """In which of these groups a lead is told: the finest that describes it. None where none does.

    Args:
        described: without their number of leads.
        lead: described in full.
    """
    ways = (replace(lead.coarsen(coarseness), leads=0) for coarseness in range(4))
    return next((group for group in ways if group in described), None)
