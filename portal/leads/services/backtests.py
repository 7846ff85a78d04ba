"""A draft of rules against leads that came: those of the last quarter, or a file of them. Nothing is written or locked.

The leads come again in their order, at their moments, and are chosen for by the rule that distributes
(:class:`portal.leads.routing.Shortlist`), from credits of zero. Those that a route before this one takes by its rules in
force are left out. Those that came on to this route from another one come again when they did, asked by their product
alone, and are not offered again to whom they were offered before. Of partners the agreement, the qualification and the job
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

from django.db.models import Q, QuerySet

from certification.models import Qualification
from portal.leads.hours import midnight
from portal.leads.models import Lead, LeadReroute, Offer, Route, RoutePolicy, Source
from portal.leads.policies import Asked, Policy
from portal.leads.routing import TURN, Choice, Shortlist, Verdict
from portal.leads.services.floor import Floor, find_covered, find_holidays, look
from portal.leads.services.imports import read_file
from portal.leads.services.intake import Directory
from portal.leads.services.performance import read_percents
from portal.leads.services.precedence import find_taker, list_rules_before
from portal.partners.models import Partner

#: How far back the leads are that are gone through: of the portal's own, and of a file.
QUARTER = timedelta(days=92)
YEAR = timedelta(days=366)
#: More leads than this are not gone through in one look: the latest are.
MOST_LEADS = 20_000


class Arrival(NamedTuple):
    """That a lead came on to the route from another one: when, and to whom it had been offered by then."""

    at: datetime
    offered: frozenset[int] = frozenset()


class PastLead(NamedTuple):
    """A lead that came.

    Attributes:
        came_at: when.
        asked: what policies look at.
        had: to whom the route offered it first.
        was_here: whether the route had it in fact.
        arrival: how it came on to the route from another one; None where it did not.
        barred: to whom it is not offered.
    """

    came_at: datetime
    asked: Asked
    had: tuple[int, ...] = ()
    was_here: bool = False
    arrival: Arrival | None = None
    barred: frozenset[int] = frozenset()


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
        arrived: how many of these had come on from another route.
        elsewhere: how many others it would take, if no route before this one had them.
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
    arrived: int
    elsewhere: int
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
    """The draft against the portal's own leads of the last quarter, and those that came on to the route in it."""
    since = now - QUARTER
    ways = LeadReroute.objects.filter(to_policy__route=route, rerouted_at__gte=since).order_by()
    arrivals = _find_arrivals(route, ways)
    came_on = ways.values("lead")
    of_these = Q(lead__stored_at__gte=since) | Q(lead__in=came_on)
    rows = Lead.objects.filter(Q(stored_at__gte=since) | Q(pk__in=came_on), product__isnull=False, region__isnull=False)
    found = list(rows.order_by("-stored_at", "-pk")[: MOST_LEADS + 1])
    left = set(LeadReroute.objects.filter(of_these, route=route).values_list("lead", flat=True))
    first = _find_first_offers(Offer.objects.filter(of_these, route=route))
    leads = [
        PastLead(
            lead.stored_at,
            lead.asked,
            had=first[lead.pk][1] if lead.pk in first else (),
            was_here=lead.route_id == route.pk or lead.pk in left,
            arrival=arrivals.get(lead.pk),
        )
        for lead in found[MOST_LEADS - 1 :: -1]
    ]
    came = {lead.pk: arrivals[lead.pk].at if lead.pk in arrivals else lead.stored_at for lead in found}
    waited = [moment - came[lead_id] for lead_id, (moment, _partners) in first.items() if lead_id in came]
    return _compare(
        route, policy, leads, since=since, waited=waited, cut=len(found) > MOST_LEADS, has_history=True, now=now
    )


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


def _find_arrivals(route: Route, ways: QuerySet[LeadReroute]) -> Mapping[int, Arrival]:
    """By lead how it came on to the route, which it never does twice."""
    at = dict(ways.values_list("lead", "rerouted_at"))
    offered: dict[int, set[int]] = defaultdict(set)
    elsewhere = Offer.objects.filter(lead__in=ways.values("lead")).exclude(route=route).order_by()
    for lead_id, partner_id, made_at in elsewhere.values_list("lead_id", "partner_id", "made_at"):
        if made_at <= at[lead_id]:
            offered[lead_id].add(partner_id)
    return {lead_id: Arrival(moment, frozenset(offered[lead_id])) for lead_id, moment in at.items()}


def _find_first_offers(offers: QuerySet[Offer]) -> Mapping[int, tuple[datetime, tuple[int, ...]]]:
    """By lead when a route offered it first, and the partners that it was offered to then, all at once."""
    first: dict[int, tuple[datetime, tuple[int, ...]]] = {}
    for lead_id, partner_id, made_at in offers.order_by("made_at", "pk").values_list(
        "lead_id", "partner_id", "made_at"
    ):
        moment, partners = first.setdefault(lead_id, (made_at, ()))
        if moment == made_at:
            first[lead_id] = moment, (*partners, partner_id)
    return first


class Sorted(NamedTuple):
    """Leads as the draft has them.

    Attributes:
        takes: those that it takes, in the order in which they come.
        arrived: how many of these had come on from another route.
        others: those that the route had in fact and it does not take.
        elsewhere: those that it would take, if no route before this one had them.
    """

    takes: list[PastLead]
    arrived: int
    others: int
    elsewhere: int


def _sort(leads: Iterable[PastLead], policy: Policy, *, before: Sequence[RoutePolicy]) -> Sorted:
    takes: list[PastLead] = []
    arrived = others = elsewhere = 0
    for lead in leads:
        is_its = policy.takes(lead.asked)
        if is_its and find_taker(before, lead.asked) is None:
            takes.append(lead)
        elif lead.arrival and lead.asked.product in policy.products:
            takes.append(lead._replace(came_at=lead.arrival.at, barred=lead.arrival.offered))
            arrived += 1
        else:
            others += lead.was_here
            elsewhere += is_its
    return Sorted(sorted(takes, key=lambda lead: lead.came_at), arrived, others, elsewhere)


def _compare(
    route: Route, policy: Policy, leads: Sequence[PastLead], *, since: datetime, waited: Sequence[timedelta], cut: bool,
    has_history: bool, left_out: int = 0, now: datetime,
) -> Compared:  # fmt: skip
    takes, arrived, others, elsewhere = _sort(leads, policy, before=list_rules_before(route, now=now))
    game = Game(policy, percents=read_percents([route.pk]).get(route.pk, {}), now=now)
    game.play(takes)
    had = Counter(partner for lead in leads for partner in lead.had)
    names = dict(Partner.objects.filter(pk__in=[*had, *game.has]).values_list("pk", "name"))
    gains = [Gain(names[pk], had[pk], game.has[pk]) for pk in names]
    gains.sort(key=lambda gain: (-gain.change, gain.name))
    return Compared(
        since=since,
        leads=len(takes) + others,
        taken=len(takes),
        arrived=arrived,
        elsewhere=elsewhere,
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
        stops = self._find_stops([one for one in shortlist.competing if one not in lead.barred], moment)
        barred = dict.fromkeys(lead.barred, Verdict.ALREADY_OFFERED)
        barred |= {partner: stop for partner, (stop, _until) in stops.items()}
        choice = shortlist.stop(barred).choose(self.credits)
        if choice.winner is None:
            return self._leave(lead, [until for _stop, until in stops.values()], moment)
        self.waits.append(moment - lead.came_at)
        taken = 0
        while choice.winner is not None:
            self._book(choice, choice.winner, moment)
            barred[choice.winner] = Verdict.ALREADY_OFFERED
            taken += 1
            if taken == self.policy.slots:
                break
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
