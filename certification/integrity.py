"""What in an attempt a person may want to look at: speed, likeness, what the browser reported. Pure.

Nothing is decided here and nothing follows by itself. Each of these has innocent causes, and a person who reads them is to
see numbers, not verdicts: so there is no score that adds them up, and no threshold that accuses.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any

# --- Speed -----------------------------------------------------------------------------------------------------------

#: An answer given in less than this percentage of the item's median time is worth a look.
FAST_PERCENT = 20
#: A norm from fewer answers says nothing.
LEAST_ANSWERS = 30


@dataclass(frozen=True, slots=True)
class Norm:
    """How long others took over a version: the median in seconds, and from how many answers."""

    median_seconds: Fraction | int
    answers: int


@dataclass(frozen=True, slots=True)
class SpeedFlag:
    """An answer far faster than others give it. ``percent`` of the median, rounded down."""

    version: int
    seconds: Fraction | int
    median_seconds: Fraction | int
    percent: int


def speed_flags(
    times: Mapping[int, Fraction | int],
    norms: Mapping[int, Norm],
    *,
    percent: int = FAST_PERCENT,
    least_answers: int = LEAST_ANSWERS,
) -> tuple[SpeedFlag, ...]:
    """The answers that came far faster than the item's norm, the fastest in proportion first.

    The normative threshold of Wise and Ma (2012, "Setting response time thresholds for a CAT item pool"), who try 10, 15
    and 20 per cent of an item's average time; the median is used since a few forgotten pages spoil an average. A fast
    answer may be a guess, a question known from elsewhere, or a candidate who knows the subject.

    Args:
        times: seconds over each version that was answered, by its id.
        norms: by version; a version without one, or with one from too few answers, is left out.
    """
    flags = []
    for version, seconds in times.items():
        norm = norms.get(version)
        if norm is None or norm.answers < least_answers or norm.median_seconds <= 0:
            continue
        if seconds * 100 < norm.median_seconds * percent:
            flags.append(SpeedFlag(version, seconds, norm.median_seconds, int(seconds * 100 // norm.median_seconds)))
    return tuple(sorted(flags, key=lambda flag: (Fraction(flag.seconds) / flag.median_seconds, flag.version)))


# --- Likeness --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What a candidate gave to a version, and whether it was wrong (it did not earn full marks)."""

    response: Any
    wrong: bool


@dataclass(frozen=True, slots=True)
class Similarity:
    """How alike two candidates' wrong answers are.

    Attributes:
        common: versions that both answered, and of which it is known how others answer them.
        both_wrong: of those, the ones that both answered wrongly.
        identical: of those, the ones with the same wrong answer.
        expected: how many of ``both_wrong`` would be the same if the two had nothing to do with each other.
        probability: that at least ``identical`` would be.
        among_pairs: that some pair of all those compared would show as much by chance, at most.
    """

    common: int
    both_wrong: int
    identical: int
    expected: float
    probability: float
    among_pairs: float

    @property
    def share(self) -> Fraction:
        """Of what both got wrong, the part that is the same; 0 where there is nothing."""
        return Fraction(self.identical, self.both_wrong) if self.both_wrong else Fraction()


def similarity(
    one: Mapping[int, Answer],
    other: Mapping[int, Answer],
    wrong_answers: Mapping[int, Mapping[str, int]],
    *,
    pairs: int = 1,
) -> Similarity:
    """Compare two candidates over the versions that both were asked.

    Error-similarity analysis (Bellezza and Bellezza, 1989, Teaching of Psychology 16), question by question instead of with
    one average: right answers are left out, since whoever knows the subject gives them. Where both are wrong, two who
    answer independently give the same wrong answer with the sum over the wrong answers of the squares of their shares. The
    number of coincidences then has a Poisson binomial distribution, whose upper tail is the probability. It has to be held
    against the number of pairs that were compared, by Bonferroni's bound, as Wesolowsky does (2000, Journal of Applied
    Statistics 27): among the 124,750 pairs of 500 people one in 100,000 is to be expected.

    It errs on the candidates' side: the counts include the two themselves, and where no third person went wrong it takes a
    coincidence for certain. People who studied together from one wrong note are alike as well.

    Args:
        one, other: answers by version.
        wrong_answers: by version, how many candidates gave which wrong answer, by :func:`name_answer`.
        pairs: how many pairs were compared.
    """
    common = sorted(version for version in one.keys() & other.keys() if wrong_answers.get(version))
    chances: list[float] = []
    identical = 0
    for version in common:
        if not (one[version].wrong and other[version].wrong):
            continue
        names = name_answer(one[version].response), name_answer(other[version].response)
        identical += names[0] == names[1]
        chances.append(_chance_of_the_same(wrong_answers[version], names))
    probability = _tail(chances, identical)
    return Similarity(
        common=len(common),
        both_wrong=len(chances),
        identical=identical,
        expected=sum(chances),
        probability=probability,
        among_pairs=min(1.0, probability * pairs),
    )


def name_answer(response: Any) -> str:
    """A stored response as text, the same for responses that are the same."""
    return json.dumps(response, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _chance_of_the_same(counts: Mapping[str, int], names: tuple[str, str]) -> float:
    total = sum(counts.values())
    # Two of a pair are no sample: without a third voice nothing is known about how people go wrong here.
    if total <= 2 or any(counts.get(name, 0) == 0 for name in names):
        return 1.0
    return sum((count / total) ** 2 for count in counts.values())


def _tail(chances: Iterable[float], least: int) -> float:
    """The probability of at least ``least`` successes in independent trials; only sums of positive terms."""
    reached = [1.0] + [0.0] * least  # the last entry: that many or more
    if not least:
        return 1.0
    for chance in chances:
        for number in range(least, 0, -1):
            stay = reached[number] if number == least else reached[number] * (1 - chance)
            reached[number] = stay + reached[number - 1] * chance
        reached[0] *= 1 - chance
    return min(1.0, reached[least])


# --- What the browser reported ---------------------------------------------------------------------------------------


class EventKind(StrEnum):
    FOCUS_LOST = "focus_lost"  # the page was not the one in front; amount: seconds until it was again
    PASTE = "paste"  # text was pasted into an answer; amount: characters
    ADDRESS_CHANGED = "address_changed"  # requests began to come from another network address; amount: 0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a sitting. ``position``: at which question, where that is known."""

    kind: EventKind
    at: datetime
    amount: int = 0
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """All events of a kind in one line; the words around the numbers are the page's.

    Attributes:
        times: how often.
        total, most: of the amounts (seconds or characters, by kind), together and in the largest one.
        positions: the questions at which it happened, each once, ascending.
    """

    kind: EventKind
    times: int
    total: int
    most: int
    first_at: datetime
    last_at: datetime
    positions: tuple[int, ...]


def summarise(events: Iterable[Event], *, shortest_seconds: int = 3) -> tuple[Line, ...]:
    """One line for each kind of event that occurred, in the order of :class:`EventKind`.

    Args:
        shortest_seconds: a loss of focus below this is left out: a notification, a key pressed by mistake.
    """
    by_kind: dict[EventKind, list[Event]] = {}
    for event in events:
        if event.kind != EventKind.FOCUS_LOST or event.amount >= shortest_seconds:
            by_kind.setdefault(event.kind, []).append(event)
    return tuple(
        Line(
            kind=kind,
            times=len(found),
            total=sum(event.amount for event in found),
            most=max(event.amount for event in found),
            first_at=min(event.at for event in found),
            last_at=max(event.at for event in found),
            positions=tuple(sorted({event.position for event in found if event.position is not None})),
        )
        for kind in EventKind
        if (found := by_kind.get(kind))
    )
