"""Whether a call script leads somewhere, and how its map is laid out.

A script is a directed graph: steps, and branches by answer. Loops back are fine as long as there is a way out. Every
function is linear in steps and branches but for the order within a rank (n log n).
"""

import textwrap
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from itertools import pairwise


@dataclass(frozen=True)
class Step:
    """One step of a conversation.

    Attributes:
        branches: pairs of (answer, name of the step that it leads to); an empty name is a branch left open.
        outcome: how the call ends here; empty where that is not said.
        is_end: whether the step says how the call ends or what to do afterwards.
    """

    name: str
    title: str = ""
    branches: tuple[tuple[str, str], ...] = ()
    outcome: str = ""
    is_end: bool = False


class Fault(StrEnum):
    """What can be wrong with a script."""

    TWICE = "twice"  # two steps of one name
    DANGLING = "dangling"  # a branch to a step that is not there
    UNREACHED = "unreached"  # no way leads here from the first step
    ENDLESS = "endless"  # a ring without a way out
    NO_ENDING = "no_ending"  # no step ends the call
    BOTH = "both"  # an ending that has branches
    UNDECIDED = "undecided"  # a step without branches that does not say how the call ends


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        steps: places in the script, from 0, of the steps concerned; the first is where the message stands. Empty only
            where the whole script is meant.
        branch: the branch of the first step that is meant, from 0.
        name: the name that is wrong.
        suggestion: the name that was probably meant.
    """

    fault: Fault
    steps: tuple[int, ...] = ()
    branch: int | None = None
    name: str = ""
    suggestion: str = ""


def check_script(steps: Sequence[Step]) -> list[Finding]:
    """What keeps a call from beginning, going on or ending, in the order of the script; empty when all is well.

    What is still open is taken to come out well: a branch without a target may lead anywhere, and from a branch that
    leads astray nothing else is concluded. So one mistake gives one finding.
    """
    if not steps:
        return []
    places = _place_by_name(steps)
    targets = _find_targets(steps, places)
    findings = [*_check_each(steps, places), *_check_reached(steps, places, targets), *_check_ends(steps, targets)]
    return sorted(findings, key=lambda finding: (finding.steps[:1], finding.branch is not None, finding.branch or 0))


def _place_by_name(steps: Sequence[Step]) -> dict[str, int]:
    """The first step of each name."""
    places: dict[str, int] = {}
    for place, step in enumerate(steps):
        if step.name:
            places.setdefault(step.name, place)
    return places


def _find_targets(steps: Sequence[Step], places: dict[str, int]) -> list[list[int | None]]:
    """Per step and branch the place it leads to; None for nowhere."""
    return [[places.get(to) for _answer, to in step.branches] for step in steps]


def _check_each(steps: Sequence[Step], places: dict[str, int]) -> Iterable[Finding]:
    for place, step in enumerate(steps):
        if step.name and places[step.name] != place:
            yield Finding(Fault.TWICE, (place, places[step.name]), name=step.name)
        if step.branches and (step.is_end or step.outcome):
            yield Finding(Fault.BOTH, (place,), name=step.name)
        if not step.branches and not step.outcome:
            yield Finding(Fault.UNDECIDED, (place,), name=step.name)
        for branch, (_answer, to) in enumerate(step.branches):
            if to and to not in places:
                near = get_close_matches(to, places, n=1, cutoff=0.7)
                yield Finding(Fault.DANGLING, (place,), branch, to, near[0] if near else "")


def _check_reached(steps: Sequence[Step], places: dict[str, int], targets: list[list[int | None]]) -> Iterable[Finding]:
    reached = _measure_distances([0], targets)
    if any(not to for place in reached for _answer, to in steps[place].branches):
        return  # an open branch may lead to any of them
    for place, step in enumerate(steps):
        if place not in reached and places.get(step.name) == place:
            yield Finding(Fault.UNREACHED, (place,), name=step.name)


def _check_ends(steps: Sequence[Step], targets: list[list[int | None]]) -> Iterable[Finding]:
    ends = [place for place, leads_to in enumerate(targets) if not leads_to or None in leads_to]
    if not ends:
        yield Finding(Fault.NO_ENDING)
        return
    sources: list[list[int | None]] = [[] for _step in steps]
    for place, leads_to in enumerate(targets):
        for target in leads_to:
            if target is not None:
                sources[target].append(place)
    settled = set(_measure_distances(ends, sources))
    for place in range(len(steps)):
        if place not in settled:
            ring = _find_ring(place, targets)
            # What only leads into a ring is not named: mend the ring, and it ends too.
            settled |= _measure_distances(ring, sources, settled).keys()
            yield Finding(Fault.ENDLESS, tuple(ring), name=steps[ring[0]].name)


def _find_ring(place: int, targets: list[list[int | None]]) -> list[int]:
    """The ring that one walks into by always giving the first answer, in the order walked, its first step first."""
    walked: dict[int, None] = {}
    while place not in walked:
        walked[place] = None
        place = next(to for to in targets[place] if to is not None)
    way = list(walked)
    ring = way[way.index(place) :]
    first = ring.index(min(ring))
    return ring[first:] + ring[:first]


def _measure_distances(
    sources: Iterable[int], targets: Sequence[Sequence[int | None]], known: Collection[int] = ()
) -> dict[int, int]:
    """How many branches each place is away from the nearest of the sources, in the order of discovery."""
    distances = {place: 0 for place in sources if place not in known}
    waiting = deque(distances)
    while waiting:
        place = waiting.popleft()
        for target in targets[place]:
            if target is not None and target not in distances and target not in known:
                distances[target] = distances[place] + 1
                waiting.append(target)
    return distances


# --- The map ---------------------------------------------------------------------------------------------------------

#: Pixels of the drawing. Characters are counted for the broader Cyrillic letters.
CARD_WIDTH = 256
GAP_ACROSS = 28
GAP_DOWN = 60
MARGIN = 12
TITLE_CHARACTERS = 21
ANSWER_CHARACTERS = 23
TITLE_HEIGHT = 20
ANSWER_HEIGHT = 17
PADDING = 12
#: A row of one line with the space above it.
ROW = 8 + ANSWER_HEIGHT
#: Endings stand side by side below all else, at most so many to a row.
ENDINGS_IN_A_ROW = 4


class Way(StrEnum):
    """Where a branch leads on the map."""

    ON = "on"  # to the rank below: drawn as a line
    AHEAD = "ahead"  # further down, past a rank
    ASIDE = "aside"  # to the same rank
    BACK = "back"  # to a rank above, or round to the step itself
    NOWHERE = "nowhere"  # to no step, or left open


@dataclass(frozen=True)
class Answer:
    """A branch as a row of its card: the answer in one or two lines, and where it leads."""

    branch: int
    y: int
    lines: tuple[str, ...]
    text: str
    way: Way
    to: int | None


@dataclass(frozen=True)
class Card:
    """A step as a card of the map. Numbers are pixels; ``place`` is the step's place in the script, from 0."""

    place: int
    rank: int
    x: int
    y: int
    height: int
    title: tuple[str, ...]
    answers: tuple[Answer, ...]
    width: int = CARD_WIDTH


@dataclass(frozen=True)
class Line:
    """A branch that leads to the rank below, from the foot of its card to the head of the other."""

    place: int
    branch: int
    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def path(self) -> str:
        """The curve in the words of SVG."""
        middle = (self.y1 + self.y2) // 2
        return f"M{self.x1} {self.y1}C{self.x1} {middle} {self.x2} {middle} {self.x2} {self.y2}"


@dataclass(frozen=True)
class Layout:
    """The whole map: cards by place in the script, lines, and its size in pixels."""

    cards: tuple[Card, ...]
    lines: tuple[Line, ...]
    width: int
    height: int


def lay_out(steps: Sequence[Step], noted: Collection[int] = ()) -> Layout:
    """The map of a script, broken ones included: the first step on top, each step as far below as its distance.

    Endings stand in rows of their own at the foot. What is never reached stands between. A branch to the next rank is
    drawn as a line; every other one is named in its row by the number of the step it leads to, so that nothing crosses
    a card.

    Args:
        noted: places of steps whose cards need a row more, for a remark.
    """
    targets = _find_targets(steps, _place_by_name(steps))
    rows = _arrange_ranks(steps, targets)
    ranks = {place: rank for rank, row in enumerate(rows) for place in row}
    width = max((len(row) * (CARD_WIDTH + GAP_ACROSS) - GAP_ACROSS for row in rows), default=0)
    cards: dict[int, Card] = {}
    y = MARGIN
    for row in rows:
        x = MARGIN + (width - len(row) * (CARD_WIDTH + GAP_ACROSS) + GAP_ACROSS) // 2
        for place in row:
            cards[place] = _make_card(steps[place], place, ranks, targets[place], x, y, noted=place in noted)
            x += CARD_WIDTH + GAP_ACROSS
        y += max(cards[place].height for place in row) + GAP_DOWN
    return Layout(
        cards=tuple(cards[place] for place in range(len(steps))),
        lines=tuple(_draw_lines(cards)),
        width=width + 2 * MARGIN,
        height=max(y - GAP_DOWN + MARGIN, 2 * MARGIN),
    )


def _arrange_ranks(steps: Sequence[Step], targets: list[list[int | None]]) -> list[list[int]]:
    """Places by rank, each rank in an order that keeps crossings low."""
    endings = [place for place, step in enumerate(steps) if not step.branches]
    inner = [[None if to is None or not steps[to].branches else to for to in leads_to] for leads_to in targets]
    ranks = _measure_distances([0] if steps and steps[0].branches else [], inner)
    # What is never reached begins below: first what nothing else leads to, then rings by their first step.
    left = [place for place, step in enumerate(steps) if step.branches and place not in ranks]
    led_to = {to for place in left for to in inner[place] if to != place}
    base = max(ranks.values(), default=-1) + 1
    for beginning in [*(place for place in left if place not in led_to), *left]:
        found = _measure_distances([beginning], inner, ranks)
        ranks |= {place: base + distance for place, distance in found.items()}
    rows: list[list[int]] = [[] for _rank in range(max(ranks.values(), default=-1) + 1)]
    for place, rank in ranks.items():
        rows[rank].append(place)
    _untangle(rows, inner)
    outcomes = {outcome: order for order, outcome in enumerate(("won", "next", "lost"))}
    endings.sort(key=lambda place: (outcomes.get(steps[place].outcome, len(outcomes)), place))
    if steps and not steps[0].branches:
        endings.remove(0)
        rows.insert(0, [0])
    count = -(-len(endings) // ENDINGS_IN_A_ROW)
    across = -(-len(endings) // max(count, 1))
    rows += [endings[start : start + across] for start in range(0, len(endings), across or 1)]
    return rows


def _untangle(rows: list[list[int]], targets: list[list[int | None]]) -> None:
    """Order each rank by the mean position of its neighbours, downwards, upwards and downwards again.

    The barycentre heuristic of Sugiyama, Tagawa and Toda (1981).
    """
    below: dict[int, list[int]] = {place: [] for row in rows for place in row}
    above: dict[int, list[int]] = {place: [] for row in rows for place in row}
    for row, following in pairwise(rows):
        there = set(following)
        for place in row:
            for target in targets[place]:
                if target in there:
                    below[place].append(target)
                    above[target].append(place)
    for neighbours, order in ((above, 1), (below, -1), (above, 1)):
        for row, fixed in pairwise(rows[::order]):
            position = {place: index - (len(row) - 1) / 2 for index, place in enumerate(row)}
            own = {place: index - (len(fixed) - 1) / 2 for index, place in enumerate(fixed)}
            means = {
                place: sum(position[other] for other in neighbours[place]) / len(neighbours[place])
                if neighbours[place]
                else own[place]
                for place in fixed
            }
            fixed.sort(key=lambda place: (means[place], own[place]))


def _make_card(
    step: Step, place: int, ranks: dict[int, int], targets: list[int | None], x: int, y: int, *, noted: bool
) -> Card:
    title = wrap(step.title or step.name, TITLE_CHARACTERS)
    foot = y + PADDING + TITLE_HEIGHT * len(title)
    answers = []
    for branch, ((text, _name), to) in enumerate(zip(step.branches, targets, strict=True)):
        lines = wrap(text, ANSWER_CHARACTERS)
        answers.append(Answer(branch, foot + 6, lines, text, _find_way(place, to, ranks), to))
        foot += 8 + ANSWER_HEIGHT * len(lines)
    if not step.branches:
        foot += ROW
    if noted:
        foot += ROW
    return Card(place, ranks[place], x, y, foot - y + PADDING, title, tuple(answers))


def _find_way(place: int, to: int | None, ranks: dict[int, int]) -> Way:
    if to is None:
        return Way.NOWHERE
    if ranks[to] == ranks[place] + 1:
        return Way.ON
    if ranks[to] == ranks[place] and to != place:
        return Way.ASIDE
    return Way.AHEAD if ranks[to] > ranks[place] else Way.BACK


def _draw_lines(cards: dict[int, Card]) -> Iterable[Line]:
    """Lines leave a card in the order of where they arrive, and arrive in the order of where they left."""
    on = [
        (card, answer, cards[answer.to])
        for card in cards.values()
        for answer in card.answers
        if answer.way is Way.ON and answer.to is not None
    ]
    leaving: dict[int, list[tuple[int, int]]] = {}
    arriving: dict[int, list[tuple[int, int]]] = {}
    for card, answer, _target in sorted(on, key=lambda one: (one[2].x, one[1].branch)):
        leaving.setdefault(card.place, []).append((card.place, answer.branch))
    for card, answer, target in sorted(on, key=lambda one: (one[0].x, one[1].branch)):
        arriving.setdefault(target.place, []).append((card.place, answer.branch))
    starts = {
        key: _spread(cards[place], keys, index) for place, keys in leaving.items() for index, key in enumerate(keys)
    }
    ends = {
        key: _spread(cards[place], keys, index) for place, keys in arriving.items() for index, key in enumerate(keys)
    }
    for card, answer, target in on:
        key = (card.place, answer.branch)
        yield Line(*key, starts[key], card.y + card.height, ends[key], target.y)


def _spread(card: Card, keys: Sequence[object], index: int) -> int:
    """Where the line stands on the edge of its card: evenly, and never nearer to the corner than one share."""
    return card.x + card.width * (index + 1) // (len(keys) + 1)


def wrap(text: str, characters: int, lines: int = 2) -> tuple[str, ...]:
    """The text in at most so many lines of so many characters, cut with an ellipsis."""
    return tuple(textwrap.wrap(text, characters, max_lines=lines, placeholder="…")) or ("",)
