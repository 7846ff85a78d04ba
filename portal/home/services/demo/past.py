"""What became of leads before the load: offered, taken, called, won or lost, day by day, by the same services as everywhere.

``past-leads.csv`` tells of each lead its fate: how the partner that was offered it first answered, and how it ended.
"""

import csv
import heapq
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import count

from django.utils import translation

from certification.models import Programme
from portal.accounts.models import User
from portal.home.services.demo.exams import review_everyone
from portal.home.services.demo.files import FOLDER
from portal.leads.models import (
    CustomerLetter,
    DeclineReason,
    DropReason,
    Lead,
    LetterKind,
    LetterState,
    LostReason,
    Offer,
    OfferState,
    Source,
    Stage,
)
from portal.leads.rows import Submission, read_submissions, read_table
from portal.leads.services.absences import go_away
from portal.leads.services.corrections import give_turn_back
from portal.leads.services.customers import record_answer
from portal.leads.services.disputes import find_contested_offer, open_dispute
from portal.leads.services.distribution import distribute
from portal.leads.services.intake import read_columns, receive_leads
from portal.leads.services.offers import accept_offer, decline_offer, expire_due_offers, mark_seen
from portal.leads.services.outcomes import lose_lead, win_lead
from portal.leads.services.working import list_workers, plan_step
from portal.partners.models import Membership

#: When the first leads came: a day after partners had accepted the agreement of then.
BEGAN = timedelta(days=57)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: What stages are reached by, and what comes next at each.
STEPS = {
    Stage.CONTACTED: ("Send the price for the team", 2),
    Stage.MEETING: ("Show it with their own list of customers", 5),
    Stage.PROPOSAL: ("Ask what the director says", 9),
}

#: What customers say of how it was, by how it ended.
HEARD = {
    "won": [(5, "Knew our trade before we explained it."), (4, ""), (5, "Called when they said they would.")],
    "lost": [(3, "Friendly, but too much for a firm like ours."), (4, "")],
    "work": [(4, ""), (5, "We are still talking. So far, so good.")],
}

#: What the head says, in the language that they read.
CONTESTED = {
    "en": "The portal could not be reached from our office that night, and the offer ran out before we had read it.",
    "ru": "В ту ночь портал не открывался из нашего офиса, и срок предложения вышел раньше, чем мы его прочитали.",
}

Event = Callable[[datetime], None]


class PastLoader:
    """Plays the leads of the file in the order of their moments; nothing happens later than an hour ago."""

    def __init__(self, *, staff: User, now: datetime) -> None:
        self.staff, self.now = staff, now
        self.source = Source.objects.get(slug="website")
        self.events: list[tuple[datetime, int, Event]] = []
        self.numbers: Iterator[int] = count()

    def load(self, programme: Programme) -> None:
        for days in range(BEGAN.days, 0, -7):  # people were certified meanwhile
            self._plan(self.now - days * DAY, partial(self._review, programme))
        for submission, fate in self._read():
            came = datetime.combine(
                (submission.received_at or self.now).date(), time(9, 30 + submission.number % 25), UTC
            )
            self._plan(came, partial(self._receive, submission, fate))
        while self.events:
            moment, _number, happens = heapq.heappop(self.events)
            happens(moment)

    def _read(self) -> Iterator[tuple[Submission, list[str]]]:
        """Each row as the source hands it in, and its fate: a column that no source has."""
        with (FOLDER / "past-leads.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        text = io.StringIO()
        csv.writer(text).writerows(row[:-1] for row in rows)
        columns = read_columns(self.source)
        submissions = read_submissions(read_table(text.getvalue().encode(), columns), columns, now=self.now)
        yield from zip(submissions, (row[-1].split() for row in rows[1:]), strict=True)

    def _plan(self, moment: datetime, happens: Event) -> None:
        if moment < self.now - HOUR:
            heapq.heappush(self.events, (moment, next(self.numbers), happens))

    def _review(self, programme: Programme, moment: datetime) -> None:
        review_everyone(programme, now=moment)

    def _receive(self, submission: Submission, fate: list[str], moment: datetime) -> None:
        [lead_id] = receive_leads([submission], source=self.source, now=moment)
        self._offer(lead_id, fate, moment)

    def _offer(self, lead_id: int, fate: list[str], moment: datetime) -> None:
        lead = Lead.objects.select_related("route").get(pk=lead_id)
        if lead.route is None:
            return
        distribute(lead.route, now=moment)
        offer = lead.offers.open().select_related("partner").first()
        if offer is None:
            return
        match fate:
            case ["expired"]:
                self._plan(offer.due_at + timedelta(minutes=1), partial(self._run_out, lead_id))
            case ["declined", reason]:
                self._plan(moment + 4 * HOUR, partial(self._decline, offer, reason))
            case _:
                self._plan(moment + 2 * HOUR, partial(self._accept, offer, fate))

    def _run_out(self, lead_id: int, moment: datetime) -> None:
        expire_due_offers(now=moment)
        self._offer(lead_id, ["lost", "timing"], moment)

    def _decline(self, offer: Offer, reason: str, moment: datetime) -> None:
        by = self._person(offer, moment)
        mark_seen(offer, by=by, now=moment)
        decline_offer(offer, reason=DeclineReason(reason), by=by, now=moment)
        self._offer(offer.lead_id, ["won", "2900"], moment)

    def _accept(self, offer: Offer, fate: list[str], moment: datetime) -> None:
        by = self._person(offer, moment)
        mark_seen(offer, by=by, now=moment)
        accept_offer(offer, by=by, now=moment)
        letters = offer.letters.all()
        letters.filter(kind=LetterKind.TOLD).update(state=LetterState.SENT, sent_at=moment)
        if fate == ["invalid"]:
            letters.filter(kind=LetterKind.ASKED).update(state=LetterState.DROPPED, drop_reason=DropReason.INVALID)
            self._plan(moment + HOUR, partial(self._find_invalid, offer, by))
            return
        for letter in letters.filter(kind=LetterKind.ASKED):
            self._plan(letter.due_at, partial(self._ask, letter, fate))
        stage = Stage(fate[1]) if fate[0] == "work" else Stage.PROPOSAL if fate[0] == "won" else Stage.CONTACTED
        if stage != Stage.TAKEN:
            self._plan(moment + 3 * HOUR, partial(self._step, offer, Stage.CONTACTED, by))
        if stage in (Stage.MEETING, Stage.PROPOSAL):
            self._plan(moment + 3 * DAY, partial(self._step, offer, Stage.MEETING, by))
        if stage == Stage.PROPOSAL:
            self._plan(moment + 6 * DAY, partial(self._step, offer, Stage.PROPOSAL, by))
        if fate[0] == "work" and stage != Stage.TAKEN:  # still at it
            self._plan(max(self.now - 2 * DAY, moment + 7 * DAY), partial(self._step, offer, stage, by))
        if fate[0] == "won":
            self._plan(moment + 8 * DAY, partial(self._win, offer, int(fate[1]) * 100, by))
        elif fate[0] == "lost":
            self._plan(moment + 5 * DAY, partial(self._lose, offer, LostReason(fate[1]), by))

    def _ask(self, letter: CustomerLetter, fate: list[str], moment: datetime) -> None:
        """The customer is asked, and two of three answer."""
        CustomerLetter.objects.filter(pk=letter.pk).update(state=LetterState.SENT, sent_at=moment)
        letter.refresh_from_db()
        if letter.pk % 3:
            self._plan(moment + 6 * HOUR, partial(self._hear, letter, fate))

    def _hear(self, letter: CustomerLetter, fate: list[str], moment: datetime) -> None:
        rating, words = HEARD[fate[0]][letter.pk % len(HEARD[fate[0]])]
        record_answer(letter, called=True, rating=rating, words=words, now=moment)

    def _find_invalid(self, offer: Offer, by: User, moment: datetime) -> None:
        lose_lead(offer.lead, reason=LostReason.INVALID, by=by, now=moment)
        give_turn_back(offer, reason="Not a real request", by=self.staff, now=moment + HOUR)

    def _step(self, offer: Offer, stage: Stage, by: User, moment: datetime) -> None:
        step, days = STEPS[stage]
        plan_step(offer.lead, stage=stage, next_step=step, on=(moment + days * DAY).date(), by=by, now=moment)

    def _win(self, offer: Offer, value: int, by: User, moment: datetime) -> None:
        win_lead(offer.lead, value=value, currency="EUR", by=by, now=moment)

    def _lose(self, offer: Offer, reason: LostReason, by: User, moment: datetime) -> None:
        lose_lead(offer.lead, reason=reason, by=by, now=moment)

    def _person(self, offer: Offer, moment: datetime) -> User:
        """Whoever of the partner has the fewest leads to work."""
        return list_workers(offer.partner, moment)[0].user


def load_open_matters(memberships: Mapping[tuple[str, str], Membership], *, now: datetime) -> None:
    """Somebody of Severny Most will be away next week, and its head contests that an offer ran out."""
    head = memberships["severny-most", "vasilisa.ozerova@severnymost.example"]
    seller = memberships["severny-most", "arseny.lugovtsev@severnymost.example"]
    go_away(seller, starts_at=now + 4 * DAY, ends_at=now + 11 * DAY, actor=head, now=now)
    offer = Offer.objects.filter(partner=head.partner, state=OfferState.EXPIRED).latest("closed_at")
    contested = find_contested_offer(offer)
    if contested is None:
        raise ValueError("An offer that ran out can be contested")
    with translation.override(head.user.language):
        open_dispute(contested, text=CONTESTED[head.user.language], membership=head, now=now - 20 * HOUR)
