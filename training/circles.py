"""Whether what requires one another goes round in a circle."""

from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def find_circle(requires: Mapping[Key, Collection[Key]], start: Key) -> list[Key]:
    """The shortest way from ``start`` back to itself, with ``start`` at both ends; empty where there is none."""
    before: dict[Key, Key] = {}
    waiting = [start]
    while waiting:
        here = waiting.pop(0)
        for there in requires.get(here, ()):
            if there == start:
                way = [start, here]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1] if here != start else [start, start]
            if there not in before:
                before[there] = here
                waiting.append(there)
    return []


def find_earlier(replaces: Mapping[Key, Collection[Key]], key: Key) -> frozenset[Key]:
    """Everything that ``key`` stands for, directly or by way of others; itself included. Circles do no harm."""
    found = {key}
    waiting = [key]
    while waiting:
        for earlier in replaces.get(waiting.pop(), ()):
            if earlier not in found:
                found.add(earlier)
                waiting.append(earlier)
    return frozenset(found)
