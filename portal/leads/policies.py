"""The rules of a route as they stood when they were published: which leads it takes, who may have them, and how.

A policy is frozen: leads that came while it was in force are distributed by it, whatever is published later.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

#: What a partner of a tier without a line weighs.
PLAIN_WEIGHT = 1
#: What a partner's performance makes of its weight, in percent, while it is not measured.
UNMEASURED = 100
#: By how much performance may move a weight, in percent, whatever a route says.
WIDEST_PERFORMANCE = 50
#: To how many partners a lead may be offered at once.
MOST_SLOTS = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a lead a policy looks at. Ids of rows, a country's code, the source's own score of 0 to 100; None or empty
    where it is not known."""

    source: int
    product: int | None
    region: int | None
    language: str = ""
    employees: int | None = None
    country: str = ""
    score: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The published rules of a route. Ids are those of rows; an empty list of conditions means "any".

    Attributes:
        programme: whose qualification opens the gate.
        sources, products, regions, languages, countries: of which the lead is to be. ``products`` is never "any".
        least_employees, most_employees: the size of the customer, both included; a lead that does not say passes.
        least_score: the score that its source gave it, at least; 0 for any, else a lead without one does not pass.
        kinds: kinds of partner that may have these leads.
        least_rank: the lowest tier's rank; 0 for any.
        roles: job roles of which a partner is to have somebody at present.
        speaks: whether the partner is to work in the lead's language, where the lead has one.
        weights: by tier, how large a share of the turns its partners are due.
        performance: by how many percent measured performance may raise or lower a weight; 0 for not at all.
        window_hours: how long an offer stands.
        in_working_hours: whether offers are made, and their hours counted, only while the partner works.
        open_cap: how many offers a partner may have to answer at a time, of all routes.
        day_cap: how many offers of this route a partner gets on one of its days; 0 for any number.
        most_offers: to how many partners a lead is offered at most; 0 for any number.
        slots: to how many partners a lead is offered at once; whoever accepts first has it.
        fallback: the route to which a lead goes on that nobody takes; 0 for none, it is held then.
        fallback_hours: how long such a lead waits first for partners that are full, closed or paused, by the clock.
        first_contact_hours: within how many hours a customer is called, counted like those of an offer; 0 for no promise.
        tells_customer: whether the customer is written who calls and by when.
        asks_after_days: how many days after a partner took a lead its customer is asked how it was; 0 for never.
        return_after_days: after how many days without anything done a lead goes back to the next partner; 0 for never.
    """

    programme: int
    products: frozenset[int]
    sources: frozenset[int] = frozenset()
    regions: frozenset[int] = frozenset()
    languages: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    least_score: int = 0
    least_employees: int = 0
    most_employees: int = 0
    kinds: frozenset[int] = frozenset()
    least_rank: int = 0
    roles: frozenset[int] = frozenset()
    speaks: bool = False
    weights: tuple[tuple[int, int], ...] = ()
    performance: int = 0
    window_hours: int = 24
    in_working_hours: bool = False
    open_cap: int = 15
    day_cap: int = 0
    most_offers: int = 0
    slots: int = 1
    fallback: int = 0
    fallback_hours: int = 24
    first_contact_hours: int = 0
    tells_customer: bool = False
    asks_after_days: int = 0
    return_after_days: int = 0

    def takes(self, asked: Asked) -> bool:
        """Whether a lead is the route's."""
        if asked.product not in self.products:
            return False
        if self.sources and asked.source not in self.sources:
            return False
        if self.regions and asked.region not in self.regions:
            return False
        if self.languages and asked.language not in self.languages:
            return False
        if self.countries and asked.country not in self.countries:
            return False
        if self.least_score and (asked.score is None or asked.score < self.least_score):
            return False
        size = asked.employees
        return size is None or (
            size >= self.least_employees and (not self.most_employees or size <= self.most_employees)
        )

    def weigh(self, tier: int, percent: int | None) -> int:
        """The weight of a partner.

        Args:
            percent: what its measured performance makes of it, None where it was not measured. Where performance counts,
                weights are in hundredths, so that they stay whole.
        """
        weight = dict(self.weights).get(tier, PLAIN_WEIGHT)
        return weight * self.bound_percent(percent) if self.performance else weight

    def bound_percent(self, percent: int | None) -> int:
        """A measured performance within the published bounds; 100 where it was not measured."""
        if percent is None:
            return UNMEASURED
        return max(UNMEASURED - self.performance, min(percent, UNMEASURED + self.performance))

    def to_json(self) -> dict[str, Any]:
        """As it is stored: lists sorted, so that the same rules are the same text."""
        return {
            name: sorted(value) if isinstance(value, frozenset) else [list(pair) for pair in value]
            if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The inverse. A rule that was not known when it was stored has no effect."""
        known: dict[str, Any] = {}
        for field in fields(cls):
            if field.name not in stored:
                continue
            value = stored[field.name]
            if field.name == "weights":
                value = tuple((tier, weight) for tier, weight in value)
            elif isinstance(value, list):
                value = frozenset(value)
            known[field.name] = value
        return cls(**known)
