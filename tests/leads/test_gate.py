"""Every door by which the gate can close: from that moment no lead is offered and none is taken, though no job has run."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.models import Credential, Requirement
from portal.core.errors import Refusal
from portal.leads.models import Offer
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer
from portal.partners.models import Acceptance
from tests.factories.accounts import UserFactory
from tests.factories.certification import ExamFactory
from tests.factories.leads import make_market
from tests.factories.partners import AgreementVersionFactory, MembershipFactory, TierFactory

pytestmark = pytest.mark.django_db


def describe(partner, **changes):
    """The partner's form as staff send it."""
    plain = ("name", "status", "status_reason", "country", "language", "time_zone")
    reach = {name: [row.pk for row in getattr(partner, name).all()] for name in ("regions", "products")}
    return (
        {**{name: getattr(partner, name) for name in plain}, "kind": partner.kind_id, "tier": partner.tier_id}
        | reach
        | changes
    )


def describe_rule(programme, *, people=1, new_exam=None):
    """The programme's form as examiners send it."""
    exams = [{"id": row.pk, "exam": row.exam_id, "ORDER": row.sort_order} for row in programme.programme_exams.all()]
    rules = [{"id": row.pk, "tier": row.tier_id or "", "people": people} for row in programme.requirements.all()]
    data = {
        "slug": programme.slug, "letter": programme.letter, "shape": programme.shape,
        "title_en": "Programme", "title_ru": "", "intro_en": "", "intro_ru": "",
    }  # fmt: skip
    for prefix, rows, stored in (
        ("programme_exams", [*exams, {"exam": new_exam.pk, "ORDER": 9}] if new_exam else exams, len(exams)),
        ("requirements", rules, len(rules)),
    ):
        data |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": stored}
        data |= {f"{prefix}-MIN_NUM_FORMS": 0, f"{prefix}-MAX_NUM_FORMS": 1000}
        data |= {f"{prefix}-{place}-{name}": value for place, row in enumerate(rows) for name, value in row.items()}
    return data


def staff_end_the_membership(market, staff):
    staff.post(reverse("partners_admin:leave", args=[market.members[0].pk]))


def staff_withdraw_the_acceptance(market, staff):
    acceptance = Acceptance.objects.get(partner=market.partners[0])
    staff.post(reverse("partners_admin:withdraw", args=[acceptance.pk]), {"reason": "Asked"})


def staff_suspend_the_partner(market, staff):
    partner = market.partners[0]
    staff.post(reverse("partners_admin:edit", args=[partner.pk]), describe(partner, status="suspended"))


def staff_raise_the_tier(market, staff):
    higher = TierFactory(rank=7)
    Requirement.objects.create(programme=market.programme, tier=higher, people=2)
    partner = market.partners[0]
    staff.post(reverse("partners_admin:edit", args=[partner.pk]), describe(partner, tier=higher.pk))


def staff_revoke_the_credential(market, staff):
    staff.post(reverse("credentials:revoke", args=[Credential.objects.get().pk]), {"reason": "Shared answers"})


def staff_ask_for_more_people(market, staff):
    staff.post(reverse("programmes:edit", args=[market.programme.pk]), describe_rule(market.programme, people=2))


def staff_add_an_exam(market, staff):
    data = describe_rule(market.programme, new_exam=ExamFactory(questions=0))
    staff.post(reverse("programmes:edit", args=[market.programme.pk]), data)


def a_new_agreement_comes_into_effect(market, staff):
    AgreementVersionFactory(number=2, effective_from=timezone.now())


def the_holder_lets_it_count_elsewhere(market, staff):
    holder = market.members[0].user
    other = MembershipFactory(user=holder)
    staff.force_login(holder)
    url = reverse("certification:count", args=[Credential.objects.get().public_id])
    staff.post(url, {"membership": other.public_id})


def the_credential_expires(market, staff):
    Credential.objects.update(expires_at=timezone.now())
    market.partners[0].qualifications.update(valid_until=timezone.now())


@pytest.mark.parametrize(
    "close",
    [
        staff_end_the_membership,
        staff_withdraw_the_acceptance,
        staff_suspend_the_partner,
        staff_raise_the_tier,
        staff_revoke_the_credential,
        staff_ask_for_more_people,
        staff_add_an_exam,
        a_new_agreement_comes_into_effect,
        the_holder_lets_it_count_elsewhere,
        the_credential_expires,
    ],
)
def test_whichever_way_the_gate_closes_no_lead_passes_it(client, close):
    market = make_market(timezone.now(), partners=1)
    (offered,) = market.add_leads(1)
    assert distribute(market.route, now=timezone.now()).offered == 1
    client.force_login(UserFactory(staff=True))
    close(market, client)
    market.add_leads(1)
    done = distribute(market.route, now=timezone.now())
    assert (done.offered, done.held) == (0, 1)
    with pytest.raises(Refusal) as refusal:
        accept_offer(Offer.objects.get(lead=offered), by=market.person(), now=timezone.now())
    assert refusal.value.code == "not_qualified"


def test_a_gate_that_closes_by_time_alone_closes_in_the_middle_of_a_long_run_too(monkeypatch, now):
    monkeypatch.setattr("portal.leads.services.distribution.BATCH", 2)
    market = make_market(now, partners=1)
    market.add_leads(5)
    AgreementVersionFactory(number=2, effective_from=now + timedelta(seconds=1))
    done = distribute(market.route, now=now, clock=lambda: now + timedelta(seconds=2))
    assert (done.offered, done.held) == (2, 3)
    assert set(Offer.objects.values_list("made_at", flat=True)) == {now}
