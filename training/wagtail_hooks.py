"""What training hangs on Wagtail and on the shell."""

from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.models import Page
from wagtail.search.index import insert_or_update_object
from wagtail.signals import page_published, page_slug_changed, page_unpublished, post_page_move

from portal.content.access import may_read_all
from portal.content.services.pages import find_address
from portal.core.shell import NavItem, SearchBox
from training.models import CourseIndexPage, LibraryPage, MaterialPage
from training.services.retention import find_cited_pages
from training.views import answer_page

#: The pages that stand in the navigation, with label and icon; kept for a minute, and dropped when pages change.
DOORS = ((LibraryPage, "book", 20), (CourseIndexPage, "course", 30))
KEPT = 60


@hooks.register("before_serve_page", order=-10)
def answer_training_page(page: Page, request: HttpRequest, *_rest: Any) -> HttpResponse | None:
    """Training's pages are answered by its views. Wagtail's own view restrictions are off for them (see BasePage)."""
    if isinstance(page, MaterialPage | LibraryPage | CourseIndexPage):
        return answer_page(page, request)
    return None


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
    cited = find_cited_pages(pages)
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
    """The library and the courses, to whoever may read in them."""
    if not request.user.is_authenticated or not (
        getattr(request, "membership", None) is not None or may_read_all(request.user)
    ):
        return []
    labels = {LibraryPage: _("Library"), CourseIndexPage: _("Courses")}
    addresses = _find_doors(get_language() or "")
    return [
        NavItem(labels[model], url, icon, order, active=request.path.startswith(url))
        for model, icon, order in DOORS
        if (url := addresses.get(model.__name__))
    ]


def _find_doors(language: str) -> dict[str, str]:
    """The addresses of the library and of the list of courses in a language."""
    key = f"training:doors:{language}"
    doors: dict[str, str] | None = cache.get(key)
    if doors is None:
        doors = {}
        for model, _icon, _order in DOORS:
            page = model.objects.live().filter(locale__language_code=language).order_by("path").first()
            if page is not None:
                doors[model.__name__] = find_address(page)
        if len(doors) == len(DOORS):
            cache.set(key, doors, KEPT)
    return doors


def forget_doors(instance: Page, **_details: Any) -> None:
    """A page was published, withdrawn or moved: the navigation looks anew."""
    cache.delete(f"training:doors:{instance.locale.language_code}")


def index_with_tags(instance: Page, **_details: Any) -> None:
    """Wagtail indexes a page when its row is saved, which is before its tags are; so once more when it is published."""
    if isinstance(instance, MaterialPage):
        insert_or_update_object(instance)


# Scheduling and workflow announce themselves only by Wagtail's signals.
for signal in (page_published, page_unpublished, post_page_move, page_slug_changed):
    signal.connect(forget_doors, dispatch_uid="training.forget_doors")
page_published.connect(index_with_tags, dispatch_uid="training.index_with_tags")


@hooks.register("portal_search")
def search_box(request: HttpRequest) -> SearchBox | None:
    """The head's search field looks in the library."""
    if not request.user.is_authenticated:
        return None
    return SearchBox(reverse("training:search"), _("Search the library"), value=request.GET.get("q", ""))
