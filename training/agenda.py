"""How an event's talks stand in an agenda: by day, in their order, tracks side by side; and what cannot be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import Any


@dataclass(frozen=True, slots=True)
class Talk:
    """One talk. ``key`` is what the caller knows it by; ``track`` and ``room`` may be empty."""

    key: Any
    title: str
    starts_at: datetime
    ends_at: datetime
    track: str = ""
    room: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """Talks that begin in the same moment, in the order of the tracks."""

    starts_at: datetime
    talks: tuple[Talk, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the agenda, in the zone of the event."""

    day: date
    slots: tuple[Slot, ...]


def arrange(talks: Iterable[Talk], *, zone: tzinfo) -> list[Day]:
    """The agenda: days in the event's zone, in each what begins together. Talks are given in the editor's order.

    Tracks stand in the order in which they first come up, so that a reader finds theirs in the same column all day; a
    talk without a track, such as an opening for all, stands first.
    """
    ordered = sorted(talks, key=lambda talk: talk.starts_at)
    tracks = list_tracks(ordered)
    place = {track: number for number, track in enumerate(["", *tracks])}
    days = []
    for day, of_day in groupby(ordered, key=lambda talk: talk.starts_at.astimezone(zone).date()):
        slots = [
            Slot(starts_at, tuple(sorted(together, key=lambda talk: place[talk.track])))
            for starts_at, together in groupby(of_day, key=lambda talk: talk.starts_at)
        ]
        days.append(Day(day, tuple(slots)))
    return days


def list_tracks(talks: Iterable[Talk]) -> list[str]:
    """The tracks by the first talk of each."""
    ordered = sorted(talks, key=lambda talk: talk.starts_at)
    return list(dict.fromkeys(talk.track for talk in ordered if talk.track))


def find_clashes(talks: Sequence[Talk]) -> list[tuple[Talk, Talk]]:
    """Pairs of talks that are in one room, or on one track, at once; each talk with the first that it runs into."""
    clashes: list[tuple[Talk, Talk]] = []
    found: set[tuple[Any, Any]] = set()
    for name in ("room", "track"):
        named = sorted(
            (talk for talk in talks if getattr(talk, name)), key=lambda talk: (getattr(talk, name), talk.starts_at)
        )
        for _where, together in groupby(named, key=lambda talk: getattr(talk, name)):
            last: Talk | None = None
            for talk in together:
                if last is not None and talk.starts_at < last.ends_at and (last.key, talk.key) not in found:
                    found.add((last.key, talk.key))
                    clashes.append((last, talk))
                if last is None or talk.ends_at > last.ends_at:
                    last = talk
    return clashes


def find_outside(talks: Iterable[Talk], *, starts_at: datetime, ends_at: datetime) -> list[Talk]:
    """Talks that are not within the event."""
    return [talk for talk in talks if talk.starts_at < starts_at or talk.ends_at > ends_at]
