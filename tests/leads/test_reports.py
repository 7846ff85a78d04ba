"""A stored decision explains itself, and choosing again from it gives the same winner."""

from collections import defaultdict

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.leads.models import Decision, Lead
from portal.leads.reports import explain_decisions
from portal.leads.routing import COMPETED, TURN, Candidate, Verdict, choose
from portal.leads.services.distribution import distribute
from tests.factories.leads import make_market

pytestmark = pytest.mark.django_db


def test_the_explanation_puts_the_winner_first_and_its_credits_add_up(market, now):
    market.partners[2].regions.clear()
    (lead,) = market.add_leads(1)
    distribute(market.route, now=now)
    (explained,) = explain_decisions(lead)
    assert [one.verdict for one in explained.considered] == [Verdict.WINNER, Verdict.NOT_ITS_TURN, Verdict.TERRITORY]
    winner, other, stopped = explained.considered
    assert (winner.before, winner.accrued, winner.after) == (0, 0.5, -0.5)
    assert winner.after + other.after == 0
    assert stopped.before is None


def test_every_choice_can_be_made_again_from_what_was_stored(now):
    market = make_market(now, partners=4)
    market.add_leads(12)
    distribute(market.route, now=now)
    market.add_partner(rank=2)
    market.add_leads(9)
    distribute(market.route, now=now)
    credits: dict[int, int] = defaultdict(int)
    for decision in Decision.objects.filter(tick__isnull=False).order_by("tick").select_related("roster"):
        candidates = [
            Candidate(partner_id, weight, None if letter in COMPETED else Verdict(letter))
            for (partner_id, weight), letter in zip(decision.roster.entries, decision.verdicts, strict=True)
        ]
        stored = [credits[one.partner_id] for one in candidates if one.stop is None]
        assert stored == decision.credits
        choice = choose(candidates, credits)
        assert (choice.winner, choice.verdicts) == (decision.winner_id, decision.verdicts)
        choice.settle(credits)
    held = {row.partner_id: row.credit for row in market.route.credits.all()}
    assert held == {key: value for key, value in credits.items() if value or key in held}
    assert all(abs(units) < TURN for units in held.values())


def test_explaining_costs_two_queries_whatever_the_number_of_partners(now):
    for partners in (2, 9):
        market = make_market(now, partners=partners)
        (lead,) = market.add_leads(1)
        distribute(market.route, now=now)
        lead = Lead.objects.get(pk=lead.pk)
        with CaptureQueriesContext(connection) as queries:
            explain_decisions(lead)
        assert len(queries) == 2
