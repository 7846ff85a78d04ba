"""The person of a request; their own time zone on every page, and their language where the address names none."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from portal.accounts.backends import at_hand
from portal.accounts.models import User


class PersonRequest(HttpRequest):
    """A request as views get it: LoginRequiredMiddleware lets only signed-in people through. For annotations alone."""

    user: User


class PersonMiddleware(AuthenticationMiddleware):
    """Django's own, with the person whom the session was read with (:mod:`portal.accounts.sessions`)."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _find_person(request))  # type: ignore[assignment]  # as Django's own is


def _find_person(request: Any) -> Any:
    request.session.get("")  # read it, and the person with it, before they are asked for
    with at_hand(request.session.person):
        return get_user(request)


class PreferencesMiddleware:
    """Activates the signed-in person's time zone; and their language on addresses without a language prefix.

    A language switched to on this device (the cookie) goes before the one that the person keeps in their preferences.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        by_address = translation.get_language_from_path(request.path_info) is not None
        if not by_address and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(request.user.zone):
            return self.get_response(request)
