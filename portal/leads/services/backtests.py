"""A draft of rules against leads that came: those of the last quarter, or a file of them. Nothing is written or locked.

The leads come again in their order, at their moments, and are chosen for by the rule that distributes
(:class:`portal.leads.routing.Shortlist`), from credits of zero. Of partners the agreement, the qualification and the job
roles are those of the day, since these have their dates; everything else is as it is today. Each offer is taken to be
accepted at once: of how long an answer would have taken nothing is known, and so open offers and pauses are left out.
A lead that nobody can take waits, as it would: until somebody opens, a day begins, or somebody qualifies, or until it
goes on to another route, where it is not looked at any more.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from statistics import median, quantiles
from typing import NamedTuple

from django.db.models import F, Min

from certification.models import Qualification
from portal.leads.hours import midnight
from portal.leads.models import Lead, LeadReroute, Offer, Route, Source
from portal.leads.policies import Asked, Policy
from portal.leads.routing import TURN, Choice, Shortlist, Verdict
from portal.leads.services.floor import Floor, find_covered, find_holidays, look
from portal.leads.services.imports import read_file
from portal.leads.services.intake import Directory
from portal.leads.services.performance import read_percents
from portal.partners.models import Partner

#: How far back the leads are that are gone through: of the portal's own, and of a file.
QUARTER = timedelta(days=92)
YEAR = timedelta(days=366)
#: More leads than this are not gone through in one look: the latest are.
MOST_LEADS = 20_000


class PastLead(NamedTuple):
    """A lead that came: when, what policies look at, and to whom it was offered first."""

    came_at: datetime
    asked: Asked
    had: tuple[int, ...] = ()
    #: Whether the route had it in fact.
    was_here: bool = False


@dataclass(frozen=True, slots=True)
class Waits:
    """How long leads waited for their first offer: half of them no longer than the one, nine of ten than the other."""

    half: timedelta
    most: timedelta

    @classmethod
    def of(cls, times: Sequence[timedelta]) -> "Waits | None":
        if not times:
            return None
        seconds = [wait.total_seconds() for wait in times]
        most = quantiles(seconds, n=10, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
        return cls(timedelta(seconds=round(median(seconds))), timedelta(seconds=round(most)))


@dataclass(frozen=True, slots=True)
class Gain:
    """A partner's first offers in fact and by the draft."""

    name: str
    had: int
    has: int

    @property
    def change(self) -> int:
        return self.has - self.had


@dataclass(frozen=True, slots=True)
class Compared:
    """The draft against what happened.

    Attributes:
        since: the first moment looked at.
        leads: that either took.
        taken: how many of them the draft takes.
        unroutable: how many of these nobody could have had until now.
        goes_on: the route to which others go on that nobody here could have; None where the draft names none.
        went_on: how many these are.
        gains: by partner, those that gain most first.
        deviation: the largest difference between turns served and entitled by the draft, in turns.
        waited, waits: for the first offer, in fact and by the draft; None where there was none.
        left_out: leads that are not looked at: of a file those that are too old, or whose product or region is unknown.
        cut: whether only the latest leads were looked at.
        has_history: whether anything is known of what became of them in fact.
    """

    since: datetime
    leads: int
    taken: int
    unroutable: int
    goes_on: Route | None
    went_on: int
    gains: tuple[Gain, ...]
    deviation: float
    waited: Waits | None
    waits: Waits | None
    left_out: int
    cut: bool
    has_history: bool

    @property
    def widest(self) -> int:
        """The most that a partner has on either side: the scale of the picture."""
        return max((max(gain.had, gain.has) for gain in self.gains), default=0) or 1


def compare_with_quarter(route: Route, policy: Policy, *, now: datetime) -> Compared:
    """The draft against the portal's own leads of the last quarter."""
    since = now - QUARTER
    rows = Lead.objects.filter(stored_at__gte=since, product__isnull=False, region__isnull=False)
    found = list(rows.order_by("-stored_at", "-pk")[: MOST_LEADS + 1])
    left = set(LeadReroute.objects.filter(route=route, lead__stored_at__gte=since).values_list("lead", flat=True))
    first = _find_first_offers(route, since=since)
    leads = [
        PastLead(
            lead.stored_at,
            lead.asked,
            had=first.get(lead.pk, ()),
            was_here=lead.route_id == route.pk or lead.pk in left,
        )
        for lead in found[MOST_LEADS - 1 :: -1]
    ]
    offers = Offer.objects.filter(route=route, lead__stored_at__gte=since).order_by()
    waited = offers.values_list("lead").annotate(first=Min(F("made_at") - F("lead__stored_at")))
    return _compare(
        route, policy, leads, since=since, waited=[wait for _lead, wait in waited], cut=len(found) > MOST_LEADS,
        has_history=True, now=now,
    )  # fmt: skip


def compare_with_file(route: Route, policy: Policy, content: bytes, *, source: Source, now: datetime) -> Compared:
    """The draft against a file of leads, read as the source's files are. Nothing is kept of it.

    Rows without a day are taken to come now.

    Raises:
        Refusal: the file as a whole cannot be read (:func:`portal.leads.services.imports.read_file`).
    """
    directory = Directory(source, now=now)
    submissions, _table = read_file(content, source=source, now=now)
    leads, left_out = [], 0
    for submission in submissions:
        plan = directory.plan(submission)
        came_at = submission.received_at or now
        if plan.product_id is None or plan.region_id is None or not now - YEAR <= came_at <= now:
            left_out += 1
            continue
        asked = directory.read(submission, product_id=plan.product_id, region_id=plan.region_id)
        leads.append(PastLead(came_at, asked))
    leads.sort(key=lambda lead: lead.came_at)
    cut, leads = len(leads) > MOST_LEADS, leads[-MOST_LEADS:]
    since = leads[0].came_at if leads else now
    return _compare(
        route, policy, leads, since=since, waited=[], cut=cut, has_history=False, left_out=left_out, now=now
    )


def _find_first_offers(route: Route, *, since: datetime) -> Mapping[int, tuple[int, ...]]:
    """By lead the partners that it was offered to first, all at once."""
    first: dict[int, tuple[datetime, tuple[int, ...]]] = {}
    offers = Offer.objects.filter(route=route, lead__stored_at__gte=since).order_by("made_at", "pk")
    for lead_id, partner_id, made_at in offers.values_list("lead_id", "partner_id", "made_at"):
        moment, partners = first.setdefault(lead_id, (made_at, ()))
        if moment == made_at:
            first[lead_id] = moment, (*partners, partner_id)
    return {lead_id: partners for lead_id, (_moment, partners) in first.items()}


def _compare(
    route: Route, policy: Policy, leads: Sequence[PastLead], *, since: datetime, waited: Sequence[timedelta], cut: bool,
    has_history: bool, left_out: int = 0, now: datetime,
) -> Compared:  # fmt: skip
    takes = [lead for lead in leads if policy.takes(lead.asked)]
    game = Game(policy, percents=read_percents([route.pk]).get(route.pk, {}), now=now)
    game.play(takes)
    had = Counter(partner for lead in leads for partner in lead.had)
    names = dict(Partner.objects.filter(pk__in=[*had, *game.has]).values_list("pk", "name"))
    gains = [Gain(names[pk], had[pk], game.has[pk]) for pk in names]
    gains.sort(key=lambda gain: (-gain.change, gain.name))
    return Compared(
        since=since,
        leads=sum(lead.was_here or policy.takes(lead.asked) for lead in leads),
        taken=len(takes),
        unroutable=len(takes) - len(game.waits) - game.went_on,
        goes_on=Route.objects.filter(pk=policy.fallback).first(),
        went_on=game.went_on,
        gains=tuple(gains),
        deviation=game.widest / TURN,
        waited=Waits.of(waited),
        waits=Waits.of(game.waits),
        left_out=left_out,
        cut=cut,
        has_history=has_history,
    )


@dataclass(slots=True)
class Game:
    """Leads that come again, moment by moment.

    Attributes:
        has: by partner, how many offers it has.
        waits: of each lead that was offered, how long that took.
        went_on: how many went on to another route.
        widest: the largest credit so far, whatever its sign.
    """

    policy: Policy
    percents: Mapping[int, int]
    now: datetime
    has: Counter[int] = field(default_factory=Counter)
    waits: list[timedelta] = field(default_factory=list)
    went_on: int = 0
    widest: int = 0
    credits: dict[int, int] = field(default_factory=dict)
    today: Counter[tuple[int, datetime]] = field(default_factory=Counter)
    calendar: "Calendar" = field(init=False)
    whenever: Policy = field(init=False)  # hours are asked for each lead at its moment
    floor: Floor = field(init=False)
    shortlists: dict[tuple[int | None, int | None, str], Shortlist] = field(default_factory=dict)
    #: Those that nobody can have on this day, by what policies ask of partners for them.
    shelf: dict[tuple[int | None, int | None, str], list[PastLead]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.calendar = Calendar(self.policy, now=self.now)
        self.whenever = replace(self.policy, in_working_hours=False)

    def play(self, leads: Sequence[PastLead]) -> None:
        """Let leads come, in their order; what waits is looked at again until now."""
        if not leads:
            return
        due: list[tuple[datetime, int, PastLead | None]] = [
            (lead.came_at, number, lead) for number, lead in enumerate(leads, start=1)
        ]
        day = leads[0].came_at.astimezone(UTC).date()
        while day <= self.now.astimezone(UTC).date():
            due.append((datetime.combine(day, time(), UTC), 0, None))
            day += timedelta(days=1)
        heapq.heapify(due)
        number = len(leads)
        while due:
            moment, _number, lead = heapq.heappop(due)
            if lead is None:
                again: Iterable[tuple[datetime, PastLead]] = ((moment, one) for one in self._begin_day(moment))
            else:
                again = self._offer(lead, moment)
            for later, one in again:
                if later <= self.now:
                    number += 1
                    heapq.heappush(due, (max(later, one.came_at), number, one))

    def _begin_day(self, moment: datetime) -> list[PastLead]:
        """Look at partners as they were on this day; the leads from the shelf that somebody can have now."""
        self.floor, self.shortlists = self.calendar.floor_at(moment), {}
        freed: list[PastLead] = []
        for key in list(self.shelf):
            if self._shortlist(self.shelf[key][0].asked).competing:
                freed += self.shelf.pop(key)
        return freed

    def _offer(self, lead: PastLead, moment: datetime) -> list[tuple[datetime, PastLead]]:
        """Offer it, or say when to look at it again."""
        shortlist = self._shortlist(lead.asked)
        stops = self._find_stops(shortlist.competing, moment)
        choice = shortlist.stop({partner: stop for partner, (stop, _until) in stops.items()}).choose(self.credits)
        if choice.winner is None:
            return self._leave(lead, [until for _stop, until in stops.values()], moment)
        self.waits.append(moment - lead.came_at)
        taken: dict[int, Verdict] = {}
        while choice.winner is not None:
            self._book(choice, choice.winner, moment)
            taken[choice.winner] = Verdict.ALREADY_OFFERED
            if len(taken) == self.policy.slots:
                break
            barred = {partner: stop for partner, (stop, _until) in stops.items()} | taken
            choice = shortlist.stop(barred).choose(self.credits)
        return []

    def _leave(self, lead: PastLead, ends: Sequence[datetime], moment: datetime) -> list[tuple[datetime, PastLead]]:
        """Nobody can have it at a moment: it waits until one of the moments at which somebody may, or goes on."""
        goes_on_at = lead.came_at + timedelta(hours=self.policy.fallback_hours)
        if self.policy.fallback and (not ends or moment >= goes_on_at):
            self.went_on += 1
            return []
        if not ends:
            self.shelf[self._key(lead.asked)].append(lead)
            return []
        return [(min([*ends, goes_on_at] if self.policy.fallback else ends), lead)]

    def _book(self, choice: Choice, winner: int, moment: datetime) -> None:
        choice.settle(self.credits)
        self.has[winner] += 1
        self.today[winner, self._day_of(winner, moment)] += 1
        self.widest = max(self.widest, *(abs(self.credits[partner]) for partner in choice.accruals))

    def _find_stops(self, partners: Sequence[int], moment: datetime) -> dict[int, tuple[Verdict, datetime]]:
        """Of these those that something stops at this moment, and until when."""
        stops: dict[int, tuple[Verdict, datetime]] = {}
        for partner in partners:
            facts = self.floor.partners[partner]
            if facts.hours is not None and not facts.hours.is_open(moment):
                stops[partner] = Verdict.HOURS, facts.hours.opens_at(moment) or self.now + YEAR
            elif self.policy.day_cap and self.today[partner, self._day_of(partner, moment)] >= self.policy.day_cap:
                stops[partner] = Verdict.DAY_CAP, midnight(moment, facts.zone, days=1)
        return stops

    def _day_of(self, partner: int, moment: datetime) -> datetime:
        return midnight(moment, self.floor.partners[partner].zone)

    def _shortlist(self, asked: Asked) -> Shortlist:
        key = self._key(asked)
        if key not in self.shortlists:
            self.shortlists[key] = self.floor.shortlist(self.whenever, asked, self.percents)
        return self.shortlists[key]

    def _key(self, asked: Asked) -> tuple[int | None, int | None, str]:
        return asked.region, asked.product, asked.language if self.policy.speaks else ""


class Calendar:
    """Partners as they stood on a day, as far as the portal keeps dates of it; the rest as today."""

    def __init__(self, policy: Policy, *, now: datetime) -> None:
        self.policy, self.now = policy, now
        floor = look([policy], now=now)
        holidays = find_holidays(since=date.min)
        partners = {
            pk: facts._replace(
                paused=False,
                hours=replace(facts.hours, holidays=holidays.get(pk, frozenset())) if facts.hours else None,
            )
            for pk, facts in floor.partners.items()
        }
        self.today = replace(floor, partners=partners)
        self.terms = [
            (row.partner_id, row.opened_at, min(row.valid_until, row.closed_at or row.valid_until))
            for row in Qualification.objects.filter(programme=policy.programme)
        ]

    def floor_at(self, midnight: datetime) -> Floor:
        """As at the end of the day that begins at a moment."""
        end = min(midnight + timedelta(days=1), self.now)
        agreed = set(Partner.objects.with_current_agreement(end).values_list("pk", flat=True))
        covered = find_covered(set(self.policy.roles), end)
        nothing: frozenset[int] = frozenset()
        partners = {
            pk: facts._replace(agreed=pk in agreed, covered=covered.get(pk, nothing))
            for pk, facts in self.today.partners.items()
        }
        qualified = frozenset(
            (self.policy.programme, partner) for partner, opened, ended in self.terms if opened <= end < ended
        )
        return replace(self.today, now=end, partners=partners, qualified=qualified)
