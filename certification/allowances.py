"""Which accommodations a candidate has, where several apply. Pure.

The rule, for each field by itself: a person's own stands above those of a group, even where it gives less, since it was
decided for this person; among equals the most generous counts. One that says nothing about a field does not touch it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    """For whom an accommodation was granted."""

    PERSON = "person"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Allowance:
    """One accommodation. None in a field: it says nothing about that.

    Attributes:
        factor_percent: of the time limit; 100 and up.
        extra_attempts: beyond those that the exam allows.
        break_minutes: breaks in one sitting, together.
        valid_from, expires_at: it counts from the one, and no longer at the other. None: always.
        revoked_at: from when it does not count, whatever its end.

    Raises:
        ValueError: where it would take something away from the candidate.
    """

    source: Source
    factor_percent: int | None = None
    extra_attempts: int | None = None
    break_minutes: int | None = None
    valid_from: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.factor_percent is not None and self.factor_percent < 100:
            raise ValueError("An accommodation does not shorten the time")
        if (self.extra_attempts or 0) < 0 or (self.break_minutes or 0) < 0:
            raise ValueError("An accommodation does not take away attempts or breaks")

    def counts(self, now: datetime) -> bool:
        return (
            (self.valid_from is None or self.valid_from <= now)
            and (self.expires_at is None or now < self.expires_at)
            and (self.revoked_at is None or now < self.revoked_at)
        )


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a candidate has, all told."""

    factor_percent: int = 100
    extra_attempts: int = 0
    break_minutes: int = 0

    @property
    def accommodated(self) -> bool:
        """Whether a sitting is longer for it: the exam's window then does not cut it short (see ``timing.Clock``)."""
        return self.factor_percent > 100 or self.break_minutes > 0


def merge(allowances: Iterable[Allowance], now: datetime) -> Allowed:
    """What the accommodations of one candidate come to at ``now``. None at all: the exam as it is for everyone."""
    counting = [allowance for allowance in allowances if allowance.counts(now)]
    return Allowed(
        factor_percent=_choose(((one.source, one.factor_percent) for one in counting), otherwise=100),
        extra_attempts=_choose(((one.source, one.extra_attempts) for one in counting), otherwise=0),
        break_minutes=_choose(((one.source, one.break_minutes) for one in counting), otherwise=0),
    )


def _choose(given: Iterable[tuple[Source, int | None]], *, otherwise: int) -> int:
    said = [(source, value) for source, value in given if value is not None]
    own = [value for source, value in said if source == Source.PERSON]
    return max(own or [value for _source, value in said], default=otherwise)
