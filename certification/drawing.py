"""Which questions a candidate is asked, and in which order. Pure and deterministic: the seed decides everything.

The order comes from a keyed hash, not from a random generator: the same seed draws the same paper whatever the order of
the bank, the version of Python or the database.

Sections compete for questions, so whether a paper can be filled is a question of flow: places on one side, questions
on the other. The sets of questions that can stand on a paper together are the independent sets of a transversal matroid
(Edmonds and Fulkerson, 1965), and in a matroid the greedy choice is the best one: going through the bank from the most to
the least preferred question, and keeping each one for which the others can still make room, gives a paper whose n-th best
question is, for every n, as good as on any other paper. Room is made along augmenting paths. Questions that fit the same
places are one node of the flow, and a place is a whole quota, so the cost follows the blueprint and hardly the bank.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Quota:
    """So many questions of a kind. Questions match that meet every condition; a condition left out is met by all.

    Attributes:
        topics: any of these; already widened to the topics below them.
        tags: all of these.
        difficulty: exactly this.
    """

    count: int
    topics: frozenset[int] | None = None
    tags: frozenset[int] = frozenset()
    difficulty: int | None = None


@dataclass(frozen=True, slots=True)
class SectionRule:
    """What a section asks, and the percentage of its marks that passes it.

    Attributes:
        section: its id, unlike that of any other section of the blueprint.
        title: by language code.
        quotas: what is drawn.
        fixed: ids of questions that every paper has, asked first and in this order.
    """

    section: int
    title: Mapping[str, str]
    pass_percent: int
    quotas: tuple[Quota, ...] = ()
    fixed: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many questions it asks."""
        return len(self.fixed) + sum(quota.count for quota in self.quotas)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What an exam draws.

    Attributes:
        shuffle_questions: whether the drawn questions of a section come in an order of the candidate's own; otherwise
            in that of the quotas, and within one in that of the bank. Sections always keep their order.
        shuffle_options: whether options do; a question may forbid it for its own.
        exposure_cap: the share of the exam's recent papers that a question should not exceed; a preference.
    """

    sections: tuple[SectionRule, ...]
    pass_percent: int
    shuffle_questions: bool = True
    shuffle_options: bool = True
    exposure_cap: Fraction | None = None

    @property
    def count(self) -> int:
        """How many questions a paper has."""
        return sum(rule.count for rule in self.sections)


class BankItem(NamedTuple):
    """A question that may be drawn, in the one version that is approved.

    A tuple, since thousands are read for one draw: it is made in a quarter of a frozen dataclass's time.

    Attributes:
        options: ids in the authored order. Only :func:`compose` needs them.
        pinned: ids of the options that stay last, such as "none of these".
        seen: how often this candidate was asked it.
        asked: how many of the exam's recent papers held it.
        under_check: what it cites has changed; drawn only where nothing else is left.
        points: what it is worth.
        first_asked: when the version was asked first, however it is written; from then on what it asks stays as it is.
    """

    question: int
    version: int
    topic: int
    type: str
    options: tuple[str, ...] = ()
    shuffled: bool = True
    pinned: frozenset[str] = frozenset()
    tags: frozenset[int] = frozenset()
    difficulty: int | None = None
    seen: int = 0
    asked: int = 0
    under_check: bool = False
    points: int | Fraction = 1
    first_asked: str | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """A question chosen for a section. ``over_cap``: one more paper with it exceeds the exposure cap."""

    section: int
    item: BankItem
    over_cap: bool


# --- The paper -------------------------------------------------------------------------------------------------------


#: What most questions are worth; made once, as a paper has hundreds of places.
ONE_POINT = Fraction(1)


class PaperQuestion(NamedTuple):
    """One place of a paper; positions count from 1 through the whole paper, ``order`` is that of the options shown.

    ``over_cap`` and ``under_check`` record what the draw would rather have avoided. A tuple, as :class:`BankItem`.
    """

    position: int
    section: int
    version: int
    type: str
    order: tuple[str, ...]
    points: Fraction = ONE_POINT
    over_cap: bool = False
    under_check: bool = False


@dataclass(frozen=True, slots=True)
class PaperSection:
    section: int
    title: Mapping[str, str]
    pass_percent: int


#: How a stored question says what the draw would rather have avoided.
OVER_CAP, UNDER_CHECK = 1, 2


@dataclass(frozen=True, slots=True)
class Paper:
    """What one candidate is asked: frozen at the start with its pass marks, so that later edits change nothing.

    Attributes:
        language: the code of the language in which it is asked; empty where the reader's own is used.
    """

    sections: tuple[PaperSection, ...]
    questions: tuple[PaperQuestion, ...]
    pass_percent: int
    language: str = ""

    def to_json(self) -> dict[str, Any]:
        """As stored with the attempt.

        ``{"pass": percent, "language": code, "sections": [[id, pass percent, title], …], "questions": [[section,
        version, type, [option, …], points, flags], …]}``; points as text (``"1/2"``) and flags are left out at 1 and 0.
        """
        return {
            "pass": self.pass_percent,
            "language": self.language,
            "sections": [[part.section, part.pass_percent, dict(part.title)] for part in self.sections],
            "questions": [_store_question(item) for item in self.questions],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Paper":
        """Read what :meth:`to_json` gave, in this release or an earlier one (which stored objects instead of rows)."""
        if "pass_percent" in stored:
            return cls(
                sections=tuple(PaperSection(**part) for part in stored["sections"]),
                questions=tuple(
                    PaperQuestion(position, item["section"], item["version"], item["type"], tuple(item["order"]))
                    for position, item in enumerate(stored["questions"], 1)
                ),
                pass_percent=stored["pass_percent"],
            )
        return cls(
            sections=tuple(PaperSection(section, title, percent) for section, percent, title in stored["sections"]),
            questions=tuple(_load_question(position, row) for position, row in enumerate(stored["questions"], 1)),
            pass_percent=stored["pass"],
            language=stored["language"],
        )


def _store_question(item: PaperQuestion) -> list[Any]:
    row: list[Any] = [item.section, item.version, item.type, list(item.order)]
    flags = OVER_CAP * item.over_cap | UNDER_CHECK * item.under_check
    if flags or item.points != 1:
        row.append(str(item.points))
    if flags:
        row.append(flags)
    return row


def _load_question(position: int, row: Sequence[Any]) -> PaperQuestion:
    section, version, kind, order = row[:4]
    points = Fraction(row[4]) if len(row) > 4 else ONE_POINT
    flags = row[5] if len(row) > 5 else 0
    return PaperQuestion(
        position,
        section,
        version,
        kind,
        tuple(order),
        points,
        bool(flags & OVER_CAP),
        bool(flags & UNDER_CHECK),
    )


# --- Whether it can be filled ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """What a section asks at once: ``count`` questions of a quota, or the one ``question`` of that id."""

    section: int
    count: int
    quota: Quota | None = None
    question: int | None = None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Places that together want more questions than fit any of them.

    None could be left out: fewer of these places, taken by themselves, could be filled.

    Attributes:
        wanted: how many questions they ask together.
        available: how many different questions of the bank fit at least one of them.
    """

    places: tuple[Place, ...]
    wanted: int
    available: int


class Unfillable(Exception):
    """The bank cannot fill the blueprint. Says what is missing; an exam is never shortened instead."""

    def __init__(self, shortfalls: tuple[Shortfall, ...]) -> None:
        super().__init__(
            "; ".join(
                f"sections {sorted({place.section for place in short.places})}: {short.available} of {short.wanted}"
                for short in shortfalls
            )
            or "a section asks nothing"
        )
        self.shortfalls = shortfalls


def is_fillable(blueprint: Blueprint, bank: Iterable[BankItem]) -> bool:
    """Whether every section asks something and the bank has it."""
    return _asks(blueprint) and not find_shortfalls(blueprint, bank)


def find_shortfalls(blueprint: Blueprint, bank: Iterable[BankItem]) -> tuple[Shortfall, ...]:
    """What the bank lacks, as groups of places in conflict; no two groups share a place. Empty where it lacks nothing.

    Each group is a violator of Hall's condition (1935), read off the cut at which the flow stops, and made minimal. There
    may be further conflicts that show only when these are mended.

    Args:
        bank: one item per question; options are not looked at.

    Raises:
        ValueError: when a question is in the bank twice.
    """
    places = _list_places(blueprint)
    kinds = {kind: len(items) for kind, items in _sort_by_kind(places, bank).items()}
    return _explain(places, kinds)


def _explain(places: Sequence[Place], kinds: Mapping[int, int]) -> tuple[Shortfall, ...]:
    found = []
    rest = (1 << len(places)) - 1
    while conflict := _find_minimal_conflict(places, kinds, rest):
        rest &= ~conflict
        together = tuple(places[number] for number in _bits(conflict))
        available = sum(count for kind, count in kinds.items() if kind & conflict)
        found.append((_bits(conflict), Shortfall(together, sum(place.count for place in together), available)))
    return tuple(shortfall for _numbers, shortfall in sorted(found, key=lambda pair: pair[0]))


def _asks(blueprint: Blueprint) -> bool:
    return bool(blueprint.sections) and all(rule.count for rule in blueprint.sections)


def _list_places(blueprint: Blueprint) -> list[Place]:
    """Everything that is to be filled, in the order of the blueprint. A place's number is its bit in a *kind*."""
    return [
        place
        for rule in blueprint.sections
        for place in (
            *(Place(rule.section, 1, question=question) for question in rule.fixed),
            *(Place(rule.section, quota.count, quota) for quota in rule.quotas if quota.count),
        )
    ]


def _sort_by_kind(places: Sequence[Place], bank: Iterable[BankItem]) -> dict[int, list[BankItem]]:
    """The bank by kind: the set of places that a question fits, as a number with one bit per place. Misfits are left out.

    Raises:
        ValueError: when a question is in the bank twice.
    """
    quotas = [(1 << number, place.quota) for number, place in enumerate(places) if place.quota is not None]
    named: Counter[int] = Counter()
    for number, place in enumerate(places):
        if place.question is not None:
            named[place.question] += 1 << number
    # Each condition is tried once for each value that occurs.
    of_topic = _Known(lambda topic: sum(bit for bit, quota in quotas if not quota.topics or topic in quota.topics))
    of_tags = _Known(lambda tags: sum(bit for bit, quota in quotas if quota.tags <= tags))
    of_difficulty = _Known(lambda level: sum(bit for bit, quota in quotas if quota.difficulty in {None, level}))

    kinds: dict[int, list[BankItem]] = {}
    items = list(bank)
    if len({item.question for item in items}) != len(items):
        raise ValueError("A question is in the bank twice")
    for item in items:
        kind = of_topic[item.topic] & of_tags[item.tags] & of_difficulty[item.difficulty]
        if named and item.question in named:
            kind |= named[item.question]
        if kind in kinds:
            kinds[kind].append(item)
        elif kind:
            kinds[kind] = [item]
    return kinds


class _Known(dict[Any, int]):
    """A function's values, each worked out once: a lookup costs a third of a call to a cached function."""

    def __init__(self, work_out: Callable[[Any], int]) -> None:
        self._work_out = work_out

    def __missing__(self, key: Any) -> int:
        value = self[key] = self._work_out(key)
        return value


def _bits(number: int) -> list[int]:
    """The places in a set of places, ascending."""
    found = []
    while number:
        found.append(_lowest(number))
        number &= number - 1
    return found


def _lowest(number: int) -> int:
    return (number & -number).bit_length() - 1


class _Filling:
    """A flow from kinds of questions to places, grown by one question at a time. Never takes a question out again.

    Attributes:
        room: how many more questions each place takes.
        held: for each place, how many questions of which kind it holds.
        free: the places with room, as bits.
    """

    def __init__(self, counts: Sequence[int]) -> None:
        self.room = list(counts)
        self.held: list[dict[int, int]] = [{} for _count in counts]
        self.free = sum(1 << number for number, count in enumerate(counts) if count)
        self._open = (1 << len(counts)) - 1  # the places that may still get room by moving questions

    def add(self, kind: int) -> bool:
        """Take in one more question of a kind, moving others to other places of theirs if need be.

        Where no room can be made, none ever can be: what was reached is full of questions that fit nowhere else, and stays
        so. Those places are closed, which makes the next refusal a single operation.
        """
        reached = kind & self._open
        if reached & self.free:
            self._put(_lowest(reached & self.free), kind, {})
            return True
        way: dict[int, tuple[int, int]] = {}  # for a place: the place whose question could move there, and its kind
        queue = _bits(reached)
        for number in queue:
            for moved in self.held[number]:
                further = moved & self._open & ~reached
                reached |= further
                for place in _bits(further):
                    way[place] = (number, moved)
                    queue.append(place)
                if further & self.free:
                    self._put(_lowest(further & self.free), kind, way)
                    return True
        self._open &= ~reached
        return False

    def _put(self, place: int, kind: int, way: Mapping[int, tuple[int, int]]) -> None:
        """Fill ``place``, moving questions along the way; a question of ``kind`` comes in where it begins."""
        self.room[place] -= 1
        if not self.room[place]:
            self.free &= ~(1 << place)
        while place in way:
            source, moved = way[place]
            self.held[place][moved] = self.held[place].get(moved, 0) + 1
            self.held[source][moved] -= 1
            if not self.held[source][moved]:
                del self.held[source][moved]
            place = source
        self.held[place][kind] = self.held[place].get(kind, 0) + 1


def _find_conflict(places: Sequence[Place], kinds: Mapping[int, int], among: int) -> int:
    """Some of these places that together want more than there is; 0 where all can be filled."""
    among_kinds: Counter[int] = Counter()
    for kind, count in kinds.items():
        among_kinds[kind & among] += count
    filling = _Filling([place.count if among >> number & 1 else 0 for number, place in enumerate(places)])
    for kind, count in among_kinds.items():
        for _number in range(count):
            if not filling.free or not filling.add(kind):
                break
    if not filling.free:
        return 0
    # Every question that fits an unfilled place is in use; so are those that fit the places which they are used for, …
    conflict = filling.free & -filling.free
    while True:
        wider = conflict
        for number, held in enumerate(filling.held):
            if any(kind & conflict for kind in held):
                wider |= 1 << number
        if wider == conflict:
            return conflict
        conflict = wider


def _find_minimal_conflict(places: Sequence[Place], kinds: Mapping[int, int], among: int) -> int:
    """A conflict none of whose places can be left out; 0 where there is none."""
    conflict = _find_conflict(places, kinds, among)
    for number in _bits(conflict):
        if conflict >> number & 1:
            conflict = _find_conflict(places, kinds, conflict & ~(1 << number)) or conflict
    return conflict


# --- The draw --------------------------------------------------------------------------------------------------------


def draw(blueprint: Blueprint, bank: Iterable[BankItem], seed: int, *, papers: int = 0, language: str = "") -> Paper:
    """Draw a paper: :func:`pick`, then :func:`compose`, for a bank whose options are loaded."""
    return compose(blueprint, pick(blueprint, bank, seed, papers=papers), seed, language=language)


def pick(blueprint: Blueprint, bank: Iterable[BankItem], seed: int, *, papers: int = 0) -> tuple[Pick, ...]:
    """Choose the questions of a paper, none twice, in the order in which they are asked.

    Of all ways to fill the blueprint the one with, in this order: the fewest questions under check; the least seen by this
    candidate; the least asked of late, hence below the exposure cap before above it; and what the seed prefers.

    A question is above the cap when its share of the exam's papers, this one included, would be. One that no recent paper
    held never is, or the first paper of an exam would exceed every cap.

    Args:
        bank: one item per question; options are not looked at, so they may be loaded for the chosen ones alone.
        seed: any integer; the same seed, blueprint and bank give the same questions.
        papers: how many recent papers of the exam ``BankItem.asked`` counts over.

    Raises:
        Unfillable: with what is missing, or with nothing when a section asks nothing or there are none.
        ValueError: when a question is in the bank twice.
    """
    if not _asks(blueprint):
        raise Unfillable(())
    places = _list_places(blueprint)
    kinds = _sort_by_kind(places, bank)
    filling = _Filling([place.count for place in places])
    taken: dict[int, list[_Entry]] = {}
    queues = {kind: _in_order(items, seed) for kind, items in kinds.items()}
    heads = [(next(queue), kind) for kind, queue in queues.items()]
    heapify(heads)
    while filling.free and heads:
        entry, kind = heappop(heads)
        if not filling.add(kind):
            continue  # nor will any other question of this kind be taken
        taken.setdefault(kind, []).append(entry)
        following = next(queues[kind], None)
        if following is not None:
            heappush(heads, (following, kind))
    if filling.free:
        raise Unfillable(_explain(places, {kind: len(items) for kind, items in kinds.items()}))
    cap = blueprint.exposure_cap
    most_asked = None if cap is None else max(1, cap * (papers + 1) // 1)
    return tuple(
        Pick(section, item, over_cap=most_asked is not None and item.asked >= most_asked)
        for section, item in _deal(blueprint, places, filling, taken)
    )


class _Entry(NamedTuple):
    """A question in the order of preference: what is wished for, then the seed's order."""

    wish: tuple[bool, int, int]
    rank: bytes
    question: int
    item: BankItem


def _in_order(items: Iterable[BankItem], seed: int) -> Iterator[_Entry]:
    """The questions of a kind, the most preferred first. Only as far as is asked for are they given a rank."""
    wishes: dict[tuple[bool, int, int], list[BankItem]] = {}
    for item in items:
        wishes.setdefault((item.under_check, item.seen, item.asked), []).append(item)
    salt = f"{seed}\x1fquestion\x1f".encode()
    for wish in sorted(wishes):
        ranked = [
            (blake2b(salt + b"%d" % item.question, digest_size=16).digest(), item.question, item)
            for item in wishes[wish]
        ]
        heapify(ranked)
        while ranked:
            yield _Entry(wish, *heappop(ranked))


def _deal(
    blueprint: Blueprint, places: Sequence[Place], filling: _Filling, taken: Mapping[int, list[_Entry]]
) -> Iterator[tuple[int, BankItem]]:
    """Give each place its questions and each section its order: yields the section and the question."""
    # Within a kind the seed alone says who stands where: otherwise the first section would get all that is fresh.
    waiting = {kind: sorted(entries, key=attrgetter("rank")) for kind, entries in taken.items()}
    fixed: dict[int, list[_Entry]] = {rule.section: [] for rule in blueprint.sections}
    drawn: dict[int, list[_Entry]] = {rule.section: [] for rule in blueprint.sections}
    for place, held in zip(places, filling.held, strict=True):
        entries: list[_Entry] = []
        for kind, count in sorted(held.items()):
            entries += waiting[kind][:count]
            del waiting[kind][:count]
        (drawn if place.question is None else fixed)[place.section] += sorted(entries, key=attrgetter("question"))
    for rule in blueprint.sections:
        if blueprint.shuffle_questions:
            drawn[rule.section].sort(key=attrgetter("rank"))
        for entry in fixed[rule.section] + drawn[rule.section]:
            yield rule.section, entry.item


def compose(blueprint: Blueprint, picks: Iterable[Pick], seed: int, *, language: str = "") -> Paper:
    """Lay out the chosen questions as a paper: positions, and for each its options in an order of the candidate's own.

    Args:
        picks: with the options of their items loaded.
    """
    return Paper(
        sections=tuple(PaperSection(rule.section, dict(rule.title), rule.pass_percent) for rule in blueprint.sections),
        questions=tuple(
            PaperQuestion(
                position=position,
                section=pick.section,
                version=pick.item.version,
                type=pick.item.type,
                order=order_options(pick.item, seed) if blueprint.shuffle_options else pick.item.options,
                points=ONE_POINT if pick.item.points == 1 else Fraction(pick.item.points),
                over_cap=pick.over_cap,
                under_check=pick.item.under_check,
            )
            for position, pick in enumerate(picks, 1)
        ),
        pass_percent=blueprint.pass_percent,
        language=language,
    )


def order_options(item: BankItem, seed: int) -> tuple[str, ...]:
    """The options as one candidate sees them; those that are pinned come last, in the authored order."""
    if not item.shuffled:
        return item.options
    salt = f"{seed}\x1foption\x1f{item.version}\x1f"
    ranks = {option: blake2b(f"{salt}{option}".encode(), digest_size=16).digest() for option in item.options}
    loose = sorted((option for option in item.options if option not in item.pinned), key=ranks.__getitem__)
    return (*loose, *(option for option in item.options if option in item.pinned))
