"""A page that an editor scheduled goes live by beat, and comes down again."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from portal.home.tasks import publish_scheduled
from tests.factories.training import Tree

pytestmark = pytest.mark.django_db


def is_live(page) -> bool:
    page.refresh_from_db()
    return page.live


def test_a_scheduled_page_goes_live_at_its_time_and_comes_down_at_its_end():
    now = timezone.now()
    tree = Tree()
    page = tree.add_doc("Autumn prices", slug="autumn-prices", live=False)
    page.go_live_at, page.expire_at = now + timedelta(hours=1), now + timedelta(days=7)
    page.save_revision(approved_go_live_at=page.go_live_at)
    publish_scheduled()
    assert not is_live(page)
    with time_machine.travel(now + timedelta(hours=2), tick=False):
        publish_scheduled()
    assert is_live(page)
    with time_machine.travel(now + timedelta(days=8), tick=False):
        publish_scheduled()
    assert not is_live(page)
