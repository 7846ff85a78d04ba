"""Who gets a lead: a pure rule in integers, deterministic, and explained partner by partner.

The rule is R. Tijdeman's ("The chairman assignment problem", Discrete Mathematics 32, 1980, 323-330). While the
eligible partners and their weights stay the same, and from credits of zero, the turns that a partner was served differ
from those it was entitled to by at most ``1 - 1/(2n - 2)`` for n partners (0 for one), plus one unit per tick for
rounding. No rule can promise less.

A turn is counted in units of 2^-40. A route's credits always sum to zero: at each tick the eligible partners accrue
exactly one turn between them, and the winner pays exactly one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import repeat
from operator import add
from typing import NamedTuple

#: One turn, in units.
TURN = 1 << 40


class Verdict(StrEnum):
    """What became of one candidate. The values are stored, one letter per candidate, and never change.

    The order of the members is the order in which the conditions are looked at; a candidate's verdict is the first that
    stopped it. The last two are for those that nothing stopped.
    """

    INACTIVE = "i"
    AGREEMENT = "a"
    QUALIFICATION = "q"
    KIND = "k"
    TIER = "r"
    COVERAGE = "m"
    TERRITORY = "t"
    PRODUCT = "p"
    LANGUAGE = "l"
    PAUSED = "z"
    HOURS = "h"
    DAY_CAP = "d"
    OPEN_CAP = "c"
    ALREADY_OFFERED = "o"
    CONFLICT = "x"
    ENOUGH = "e"
    NOT_ITS_TURN = "n"
    WINNER = "w"


#: The candidates that competed for the turn.
COMPETED = frozenset({Verdict.NOT_ITS_TURN, Verdict.WINNER})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A partner considered for a lead.

    ``stop`` is the first of the partner's own conditions that it fails (:func:`first_stop`), None where it meets all.
    """

    partner_id: int
    weight: int
    stop: Verdict | None = None

    def __post_init__(self) -> None:
        if self.weight < 1:
            raise ValueError(f"Partner {self.partner_id} has weight {self.weight}; weights are positive integers")


@dataclass(frozen=True, slots=True)
class Choice:
    """The outcome of one lead.

    Attributes:
        winner: the partner that gets the lead, or None where nobody can take it; then nobody accrues anything.
        verdicts: one letter of :class:`Verdict` per candidate, in the order of the candidates.
        accruals: units accrued by each partner that competed; they sum to exactly one turn. Empty without a winner.
        before: the credits before this tick of each that competed, in the order of the candidates.
    """

    winner: int | None
    verdicts: str
    accruals: Mapping[int, int]
    before: Sequence[int] = field(default=(), compare=False)

    def settle(self, credits: dict[int, int]) -> None:
        """Book the tick into ``credits``: each accrues its share, and the winner pays one turn."""
        if self.winner is None:
            return
        before = map(credits.get, self.accruals, repeat(0))
        credits.update(zip(self.accruals, list(map(add, before, self.accruals.values())), strict=True))
        credits[self.winner] -= TURN


class Standing(NamedTuple):
    """How a partner stands to a lead, condition by condition; each is met where it is True."""

    active: bool
    agreed: bool
    qualified: bool
    kind: bool
    tier: bool
    covered: bool
    in_territory: bool
    sells_product: bool
    speaks: bool
    receives: bool
    at_work: bool


#: The partner's own conditions in the order in which they are looked at, each with its verdict.
_CONDITIONS: tuple[tuple[str, Verdict], ...] = (
    ("active", Verdict.INACTIVE),
    ("agreed", Verdict.AGREEMENT),
    ("qualified", Verdict.QUALIFICATION),
    ("kind", Verdict.KIND),
    ("tier", Verdict.TIER),
    ("covered", Verdict.COVERAGE),
    ("in_territory", Verdict.TERRITORY),
    ("sells_product", Verdict.PRODUCT),
    ("speaks", Verdict.LANGUAGE),
    ("receives", Verdict.PAUSED),
    ("at_work", Verdict.HOURS),
)


def first_stop(standing: Standing) -> Verdict | None:
    """The first of a partner's own conditions that stops it from getting a lead, or None."""
    return next((verdict for name, verdict in _CONDITIONS if not getattr(standing, name)), None)


@lru_cache(maxsize=4096)
def accrue(weights: tuple[tuple[int, int], ...]) -> dict[int, int]:
    """Share one turn by weight, rounded by largest remainder, ties to the least id.

    Args:
        weights: (partner id, weight) pairs.

    Returns:
        Units by partner id; they sum to exactly :data:`TURN`. Shared between calls: not to be changed.
    """
    total = sum(weight for _partner_id, weight in weights)
    shares = {partner_id: weight * TURN // total for partner_id, weight in weights}
    left_over = TURN - sum(shares.values())
    by_remainder = sorted(weights, key=lambda pair: (-(pair[1] * TURN % total), pair[0]))
    for partner_id, _weight in by_remainder[:left_over]:
        shares[partner_id] += 1
    return shares


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """Candidates as a choice looks at them: whatever is the same for every lead that has the same ones.

    Attributes:
        entries: (partner id, weight) of each candidate.
        verdicts: one letter for each, with nobody chosen yet: those that compete have not their turn.
        competing: ids of those that compete, in the order of the candidates.
        places: where in ``verdicts`` each of these stands.
        shares: what each of these accrues.
        accruals: the same by partner id.
        by_weight: for each weight the places within ``competing`` of those that have it, by ascending id.
    """

    entries: tuple[tuple[int, int], ...]
    verdicts: str
    competing: tuple[int, ...]
    places: Mapping[int, int]
    shares: tuple[int, ...]
    accruals: Mapping[int, int]
    by_weight: tuple[tuple[int, tuple[int, ...]], ...]

    def stop(self, stops: Mapping[int, Verdict]) -> "Shortlist":
        """The same candidates without those that something stops from this lead at this moment."""
        stopped = stops.keys() & self.places.keys()
        if not stopped:
            return self
        letters = list(self.verdicts)
        for partner_id in stopped:
            letters[self.places[partner_id]] = stops[partner_id]
        return draw_up(self.entries, "".join(letters))

    def choose(self, credits: Mapping[int, int]) -> Choice:
        """Choose among those that compete; see :func:`choose`."""
        if not self.competing:
            return Choice(winner=None, verdicts=self.verdicts, accruals={})
        credit_of = credits.get
        before = [credit_of(partner_id, 0) for partner_id in self.competing]
        winner = self.competing[pick_winner(self, list(map(add, before, self.shares)))]
        place = self.places[winner]
        verdicts = f"{self.verdicts[:place]}{Verdict.WINNER}{self.verdicts[place + 1 :]}"
        return Choice(winner=winner, verdicts=verdicts, accruals=self.accruals, before=before)


@lru_cache(maxsize=128)
def draw_up(entries: tuple[tuple[int, int], ...], verdicts: str) -> Shortlist:
    """The shortlist of these candidates; drawn up once for as long as neither they nor what stops them changes.

    Args:
        entries: (partner id, weight) of each candidate.
        verdicts: one letter for each: what stops it; :attr:`Verdict.NOT_ITS_TURN` where nothing does.
    """
    places = {
        partner_id: place
        for place, ((partner_id, _weight), letter) in enumerate(zip(entries, verdicts, strict=True))
        if letter == Verdict.NOT_ITS_TURN
    }
    weights = [entries[place] for place in places.values()]
    accruals = accrue(tuple(sorted(weights))) if weights else {}
    by_weight: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place, (partner_id, weight) in enumerate(weights):
        by_weight[weight].append((partner_id, place))
    return Shortlist(
        entries=entries,
        verdicts=verdicts,
        competing=tuple(places),
        places=places,
        shares=tuple(accruals[partner_id] for partner_id in places),
        accruals=accruals,
        by_weight=tuple(
            (weight, tuple(place for _partner_id, place in sorted(pairs))) for weight, pairs in by_weight.items()
        ),
    )


def choose(
    candidates: Sequence[Candidate], credits: Mapping[int, int], *, stops: Mapping[int, Verdict] | None = None
) -> Choice:
    """Choose who gets one lead.

    Args:
        candidates: every partner considered, each once.
        credits: units by partner id before this tick; a partner that is missing has none.
        stops: what stops partners from this lead at this moment, beyond their own conditions: they were offered it
            before, have as many offers as they may, or are kept from it.

    Returns:
        The choice; ``choice.settle(credits)`` books it.
    """
    shortlist = draw_up(
        tuple((candidate.partner_id, candidate.weight) for candidate in candidates),
        "".join(candidate.stop or Verdict.NOT_ITS_TURN for candidate in candidates),
    )
    return shortlist.stop(stops or {}).choose(credits)


def pick_winner(shortlist: Shortlist, due: Sequence[int]) -> int:
    """Tijdeman's choice among those who competed.

    With n partners, theta = 1/(2n - 2), or 0 for one. Among those whose credit, in turns and with this tick's accrual,
    reached theta, the winner is the one with the least ``(1 - theta - credit) * W / w``: the one whose claim falls due
    first. Where none reached it, the largest credit wins. Ties go to the least id.

    Everything is multiplied out: with m = 2n - 2 and credits in units, ``credit >= theta`` is ``m * due >= TURN``, and
    the claims compare as ``(TURN * (m - 1) - m * due) / w``, cross-multiplied. Of those of one weight the claim of the
    largest credit falls due first, so that only the weights have to be compared.

    Args:
        shortlist: those that compete; at least one.
        due: units with this tick's accrual, in the order of ``shortlist.competing``.

    Returns:
        The winner's place in that order.
    """
    spread = max(2 * len(due) - 2, 1)
    reached: tuple[int, int, int, int] | None = None  # claim's numerator, weight, partner id, place
    largest: tuple[int, int, int] | None = None  # credit, partner id, place
    for weight, places in shortlist.by_weight:
        credits = [due[place] for place in places]
        credit = max(credits)
        place = places[credits.index(credit)]
        partner_id = shortlist.competing[place]
        if largest is None or credit > largest[0] or (credit == largest[0] and partner_id < largest[1]):
            largest = credit, partner_id, place
        if spread * credit < TURN:
            continue
        claim = TURN * (spread - 1) - spread * credit
        if reached is not None:
            left, right = claim * reached[1], reached[0] * weight
            if left > right or (left == right and partner_id > reached[2]):
                continue
        reached = claim, weight, partner_id, place
    if reached is not None:
        return reached[3]
    if largest is None:
        raise ValueError("Nobody competes")
    return largest[2]


def undo_turn(competed: Sequence[tuple[int, int]], *, winner: int) -> dict[int, int]:
    """What undoes a whole tick: each gives back what it accrued, and the winner has its turn again. Sums to zero.

    Args:
        competed: (partner id, weight) of each that competed for the turn.
    """
    entries = {partner_id: -units for partner_id, units in accrue(tuple(sorted(competed))).items()}
    entries[winner] += TURN
    return entries


def settle_residue(residue: int, partner_id: int, weights: Sequence[tuple[int, int]]) -> dict[int, int]:
    """What brings a partner's credit to zero and spreads it over others by weight, to the last unit. Sums to zero.

    Args:
        residue: the credit, in units; what is owed to the partner is positive.
        weights: (partner id, weight) of the others; at least one.
    """
    total = sum(weight for _other, weight in weights)
    size, sign = abs(residue), 1 if residue > 0 else -1
    shares = {other: weight * size // total for other, weight in weights}
    left_over = size - sum(shares.values())
    for other, _weight in sorted(weights, key=lambda pair: (-(pair[1] * size % total), pair[0]))[:left_over]:
        shares[other] += 1
    return {partner_id: -residue} | {other: sign * units for other, units in shares.items()}
