"""Making choices again from what was stored of them: a pure rule, exact to the last unit.

A route's turns are replayed in their order, from credits of zero. What a turn's verdicts say of the candidates is taken
as it stands (whether a gate was rightly closed is not asked again); everything that follows from it is made anew: the
credits before the turn from all turns before it, and the winner from these and the weights.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from portal.leads.routing import Verdict, draw_up

LETTERS = frozenset(Verdict)


class Part(StrEnum):
    """What of a stored decision differs from the one made again."""

    TICK = "tick"
    VERDICTS = "verdicts"
    CREDITS = "credits"
    WINNER = "winner"
    #: The route's credits after its last turn.
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class Stored:
    """A decision as it was stored.

    Attributes:
        tick: the turn that it took; None where nobody could take the lead.
        entries: (partner id, weight) of each candidate.
        verdicts: one letter of :class:`Verdict` for each.
        credits: units before the turn of each that competed, in the same order.
    """

    lead_id: int
    tick: int | None
    entries: tuple[tuple[int, int], ...]
    verdicts: str
    credits: Sequence[int]
    winner: int | None


#: What is booked between two turns: after which of them, and the units by partner id. They sum to zero.
LedgerEntry = tuple[int, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The first place where what is stored is not what follows. Credits are those that differ, by partner id."""

    part: Part
    tick: int | None
    lead_id: int | None
    stored: object
    replayed: object


@dataclass(frozen=True, slots=True)
class Replay:
    """How many decisions agreed, up to the first that did not; the credits after them, in units by partner id."""

    agreed: int
    disagreement: Disagreement | None
    credits: Mapping[int, int]


def replay(
    decisions: Iterable[Stored], *, ledger: Iterable[LedgerEntry] = (), standing: Mapping[int, int] | None = None
) -> Replay:
    """Make the decisions of one route again, and stop at the first that does not agree.

    Args:
        decisions: in the order of their turns, which count from 1; those that took no turn anywhere between.
        ledger: in the order of the turns that they follow; 0 for before the first. What follows a later turn than the
            last is booked after it.
        standing: the route's stored credits after the last turn and entry; None where these are not to be looked at.
    """
    credits: dict[int, int] = {}
    entries = iter(ledger)
    entry = next(entries, None)
    agreed = last = 0
    for stored in decisions:
        if stored.tick is not None:
            while entry is not None and entry[0] < stored.tick:
                _book(entry[1], credits)
                entry = next(entries, None)
        found = _make_again(stored, credits, last=last)
        if found is not None:
            return Replay(agreed, found, credits)
        last = last if stored.tick is None else stored.tick
        agreed += 1
    while entry is not None:
        _book(entry[1], credits)
        entry = next(entries, None)
    if standing is not None and (differing := _differ(standing, credits)):
        kept, made = ({one: units.get(one, 0) for one in differing} for units in (standing, credits))
        return Replay(agreed, Disagreement(Part.STANDING, last, None, kept, made), credits)
    return Replay(agreed, None, credits)


def _make_again(stored: Stored, credits: dict[int, int], *, last: int) -> Disagreement | None:
    """Compare one decision with the one made again, and book its turn."""

    def differs(part: Part, kept: object, made: object) -> Disagreement:
        return Disagreement(part, stored.tick, stored.lead_id, kept, made)

    if stored.tick is not None and stored.tick != last + 1:
        return differs(Part.TICK, stored.tick, last + 1)
    if len(stored.verdicts) != len(stored.entries) or not LETTERS.issuperset(stored.verdicts):
        return differs(Part.VERDICTS, stored.verdicts, "?" * len(stored.entries))
    shortlist = draw_up(stored.entries, stored.verdicts.replace(Verdict.WINNER, Verdict.NOT_ITS_TURN))
    choice = shortlist.choose(credits)
    if list(stored.credits) != list(choice.before):
        if len(stored.credits) != len(choice.before):
            return differs(Part.CREDITS, list(stored.credits), list(choice.before))
        pairs = list(zip(shortlist.competing, stored.credits, choice.before, strict=True))
        return differs(
            Part.CREDITS,
            {one: kept for one, kept, made in pairs if kept != made},
            {one: made for one, kept, made in pairs if kept != made},
        )
    if stored.verdicts != choice.verdicts:
        return differs(Part.VERDICTS, stored.verdicts, choice.verdicts)
    if stored.winner != choice.winner:
        return differs(Part.WINNER, stored.winner, choice.winner)
    if (stored.tick is None) != (choice.winner is None):
        return differs(Part.TICK, stored.tick, None if choice.winner is None else last + 1)
    choice.settle(credits)
    return None


def _book(units: Mapping[int, int], credits: dict[int, int]) -> None:
    for partner_id, change in units.items():
        credits[partner_id] = credits.get(partner_id, 0) + change


def _differ(one: Mapping[int, int], other: Mapping[int, int]) -> list[int]:
    """Whose units differ; a partner that is missing has none."""
    return sorted(key for key in one.keys() | other.keys() if one.get(key, 0) != other.get(key, 0))
