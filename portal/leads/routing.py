"""Who gets a lead: a pure rule in integers, deterministic, and explained partner by partner.

The rule is R. Tijdeman's ("The chairman assignment problem", Discrete Mathematics 32, 1980, 323-330). While the
eligible partners and their weights stay the same, and from credits of zero, the turns that a partner was served differ
from those it was entitled to by at most ``1 - 1/(2n - 2)`` for n partners (0 for one), plus one unit per tick for
rounding. No rule can promise less.

A turn is counted in units of 2^-40. A route's credits always sum to zero: at each tick the eligible partners accrue
exactly one turn between them, and the winner pays exactly one.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

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
    """

    winner: int | None
    verdicts: str
    accruals: Mapping[int, int]

    def settle(self, credits: dict[int, int]) -> None:
        """Book the tick into ``credits``: each accrues its share, and the winner pays one turn."""
        if self.winner is None:
            return
        for partner_id, units in self.accruals.items():
            credits[partner_id] = credits.get(partner_id, 0) + units
        credits[self.winner] -= TURN


@dataclass(frozen=True, slots=True)
class Standing:
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


def choose(
    candidates: Sequence[Candidate],
    credits: Mapping[int, int],
    *,
    offered: Set[int] = frozenset(),
    open_offers: Mapping[int, int] | None = None,
    open_cap: int | None = None,
) -> Choice:
    """Choose who gets one lead.

    Args:
        candidates: every partner considered, each once.
        credits: units by partner id before this tick; a partner that is missing has none.
        offered: partners that were offered this lead before.
        open_offers: how many offers each partner has to answer at present; missing is none.
        open_cap: how many of these a partner may have; None for no cap.

    Returns:
        The choice; ``choice.settle(credits)`` books it.
    """
    open_offers = open_offers or {}
    verdicts: list[str] = []
    weights: list[tuple[int, int]] = []
    for candidate in candidates:
        stop = candidate.stop
        if stop is None:
            if candidate.partner_id in offered:
                stop = Verdict.ALREADY_OFFERED
            elif open_cap is not None and open_offers.get(candidate.partner_id, 0) >= open_cap:
                stop = Verdict.OPEN_CAP
            else:
                stop = Verdict.NOT_ITS_TURN
                weights.append((candidate.partner_id, candidate.weight))
        verdicts.append(stop)
    if not weights:
        return Choice(winner=None, verdicts="".join(verdicts), accruals={})
    accruals = accrue(tuple(sorted(weights)))
    winner = pick_winner(
        weights, {partner_id: credits.get(partner_id, 0) + accruals[partner_id] for partner_id in accruals}
    )
    place = next(index for index, candidate in enumerate(candidates) if candidate.partner_id == winner)
    verdicts[place] = Verdict.WINNER
    return Choice(winner=winner, verdicts="".join(verdicts), accruals=accruals)


def pick_winner(weights: Sequence[tuple[int, int]], due: Mapping[int, int]) -> int:
    """Tijdeman's choice among those who competed.

    With n partners, theta = 1/(2n - 2), or 0 for one. Among those whose credit, in turns and with this tick's accrual,
    reached theta, the winner is the one with the least ``(1 - theta - credit) * W / w``: the one whose claim falls due
    first. Where none reached it, the largest credit wins. Ties go to the least id.

    Everything is multiplied out: with m = 2n - 2 and credits in units, ``credit >= theta`` is ``m * due >= TURN``, and
    the claims compare as ``(TURN * (m - 1) - m * due) / w``, cross-multiplied.

    Args:
        weights: (partner id, weight) of each that competed; at least one.
        due: units by partner id, with this tick's accrual.
    """
    spread = max(2 * len(weights) - 2, 1)
    best: tuple[int, int, int] | None = None  # claim's numerator, weight, partner id
    for partner_id, weight in weights:
        if spread * due[partner_id] < TURN:
            continue
        claim = TURN * (spread - 1) - spread * due[partner_id]
        if best is None:
            best = claim, weight, partner_id
            continue
        left, right = claim * best[1], best[0] * weight
        if left < right or (left == right and partner_id < best[2]):
            best = claim, weight, partner_id
    if best is not None:
        return best[2]
    return min((-due[partner_id], partner_id) for partner_id, _weight in weights)[1]


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
