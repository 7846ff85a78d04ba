"""How partners work: pauses, hours, caps of their own, languages; what of it stops them, and what wakes a lead again."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse

from portal.core.errors import Refusal
from portal.leads.models import Decision, HeldReason, Lead, LeadStatus, Offer
from portal.leads.services.distribution import distribute
from portal.leads.services.holding import wake_due_leads, wake_held_leads
from portal.leads.services.terms import find_terms, keep_terms, pause_leads, receive_leads_again
from tests.factories.leads import make_market, put_in_force
from tests.factories.partners import JobRoleFactory, MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

DAY = timedelta(days=1)
#: A Tuesday, nine o'clock in London.
TUESDAY = datetime(2026, 11, 24, 9, tzinfo=UTC)
OFFICE = {"has_hours": True, "workdays": range(5), "opens_at": time(9), "closes_at": time(18)}


def work(partner, by, **how):
    given = {
        "open_cap": None, "day_cap": None, "languages": [], "has_hours": False, "workdays": range(5), "opens_at": time(9),
        "closes_at": time(18), "holidays": [], **how,
    }  # fmt: skip
    return keep_terms(partner, by=by, now=TUESDAY, **given)


def rule(market, **fields):
    for name, value in fields.items():
        setattr(market.route, name, value)
    market.route.save()
    put_in_force(market.route)


@pytest.fixture
def two():
    return make_market(TUESDAY, partners=2)


def verdicts():
    return Decision.objects.order_by("-pk").first().verdicts


class TestAJobRole:
    def test_has_to_be_one_that_works_leads(self, two):
        for role in (None, JobRoleFactory(works_leads=False)):
            with pytest.raises(Refusal, match="Choose the job role"):
                work(two.partners[0], two.person(), assigns="role", assigns_role=role)
        role = JobRoleFactory(works_leads=True)
        assert work(two.partners[0], two.person(), assigns="role", assigns_role=role).assigns_role == role
        assert work(two.partners[0], two.person(), assigns="least", assigns_role=role).assigns_role is None

    def test_is_chosen_on_the_page(self, client, two):
        role = JobRoleFactory(works_leads=True)
        client.force_login(two.person())
        given = {"assigns": "role", "workdays": ["0"], "opens_at": "09:00", "closes_at": "18:00", "holidays": ""}
        refused = client.post(reverse("leads:keep_terms"), given)
        assert refused.status_code == 409
        assert "Choose the job role whose people work your leads." in refused.content.decode()
        assert client.post(reverse("leads:keep_terms"), {**given, "assigns_role": role.pk}).status_code == 302
        assert find_terms(two.partners[0]).assigns_role == role


class TestPausing:
    def test_a_partner_that_paused_gets_nothing_and_accrues_nothing(self, two):
        pause_leads(two.partners[0], by=two.person(), now=TUESDAY)
        two.add_leads(3)
        distribute(two.route, now=TUESDAY)
        assert set(Offer.objects.values_list("partner", flat=True)) == {two.partners[1].pk}
        assert verdicts() == "zw"
        assert not two.route.credits.exclude(credit=0).exists()

    def test_it_ends_by_itself(self, two):
        pause_leads(two.partners[0], until=TUESDAY + DAY, by=two.person(), now=TUESDAY)
        two.add_leads(1)
        distribute(two.route, now=TUESDAY + DAY)
        assert verdicts() == "wn"

    def test_leads_that_wait_for_it_wake_when_it_ends(self):
        market = make_market(TUESDAY, partners=1)
        pause_leads(market.partners[0], until=TUESDAY + DAY, by=market.person(), now=TUESDAY)
        (lead,) = market.add_leads(1)
        distribute(market.route, now=TUESDAY)
        lead.refresh_from_db()
        assert (lead.held_reason, lead.recheck_at) == (HeldReason.PAUSED, TUESDAY + DAY)
        assert wake_due_leads(now=TUESDAY + timedelta(hours=23)).offered == 0
        assert wake_due_leads(now=TUESDAY + DAY).offered == 1
        lead.refresh_from_db()
        assert (lead.status, lead.recheck_at) == (LeadStatus.OFFERED, None)

    def test_it_can_be_ended(self, two):
        pause_leads(two.partners[0], by=two.person(), now=TUESDAY)
        receive_leads_again(two.partners[0], by=two.person(), now=TUESDAY)
        assert not find_terms(two.partners[0]).is_paused(TUESDAY)
        with pytest.raises(Refusal, match="not paused"):
            receive_leads_again(two.partners[0], by=two.person(), now=TUESDAY)

    def test_it_ends_later_than_now(self, two):
        with pytest.raises(Refusal, match="later"):
            pause_leads(two.partners[0], until=TUESDAY, by=two.person(), now=TUESDAY)


class TestHours:
    def test_matter_only_where_the_route_asks_for_them(self, two):
        night = TUESDAY + timedelta(hours=12)
        work(two.partners[0], two.person(), **OFFICE)
        two.add_leads(1)
        distribute(two.route, now=night)
        assert verdicts() == "wn"

    def test_nobody_is_offered_a_lead_at_night_and_the_first_to_open_wakes_it(self):
        market = make_market(TUESDAY, partners=2)
        rule(market, in_working_hours=True)
        for place, zone in enumerate(["Europe/London", "Europe/Berlin"]):
            market.partners[place].time_zone = zone
            market.partners[place].save()
            work(market.partners[place], market.person(place), **OFFICE)
        night = datetime(2026, 11, 24, 22, tzinfo=UTC)
        (lead,) = market.add_leads(1)
        distribute(market.route, now=night)
        lead.refresh_from_db()
        in_berlin = datetime(2026, 11, 25, 8, tzinfo=UTC)
        assert (lead.held_reason, lead.recheck_at) == (HeldReason.OUT_OF_HOURS, in_berlin)
        assert wake_due_leads(now=in_berlin).offered == 1
        assert Offer.objects.get().partner == market.partners[1]

    def test_the_time_to_answer_runs_while_the_partner_works(self):
        market = make_market(TUESDAY, partners=1, window_hours=12)
        rule(market, in_working_hours=True)
        market.partners[0].time_zone = "Europe/London"
        market.partners[0].save()
        work(market.partners[0], market.person(), holidays=[date(2026, 11, 25)], **OFFICE)
        market.add_leads(1)
        distribute(market.route, now=TUESDAY + timedelta(hours=5))
        # Four hours on Tuesday, Wednesday is free, eight on Thursday.
        assert Offer.objects.get().due_at == datetime(2026, 11, 26, 17, tzinfo=UTC)

    @pytest.mark.parametrize(
        "how",
        [
            {"workdays": []},
            {"opens_at": time(9), "closes_at": time(9)},
            {"holidays": [date(2026, 1, 1) + DAY * number for number in range(101)]},
        ],
    )
    def test_hours_that_are_none_are_refused(self, two, how):
        with pytest.raises(Refusal):
            work(two.partners[0], two.person(), **{**OFFICE, **how})


class TestCaps:
    def test_its_own_cap_of_open_offers_holds_where_it_is_less(self, two):
        work(two.partners[0], two.person(), open_cap=1)
        two.add_leads(4)
        distribute(two.route, now=TUESDAY)
        assert [Offer.objects.filter(partner=partner).count() for partner in two.partners] == [1, 3]
        assert verdicts() == "cw"

    def test_the_day_s_offers_are_counted_on_the_partner_s_own_day(self):
        market = make_market(TUESDAY, partners=1)
        market.partners[0].time_zone = "Pacific/Auckland"  # thirteen hours ahead: its day ends at eleven
        market.partners[0].save()
        rule(market, day_cap=2)
        leads = market.add_leads(3)
        distribute(market.route, now=TUESDAY)
        assert Offer.objects.count() == 2
        leads[2].refresh_from_db()
        tomorrow = datetime(2026, 11, 24, 11, tzinfo=UTC)
        assert (leads[2].held_reason, leads[2].recheck_at) == (HeldReason.DAY_FULL, tomorrow)
        assert wake_due_leads(now=tomorrow).offered == 1

    def test_its_own_cap_a_day_counts_all_routes(self, two):
        work(two.partners[0], two.person(), day_cap=1)
        two.add_leads(4)
        distribute(two.route, now=TUESDAY)
        assert Offer.objects.filter(partner=two.partners[0]).count() == 1
        assert verdicts() == "dw"
        two.add_leads(2)
        distribute(two.route, now=TUESDAY + DAY)
        assert Offer.objects.filter(partner=two.partners[0]).count() == 2

    def test_a_higher_cap_wakes_what_it_makes_room_for(self):
        market = make_market(TUESDAY, partners=1)
        work(market.partners[0], market.person(), open_cap=1)
        market.add_leads(2)
        distribute(market.route, now=TUESDAY)
        work(market.partners[0], market.person(), open_cap=2)
        assert wake_held_leads(partner_ids=[market.partners[0].pk], now=TUESDAY).offered == 1


class TestWhoMayHaveThem:
    def test_by_language(self, two):
        rule(two, speaks=True)
        work(two.partners[1], two.person(1), languages=["de", "fr"])
        two.add_leads(1, language="fr")
        distribute(two.route, now=TUESDAY)
        assert verdicts() == "lw"
        two.add_leads(1, language="")
        distribute(two.route, now=TUESDAY)
        assert verdicts() == "wn"  # the lead does not say

    def test_by_kind_tier_and_job_role(self):
        market = make_market(TUESDAY, partners=1)
        gold = market.add_partner(rank=3)
        market.route.kinds.set([gold.kind])
        rule(market)
        market.add_leads(1)
        distribute(market.route, now=TUESDAY)
        assert verdicts()[0] == "k"
        market.route.kinds.set([])
        rule(market, lowest_tier=gold.tier)
        market.add_leads(1)
        distribute(market.route, now=TUESDAY)
        assert verdicts() == "rw"
        technician = MembershipFactory(partner=market.partners[0], roles=[JobRoleFactory(slug="technician")])
        market.route.roles.set([technician.job_roles[0]])
        rule(market, lowest_tier=None)
        market.add_leads(1)
        distribute(market.route, now=TUESDAY)
        assert verdicts() == "wm"

    def test_a_lead_is_offered_to_as_many_as_the_rules_allow(self):
        market = make_market(TUESDAY, partners=3)
        rule(market, most_offers=2)
        (lead,) = market.add_leads(1)
        for _time in range(2):
            distribute(market.route, now=TUESDAY)
            Offer.objects.open().update(state="expired", closed_at=TUESDAY)
            Lead.objects.update(status=LeadStatus.NEW)
        distribute(market.route, now=TUESDAY)
        lead.refresh_from_db()
        assert lead.held_reason == HeldReason.OFFERED_ENOUGH


class TestThePage:
    @pytest.fixture
    def owner(self, client, two):
        client.force_login(two.person())
        return client

    def test_says_how_the_partner_works(self, owner, two):
        url = reverse("leads:terms")
        assert owner.get(url).status_code == 200
        given = {
            "open_cap": "4", "day_cap": "", "languages": ["en"], "has_hours": "on", "workdays": ["0", "2"],
            "opens_at": "08:30", "closes_at": "17:00", "holidays": "2026-12-24\n2026-12-25",
        }  # fmt: skip
        assert owner.post(reverse("leads:keep_terms"), given).status_code == 302
        terms = find_terms(two.partners[0])
        assert (terms.open_cap, terms.workdays, terms.opens_at) == (4, [0, 2], time(8, 30))
        assert "2026-12-24" in owner.get(url).content.decode()

    def test_what_cannot_be_read_is_said_at_its_field_and_kept(self, owner):
        given = {"workdays": ["0"], "opens_at": "09:00", "closes_at": "18:00", "holidays": "Christmas"}
        answer = owner.post(reverse("leads:keep_terms"), given)
        assert answer.status_code == 422
        assert "“Christmas” is not a day" in answer.content.decode()
        answer = owner.post(reverse("leads:keep_terms"), {**given, "holidays": "", "has_hours": "on", "workdays": []})
        assert answer.status_code == 409
        assert "Choose the days" in answer.content.decode()

    def test_pauses_and_receives_again(self, owner, two):
        assert owner.post(reverse("leads:pause"), {"until": "", "reason": "Stocktaking"}).status_code == 302
        page = owner.get(reverse("leads:terms")).content.decode()
        assert "Your leads are paused" in page
        assert "Stocktaking" in page
        assert owner.post(reverse("leads:unpause")).status_code == 302
        assert find_terms(two.partners[0]).paused_at is None
        assert owner.post(reverse("leads:pause"), {"until": "2020-01-01", "reason": ""}).status_code == 409

    def test_is_not_a_seller_s(self, client, two):
        client.force_login(MembershipFactory(partner=two.partners[0], roles=["seller"]).user)
        assert client.get(reverse("leads:terms")).status_code == 403
