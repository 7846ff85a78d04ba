"""Taking leads in: everything is stored, nothing twice, and a hold can be ended."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.core.errors import Refusal
from portal.leads.models import HeldReason, Lead, LeadContact, LeadStatus, SourceProduct
from portal.leads.rows import Field, Submission
from portal.leads.services.intake import complete_lead, receive_leads, reread_held_leads
from tests.factories.accounts import UserFactory
from tests.factories.content import ProductFactory
from tests.factories.leads import RouteFactory, SourceFactory
from tests.factories.partners import RegionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(market):
    return SourceFactory(products={"GTX": market.product}, regions={"West": market.region})


def submission(external_id: str = "A1", **given) -> Submission:
    return Submission(**{"external_id": external_id, "company": "Firm", "product": "GTX", "region": "West", **given})


@pytest.mark.embedded
def test_a_lead_that_can_be_routed_is_new_and_told(market, source, now, facts):
    (lead_id,) = receive_leads([submission()], source=source, now=now)
    lead = Lead.objects.get()
    assert (lead.status, lead.route, lead.product, lead.region) == (
        LeadStatus.NEW, market.route, market.product, market.region,
    )  # fmt: skip
    assert lead.received_at == now
    assert facts("leads_received") == [{"lead_ids": [lead_id]}]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"product": "GTK 500"}, HeldReason.UNKNOWN_PRODUCT),
        ({"product": ""}, HeldReason.UNKNOWN_PRODUCT),
        ({"region": "Moon"}, HeldReason.UNKNOWN_REGION),
        ({"product": "GTK 500", "region": "Moon", "company": ""}, HeldReason.UNKNOWN_PRODUCT),
        ({"company": ""}, HeldReason.NO_CONTACT),
        ({"company": "", "contact_name": "Ann"}, ""),
        ({"company": "", "message": "Hello"}, HeldReason.NO_CONTACT),
        ({"received_at": None}, ""),
        ({"product": " gtx "}, ""),
    ],
)
def test_what_cannot_be_routed_is_stored_and_held_for_the_first_reason(source, now, given, reason):
    receive_leads([submission(**given)], source=source, now=now)
    lead = Lead.objects.get()
    assert lead.held_reason == reason
    assert lead.status == (LeadStatus.HELD if reason else LeadStatus.NEW)
    assert (lead.held_at == now) is bool(reason)


def test_a_product_without_a_route_is_held_for_that(source, now):
    receive_leads([submission(product=ProductFactory().slug)], source=source, now=now)
    assert Lead.objects.get().held_reason == HeldReason.NO_ROUTE


def test_a_lead_goes_to_the_first_route_that_takes_it(market, source, now):
    elsewhere = RouteFactory(products=[market.product], regions=[RegionFactory()], order=0)
    first = RouteFactory(products=[market.product], regions=[market.region], order=0)
    type(market.route).objects.filter(pk=market.route.pk).update(order=5)
    receive_leads([submission()], source=source, now=now)
    assert Lead.objects.get().route == first != elsewhere


def test_a_known_identity_creates_nothing_and_the_same_company_is_another_lead(source, now, facts):
    receive_leads([submission("A1")], source=source, now=now)
    assert receive_leads([submission("A1", company="Changed")], source=source, now=now) == []
    receive_leads([submission("A2"), submission("A2")], source=source, now=now)
    receive_leads([submission("A1")], source=SourceFactory(), now=now)
    assert Lead.objects.count() == 3
    assert Lead.objects.get(source=source, external_id="A1").company == "Firm"
    assert len(facts("leads_received")) == 3


def test_personal_data_is_in_the_contact_alone(source, now):
    receive_leads(
        [submission(contact_name="Ann Lee", contact_email="ann@firm.example", message="I am Ann Lee",
                    evidence={"stage": "Won"}, contact_evidence={"Email": "ann@firm.example"})],
        source=source, now=now,
    )  # fmt: skip
    row = Lead.objects.values().get()
    assert "Ann" not in str(row)
    assert "ann@" not in str(row)
    contact = LeadContact.objects.get()
    assert (contact.name, contact.email, contact.message) == ("Ann Lee", "ann@firm.example", "I am Ann Lee")
    assert Lead.objects.get().evidence == {"stage": "Won"}


def test_taking_in_costs_the_same_number_of_queries_for_few_leads_and_many(source, now):
    counts = []
    for size in (3, 400):
        batch = [submission(f"{size}-{number}", contact_name="Ann") for number in range(size)]
        with CaptureQueriesContext(connection) as queries:
            receive_leads(batch, source=source, now=now)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- Ending a hold ----------------------------------------------------------------------------------------------------


def test_a_name_added_to_the_source_wakes_its_leads(market, now, facts):
    source = SourceFactory(columns={"Product": Field.PRODUCT}, regions={"West": market.region})
    receive_leads([submission(product="GTK 500", evidence={"Product": "GTK 500"})], source=source, now=now)
    receive_leads([submission("A2", product="Other", evidence={"Product": "Other"})], source=source, now=now)
    assert reread_held_leads(source_ids=[source.pk], now=now) == []
    SourceProduct.objects.create(source=source, name="gtk  500", product=market.product)
    (woken,) = reread_held_leads(source_ids=[source.pk], now=now)
    lead = Lead.objects.get(pk=woken)
    assert (lead.status, lead.route, lead.problems) == (LeadStatus.NEW, market.route, [])
    assert Lead.objects.held().count() == 1
    assert facts("leads_received")[-1] == {"lead_ids": [woken]}


def test_a_route_added_wakes_the_leads_that_had_none(source, now):
    product = ProductFactory()
    receive_leads([submission(product=product.slug)], source=source, now=now)
    route = RouteFactory(products=[product])
    assert len(reread_held_leads(now=now)) == 1
    assert Lead.objects.get().route == route


def test_staff_complete_a_lead_that_lacked_a_contact(market, source, now):
    receive_leads([submission(company="")], source=source, now=now)
    by = UserFactory(staff=True)
    lead = complete_lead(
        Lead.objects.get(), company="", product=market.product, region=market.region,
        contact={"name": "Ann"}, by=by, now=now,
    )  # fmt: skip
    assert (lead.status, lead.contact.name) == (LeadStatus.NEW, "Ann")
    with pytest.raises(Refusal):
        complete_lead(lead, company="", product=None, region=None, contact={}, by=by, now=now)
