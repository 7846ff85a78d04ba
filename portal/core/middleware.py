"""What no address may hold, security policy per part of the site, and refusals turned into pages that say why."""

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from portal.core.errors import Refusal


class ReadableAddressMiddleware:
    """Refuses a request whose address or cookies hold a NUL: no text of PostgreSQL can, so no row is named by it.

    Forms refuse one by themselves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        texts = (request.path_info, *request.COOKIES.values())
        if "%00" in request.META.get("QUERY_STRING", "") or any("\0" in text for text in texts):
            raise BadRequest("a NUL in the address or in a cookie")
        return self.get_response(request)


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """The strict policy everywhere; below the admin the policy that Wagtail's inline scripts need."""

    def get_policy_parts(self, request: HttpRequest, response: Any, report_only: bool = False) -> PolicyParts:
        parts = super().get_policy_parts(request=request, response=response, report_only=report_only)
        if not report_only and request.path_info.startswith(reverse("wagtailadmin_home")):
            parts.replace = {**settings.CONTENT_SECURITY_POLICY_ADMIN, **(parts.replace or {})}
        return parts


class RefusalMiddleware:
    """Answers a :class:`Refusal` that reached the web with its reason and its remedy, as a page or as problem details."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal):
            return None
        if request.accepts("text/html"):
            return render(request, "core/refused.html", {"refusal": exception}, status=exception.status)
        problem = {
            "type": "about:blank",
            "title": str(exception.message),
            "status": exception.status,
            "detail": str(exception.remedy),
            "code": exception.code,
        }
        return JsonResponse(problem, status=exception.status, content_type="application/problem+json")
