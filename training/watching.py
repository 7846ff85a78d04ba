"""What a person has watched of a video: stretches of it in whole seconds, joined where they touch.

The place where a viewer stands says little: it is at the end for whoever jumped there. So the player tells which
stretches it has played, as often as it likes, and what was played twice is there once.
"""

from collections.abc import Iterable, Sequence

#: From second to second, the second of the two not with it.
Stretch = tuple[int, int]

#: How many stretches a player may tell at once. A viewer who jumps about more than that leaves the rest untold.
MOST_TOLD = 500
#: And how many are kept of one person's watching: more than that no viewer leaves behind.
MOST_KEPT = 1000


def read_stretches(told: str, *, length: int) -> list[Stretch]:
    """The stretches that a player tells, as "0-15,40-55"; what lies beyond the video's length is cut off.

    Args:
        length: of the video in seconds; 0 where nobody knows it.

    Raises:
        ValueError: for what is no such list.
    """
    found = []
    for part in told.split(",")[:MOST_TOLD] if told else []:
        begin, dash, end = part.partition("-")
        if not (dash and _is_number(begin) and _is_number(end)):
            raise ValueError(part[:40])
        stretch = int(begin), min(int(end), length or int(end))
        if stretch[0] < stretch[1]:
            found.append(stretch)
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 6


def join_stretches(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same seconds in as few stretches as there can be, in their order."""
    joined: list[Stretch] = []
    for begin, end in sorted(stretches):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def measure_watched(stretches: Sequence[Stretch], *, length: int) -> int:
    """Seconds of the video that lie in these stretches, which are joined; beyond its length there is none."""
    return sum(max(min(end, length) - begin, 0) for begin, end in stretches)
