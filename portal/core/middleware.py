"""What no address may hold, security policy per part of the site, and refusals turned into pages that say why."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from csp.constants import HEADER, SELF
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from portal.core.errors import Refusal
from portal.core.shell import locate


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


#: How django-csp marks a response with a policy of its own.
CHANGES = {"_csp_exempt", "_csp_config", "_csp_update", "_csp_replace"}


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """The strict policy everywhere; below the admin the policy that Wagtail's inline scripts need."""

    #: What the header of an ordinary response outside the admin is; written out once.
    ordinary = ""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        if CHANGES & response.__dict__.keys() or "_csp_nonce" in request.__dict__ or _is_admin(request):
            return super().process_response(request, response)
        if not self.ordinary:
            self.ordinary = build_policy(**asdict(self.get_policy_parts(request, response)))
        response.headers.setdefault(HEADER, self.ordinary)
        return response

    def get_policy_parts(self, request: HttpRequest, response: Any, report_only: bool = False) -> PolicyParts:
        parts = super().get_policy_parts(request=request, response=response, report_only=report_only)
        if not report_only and _is_admin(request):
            parts.replace = {**settings.CONTENT_SECURITY_POLICY_ADMIN, **(parts.replace or {})}
        return parts


def _is_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith(locate("wagtailadmin_home"))


def allow_frames(response: HttpResponse, *origins: str) -> None:
    """Let this one response show pages of these origins in frames; every other response still shows none but ours."""
    response._csp_update = {"frame-src": [SELF, *origins]}  # type: ignore[attr-defined]  # where django-csp looks


def _find_form(request: HttpRequest) -> str:
    """The page of this portal whose form was refused; empty where a browser does not say, and for a page that was read."""
    origin, address = f"{request.scheme}://{request.get_host()}", request.headers.get("Referer", "")
    return address if request.method == "POST" and address.startswith(f"{origin}/") else ""


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
            context = {"refusal": exception, "url": _find_form(request), "action": _("Back to where I was")}
            return render(request, "core/refused.html", context, status=exception.status)
        problem = {
            "type": "about:blank",
            "title": str(exception.message),
            "status": exception.status,
            "detail": str(exception.remedy),
            "code": exception.code,
        }
        return JsonResponse(problem, status=exception.status, content_type="application/problem+json")
