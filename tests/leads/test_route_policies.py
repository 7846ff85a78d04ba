"""Rules of routes: published, planned, taken back; by which a lead is distributed; a route stopped and resumed."""

from datetime import timedelta

import pytest

from portal.core.errors import Refusal
from portal.leads.models import HeldReason, Lead, LeadStatus, Offer, RoutePolicy
from portal.leads.rows import Submission
from portal.leads.services.distribution import distribute, distribute_waiting_leads
from portal.leads.services.holding import wake_leads_of_routes
from portal.leads.services.intake import receive_leads
from portal.leads.services.policies import (
    adopt_waiting,
    draft_policy,
    publish_policy,
    resume_route,
    stop_route,
    tell_of_rules_in_force,
    withdraw_planned,
)
from tests.factories.accounts import UserFactory
from tests.factories.leads import SourceFactory, put_in_force
from tests.factories.partners import RegionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

DAY = timedelta(days=1)


@pytest.fixture
def manager():
    return UserFactory(staff=True)


def change(route, **fields):
    for name, value in fields.items():
        setattr(route, name, value)
    route.save()
    return type(route).objects.get(pk=route.pk)


def receive(market, number, *, now, **more):
    product, region = market.product.slug, market.region.slug
    submission = Submission(external_id=f"S-{number}", company="Firm", product=product, region=region, **more)
    [pk] = receive_leads([submission], source=SourceFactory(slug="web"), now=now)
    return Lead.objects.get(pk=pk)


class TestPublishing:
    def test_saving_a_draft_changes_nothing(self, market, now):
        change(market.route, window_hours=5)
        lead = receive(market, 1, now=now)
        distribute(market.route, now=now)
        assert lead.policy.number == 1
        assert Offer.objects.get().due_at == now + timedelta(hours=24)

    def test_a_lead_is_distributed_by_what_was_in_force_when_it_came(self, market, manager, now):
        first = receive(market, 1, now=now)
        published = publish_policy(change(market.route, window_hours=5), note="Quicker", by=manager, now=now + DAY)
        second = receive(market, 2, now=now + DAY)
        distribute(market.route, now=now + DAY)
        assert published.number == 2
        assert [first.policy.number, second.policy.number] == [1, 2]
        due = dict(Offer.objects.values_list("lead", "due_at"))
        assert due == {first.pk: now + DAY + timedelta(hours=24), second.pk: now + DAY + timedelta(hours=5)}

    def test_rules_can_be_planned_and_taken_back(self, market, manager, now):
        planned = publish_policy(change(market.route, open_cap=3), effective_from=now + DAY, by=manager, now=now)
        assert receive(market, 1, now=now).policy.number == 1
        withdraw_planned(planned, now=now)
        assert receive(market, 2, now=now + 2 * DAY).policy.number == 1
        again = publish_policy(market.route, effective_from=now + DAY, by=manager, now=now)
        with pytest.raises(Refusal, match="in force"):
            withdraw_planned(again, now=now + DAY)

    @pytest.mark.parametrize(
        ("moment", "code"), [(-DAY, "past"), (timedelta(), "same_moment")], ids=["for the past", "twice at once"]
    )
    def test_a_moment_that_cannot_be_is_refused(self, market, manager, now, moment, code):
        publish_policy(change(market.route, open_cap=3), by=manager, now=now)
        with pytest.raises(Refusal) as refused:
            publish_policy(change(market.route, open_cap=4), effective_from=now + moment, by=manager, now=now)
        assert refused.value.code == code

    def test_what_is_in_force_already_is_not_published_again(self, market, manager, now):
        with pytest.raises(Refusal, match="in force already"):
            publish_policy(market.route, by=manager, now=now)

    def test_what_was_published_never_changes_with_the_draft(self, market, now):
        before = RoutePolicy.objects.get(route=market.route).rules
        change(market.route, window_hours=5)
        assert RoutePolicy.objects.get(route=market.route).rules == before
        assert draft_policy(market.route).to_json() != before

    def test_leads_that_wait_can_be_brought_under_the_rules_in_force(self, market, manager, now):
        market.route.regions.set([RegionFactory()])
        lead = receive(market, 1, now=now)
        market.route.regions.set([market.region])
        publish_policy(change(market.route, window_hours=5), by=manager, now=now + DAY)
        assert adopt_waiting(market.route, by=manager, now=now + DAY) == 1
        lead.refresh_from_db()
        assert lead.policy.number == 2

    def test_the_first_route_in_order_that_takes_a_lead_has_it(self, market, manager, now):
        small = publish_policy(change(market.route, most_employees=50), by=manager, now=now)
        assert receive(market, 1, now=now, employees=50).policy == small
        large = receive(market, 2, now=now, employees=51)
        assert large.policy is None
        assert large.held_reason == "no_route"

    def test_by_language_and_source(self, market, manager, now):
        publish_policy(change(market.route, languages=["de"]), by=manager, now=now)
        assert receive(market, 1, now=now, language="de").policy is not None
        assert receive(market, 2, now=now, language="en").policy is None
        assert receive(market, 3, now=now).policy is None


class TestStopping:
    def test_nothing_is_distributed_until_it_goes_on_and_nothing_is_lost(self, market, manager, now):
        stop_route(market.route, reason="The price list is wrong", by=manager, now=now)
        leads = [receive(market, number, now=now) for number in range(3)]
        assert distribute(market.route, now=now).offered == 0
        assert distribute_waiting_leads(now=now).offered == 0
        assert Lead.objects.new().count() == 3
        resume_route(market.route, by=manager, now=now + DAY)
        assert distribute_waiting_leads(now=now + DAY).offered == 3
        assert list(Offer.objects.order_by("tick").values_list("lead", flat=True)) == [lead.pk for lead in leads]

    def test_a_held_lead_does_not_wake_on_a_stopped_route(self, market, manager, now):
        market.route.regions.set([])
        market.add_leads(1, region=RegionFactory())
        distribute(market.route, now=now)
        assert Lead.objects.held().count() == 1
        Lead.objects.update(region=market.region)
        stop_route(market.route, reason="Wrong", by=manager, now=now)
        assert wake_leads_of_routes(route_ids=[market.route.pk], now=now).offered == 0
        resume_route(market.route, by=manager, now=now)
        assert wake_leads_of_routes(route_ids=[market.route.pk], now=now).offered == 1

    def test_needs_a_reason_and_is_done_once(self, market, manager, now):
        with pytest.raises(Refusal, match="without a reason"):
            stop_route(market.route, reason=" ", by=manager, now=now)
        stop_route(market.route, reason="Wrong", by=manager, now=now)
        with pytest.raises(Refusal, match="stopped already"):
            stop_route(market.route, reason="Wrong", by=manager, now=now)
        resume_route(market.route, by=manager, now=now)
        with pytest.raises(Refusal, match="not stopped"):
            resume_route(market.route, by=manager, now=now)


class TestPlannedRules:
    def test_what_waits_for_them_is_looked_at_when_their_moment_comes(
        self, market, manager, now, django_capture_on_commit_callbacks
    ):
        market.route.regions.set([RegionFactory()])
        market.route.save()
        put_in_force(market.route)
        lead = receive(market, 1, now=now)
        assert lead.held_reason == HeldReason.NO_ROUTE
        market.route.regions.set([market.region])
        market.route.save()
        with django_capture_on_commit_callbacks(execute=True):
            publish_policy(market.route, effective_from=now + DAY, by=manager, now=now)
        assert tell_of_rules_in_force(now=now + DAY - timedelta(seconds=1)) == 0
        with django_capture_on_commit_callbacks(execute=True):
            assert tell_of_rules_in_force(now=now + DAY) == 1
        # What follows reads the clock on the wall, which has passed that moment.
        lead.refresh_from_db()
        assert (lead.status, lead.policy.number) == (LeadStatus.OFFERED, 2)
        assert tell_of_rules_in_force(now=now + 2 * DAY) == 0
