"""How a partner meets a programme's requirement: every condition, met or not, by whom, until when. Pure.

The rule: at least N of the partner's active members, each holding a current credential in *every* exam of the
programme; the partner active; the current agreement accepted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a programme asks of a partner.

    Attributes:
        exams: ids of the programme's exams, in their order.
        people: how many people must each hold all of them; ``None`` where the programme has no rule for the partner's
            tier, in which case nobody qualifies.
    """

    exams: tuple[int, ...]
    people: int | None


@dataclass(frozen=True, slots=True)
class Holding:
    """That a person holds a credential for this partner.

    Attributes:
        until: when it stops counting: its expiry, or the end of the membership where that is sooner. Exclusive.
        withdrawn: suspended or revoked: it does not count, but is worth showing.
    """

    person: int
    exam: int
    since: datetime
    until: datetime
    withdrawn: bool = False

    def counts(self, now: datetime) -> bool:
        return not self.withdrawn and self.since <= now < self.until


@dataclass(frozen=True, slots=True)
class PersonStanding:
    """One person against the list of exams.

    Attributes:
        held: exam and the moment until which it is held, in the requirement's order.
        until: when this person stops holding all of them; ``None`` while some are missing.
    """

    person: int
    held: tuple[tuple[int, datetime], ...]
    missing: tuple[int, ...]
    until: datetime | None

    @property
    def complete(self) -> bool:
        return self.until is not None


@dataclass(frozen=True, slots=True)
class ExamStanding:
    """One exam: who holds it, and how many people more need to."""

    exam: int
    holders: tuple[int, ...]
    lacking: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole answer.

    Attributes:
        people_needed: N, or ``None`` where there is no rule for the partner's tier.
        persons: everyone who holds anything, those nearest to complete first.
        nearest: the people who would complete the requirement with the fewest exams, as far as there are such people;
            ``newcomers`` more would have to start from nothing.
        valid_until: the first moment at which ``met`` turns false by expiries alone; ``None`` where it is false now.
    """

    met: bool
    people_needed: int | None
    people_complete: tuple[int, ...]
    persons: tuple[PersonStanding, ...]
    exams: tuple[ExamStanding, ...]
    nearest: tuple[PersonStanding, ...]
    newcomers: int
    partner_active: bool
    agreement_current: bool
    valid_until: datetime | None

    @property
    def people_met(self) -> bool:
        return self.people_needed is not None and bool(self.exams) and self.people_lacking == 0

    @property
    def people_lacking(self) -> int:
        return max(0, (self.people_needed or 0) - len(self.people_complete))


def assess(
    requirement: Requirement,
    holdings: Iterable[Holding],
    now: datetime,
    *,
    partner_active: bool = True,
    agreement_current: bool = True,
) -> Standing:
    """Hold a partner's credentials against a requirement.

    Several credentials of one person in one exam (a renewal) count as the one that lasts longest.

    Args:
        holdings: of the partner's active members, for this partner; those of other exams are ignored.
    """
    wanted = set(requirement.exams)
    held: dict[int, dict[int, datetime]] = {}
    for holding in holdings:
        if holding.exam in wanted and holding.counts(now):
            until = held.setdefault(holding.person, {})
            until[holding.exam] = max(holding.until, until.get(holding.exam, holding.until))

    persons = tuple(
        sorted((_assess_person(requirement, person, until) for person, until in held.items()), key=_nearness)
    )
    complete = tuple(person.person for person in persons if person.complete)
    needed = requirement.people
    exams = tuple(
        ExamStanding(
            exam=exam,
            holders=(holders := tuple(person.person for person in persons if exam not in person.missing)),
            lacking=max(0, (needed or 0) - len(holders)),
        )
        for exam in requirement.exams
    )
    enough = needed is not None and bool(requirement.exams) and len(complete) >= needed
    met = enough and partner_active and agreement_current
    lacking = max(0, (needed or 0) - len(complete))
    nearest = tuple(person for person in persons if not person.complete)[:lacking]
    ends = sorted((person.until for person in persons if person.until is not None), reverse=True)
    return Standing(
        met=met,
        people_needed=needed,
        people_complete=complete,
        persons=persons,
        exams=exams,
        nearest=nearest,
        newcomers=lacking - len(nearest),
        partner_active=partner_active,
        agreement_current=agreement_current,
        # With N needed, it is the N-th last to lapse whose end brings the count below N.
        valid_until=ends[needed - 1] if met and needed else None,
    )


def _assess_person(requirement: Requirement, person: int, exams: dict[int, datetime]) -> PersonStanding:
    missing = tuple(exam for exam in requirement.exams if exam not in exams)
    return PersonStanding(
        person=person,
        held=tuple((exam, exams[exam]) for exam in requirement.exams if exam in exams),
        missing=missing,
        until=None if missing else min(exams.values()),
    )


def _nearness(person: PersonStanding) -> tuple[int, float, int]:
    """Fewest missing first; among equals whoever holds what they hold the longest; then the id, to be certain."""
    return len(person.missing), -min(until for _exam, until in person.held).timestamp(), person.person
