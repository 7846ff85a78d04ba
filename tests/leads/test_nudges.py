"""An offer that nobody looks at goes to further colleagues: by the partner's rule, once each, and not at night."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from portal.leads.models import DeclineReason, Offer, OfferWatch, PartnerTerms, Telling
from portal.leads.notices import OFFERS, UNSEEN, tell_about_offers, tell_next_colleagues
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer, decline_offer, mark_seen
from portal.leads.services.overrides import assign_lead
from portal.notifications.models import Notification
from portal.notifications.services import choose_channels
from portal.notifications.services.wording import word
from portal.partners.models import JobRole
from portal.partners.services.memberships import end_membership
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market, put_in_force
from tests.factories.partners import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

#: A Tuesday; an offer stands for six hours, so half of it is over at ten and a quarter left at half past eleven.
SEVEN = datetime(2026, 11, 24, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
HALF, LAST_CALL = SEVEN + 3 * HOUR, SEVEN + 4.5 * HOUR


def make_office(*, rule: str = "least", sellers: int = 3, window_hours: int = 6, **route):
    """A partner that gives its leads to whoever has the fewest: an owner, a head, and sellers. All live in UTC."""
    market = make_market(SEVEN - timedelta(days=1), partners=1, window_hours=window_hours, **route)
    partner = market.partners[0]
    PartnerTerms.objects.create(partner=partner, assigns=rule, changed_at=SEVEN)
    market.sellers = [MembershipFactory(partner=partner, roles=["seller"]) for _number in range(sellers)]
    market.head = MembershipFactory(partner=partner, roles=["head"])
    for member in (market.members[0], market.head, *market.sellers):
        member.user.time_zone = "UTC"
        member.user.save()
    return market


@pytest.fixture
def office():
    return make_office()


def test_one_of_the_job_role_is_told_first_where_the_partner_says_so(office):
    role = JobRole.objects.get(slug="head")
    PartnerTerms.objects.update(assigns="role", assigns_role=role)
    assert told(offer_one(office)) == [office.head]
    end_membership(office.head, by=office.person(), now=SEVEN)
    assert len(told(offer_one(office))) == 1  # somebody all the same


def offer_one(market, *, now=SEVEN) -> Offer:
    market.add_leads(1)
    distribute(market.route, now=now)
    offer = Offer.objects.open().latest("pk")
    tell_about_offers([offer.pk], now=now)
    return offer


def told(offer) -> list:
    return [telling.membership for telling in Telling.objects.filter(offer=offer).order_by("pk")]


class TestTheFirst:
    def test_is_one_person_where_leads_go_to_whoever_has_the_fewest(self, office):
        first, second = offer_one(office), offer_one(office)
        (one,), (other,) = told(first), told(second)
        assert one != other  # the first offer waits with the one, so the other has less in hand
        assert Notification.objects.filter(type=OFFERS.name).count() == 2

    def test_are_all_where_whoever_accepts_works_it(self):
        office = make_office(rule="accepter")
        assert len(told(offer_one(office))) == 5

    def test_a_batch_is_shared_out(self, office):
        office.add_leads(5)
        distribute(office.route, now=SEVEN)
        ids = list(Offer.objects.values_list("pk", flat=True))
        assert tell_about_offers(ids, now=SEVEN) == 5
        assert Telling.objects.values("membership").distinct().count() == 5

    def test_telling_again_tells_nobody_else(self, office):
        offer = offer_one(office)
        assert tell_about_offers([offer.pk], now=SEVEN) == 0
        assert len(told(offer)) == 1

    def test_is_nobody_who_chose_to_hear_of_it_nowhere(self, office):
        for member in (office.members[0], office.head, *office.sellers[1:]):
            choose_channels(member.user, choices={OFFERS.name: (False, False)})
        assert told(offer_one(office)) == [office.sellers[0]]

    def test_is_told_at_night_too_since_the_time_runs(self, office):
        assert len(told(offer_one(office, now=SEVEN - 4 * HOUR))) == 1

    def test_costs_the_same_for_few_and_many(self):
        counts = []
        for sellers, leads in ((1, 2), (6, 14)):
            office = make_office(sellers=sellers)
            office.add_leads(leads)
            distribute(office.route, now=SEVEN)
            ids = list(Offer.objects.filter(partner=office.partners[0]).values_list("pk", flat=True))
            with CaptureQueriesContext(connection) as queries:
                tell_about_offers(ids, now=SEVEN)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestTheOthers:
    def test_are_told_at_the_half_and_when_a_quarter_is_left_and_then_never(self, office):
        offer = offer_one(office)
        assert OfferWatch.objects.get().due_at == HALF
        assert tell_next_colleagues(now=HALF - timedelta(seconds=1)) == 0
        assert tell_next_colleagues(now=HALF) == 1
        assert tell_next_colleagues(now=HALF + HOUR) == 0
        assert OfferWatch.objects.get().due_at == LAST_CALL
        assert tell_next_colleagues(now=LAST_CALL) == 3
        assert not OfferWatch.objects.exists()
        assert tell_next_colleagues(now=LAST_CALL + HOUR) == 0
        assert len(set(told(offer))) == len(told(offer)) == 5
        assert told(offer)[0] == office.members[0]  # the owner works leads like everybody
        assert told(offer)[-1] == office.head
        assert Notification.objects.filter(type=UNSEEN.name).count() == 4

    @pytest.mark.parametrize("done", ["seen", "accepted", "declined", "over"])
    def test_are_left_alone_once_somebody_looked_or_answered_or_it_is_over(self, office, done):
        offer, person = offer_one(office), office.person()
        now = HALF
        match done:
            case "seen":
                mark_seen(offer, by=person, now=SEVEN + HOUR)
            case "accepted":
                accept_offer(offer, by=person, now=SEVEN + HOUR)
            case "declined":
                decline_offer(offer, reason=DeclineReason.NO_TIME, by=person, now=SEVEN + HOUR)
            case "over":
                now = offer.due_at
        assert tell_next_colleagues(now=now) == 0
        assert len(told(offer)) == 1
        assert not OfferWatch.objects.exists()

    def test_are_those_who_are_entitled_then(self, office):
        offer = offer_one(office)
        first = told(offer)[0]
        others = [seller for seller in office.sellers if seller != first]
        for seller in others:
            end_membership(seller, by=office.person(), now=SEVEN + HOUR)
        assert tell_next_colleagues(now=HALF) == 1
        assert told(offer)[1] not in office.sellers

    def test_who_sleeps_is_told_in_the_morning_where_there_is_still_something_to_do(self, office):
        """An hour before their night ends the offer is half over."""
        for member in (office.members[0], office.head, *office.sellers):
            member.user.time_zone = "Atlantic/Azores"  # an hour behind: eight there is nine in UTC
            member.user.save()
        offer = offer_one(office, now=SEVEN - 2 * HOUR)  # half over at eight, last call at half past nine
        assert tell_next_colleagues(now=SEVEN + HOUR) == 0
        morning = SEVEN + 2 * HOUR
        assert OfferWatch.objects.get().due_at == morning
        assert tell_next_colleagues(now=morning) == 1
        assert len(told(offer)) == 2

    def test_who_sleeps_until_it_is_over_is_not_told_at_all(self, office):
        for member in (office.members[0], office.head, *office.sellers):
            member.user.time_zone = "America/New_York"  # two in the morning
            member.user.save()
        offer_one(office)
        assert tell_next_colleagues(now=HALF) == 0
        assert tell_next_colleagues(now=LAST_CALL) == 0
        assert not OfferWatch.objects.exists()  # their morning is at one o'clock, when the offer is over

    def test_two_sweepers_tell_once(self, office):
        offer = offer_one(office)
        with pytest.raises(IntegrityError):
            Telling.objects.create(offer=offer, membership=told(offer)[0], round="next", told_at=HALF)

    def test_cost_the_same_for_few_and_many(self):
        counts = []
        for sellers, leads in ((2, 2), (7, 15)):
            office = make_office(sellers=sellers)
            office.add_leads(leads)
            distribute(office.route, now=SEVEN)
            tell_about_offers(Offer.objects.filter(partner=office.partners[0]).values_list("pk", flat=True), now=SEVEN)
            with CaptureQueriesContext(connection) as queries:
                assert tell_next_colleagues(now=HALF) == leads
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestTheHalf:
    def test_is_counted_in_the_hours_in_which_the_time_to_answer_is(self):
        office = make_office(window_hours=8)
        office.route.in_working_hours = True
        office.route.save()
        put_in_force(office.route)
        PartnerTerms.objects.update(has_hours=True, workdays=[1, 2], opens_at=time(9), closes_at=time(15))
        office.add_leads(1)
        distribute(office.route, now=SEVEN + 4 * HOUR)
        offer = Offer.objects.get()
        tell_about_offers([offer.pk], now=SEVEN + 4 * HOUR)
        watch = OfferWatch.objects.get()
        assert offer.due_at == datetime(2026, 11, 25, 13, tzinfo=UTC)
        assert watch.due_at == datetime(2026, 11, 24, 15, tzinfo=UTC)
        assert watch.last_call_at == datetime(2026, 11, 25, 11, tzinfo=UTC)

    def test_of_a_lead_given_by_hand_is_of_plain_hours_as_its_time_is(self):
        office = make_office(window_hours=8)
        office.route.in_working_hours = True
        office.route.save()
        put_in_force(office.route)
        PartnerTerms.objects.update(has_hours=True, workdays=[1, 2], opens_at=time(9), closes_at=time(15))
        (lead,) = office.add_leads(1)
        offer = assign_lead(
            lead, partner=office.partners[0], reason="The customer asked", by=UserFactory(staff=True), now=SEVEN
        )
        tell_about_offers([offer.pk], now=SEVEN)
        assert OfferWatch.objects.get().due_at == SEVEN + 4 * HOUR


class TestWhatIsRead:
    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_the_notice_tells_the_need_and_not_the_customer(self, office, language):
        offer_one(office)
        tell_next_colleagues(now=HALF)
        notice = Notification.objects.get(type=UNSEEN.name)
        with translation.override(language):
            wording = word(notice, person=notice.user, by_email=True)
        text = f"{wording.subject} {wording.paragraphs}"
        assert "Norway" in text
        assert "/leads/take/" in text
        assert "<" not in text
        lead = Offer.objects.get().lead
        assert lead.company not in text
        assert lead.contact.name not in text

    def test_the_page_of_the_offer_says_who_was_told_and_when(self, office, client, time_machine):
        offer = offer_one(office)
        tell_next_colleagues(now=HALF)
        time_machine.move_to(HALF)
        client.force_login(office.person())
        page = client.get(reverse("leads:offer", args=[offer.public_id])).content.decode()
        for member in told(offer):
            assert str(member.user) in page
        assert "At once" in page
        assert "When half the time was over" in page
