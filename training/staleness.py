"""Whether a translation still says what its source says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """How one language of a material stands to its source."""

    SOURCE = "source"
    CURRENT = "current"
    STALE = "stale"
    DRAFT = "draft"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Edition:
    """A material in one language. ``copied``: it repeats the page of another language and was never translated."""

    live: bool
    published_at: datetime | None
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """The state; for a stale translation since when, and whether anything that changed since is material."""

    state: State
    since: datetime | None = None
    material: bool = False


def judge_translation(
    source: Edition, translation: Edition | None, changes: Iterable[tuple[datetime, bool]] = ()
) -> Standing:
    """How a translation stands to its source.

    It is stale from the first publishing of the source after its own last one. Of a source that is not live nothing is
    stale: readers cannot see what would be newer.

    Args:
        changes: publishings of the source: when, and whether the change was material. Where none is known after the
            translation was published, the source's last publishing counts, as a minor one.
    """
    if translation is None or translation.copied:
        return Standing(State.MISSING)
    if not translation.live:
        return Standing(State.DRAFT)
    if not is_newer(source, translation):
        return Standing(State.CURRENT)
    later = sorted(
        (moment, material)
        for moment, material in changes
        if translation.published_at is None or moment > translation.published_at
    )
    return Standing(
        State.STALE,
        since=later[0][0] if later else source.published_at,
        material=any(material for _moment, material in later),
    )


def is_newer(source: Edition, translation: Edition) -> bool:
    """Whether readers of the source have a text that was published after that of the translation."""
    if not source.live or source.published_at is None:
        return False
    return translation.published_at is None or source.published_at > translation.published_at
