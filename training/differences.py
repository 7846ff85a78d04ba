"""What changed between two versions of a material, block by block and word by word.

Blocks are told apart by their ids, which stay through every edit. A block that lost its id, as happens when a text is
imported anew, is known again by its label and text.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum

#: Words on either side beyond which a changed stretch is shown whole: nobody reads finer, and matching is quadratic.
MANY_WORDS = 4000

WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a material as plain text: its id, the heading it stands under, and what it says."""

    id: str
    label: str
    text: str


class Kind(StrEnum):
    """What became of a block. One that was both moved and changed is changed."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    id: str
    kind: Kind
    label: str
    before: str
    after: str


class RunKind(StrEnum):
    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text that both versions have, or only the earlier, or only the later."""

    kind: RunKind
    text: str


def compare_blocks(before: Iterable[Block], after: Iterable[Block]) -> list[Difference]:
    """The blocks that differ, in the order of the later version; a removed one stands where it stood.

    Blocks that merely slid down because something came in above them have not moved: moved are the fewest that
    explain the new order. Takes n log n steps for n blocks.
    """
    old, new = _tell_apart(before), _tell_apart(after)
    new = _know_again(old, new)
    was = {block.id: block for block in old}
    places = {block.id: place for place, block in enumerate(old)}
    stayed = _longest_rising([places[block.id] for block in new if block.id in was])
    kept = {block.id for block in new}
    # Each removed block follows the block that it followed; the empty id stands for the beginning.
    removed: dict[str, list[Difference]] = defaultdict(list)
    anchor = ""
    for block in old:
        if block.id in kept:
            anchor = block.id
        else:
            removed[anchor].append(Difference(block.id, Kind.REMOVED, block.label, block.text, ""))
    found = [*removed[""]]
    for block in new:
        earlier = was.get(block.id)
        if earlier is None:
            found.append(Difference(block.id, Kind.ADDED, block.label, "", block.text))
        elif (earlier.label, earlier.text) != (block.label, block.text):
            found.append(Difference(block.id, Kind.CHANGED, block.label, earlier.text, block.text))
        elif places[block.id] not in stayed:
            found.append(Difference(block.id, Kind.MOVED, block.label, block.text, block.text))
        found.extend(removed[block.id])
    return found


def compare_words(before: str, after: str) -> list[Run]:
    """The two texts as one row of runs. Without the new runs it reads as ``before``, without the gone as ``after``."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    head = _count_common(old, new)
    tail = _count_common(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    runs = [Run(RunKind.SAME, "".join(old[:head]))]
    if max(len(middle_old), len(middle_new)) > MANY_WORDS:
        steps: Sequence[tuple[str, int, int, int, int]] = [("replace", 0, len(middle_old), 0, len(middle_new))]
    else:
        steps = SequenceMatcher(None, middle_old, middle_new).get_opcodes()
    for step, old_from, old_to, new_from, new_to in steps:
        if step == "equal":
            runs.append(Run(RunKind.SAME, "".join(middle_old[old_from:old_to])))
            continue
        runs.append(Run(RunKind.GONE, "".join(middle_old[old_from:old_to])))
        runs.append(Run(RunKind.NEW, "".join(middle_new[new_from:new_to])))
    runs.append(Run(RunKind.SAME, "".join(old[len(old) - tail :])))
    return _join_runs(runs)


def _join_runs(runs: Iterable[Run]) -> list[Run]:
    """The same without empty runs, and a lone space between two changes taken into them: “nine days” is one change.

    What was taken in is repeated in both, so either reading stays what it was.
    """
    full = [run for run in runs if run.text]
    joined: list[Run] = []
    gone = new = ""
    for place, run in enumerate(full):
        if run.kind == RunKind.GONE:
            gone += run.text
        elif run.kind == RunKind.NEW:
            new += run.text
        elif run.text.isspace() and gone and new and place + 1 < len(full):
            gone, new = gone + run.text, new + run.text
        else:
            joined.extend(_flush(gone, new))
            gone = new = ""
            joined.append(run)
    joined.extend(_flush(gone, new))
    return joined


def _flush(gone: str, new: str) -> list[Run]:
    return [run for run in (Run(RunKind.GONE, gone), Run(RunKind.NEW, new)) if run.text]


def _count_common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


def _tell_apart(blocks: Iterable[Block]) -> list[Block]:
    """The same blocks, each under an id of its own: of two that share one, the second is numbered."""
    seen: Counter[str] = Counter()
    taken: set[str] = set()
    apart = []
    for block in blocks:
        name = block.id or "block"
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name}~{seen[name]}"
        while unique in taken:
            seen[name] += 1
            unique = f"{name}~{seen[name]}"
        taken.add(unique)
        apart.append(replace(block, id=unique))
    return apart


def _know_again(old: Sequence[Block], new: Sequence[Block]) -> list[Block]:
    """The later blocks; one whose id is new takes the id of a lost block that says the same under the same label."""
    present = {block.id for block in new}
    known = {block.id for block in old}
    lost: dict[tuple[str, str], list[str]] = defaultdict(list)
    for block in reversed(old):
        if block.id not in present:
            lost[block.label, block.text].append(block.id)
    found = []
    for block in new:
        if block.id not in known and lost[block.label, block.text]:
            block = replace(block, id=lost[block.label, block.text].pop())
        found.append(block)
    return found


def _longest_rising(places: Sequence[int]) -> set[int]:
    """The members of one longest rising subsequence (patience sorting)."""
    tops: list[int] = []
    heaps: list[int] = []
    before: list[int | None] = []
    for index, place in enumerate(places):
        heap = bisect_left(tops, place)
        before.append(heaps[heap - 1] if heap else None)
        if heap == len(tops):
            tops.append(place)
            heaps.append(index)
        else:
            tops[heap], heaps[heap] = place, index
    rising = set()
    index_or_none = heaps[-1] if heaps else None
    while index_or_none is not None:
        rising.add(places[index_or_none])
        index_or_none = before[index_or_none]
    return rising
