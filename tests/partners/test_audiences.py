"""Who belongs to an audience: the database's answer against the rule said in plain Python."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.content.models import Product
from portal.partners.models import Audience, Membership, PartnerKind
from tests.factories.partners import (
    LONG_AGO,
    AudienceFactory,
    EntitlementFactory,
    JobRoleFactory,
    MembershipFactory,
    PartnerFactory,
    TierFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]


def belongs(audience, person, now) -> bool:
    """The rule, as a person would say it: each condition that is named holds, by any of its rows."""
    partner = person.partner
    if partner.status == "ended" or person.started_at > now or (person.ended_at and person.ended_at <= now):
        return False
    conditions = [
        (set(audience.kinds.all()), {partner.kind}),
        (set(audience.tiers.all()), {partner.tier}),
        (set(audience.job_roles.all()), set(person.job_roles)),
        (set(audience.products.all()), set(partner.products.all())),
        ({audience.language} - {""}, {person.user.language}),
        (
            {audience.entitlement} - {""},
            {
                entitlement.key
                for entitlement in person.user.entitlements.all()
                if entitlement.granted_at <= now
                and (entitlement.until is None or entitlement.until > now)
                and (entitlement.withdrawn_at is None or entitlement.withdrawn_at > now)
            },
        ),
    ]
    return all(not named or named & held for named, held in conditions)


def vocabulary():
    """Two rows of each kind. Hypothesis runs its examples in one transaction: after the first they are there."""
    return {
        "kinds": [PartnerKind.objects.get_or_create(slug=slug)[0] for slug in ("k1", "k2")],
        "tiers": [TierFactory(rank=1), TierFactory(rank=2)],
        "roles": [JobRoleFactory(seller=True), JobRoleFactory(engineer=True)],
        "products": [Product.objects.get_or_create(slug=slug)[0] for slug in ("p1", "p2")],
    }


def subsets(rows):
    return st.lists(st.sampled_from(rows), unique=True, max_size=2)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_admits_exactly_whom_the_rule_admits(data, now):
    rows = vocabulary()
    partner = PartnerFactory(
        kind=data.draw(st.sampled_from(rows["kinds"])),
        tier=data.draw(st.sampled_from(rows["tiers"])),
        status=data.draw(st.sampled_from(["active", "suspended", "ended"])),
    )
    partner.products.set(data.draw(subsets(rows["products"])))
    member = MembershipFactory(
        partner=partner,
        roles=data.draw(subsets(rows["roles"])),
        user__language=data.draw(st.sampled_from(["en", "ru"])),
        started_at=data.draw(st.sampled_from([LONG_AGO, now, now + timedelta(seconds=1)])),
    )
    for until, withdrawn in data.draw(st.lists(st.tuples(*[st.sampled_from([None, -1, 0, 1])] * 2), max_size=2)):
        EntitlementFactory(
            user=member.user,
            until=None if until is None else now + timedelta(seconds=until),
            withdrawn_at=None if withdrawn is None else now + timedelta(seconds=withdrawn),
        )
    audience = AudienceFactory(
        entitlement=data.draw(st.sampled_from(["", "certified"])), language=data.draw(st.sampled_from(["", "en", "ru"]))
    )
    for field, name in (("kinds", "kinds"), ("tiers", "tiers"), ("job_roles", "roles"), ("products", "products")):
        getattr(audience, field).set(data.draw(subsets(rows[name])))
    assert audience.admits(member, now) == belongs(audience, member, now)


def test_an_audience_that_names_nothing_admits_every_member_and_nobody_else(now):
    audience = AudienceFactory()
    assert audience.admits(MembershipFactory(), now)
    assert audience.admits(MembershipFactory(partner__status="suspended"), now)
    assert not audience.admits(MembershipFactory(partner__status="ended"), now)
    assert not audience.admits(MembershipFactory(ended_at=now), now)
    assert not audience.admits(None, now)


def test_an_entitlement_withdrawn_closes_the_audience_at_that_moment(now):
    audience = AudienceFactory(entitlement="certified")
    member = MembershipFactory()
    EntitlementFactory(user=member.user, withdrawn_at=now)
    assert audience.admits(member, now - timedelta(seconds=1))
    assert not audience.admits(member, now)


def test_all_audiences_are_decided_in_one_query_once_the_member_is_loaded(now, django_assert_num_queries):
    MembershipFactory()
    for _ in range(5):
        AudienceFactory().tiers.set([TierFactory(rank=1)])
    member = Membership.objects.with_roles().select_related("user").get()
    with django_assert_num_queries(1):
        assert len(Audience.objects.open_to(member, now)) == 5
