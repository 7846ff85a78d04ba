"""What a person chooses for themselves, and how it is honoured."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from portal.accounts.forms import time_zone_choices
from portal.accounts.middleware import PreferencesMiddleware
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def test_what_was_chosen_is_kept_and_the_page_comes_back_in_the_new_language(client):
    user = UserFactory()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    answer = client.post(
        reverse("accounts:preferences"),
        {"first_name": "Grace", "last_name": "Hopper", "language": "ru", "time_zone": "Asia/Tokyo"},
    )
    user.refresh_from_db()
    assert (user.first_name, user.last_name, user.language, user.time_zone) == ("Grace", "Hopper", "ru", "Asia/Tokyo")
    assert answer.headers["Location"].startswith("/ru/")
    assert answer.cookies["django_language"].value == ""


def test_an_unknown_zone_or_language_is_refused_and_nothing_is_lost(client):
    user = UserFactory()
    client.force_login(user)
    answer = client.post(
        reverse("accounts:preferences"),
        {"first_name": "Grace", "last_name": "Hopper", "language": "tlh", "time_zone": "Mars/Olympus"},
    )
    assert answer.status_code == 200
    assert 'value="Grace"' in answer.content.decode()
    user.refresh_from_db()
    assert user.language == "en"


def test_every_zone_offered_can_be_kept():
    for name, _label in time_zone_choices():
        UserFactory.build(time_zone=name, password="x").clean_fields(exclude=["password"])


def seen_by(user, path, cookies=None):
    request = RequestFactory().get(path)
    request.user = user
    request.COOKIES.update(cookies or {})
    seen = {}

    def view(request):
        seen.update(language=translation.get_language(), zone=timezone.get_current_timezone_name())
        return HttpResponse()

    with translation.override("en"):
        PreferencesMiddleware(view)(request)
    return seen


@pytest.mark.parametrize(
    ("path", "cookies", "language"),
    [
        ("/", {}, "ru"),
        ("/en/library/", {}, "en"),
        ("/", {"django_language": "en"}, "en"),
    ],
)
def test_the_address_goes_before_the_device_and_the_device_before_the_person(path, cookies, language):
    user = UserFactory.build(language="ru", time_zone="Asia/Tokyo")
    assert seen_by(user, path, cookies) == {"language": language, "zone": "Asia/Tokyo"}


def test_the_zone_is_put_back_after_the_answer(settings):
    seen_by(UserFactory.build(time_zone="Asia/Tokyo"), "/")
    assert timezone.get_current_timezone_name() == settings.TIME_ZONE
