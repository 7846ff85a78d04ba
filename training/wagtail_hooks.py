"""What training hangs on Wagtail and on the shell."""

from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.widgets.button import Button
from wagtail.models import Page
from wagtail.permissions import register_permission_policy
from wagtail.search.index import insert_or_update_object
from wagtail.signals import page_published, page_slug_changed, page_unpublished, post_page_move

from portal.content.access import may_read_all
from portal.content.services.pages import find_address
from portal.core.memory import Memory
from portal.core.shell import NavItem, SearchBox, locate
from portal.partners.access import may_lead_team
from portal.partners.models import Tier
from training.access import may_add_below
from training.models import (
    CourseIndexPage,
    EventPage,
    LibraryPage,
    MaterialPage,
    ObjectionGuidePage,
    WebinarIndexPage,
    WebinarSeriesPage,
)
from training.registry import PREVIEW_HOOK
from training.services.changes import record_publishing
from training.services.events import follow_event
from training.services.registrations import fill_series
from training.services.retention import find_cited_pages, find_dated_pages
from training.views.kept import answer_kept
from training.views.pages import answer_page
from training.views.previews import show_preview
from training.views.scripts import draw_map
from training.viewsets import (
    attendance,
    authoring,
    courses,
    imports,
    industries,
    languages,
    prices,
    ratings,
    searching,
    upkeep,
    webinars,
)

#: The pages that stand in the navigation, with label and icon; kept for a minute, and dropped when pages change.
DOORS = ((LibraryPage, "book", 20), (CourseIndexPage, "course", 30), (WebinarIndexPage, "calendar", 35))
KEPT = 60
_doors = Memory(size=20)


@hooks.register("insert_global_admin_css")
def dress_staff_screens() -> str:
    return format_html('<link rel="stylesheet" href="{}">', static("training/staff.css"))


@hooks.register("before_serve_page", order=-10)
def answer_training_page(page: Page, request: HttpRequest, *_rest: Any) -> HttpResponse | None:
    """Training's pages are answered by its views. Wagtail's own view restrictions are off for them (see BasePage)."""
    if isinstance(page, MaterialPage | LibraryPage | CourseIndexPage | WebinarIndexPage):
        return answer_page(page, request)
    return None


@hooks.register(PREVIEW_HOOK)
def answer_preview(page: MaterialPage, request: HttpRequest, tier: Tier | None) -> HttpResponse:
    """An editor's preview, as a seller of a partner at a tier."""
    return show_preview(page, request, tier)


hooks.register("portal_kept_page", answer_kept)


@hooks.register("before_delete_page")
def keep_cited_page(request: HttpRequest, page: Page) -> HttpResponse | None:
    """A page that someone's progress cites is archived, not deleted: say so before Wagtail asks to confirm."""
    return _refuse_deletion(request, [page])


@hooks.register("before_bulk_action")
def keep_cited_pages(request: HttpRequest, action_type: str, objects: list[Any], *_rest: Any) -> HttpResponse | None:
    """The same for many pages at once."""
    if action_type != "delete" or not all(isinstance(item, Page) for item in objects):
        return None
    return _refuse_deletion(request, objects)


def _refuse_deletion(request: HttpRequest, pages: list[Page]) -> HttpResponse | None:
    cited, dated = find_cited_pages(pages), find_dated_pages(pages)
    if dated:
        messages.error(
            request,
            _(
                "%(pages)s cannot be deleted: there are sessions with people's registrations. Cancel those that are "
                "ahead, and unpublish it instead: readers no longer see it, and what was attended stays true."
            )
            % {"pages": ", ".join(f"“{title}”" for title in dated)},
        )
        return redirect("wagtailadmin_explore", pages[0].get_parent().pk)
    if not cited:
        return None
    messages.error(
        request,
        _(
            "%(pages)s cannot be deleted: people have completed it, and their progress cites the text that they "
            "studied. Unpublish it instead: readers no longer see it, and the progress stays true."
        )
        % {"pages": ", ".join(f"“{title}”" for title in cited)},
    )
    return redirect("wagtailadmin_explore", pages[0].get_parent().pk)


@hooks.register("portal_navigation")
def navigation(request: HttpRequest) -> list[NavItem]:
    """The library, the courses and the webinars, to whoever may read in them."""
    if not request.user.is_authenticated or not (
        getattr(request, "membership", None) is not None or may_read_all(request.user)
    ):
        return []
    labels = {LibraryPage: _("Library"), CourseIndexPage: _("Courses"), WebinarIndexPage: _("Webinars")}
    addresses = _find_doors(get_language() or "", getattr(request, "content_version", ""))
    return [
        NavItem(labels[model], url, icon, order, active=request.path.startswith(url))
        for model, icon, order in DOORS
        if (url := addresses.get(model.__name__))
    ]


def _find_doors(language: str, content_version: str) -> dict[str, str]:
    """The addresses of the library, the list of courses and the list of webinars in a language.

    Where the request knows the version of the site's content, as long as that lasts; else as long as nothing is announced.
    """
    keeper, key = (
        (_doors, f"{language}:{content_version}") if content_version else (cache, f"training:doors:{language}")
    )
    doors: dict[str, str] | None = keeper.get(key)
    if doors is None:
        doors = _read_doors(language)
        # A portal may have no webinars. What is published later is announced, and looked for anew.
        if doors:
            keeper.set(key, doors, KEPT)
    return doors


def _read_doors(language: str) -> dict[str, str]:
    doors = {}
    for model, _icon, _order in DOORS:
        page = model.objects.live().filter(locale__language_code=language).order_by("path").first()
        if page is not None:
            doors[model.__name__] = find_address(page)
    return doors


def forget_doors(instance: Page, **_details: Any) -> None:
    """A page was published, withdrawn or moved: the navigation looks anew."""
    cache.delete(f"training:doors:{instance.locale.language_code}")


def index_with_tags(instance: Page, **_details: Any) -> None:
    """Wagtail indexes a page when its row is saved, which is before its tags are; so once more when it is published."""
    if isinstance(instance, MaterialPage):
        insert_or_update_object(instance)


def record_what_was_published(instance: Page, revision: Any = None, alias: bool = False, **_details: Any) -> None:
    """What a publishing changed, by whichever way it came. An alias has no text of its own; what is only scheduled so
    far is not live."""
    if isinstance(instance, MaterialPage) and instance.live and not alias:
        record_publishing(instance, revision=revision, now=instance.last_published_at or timezone.now())
    if isinstance(instance, EventPage) and instance.live:
        follow_event(instance, by=revision.user if revision else None, now=timezone.now())
    if isinstance(instance, EventPage | WebinarSeriesPage) and instance.live:
        fill_series(instance.translation_key, now=timezone.now())


# Scheduling and workflow announce themselves only by Wagtail's signals.
for signal in (page_published, page_unpublished, post_page_move, page_slug_changed):
    signal.connect(forget_doors, dispatch_uid="training.forget_doors")
page_published.connect(index_with_tags, dispatch_uid="training.index_with_tags")
page_published.connect(record_what_was_published, dispatch_uid="training.record_what_was_published")


@hooks.register("portal_search")
def search_box(request: HttpRequest) -> SearchBox | None:
    """The head's search field looks in the library."""
    if not request.user.is_authenticated:
        return None
    address, suggest = locate("training:search"), reverse("training:suggest")
    return SearchBox(address, _("Search the library"), value=request.GET.get("q", ""), suggest=suggest)


@hooks.register("register_admin_urls")
def admin_addresses() -> list[URLPattern]:
    """What the editor's own scripts ask for; Wagtail lets in only who may enter the admin."""
    return [path("scripts/map/", draw_map, name="training_script_map")]


for module in (ratings, prices, upkeep, searching, courses, attendance, webinars):
    for kind, policy in module.POLICIES.items():
        register_permission_policy(kind, policy, exact_class=True)


@hooks.register("register_admin_viewset")
def screens_of_cards_and_cases() -> list[ViewSet]:
    return [ratings.CardRatingsViewSet(), industries.IndustryViewSet()]


@hooks.register("register_admin_viewset")
def screen_of_markets() -> ViewSet:
    return prices.MarketViewSet()


@hooks.register("register_admin_viewset")
def screen_of_imports() -> ViewSet:
    return imports.MaterialImportViewSet()


@hooks.register("register_page_header_buttons")
def import_below(page: Page, user: Any, view_name: str, next_url: str | None = None) -> list[Button]:  # noqa: ARG001
    """From a library or a guide straight to importing into it."""
    if page.specific_class not in (LibraryPage, ObjectionGuidePage) or not may_add_below(page, user):
        return []
    url = f"{reverse('material_imports:index')}?parent={page.pk}"
    return [Button(_("Import materials here"), url=url, icon_name="upload", priority=16)]


@hooks.register("register_admin_viewset")
def screens_of_upkeep() -> list[ViewSet]:
    return [upkeep.UpkeepViewSet(), upkeep.RemarkViewSet(), upkeep.ChangeViewSet()]


@hooks.register("register_admin_viewset")
def screens_of_courses() -> list[ViewSet]:
    return [courses.LearningPathViewSet(), courses.CourseworkViewSet()]


hooks.register("register_reports_menu_item", upkeep.make_board_item)
hooks.register("register_reports_menu_item", upkeep.make_reach_item)
hooks.register("register_bulk_action", upkeep.VerifyBulkAction)


@hooks.register("register_page_header_buttons")
def say_still_true(page: Page, user: Any, view_name: str, next_url: str | None = None) -> list[Button]:  # noqa: ARG001
    button = upkeep.make_verify_button(page, user, view_name)
    return [button] if button else []


@hooks.register("construct_homepage_panels")
def add_own_upkeep(request: HttpRequest, panels: list[Any]) -> None:
    panels.append(upkeep.OwnUpkeepPanel(request))


@hooks.register("portal_account")
def own_team(request: HttpRequest) -> list[NavItem]:
    """How the team learns, to its head."""
    if not may_lead_team(getattr(request, "membership", None)):
        return []
    return [NavItem(_("How your team learns"), locate("training:team"), "course", 15)]


@hooks.register("portal_account")
def own_things(request: HttpRequest) -> list[NavItem]:
    """What a member keeps at hand, what they have sent, and what they said was wrong."""
    if getattr(request, "membership", None) is None:
        return []
    return [
        NavItem(pgettext("saved pages", "At hand"), locate("training:pins"), "star", 20),
        NavItem(_("What you have sent"), locate("training:shares"), "mail", 21),
        NavItem(_("Your remarks"), locate("training:remarks"), "flag", 22),
        NavItem(_("Your attendance"), locate("training:attendance"), "people", 23),
        NavItem(_("Your calendar"), locate("training:calendar"), "calendar", 24),
    ]


@hooks.register("register_admin_viewset")
def screens_of_search_and_languages() -> list[ViewSet]:
    return [searching.SynonymViewSet(), searching.SearchesViewSet(), languages.LanguagesViewSet()]


@hooks.register("register_reports_menu_item")
def searches_in_reports() -> MenuItem:
    return searching.make_menu_item()


@hooks.register("register_reports_menu_item")
def languages_in_reports() -> MenuItem:
    return languages.make_menu_item()


@hooks.register("construct_homepage_panels")
def add_ways_to_write(request: HttpRequest, panels: list[Any]) -> None:
    panels.append(authoring.WritePanel(request))


@hooks.register("register_admin_viewset")
def screens_of_attendance() -> list[ViewSet]:
    return [attendance.AttendanceViewSet(), attendance.CorrectionViewSet()]


@hooks.register("register_admin_viewset")
def screens_of_webinars() -> list[ViewSet]:
    return [webinars.SessionViewSet(), webinars.QuestionViewSet(), webinars.WebinarReportViewSet()]


hooks.register("register_reports_menu_item", webinars.make_report_item)


@hooks.register("register_page_header_buttons")
def ways_from_a_series(page: Page, user: Any, view_name: str, next_url: str | None = None) -> list[Button]:  # noqa: ARG001
    """From the page of a series straight to publishing its season."""
    return list(webinars.make_series_buttons(page, user))
