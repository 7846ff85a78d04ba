"""The letter of Monday morning, and the page that it leads to: once a week and person, nothing where there is nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from portal.leads.models import DeclineReason, Lead, LostReason, Offer, Stage, WeekTold
from portal.leads.notices import WEEK, tell_heads_of_the_week
from portal.leads.services import digests
from portal.leads.services.digests import read_week
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer, decline_offer, expire_due_offers
from portal.leads.services.outcomes import lose_lead, win_lead
from portal.leads.services.working import assign_member, plan_step
from portal.notifications.models import Notification
from portal.notifications.services import choose_channels
from portal.notifications.services.wording import word
from tests.factories.leads import make_market
from tests.factories.partners import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Wednesday of the week that ends with the Monday after.
WEDNESDAY = datetime(2026, 11, 25, 9, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)


@pytest.fixture
def office():
    """A partner in London time: its owner, who is certified, a head and a seller."""
    market = make_market(WEDNESDAY - DAY, partners=1)
    partner = market.partners[0]
    partner.time_zone = "UTC"
    partner.save()
    market.owner = market.members[0]
    market.head = MembershipFactory(partner=partner, roles=["head"])
    market.seller = MembershipFactory(partner=partner, roles=["seller"])
    return market


def offer_one(office, *, now=WEDNESDAY) -> Offer:
    office.add_leads(1)
    distribute(office.route, now=now)
    return Offer.objects.filter(made_at=now).latest("pk")


def take(office, member, *, now=WEDNESDAY) -> Lead:
    offer = offer_one(office, now=now)
    accept_offer(offer, by=member.user, now=now)
    return Lead.objects.get(pk=offer.lead_id)


def call(lead, member, *, after=HOUR, **step):
    given = {"next_step": "", "on": None, **step}
    return plan_step(lead, stage=Stage.CONTACTED, by=member.user, now=lead.accepted_at + after, **given)


def let_a_week_happen(office) -> None:
    """One lead won after a call in half an hour, one called late with a step that is overdue, one that nobody called, one
    that nobody works; one offer declined and one that ran out."""
    won = call(take(office, office.owner), office.owner, after=HOUR / 2)
    win_lead(won, value=1, currency="EUR", by=office.owner.user, now=WEDNESDAY + DAY)
    call(take(office, office.seller), office.seller, after=5 * HOUR, on=date(2026, 11, 28))
    take(office, office.seller)
    free = take(office, office.seller)
    Lead.objects.filter(pk=free.pk).update(assignee=None)
    decline_offer(offer_one(office), reason=DeclineReason.NO_TIME, by=office.owner.user, now=WEDNESDAY)
    offer_one(office)
    expire_due_offers(now=WEDNESDAY + DAY)


class TestTheWeek:
    def test_holds_what_waits_and_what_happened(self, office):
        let_a_week_happen(office)
        reading = read_week(office.partners[0], monday=date(2026, 11, 30), now=MONDAY)
        week, events = reading.week, reading.week.events
        assert (week.waiting, week.uncalled, week.overdue, week.unassigned) == (3, 2, 1, 1)
        assert (week.contacted, week.in_time, week.middle, week.worst) == (2, 1, 2.75 * HOUR, 5 * HOUR)
        assert (week.won, week.certified, week.won_each) == (1, 1, 1.0)
        assert (events.came, events.accepted, events.declined, events.missed) == (6, 4, 1, 1)
        assert (reading.begins, reading.ends) == (MONDAY - 7 * DAY - 8 * HOUR, MONDAY - 8 * HOUR)
        assert set(reading.people) == {office.owner.pk, office.head.pk, office.seller.pk}

    def test_is_the_partner_s_own_and_that_week_s_alone(self, office):
        let_a_week_happen(office)
        other = make_market(WEDNESDAY - DAY, partners=1).partners[0]
        assert read_week(other, monday=date(2026, 11, 30), now=MONDAY).week.says_nothing
        later = read_week(office.partners[0], monday=date(2026, 12, 7), now=MONDAY + 7 * DAY).week
        assert (later.contacted, later.won, later.events.came) == (0, 0, 0)
        assert later.waiting == 3  # they wait still

    def test_costs_the_same_for_few_and_many(self, office):
        counts = []
        for people in (1, 6):
            for _number in range(people):
                seller = MembershipFactory(partner=office.partners[0], roles=["seller"])
                call(take(office, seller), seller)
            with CaptureQueriesContext(connection) as queries:
                read_week(office.partners[0], monday=date(2026, 11, 30), now=MONDAY)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestTheLetter:
    def test_is_written_to_whoever_leads_the_team_once_on_monday_morning(self, office):
        let_a_week_happen(office)
        assert tell_heads_of_the_week(now=MONDAY - timedelta(minutes=1)) == 0
        assert tell_heads_of_the_week(now=MONDAY) == 2
        assert tell_heads_of_the_week(now=MONDAY + HOUR) == 0
        told = Notification.objects.filter(type=WEEK.name)
        assert set(told.values_list("user_id", flat=True)) == {office.owner.user_id, office.head.user_id}
        assert WeekTold.objects.get().heads == 2

    def test_and_on_the_next_monday_again(self, office):
        let_a_week_happen(office)
        tell_heads_of_the_week(now=MONDAY)
        assert tell_heads_of_the_week(now=MONDAY + 7 * DAY) == 2

    def test_in_the_morning_of_the_partner_s_zone(self, office):
        let_a_week_happen(office)
        office.partners[0].time_zone = "America/New_York"
        office.partners[0].save()
        assert tell_heads_of_the_week(now=MONDAY) == 0
        assert tell_heads_of_the_week(now=MONDAY + 5 * HOUR) == 2

    def test_what_was_missed_on_monday_is_made_up_for_on_tuesday_and_then_left(self, office):
        let_a_week_happen(office)
        assert tell_heads_of_the_week(now=MONDAY + 2 * DAY) == 0
        assert tell_heads_of_the_week(now=MONDAY + DAY) == 2

    def test_is_not_written_where_there_is_nothing_to_say(self, office):
        assert tell_heads_of_the_week(now=MONDAY) == 0
        assert WeekTold.objects.get().heads == 0  # it was looked at, and is not looked at again

    def test_is_not_written_to_who_has_chosen_so(self, office):
        let_a_week_happen(office)
        choose_channels(office.head.user, choices={WEEK.name: (False, False)})
        assert tell_heads_of_the_week(now=MONDAY) == 1

    def test_one_partner_s_trouble_is_not_another_s(self, office, monkeypatch, caplog):
        let_a_week_happen(office)
        other = make_market(WEDNESDAY - DAY, partners=1)
        offer_one(other)
        read = digests.read_week

        def fail_for_the_first(partner, **asked):
            if partner == office.partners[0]:
                raise RuntimeError("broken")
            return read(partner, **asked)

        monkeypatch.setattr(digests, "read_week", fail_for_the_first)
        other.partners[0].time_zone = "UTC"
        other.partners[0].save()
        assert tell_heads_of_the_week(now=MONDAY) == 1
        assert "could not be told" in caplog.text
        monkeypatch.undo()
        assert tell_heads_of_the_week(now=MONDAY) == 2

    def test_says_it_in_words(self, office):
        let_a_week_happen(office)
        tell_heads_of_the_week(now=MONDAY)
        notice = Notification.objects.get(user=office.head.user)
        wording = word(notice, person=notice.user)
        text = "\n".join(wording.paragraphs)
        assert wording.subject == "Your team's week: 3 leads wait for somebody"
        assert "– 1 lead that nobody works" in text
        assert f"– {office.seller.user}: 1 not called, 1 step overdue" in text
        assert "half of them within 2 h 45 min, the last after 5 h. In the promised time: 1." in text
        assert f"1 lead was won, 1.00 per certified person: {office.owner.user} 1." in text
        assert "6 offers came; 4 were accepted, 1 declined, 1 ran out unanswered." in text
        assert notice.url.endswith("/leads/week/?of=2026-11-30")

    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_leaves_out_what_there_was_none_of(self, office, language):
        lose_lead(take(office, office.seller), reason=LostReason.PRICE, by=office.seller.user, now=WEDNESDAY)
        tell_heads_of_the_week(now=MONDAY)
        notice = Notification.objects.filter(type=WEEK.name).first()
        with translation.override(language):
            wording = word(notice, person=notice.user)
        assert 2 <= len(wording.paragraphs) <= 3
        assert "<" not in str(wording)
        assert "None" not in str(wording)


class TestThePage:
    @pytest.fixture(autouse=True)
    def _monday(self, time_machine):
        time_machine.move_to(MONDAY)

    def test_shows_the_last_week_and_goes_back(self, office, client):
        let_a_week_happen(office)
        client.force_login(office.head.user)
        page = client.get(reverse("leads:week")).content.decode()
        assert "23 Nov" in page
        assert "29 Nov 2026" in page
        assert "2 h 45 min" in page
        assert str(office.seller.user) in page
        assert "of=2026-11-23" in page
        assert "of=2026-12-07" not in page
        earlier = client.get(reverse("leads:week") + "?of=2026-11-23").content.decode()
        assert "No customer was spoken with for the first time" in earlier
        assert "of=2026-11-30" in earlier

    @pytest.mark.parametrize("asked", ["2026-12-07", "2026-11-25"])
    def test_a_week_that_is_none_leads_to_the_last_one(self, office, client, asked):
        client.force_login(office.head.user)
        answer = client.get(reverse("leads:week") + f"?of={asked}")
        assert (answer.status_code, answer.url) == (302, reverse("leads:week"))
        assert client.get(reverse("leads:week") + "?of=never").status_code == 200

    def test_is_for_whoever_leads_the_team(self, office, client):
        client.force_login(office.seller.user)
        answer = client.get(reverse("leads:week"))
        assert answer.status_code == 403
        assert "whoever leads it" in answer.content.decode()
        assert reverse("leads:week") not in client.get(reverse("leads:offers")).content.decode()
        client.force_login(office.head.user)
        assert reverse("leads:week") in client.get(reverse("leads:offers")).content.decode()

    def test_an_empty_week_says_so(self, office, client):
        client.force_login(office.head.user)
        assert "No customer was spoken with" in client.get(reverse("leads:week")).content.decode()


def test_a_lead_that_passes_to_a_colleague_counts_for_them(office):
    lead = take(office, office.seller)
    assign_member(lead, member=office.head, by=office.owner.user, now=WEDNESDAY)
    week = read_week(office.partners[0], monday=date(2026, 11, 30), now=MONDAY).week
    assert week.lines[0].member == office.head.pk
