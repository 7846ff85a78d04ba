"""Every stored choice can be made again, to the last unit; one that was tampered with is named by its place."""

import io
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Case, F, When
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portal.leads.models import Correction, Decision, Lead, LeadStatus, Offer, OfferState, RouteCredit
from portal.leads.replaying import Part, Stored, replay
from portal.leads.routing import COMPETED, TURN, Candidate, Verdict, choose
from portal.leads.services.corrections import give_turn_back, settle_those_that_left
from portal.leads.services.distribution import distribute
from portal.leads.services.replays import replay_decisions
from portal.partners.models import Partner, PartnerStatus
from tests.factories.accounts import UserFactory
from tests.factories.leads import Market, RouteFactory, SourceFactory, make_market
from tests.factories.partners import TierFactory
from tests.soak import examples

SEEDS = st.integers(0, 2**32)
STOPS = [Verdict.TERRITORY, Verdict.OPEN_CAP, Verdict.INACTIVE]


def decide(random: Random, count: int, ledger: list[tuple[int, dict[int, int]]] | None = None) -> list[Stored]:
    """Decisions about random leads, with partners coming and going; some are stopped, now and then all of them.

    The entries of ``ledger`` are booked after their turns.
    """
    weights = {partner_id: random.randint(1, 9) for partner_id in range(1, random.randint(2, 9))}
    credits: dict[int, int] = {}
    decisions, tick = [], 0
    booked = dict(ledger or [])
    for number in range(count):
        for partner_id, units in booked.pop(tick, {}).items():
            credits[partner_id] = credits.get(partner_id, 0) + units
        if random.random() < 0.05:
            weights[random.randint(1, 15)] = random.randint(1, 9)
        entries = tuple(sorted(pair for pair in weights.items() if random.random() < 0.9))
        stops = [random.choice(STOPS) if random.random() < 0.3 else None for _entry in entries]
        choice = choose(
            [Candidate(*entry, stop) for entry, stop in zip(entries, stops, strict=True)],
            credits,
        )
        tick += choice.winner is not None
        taken = tick if choice.winner else None
        decisions.append(Stored(number, taken, entries, choice.verdicts, list(choice.before), choice.winner))
        choice.settle(credits)
    return decisions


# --- The rule ---------------------------------------------------------------------------------------------------------


@settings(max_examples=examples(40), deadline=None)
@given(SEEDS)
def test_what_was_decided_is_decided_again_to_the_last_unit(seed):
    decisions = decide(Random(seed), 150)
    done = replay(decisions)
    assert done.disagreement is None
    assert done.agreed == len(decisions)
    assert sum(done.credits.values()) == 0
    assert replay(decisions, standing=done.credits).disagreement is None


def test_thousands_of_decisions_agree_and_are_not_kept():
    def stream() -> Iterator[Stored]:
        yield from decide(Random(6), 5000)

    assert replay(stream()).agreed == 5000


@settings(max_examples=examples(40), deadline=None)
@given(SEEDS, st.data())
def test_what_was_tampered_with_is_named_by_its_turn(seed, data):
    decisions = decide(Random(seed), 40)
    places = [place for place, stored in enumerate(decisions) if len(stored.credits) > 1]
    assume(places)
    place = data.draw(st.sampled_from(places))
    stored = decisions[place]
    field = data.draw(st.sampled_from(["credits", "verdicts", "winner"]))
    changed = {"credits": stored.credits, "verdicts": stored.verdicts, "winner": stored.winner}
    if field == "credits":
        changed["credits"] = [stored.credits[0] + 1, *stored.credits[1:]]
    elif field == "verdicts":
        loser, winner = stored.verdicts.index("n"), stored.verdicts.index("w")
        letters = list(stored.verdicts)
        letters[loser], letters[winner] = "w", "n"
        changed["verdicts"] = "".join(letters)
    else:
        changed["winner"] = next(
            partner_id
            for (partner_id, _weight), letter in zip(stored.entries, stored.verdicts, strict=True)
            if letter == "n"
        )
    decisions[place] = Stored(stored.lead_id, stored.tick, stored.entries, **changed)
    done = replay(decisions)
    assert done.agreed == place
    found = done.disagreement
    assert (found.part, found.tick, found.lead_id) == (field, stored.tick, stored.lead_id)


def test_a_verdict_that_takes_somebody_out_of_the_turn_leaves_a_credit_without_owner():
    decisions = decide(Random(1), 30)
    place = next(place for place, stored in enumerate(decisions) if "n" in stored.verdicts)
    stored = decisions[place]
    spoilt = stored.verdicts.replace("n", "t", 1)
    decisions[place] = Stored(stored.lead_id, stored.tick, stored.entries, spoilt, stored.credits, stored.winner)
    done = replay(decisions)
    assert (done.agreed, done.disagreement.part, done.disagreement.tick) == (place, Part.CREDITS, stored.tick)


def test_a_turn_that_is_missing_is_named():
    turns = [stored for stored in decide(Random(2), 30) if stored.tick]
    del turns[4]
    found = replay(turns).disagreement
    assert (found.part, found.stored, found.replayed) == (Part.TICK, 6, 5)


def test_a_letter_that_nobody_knows_is_no_verdict():
    stored = Stored(1, 1, ((1, 1),), "?", [], 1)
    assert replay([stored]).disagreement.part is Part.VERDICTS


def test_credits_that_do_not_follow_from_the_turns_are_named_by_partner():
    decisions = decide(Random(3), 60)
    credits = dict(replay(decisions).credits)
    first, second = sorted(credits)[:2]
    credits[first] += 1
    credits[second] -= 1
    found = replay(decisions, standing=credits).disagreement
    assert found.part is Part.STANDING
    assert found.stored == {first: credits[first], second: credits[second]}
    assert found.replayed == {first: credits[first] - 1, second: credits[second] + 1}


@settings(max_examples=examples(40), deadline=None)
@given(SEEDS, st.dictionaries(st.integers(0, 60), st.integers(-TURN, TURN), max_size=6))
def test_what_is_booked_between_turns_is_booked_between_the_same_turns(seed, units):
    ledger = [(tick, {1: change, 2: -change}) for tick, change in sorted(units.items())]
    decisions = decide(Random(seed), 80, ledger)
    last = max((stored.tick for stored in decisions if stored.tick), default=0)
    ledger = [entry for entry in ledger if entry[0] < last]
    done = replay(decisions, ledger=ledger)
    assert done.disagreement is None
    if any(change for tick, change in units.items() if tick < last):
        assert sum(done.credits.values()) == 0


def test_several_entries_after_one_turn_and_after_the_last_are_all_booked():
    done = replay([], ledger=[(0, {1: 5, 2: -5}), (0, {1: 1, 3: -1}), (9, {2: 5, 3: -5})])
    assert done.credits == {1: 6, 2: 0, 3: -6}


# --- What is stored ---------------------------------------------------------------------------------------------------


def add_leads(market: Market, count: int, start: int) -> None:
    Lead.objects.bulk_create(
        Lead(
            source=SourceFactory(slug="web"), external_id=str(start + number), route=market.route,
            policy=market.route.policies.get(), company="Firm",
            product=market.product, region=market.region, received_at=market.now, stored_at=market.now,
        )
        for number in range(count)
    )  # fmt: skip


def live(market: Market, random: Random, *, rounds: int, leads: int) -> None:
    """Leads by the hundred, while partners join, pause, move away and come back, and offers run out."""
    for number in range(rounds):
        partner = random.choice(market.partners)
        status = random.choice([PartnerStatus.ACTIVE, PartnerStatus.ACTIVE, PartnerStatus.SUSPENDED])
        Partner.objects.filter(pk=partner.pk).update(status=status)
        random.choice(market.partners).regions.set([market.region] if random.random() < 0.7 else [])
        if random.random() < 0.2:
            market.add_partner(rank=random.randint(1, 3))
        add_leads(market, random.randint(1, leads), 1000 * number)
        distribute(market.route, now=market.now)
        ran_out = list(Offer.objects.open().order_by("?").values_list("lead", flat=True)[:20])
        Offer.objects.open().filter(lead__in=ran_out).update(
            state=OfferState.EXPIRED, closed_at=market.now + timedelta(hours=24)
        )
        Lead.objects.filter(pk__in=ran_out).update(status=LeadStatus.NEW)


@pytest.fixture
def lively(db, now) -> Market:
    weights = {TierFactory(rank=rank): rank for rank in (1, 2, 3)}
    market = make_market(now, partners=4, weights=weights, open_cap=500)
    live(market, Random(8), rounds=6, leads=60)
    return market


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("replay_decisions", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.embedded
def test_thousands_of_leads_are_replayed_while_partners_come_and_go(db, now):
    weights = {TierFactory(rank=rank): rank for rank in (1, 2, 3)}
    market = make_market(now, partners=5, weights=weights, open_cap=300)
    live(market, Random(7), rounds=25, leads=200)
    done = replay_decisions(market.route)
    assert done.disagreement is None
    assert done.agreed == Decision.objects.count() > 2000
    assert Decision.objects.filter(tick=None).exists()
    assert f"{done.agreed} decisions agreed in all" in command()


@pytest.mark.embedded
@pytest.mark.parametrize("part", ["credits", "verdicts", "winner"])
def test_the_command_names_the_place_of_what_was_tampered_with(lively, part, capsys):
    decision = Decision.objects.filter(tick__gte=20, verdicts__contains="n").order_by("tick")[0]
    if part == "credits":
        decision.credits[-1] += 1
    elif part == "verdicts":
        decision.verdicts = decision.verdicts.replace("w", "x").replace("n", "w", 1).replace("x", "n")
    else:
        decision.winner = next(partner for partner in lively.partners if partner != decision.winner)
    decision.save()
    out = io.StringIO()
    with pytest.raises(CommandError, match=lively.route.slug) as refused:
        call_command("replay_decisions", "--route", lively.route.slug, stdout=out)
    assert refused.value.returncode == 1
    assert f"{lively.route.slug}: {decision.tick - 1} decisions agreed" in out.getvalue()
    assert f"turn {decision.tick}, lead {decision.lead_id}: {part}" in out.getvalue()
    assert "stored:" in out.getvalue()
    assert "replayed:" in out.getvalue()


def test_a_credit_that_was_changed_by_hand_is_found(lively):
    row, other = RouteCredit.objects.filter(route=lively.route).order_by("pk")[:2]
    moved = RouteCredit.objects.filter(pk__in=[row.pk, other.pk])
    moved.update(credit=Case(When(pk=row.pk, then=F("credit") + 1), default=F("credit") - 1))  # the sum stays zero
    found = replay_decisions(lively.route).disagreement
    assert found.part is Part.STANDING
    assert found.stored == {row.partner_id: row.credit + 1, other.partner_id: other.credit - 1}
    assert found.replayed == {row.partner_id: row.credit, other.partner_id: other.credit}


def test_every_decision_holds_the_credits_of_exactly_those_that_competed(lively):
    for verdicts, credits in Decision.objects.values_list("verdicts", "credits"):
        assert len(credits) == sum(letter in COMPETED for letter in verdicts)


def test_a_route_that_nobody_knows_is_refused_with_those_that_there_are(market):
    other = RouteFactory()
    with pytest.raises(CommandError, match=other.slug):
        command("--route", "nowhere")
    assert f"{other.slug}: 0 decisions agreed" in command("--route", other.slug)


def test_turns_given_back_and_residues_settled_are_replayed_between_the_turns(market, now):
    market.add_leads(5)
    distribute(market.route, limit=3, now=now)
    staff = UserFactory(staff=True)
    give_turn_back(Offer.objects.get(tick=2), reason="Spam", by=staff, now=now)
    distribute(market.route, now=now)
    Partner.objects.filter(pk=market.partners[0].pk).update(status=PartnerStatus.ENDED)
    settle_those_that_left([market.partners[0].pk], now=now)
    market.add_leads(4)
    distribute(market.route, now=now)
    assert Correction.objects.count() == 2
    replayed = replay_decisions(market.route)
    assert replayed.disagreement is None
    assert replayed.agreed == 9
    Correction.objects.filter(kind="undone").delete()
    assert replay_decisions(market.route).disagreement is not None
