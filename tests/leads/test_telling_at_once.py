"""Two sweepers at the same moment, on PostgreSQL: nobody is told twice, and no lead is passed on twice."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections

from portal.leads.models import Absence, Lead, Offer, OfferWatch, PartnerTerms, Telling, WeekTold
from portal.leads.notices import UNSEEN, WEEK, tell_about_offers, tell_heads_of_the_week, tell_next_colleagues
from portal.leads.services.absences import begin_due_absences, go_away
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer
from portal.notifications.models import Notification
from tests.factories.leads import make_market
from tests.factories.partners import MembershipFactory

#: A Wednesday morning, and the Monday after.
WEDNESDAY = datetime(2026, 11, 25, 9, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
SWEEPERS = 4


@pytest.fixture
def office(committed, monkeypatch):
    """A partner that tells one first, with three colleagues, all in UTC."""
    monkeypatch.setattr("portal.core.services.outbox.wake", None)
    market = make_market(WEDNESDAY - timedelta(days=1), partners=1, window_hours=8)
    partner = market.partners[0]
    PartnerTerms.objects.create(partner=partner, assigns="least", changed_at=WEDNESDAY)
    market.sellers = [MembershipFactory(partner=partner, roles=["seller"], user__time_zone="UTC") for _one in range(3)]
    market.add_leads(6)
    distribute(market.route, now=WEDNESDAY)
    return market


def sweep(act) -> list[int]:
    """Let several do it at once; what each answered."""
    start, answers, errors = Barrier(SWEEPERS), [], []

    def work() -> None:
        try:
            start.wait(10)
            answers.append(act())
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _sweeper in range(SWEEPERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    return answers


def test_further_colleagues_are_told_once(office):
    tell_about_offers(Offer.objects.values_list("pk", flat=True), now=WEDNESDAY)
    half = WEDNESDAY + timedelta(hours=4)
    assert sum(sweep(lambda: tell_next_colleagues(now=half))) == 6
    assert Telling.objects.filter(round="next").count() == 6
    assert Notification.objects.filter(type=UNSEEN.name).count() == 6
    assert not OfferWatch.objects.due(half).exists()


def test_heads_are_written_to_once(office):
    assert sum(sweep(lambda: tell_heads_of_the_week(now=MONDAY))) == 1
    assert Notification.objects.filter(type=WEEK.name).count() == 1
    assert WeekTold.objects.get().heads == 1


def test_leads_are_passed_on_once(office):
    seller = office.sellers[0]
    for offer in Offer.objects.all():
        accept_offer(offer, by=office.person(), now=WEDNESDAY)
    Lead.objects.update(assignee=seller)
    go_away(
        seller,
        starts_at=WEDNESDAY + timedelta(days=1),
        ends_at=None,
        deputy=office.sellers[1],
        actor=seller,
        now=WEDNESDAY,
    )
    assert sum(sweep(lambda: begin_due_absences(now=WEDNESDAY + timedelta(days=1)))) == 1
    assert Absence.objects.get().passed == 6
    assert set(Lead.objects.values_list("assignee", flat=True)) == {office.sellers[1].pk}
