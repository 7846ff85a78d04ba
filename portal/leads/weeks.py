"""The week of a team that works leads, in figures: what waits now, and what the seven days before a Monday brought.

Times to the first contact are counted as the partner works: in its hours where it has set some, else around the clock.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from statistics import median

from portal.leads.hours import WorkingHours

#: How soon a customer is called after a lead was accepted where nothing else was promised: within a working hour.
PROMISED = timedelta(hours=1)

#: From when on a Monday, on the partner's clock, its heads are written to; what was missed is made up for until later.
MORNING = time(8)
MADE_UP_FOR = timedelta(hours=40)

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class InWork:
    """A lead that is in work now.

    Attributes:
        member: who works it, a membership; None for nobody.
        next_step_on: the day of what comes next, if any was said.
        due_at: by when its customer was promised a call; None where only :data:`PROMISED` holds.
    """

    member: int | None
    accepted_at: datetime
    is_called: bool
    next_step_on: date | None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """When a lead was accepted, and when its customer was spoken with for the first time; ``due_at`` as of one in work."""

    accepted_at: datetime
    contact_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Events:
    """What happened in a week.

    Attributes:
        contacts: of each lead whose customer was spoken with for the first time.
        wins: who worked each lead that was won; None for nobody.
        came, accepted, declined, missed: offers, counted by when they were made and answered; missed are those that
            nobody answered in time.
    """

    contacts: tuple[Contact, ...] = ()
    wins: tuple[int | None, ...] = ()
    came: int = 0
    accepted: int = 0
    declined: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One person's leads; ``member`` is None for those that nobody works.

    Attributes:
        waiting: those whose customer waits for a call or for a step that is overdue; all that nobody works.
    """

    member: int | None
    in_work: int
    waiting: int
    uncalled: int
    overdue: int
    won: int
    is_certified: bool


@dataclass(frozen=True, slots=True)
class Week:
    """A team's week.

    Attributes:
        lines: nobody's leads first, then whoever lets most wait.
        middle, worst: of the times to the first contact; None where nobody was contacted.
        in_time: how many of ``contacted`` were called by when that was promised.
        to_answer: offers that are open now.
    """

    lines: tuple[Line, ...]
    contacted: int
    in_time: int
    middle: timedelta | None
    worst: timedelta | None
    won: int
    certified: int
    events: Events
    to_answer: int

    @property
    def waiting(self) -> int:
        return sum(line.waiting for line in self.lines)

    @property
    def unassigned(self) -> int:
        return sum(line.in_work for line in self.lines if line.member is None)

    @property
    def uncalled(self) -> int:
        return sum(line.uncalled for line in self.lines)

    @property
    def overdue(self) -> int:
        return sum(line.overdue for line in self.lines)

    @property
    def won_each(self) -> float | None:
        """Wins per certified person; None where nobody is certified."""
        return self.won / self.certified if self.certified else None

    @property
    def says_nothing(self) -> bool:
        """Whether nothing waits and nothing happened."""
        events = self.events
        return not (
            self.waiting
            or self.contacted
            or self.won
            or events.came
            or events.accepted
            or events.declined
            or events.missed
            or self.to_answer
        )


def sum_up(
    in_work: Iterable[InWork],
    events: Events,
    *,
    members: Collection[int],
    certified: Collection[int],
    to_answer: int,
    today: date,
    now: datetime,
    hours: WorkingHours | None = None,
) -> Week:
    """The figures.

    Args:
        members: who works leads; each has a line, whatever they have in work.
        certified: memberships for which a credential counts now.
        today: on the partner's calendar. A step of today is not overdue yet.
    """
    counted, waiting, uncalled, overdue = (Counter[int | None]() for _counter in range(4))
    for lead in in_work:
        is_late = not lead.is_called and not keeps(lead.accepted_at, now, lead.due_at, hours)
        is_overdue = lead.next_step_on is not None and lead.next_step_on < today
        counted[lead.member] += 1
        uncalled[lead.member] += is_late
        overdue[lead.member] += is_overdue
        waiting[lead.member] += is_late or is_overdue or lead.member is None
    wins = Counter(events.wins)
    lines = [
        Line(
            member=member,
            in_work=counted[member],
            waiting=waiting[member],
            uncalled=uncalled[member],
            overdue=overdue[member],
            won=wins[member],
            is_certified=member in certified,
        )
        for member in {*members, *counted, *wins}
    ]
    lines.sort(key=lambda line: (line.member is not None, -line.waiting, -line.in_work, line.member or 0))
    times = sorted(spend(one.accepted_at, one.contact_at, hours) for one in events.contacts)
    return Week(
        lines=tuple(lines),
        contacted=len(times),
        in_time=sum(keeps(one.accepted_at, one.contact_at, one.due_at, hours) for one in events.contacts),
        middle=_find_middle(times),
        worst=times[-1] if times else None,
        won=len(events.wins),
        certified=len(certified),
        events=events,
        to_answer=to_answer,
    )


def _find_middle(times: list[timedelta]) -> timedelta | None:
    """The median: of an even number of times what lies half way between the middle two."""
    return timedelta(seconds=median(length.total_seconds() for length in times)) if times else None


def keeps(accepted_at: datetime, moment: datetime, due_at: datetime | None, hours: WorkingHours | None) -> bool:
    """Whether a call at the moment keeps what was promised: to the customer, or else of everyone."""
    return moment <= due_at if due_at is not None else spend(accepted_at, moment, hours) <= PROMISED


def spend(begins: datetime, ends: datetime, hours: WorkingHours | None) -> timedelta:
    """The time between, as the partner counts it."""
    return hours.between(begins, ends) if hours is not None else max(ends - begins, timedelta())


def find_monday(now: datetime, zone: tzinfo) -> date | None:
    """The Monday whose letter is due in the zone now: of its morning, or of the day after; None at other times."""
    local = now.astimezone(zone)
    monday = local.date() - timedelta(days=local.weekday())
    begins = datetime.combine(monday, MORNING, zone)
    return monday if begins <= local < begins + MADE_UP_FOR else None


def last_monday(now: datetime, zone: tzinfo) -> date:
    """The Monday with which the last whole week ended in the zone."""
    local = now.astimezone(zone).date()
    return local - timedelta(days=local.weekday())


def spread(monday: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """From when until when the week lasted that ended with a Monday, in UTC."""
    begins, ends = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (monday - WEEK, monday))
    return begins, ends


def write_wins(week: Week, names: Mapping[int, str]) -> list[tuple[str, int]]:
    """Who won how many, the most first."""
    won = [(names.get(line.member, ""), line.won) for line in week.lines if line.won and line.member is not None]
    return sorted(won, key=lambda pair: (-pair[1], pair[0]))
