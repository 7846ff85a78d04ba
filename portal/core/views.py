"""Pages and switches of the shell itself."""

from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, get_language_from_path, override
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language as django_set_language

from portal.core.models import Brand
from portal.core.samples import collect_samples
from portal.core.sprite import ICONS

THEMES = frozenset({"auto", "light", "dark"})
YEAR = 365 * 24 * 3600


# What is worth seeing at the head of the styleguide: the colours by what they mean.
SWATCHES = ("paper", "surface", "sunken", "ink", "ink-soft", "rule", "accent", "brass", "wax", "verdigris")


@require_GET
@login_not_required
@never_cache
def health(_request: HttpRequest) -> HttpResponse:
    """That the portal answers and reaches its database. For whoever watches it; says nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component with sample data, by day and by night, for staff who build or review pages."""
    if not request.user.has_perm("wagtailadmin.access_admin"):
        raise PermissionDenied
    now = timezone.now()
    panels = [(theme, collect_samples(now, suffix=f"-{theme}")) for theme in ("light", "dark")]
    specimens = [
        {
            "name": samples[0].name,
            "panels": [
                {
                    "theme": theme,
                    "cases": [
                        {
                            "about": context.get("about", ""),
                            "html": render_to_string(sample.template, context, request=request),
                        }
                        for context in sample.contexts
                    ],
                }
                for (theme, _samples), sample in zip(panels, samples, strict=True)
            ],
        }
        for samples in zip(*(samples for _theme, samples in panels), strict=True)
    ]
    return render(request, "core/styleguide.html", {"specimens": specimens, "icons": ICONS, "swatches": SWATCHES})


@login_not_required
@require_GET
@cache_control(public=True, max_age=300)
def brand(request: HttpRequest) -> HttpResponse:
    """The vendor's hue as a style sheet: the strict policy admits no style written into a page."""
    hue = Brand.for_request(request).hue
    return HttpResponse(f":root {{ --hue: {hue:d} }}\n", content_type="text/css; charset=utf-8")


@login_not_required
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember the reader's choice of light in a cookie; the server then renders it, with or without JavaScript."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    response.set_cookie(
        "theme", chosen, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )  # readable by the theme-switch element
    return response


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Change the language of the interface; open to all, since the sign-in page has the switch too.

    Django translates the address to go back to under the active language, which here is the cookie's. A reader may
    have come by a link to another language's page, so the address's own language is made active first.
    """
    spoken = get_language_from_path(request.POST.get("next", "")) or get_language()
    with override(spoken):
        return django_set_language(request)
