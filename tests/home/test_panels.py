"""The staff desk on the first page of the administration."""

import pytest
from django.utils import timezone

from tests.factories.leads import LeadFactory, RouteFactory
from tests.world import build_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = build_people(timezone.now())
    route = RouteFactory(products=[world.product])
    details = {"route": route, "product": world.product, "region": world.region, "status": "held", "held_at": world.now}
    LeadFactory.create_batch(3, held_reason="at_capacity", **details)
    LeadFactory(held_reason="unknown_product", **details)
    return world


def desk_of(client, world, persona: str) -> str:
    client.force_login(world.people[persona])
    return client.get("/admin/").content.decode()


def test_a_channel_manager_sees_what_holds_leads_and_gets_there_in_one_click(client, world):
    page = desk_of(client, world, "channel_manager")
    assert "Held: Every partner has as many open offers as it may" in page
    address = "/admin/leads/?held_reason=at_capacity"
    assert address in page
    listed = client.get(address)
    assert listed.context["items_count"] == 3


@pytest.mark.parametrize("persona", ["editor", "examiner"])
def test_those_who_do_not_look_after_leads_see_no_desk(client, world, persona):
    assert "staff-desk" not in desk_of(client, world, persona)
