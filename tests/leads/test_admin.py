"""Channel managers' screens: every offer and every reason in full, imports in two steps, nothing for anyone else."""

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.core.models import Fact
from portal.leads.access import CHANNEL_MANAGER_PERMISSIONS
from portal.leads.models import HeldReason, ImportFile, Lead, LeadStatus, Offer, Route, Source
from portal.leads.rows import Field
from portal.leads.services.distribution import distribute
from tests.factories.accounts import UserFactory
from tests.factories.content import ProductFactory
from tests.factories.leads import SourceFactory, make_market
from tests.factories.partners import RegionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(db):
    return make_market(timezone.now(), partners=3)


@pytest.fixture
def manager(db):
    user = UserFactory()
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="leads", codename__in=CHANNEL_MANAGER_PERMISSIONS)
        | Permission.objects.filter(content_type__app_label="wagtailadmin", codename="access_admin")
    )
    return user


@pytest.fixture
def desk(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def outsider(client):
    """Staff of another kind: the administration, but no leads."""
    user = UserFactory()
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="wagtailadmin", codename="access_admin")
    )
    client.force_login(user)
    return client


def upload(desk, source, text: str):
    file = SimpleUploadedFile("leads.csv", text.encode(), content_type="text/csv")
    return desk.post(reverse("leads_admin:import"), {"source": source.slug, "file": file})


CSV = "Number,Company,Product,Region\n1,Firm,GTX,West\n2,,GTX,West\n3,Other,GTK 500,West\n"


@pytest.fixture
def source(market):
    return SourceFactory(
        columns={
            "Number": Field.EXTERNAL_ID, "Company": Field.COMPANY, "Product": Field.PRODUCT, "Region": Field.REGION,
        },
        products={"GTX": market.product}, regions={"West": market.region},
    )  # fmt: skip


def test_the_list_is_filtered_by_status_reason_route_and_source(desk, market):
    new, held = market.add_leads(1), market.add_leads(1)
    Lead.objects.filter(pk=held[0].pk).update(status="held", held_reason=HeldReason.AT_CAPACITY, held_at=timezone.now())
    for query, shown, hidden in (
        ("status=held", held, new),
        ("held_reason=at_capacity", held, new),
        (f"route={market.route.pk}&status=new", new, held),
        (f"q={new[0].external_id}", new, held),
    ):
        text = desk.get(f"{reverse('leads_admin:index')}?{query}").content.decode()
        assert shown[0].company in text
        assert hidden[0].company not in text


def test_a_lead_shows_every_offer_and_the_first_condition_that_stopped_each_partner(desk, market):
    market.partners[2].regions.clear()
    (lead,) = market.add_leads(1)
    distribute(market.route, now=market.now)
    text = desk.get(reverse("leads_admin:inspect", args=[lead.pk])).content.decode()
    for partner in market.partners:
        assert partner.name in text
    assert "Does not work in the region" in text
    assert "It was not its turn yet" in text
    assert "Got the lead" in text
    assert lead.contact.name in text


def test_a_held_lead_names_its_field_and_what_would_end_it(desk, source, market):
    upload(desk, source, CSV)
    desk.post(reverse("leads_admin:import_report", args=[ImportFile.objects.get().public_id]), {"confirm": "1"})
    lead = Lead.objects.get(external_id="3")
    text = desk.get(reverse("leads_admin:inspect", args=[lead.pk])).content.decode()
    assert "Unknown product" in text
    assert "Name the product in the source" in text
    assert "GTK 500" in text


def test_an_import_goes_from_the_dry_run_to_the_confirmation_and_creates_nothing_before(desk, source):
    response = upload(desk, source, CSV)
    kept = ImportFile.objects.get()
    address = reverse("leads_admin:import_report", args=[kept.public_id])
    assert response.headers["Location"] == address
    text = desk.get(address).content.decode()
    assert "Of 3 rows, 3 leads would be created" in text
    assert "GTK 500" in text
    assert not Lead.objects.exists()
    desk.post(address, {"confirm": "1"})
    assert Lead.objects.count() == 3
    assert not ImportFile.objects.exists()
    assert desk.get(address).headers["Location"] == reverse("leads_admin:import")
    assert Fact.objects.get(name="leads_received").actor_id is not None


def test_a_dropped_file_leaves_nothing(desk, source):
    upload(desk, source, CSV)
    desk.post(reverse("leads_admin:import_report", args=[ImportFile.objects.get().public_id]), {"drop": "1"})
    assert not ImportFile.objects.exists()
    assert not Lead.objects.exists()


def test_an_unreadable_file_is_refused_with_its_reason(desk, source):
    response = upload(desk, source, "Company\nFirm\n")
    assert response.status_code == 200
    assert "No column of the file is the identity" in response.content.decode()
    assert not ImportFile.objects.exists()


def test_a_kept_file_is_its_uploader_s_alone(desk, source, manager):
    upload(desk, source, CSV)
    address = reverse("leads_admin:import_report", args=[ImportFile.objects.get().public_id])
    desk.force_login(UserFactory(staff=True))
    assert desk.get(address).status_code == 302


def test_staff_close_and_complete_leads(desk, market):
    (lead,) = market.add_leads(1, company="")
    lead.contact.delete()
    Lead.objects.filter(pk=lead.pk).update(status="held", held_reason="no_contact", held_at=timezone.now())
    desk.post(
        reverse("leads_admin:complete", args=[lead.pk]),
        {"company": "Found Ltd", "product": market.product.pk, "region": market.region.pk},
    )
    lead.refresh_from_db()
    assert (lead.status, lead.company) == (LeadStatus.NEW, "Found Ltd")
    distribute(market.route, now=timezone.now())
    desk.post(reverse("leads_admin:close", args=[lead.pk]), {"note": "A test"})
    lead.refresh_from_db()
    assert lead.status == LeadStatus.CLOSED
    assert Offer.objects.get().state == "withdrawn"
    text = desk.post(reverse("leads_admin:close", args=[lead.pk]), {"note": "Again"}).content.decode()
    assert "finished already" in text


def inline(prefix: str, rows: list[dict[str, object]]) -> dict[str, object]:
    data: dict[str, object] = {
        f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0,
        f"{prefix}-MIN_NUM_FORMS": 0, f"{prefix}-MAX_NUM_FORMS": 1000,
    }  # fmt: skip
    for place, row in enumerate(rows):
        data |= {f"{prefix}-{place}-{key}": value for key, value in row.items()}
        data |= {f"{prefix}-{place}-ORDER": place + 1, f"{prefix}-{place}-id": ""}
    return data


def test_a_source_is_kept_with_its_columns_and_names(desk, market):
    given = {
        "slug": "fair", "name_en": "Fair", "name_ru": "Ярмарка",
        **inline("columns", [{"name": "Id", "field": "external_id"}, {"name": "Firm", "field": "company"}]),
        **inline("product_names", [{"name": "GTX", "product": market.product.pk}]),
        **inline("region_names", []),
    }  # fmt: skip
    response = desk.post(reverse("lead_sources:add"), given)
    assert response.status_code == 302, response.context["form"].errors
    source = Source.objects.get(slug="fair")
    assert [column.name for column in source.columns.all()] == ["Id", "Firm"]
    assert Fact.objects.filter(name="sources_changed", payload__source_ids=[source.pk]).exists()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([{"name": "Id", "field": "company"}], "One column must be the number at the source"),
        ([{"name": "Id", "field": "external_id"}, {"name": " id ", "field": "company"}], "Entered twice"),
    ],
)
def test_a_source_that_could_not_be_read_by_is_refused(desk, columns, message):
    given = {
        "slug": "fair", "name_en": "Fair", "name_ru": "", **inline("columns", columns),
        **inline("product_names", []), **inline("region_names", []),
    }  # fmt: skip
    response = desk.post(reverse("lead_sources:add"), given)
    assert response.status_code == 200
    assert message in response.content.decode()


def test_a_route_is_kept_with_its_weights_and_told(desk, market):
    given = {
        "slug": "north", "order": "3", "name_en": "North", "name_ru": "Север", "programme": market.programme.pk,
        "products": [market.product.pk], "regions": [], "window_hours": "12", "open_cap": "9",
        "languages": ["en"], "least_employees": "", "most_employees": "500", "day_cap": "", "most_offers": "", "slots": "",
        "countries": "Norway\nse", "least_score": "40", "performance": "", "fallback": market.route.pk, "fallback_hours": "",
        **inline("weights", [{"tier": market.partners[0].tier_id, "weight": 5}]),
    }  # fmt: skip
    response = desk.post(reverse("lead_routes:add"), given)
    assert response.status_code == 302, response.context["form"].errors
    route = Route.objects.get(slug="north")
    assert list(route.products.all()) == [market.product]
    assert route.weights.get().weight == 5
    assert (route.languages, route.most_employees, route.day_cap) == (["en"], 500, 0)
    assert (route.countries, route.least_score, route.slots, route.performance) == (["NO", "SE"], 40, 1, 0)
    assert (route.fallback, route.fallback_hours) == (market.route, 24)
    page = desk.get(reverse("lead_routes:edit", args=[route.pk])).content.decode()
    assert "Norway\nSweden" in page
    refused = desk.post(
        reverse("lead_routes:add"), {**given, "countries": "Atlantis", "slots": "3", "most_offers": "2"}
    )
    assert set(refused.context["form"].errors) == {"countries", "most_offers", "slug"}
    assert Fact.objects.filter(name="routes_drafted", payload__route_ids=[route.pk]).exists()
    assert not route.policies.exists()  # a draft until it is published


def test_a_draft_is_tried_compared_published_stopped_and_resumed(desk, market):
    market.add_leads(3)
    distribute(market.route, now=market.now)
    pk = market.route.pk
    lead = {"source": SourceFactory(slug="web").pk, "product": market.product.pk, "region": market.region.pk}
    tried = desk.get(reverse("lead_routes:try", args=[pk]), {**lead, "language": "", "employees": ""})
    assert f"It would be offered to {market.partners[0].name}" in tried.content.decode()
    elsewhere = desk.get(reverse("lead_routes:try", args=[pk]), {**lead, "product": ProductFactory().pk})
    assert "does not take this lead" in elsewhere.content.decode()
    compared = desk.get(reverse("lead_routes:compare", args=[pk]))
    assert [(gain.had, gain.has) for gain in compared.context["compared"].gains] == [(1, 1)] * 3
    market.route.open_cap = 3
    market.route.save()
    page = desk.get(reverse("lead_routes:edit", args=[pk])).content.decode()
    assert "What is below is a draft" in page
    assert (
        desk.post(reverse("lead_routes:publish", args=[pk]), {"effective_from": "", "note": "Fewer"}).status_code == 302
    )
    assert market.route.policies.get(number=2).note == "Fewer"
    assert desk.post(reverse("lead_routes:stop", args=[pk]), {"reason": "Prices are wrong"}).status_code == 302
    page = desk.get(reverse("lead_routes:edit", args=[pk])).content.decode()
    assert "This route is stopped" in page
    assert "Prices are wrong" in page
    assert desk.post(reverse("lead_routes:resume", args=[pk])).status_code == 302
    assert "This route is stopped" not in desk.get(reverse("lead_routes:edit", args=[pk])).content.decode()


def test_planned_rules_are_taken_back(desk, market):
    market.route.open_cap = 3
    market.route.save()
    planned = {"effective_from": "2099-01-01 10:00", "note": ""}
    assert desk.post(reverse("lead_routes:publish", args=[market.route.pk]), planned).status_code == 302
    url = reverse("lead_routes:withdraw", args=[market.route.pk, 2])
    assert url in desk.get(reverse("lead_routes:edit", args=[market.route.pk])).content.decode()
    assert desk.post(url).status_code == 302
    assert market.route.policies.count() == 1


@pytest.mark.parametrize("url", ["leads_admin:index", "leads_admin:import", "lead_sources:index", "lead_routes:index"])
def test_other_staff_see_no_leads(outsider, url):
    assert outsider.get(reverse(url)).status_code == 302


def test_other_staff_neither_look_at_a_lead_nor_change_one(outsider, market):
    (lead,) = market.add_leads(1)
    for name in ("inspect", "close", "complete"):
        response = outsider.get(reverse(f"leads_admin:{name}", args=[lead.pk]))
        assert response.status_code == 302
        assert lead.company not in response.content.decode()


def test_a_lead_s_contact_needs_its_own_permission(desk, manager, market):
    manager.user_permissions.remove(Permission.objects.get(codename="view_leadcontact"))
    (lead,) = market.add_leads(1)
    text = desk.get(reverse("leads_admin:inspect", args=[lead.pk])).content.decode()
    assert lead.contact.name not in text


def test_the_list_costs_the_same_for_few_and_many(desk, market):
    counts = []
    for size in (3, 40):
        market.add_leads(size)
        desk.get(reverse("leads_admin:index"))
        with CaptureQueriesContext(connection) as queries:
            desk.get(reverse("leads_admin:index"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_region_that_a_route_names_is_not_deleted_so_that_the_route_does_not_take_the_world(client, market):
    client.force_login(UserFactory(staff=True))
    here = RegionFactory()
    market.route.regions.set([here])
    market.route.save()
    client.post(reverse("regions:delete", args=[here.pk]))
    assert list(Route.objects.get(pk=market.route.pk).regions.all()) == [here]
