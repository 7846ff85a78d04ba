"""The inbox, the bell, and the choice of channels."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.notifications.models import Preference
from portal.notifications.notices import INVITATION_ACCEPTED
from portal.notifications.registry import NotificationType, types
from tests.factories.accounts import UserFactory
from tests.factories.notifications import NotificationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client):
    user = UserFactory()
    client.force_login(user)
    return user


def test_the_inbox_shows_ones_own_notices_alone(client, reader):
    NotificationFactory(user=reader, context={"name": "Grace", "partner": "Alder"})
    NotificationFactory(context={"name": "Eve", "partner": "Birch"})
    NotificationFactory(user=reader, in_inbox=False, context={"name": "Zed", "partner": "Cedar"})
    shown = client.get(reverse("notifications:inbox")).content.decode()
    assert "Grace has joined Alder" in shown
    assert "Eve" not in shown
    assert "Zed" not in shown


def test_a_notice_is_shown_escaped(client, reader):
    NotificationFactory(user=reader, context={"name": "<b>Grace</b>", "partner": "A & B"})
    shown = client.get(reverse("notifications:inbox")).content.decode()
    assert "&lt;b&gt;Grace&lt;/b&gt; has joined A &amp; B" in shown


def test_the_empty_inbox_says_what_will_stand_there(client, reader):
    assert "Nothing yet" in client.get(reverse("notifications:inbox")).content.decode()


def test_the_bell_counts_what_is_unread_in_one_query(client, reader):
    for _ in range(3):
        NotificationFactory(user=reader)
    NotificationFactory(user=reader, read_at="2026-01-01T00:00Z")
    with CaptureQueriesContext(connection) as captured:
        shown = client.get(reverse("accounts:preferences")).content.decode()
    assert "3 unread notices" in shown
    assert sum("notifications_notification" in query["sql"] for query in captured) == 1


def test_opening_a_notice_marks_it_as_read_and_leads_to_what_it_is_about(client, reader):
    notice = NotificationFactory(user=reader)
    answer = client.post(f"/ru/notifications/{notice.public_id}/open/")
    assert answer.headers["Location"] == "/ru/partner/team/"
    notice.refresh_from_db()
    assert notice.read_at
    assert client.post(reverse("notifications:open", args=[NotificationFactory().public_id])).status_code == 404


def test_one_that_leads_to_another_site_goes_on_from_a_page_of_its_own(client, reader):
    """A form whose redirects end elsewhere is stopped by our own policy."""
    outside = NotificationType("tests.leads_outside", label="Outside", template="x", leads_outside=True)
    try:
        notice = NotificationFactory(user=reader, type=outside.name, url="/en/study/join/token/")
        answer = client.post(f"/ru/notifications/{notice.public_id}/open/")
    finally:
        del types[outside.name]
    assert (answer.status_code, answer.headers["Refresh"]) == (200, "0; url=/ru/study/join/token/")
    assert 'href="/ru/study/join/token/"' in answer.content.decode()
    notice.refresh_from_db()
    assert notice.read_at


def test_all_are_marked_as_read_by_one_button(client, reader):
    NotificationFactory(user=reader)
    assert client.post(reverse("notifications:read_all")).status_code == 302
    assert not reader.notifications.unread().exists()


def test_looking_at_the_list_marks_nothing(client, reader):
    NotificationFactory(user=reader)
    client.get(reverse("notifications:inbox"))
    assert reader.notifications.unread().count() == 1


def test_the_inbox_takes_as_many_queries_for_many_as_for_few(client, reader):
    def count(url):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    url = reverse("notifications:inbox")
    NotificationFactory(user=reader)
    count(url)
    few = count(url)
    for _ in range(30):
        NotificationFactory(user=reader)
    assert count(url) == few


def test_a_person_chooses_channels_for_each_kind(client, reader):
    url = reverse("notifications:preferences")
    shown = client.get(url).content.decode()
    assert str(INVITATION_ACCEPTED.label) in shown
    answer = client.post(url, {f"{INVITATION_ACCEPTED.name}:inbox": "on"})
    assert answer.status_code == 302
    choice = Preference.objects.get(user=reader, type=INVITATION_ACCEPTED.name)
    assert (choice.in_inbox, choice.by_email) == (True, False)


@pytest.mark.parametrize("name", ["inbox", "preferences"])
def test_a_stranger_is_asked_to_sign_in(client, name):
    answer = client.get(reverse(f"notifications:{name}"))
    assert answer.status_code == 302
    assert reverse("account_login") in answer.headers["Location"]
