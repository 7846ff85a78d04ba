"""A person's inbox, and their choice of what to hear where."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.middleware import PersonRequest
from portal.notifications.forms import ChannelsForm
from portal.notifications.models import Notification, Preference
from portal.notifications.registry import types
from portal.notifications.services import choose_channels, mark_all_read, mark_read
from portal.notifications.services.wording import Wording, localise_path, word

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the inbox."""

    notification: Notification
    wording: Wording


@require_GET
def inbox(request: PersonRequest) -> HttpResponse:
    """What the person was told, newest first. Looking at the list marks nothing as read."""
    told = Notification.objects.for_user(request.user.pk).listed()
    page = Paginator(told, PAGE_SIZE).get_page(request.GET.get("page"))
    entries = [
        Entry(notification, wording)
        for notification in page
        if (wording := word(notification, person=request.user)) is not None
    ]
    unread = any(entry.notification.read_at is None for entry in entries)
    return render(request, "notifications/inbox.html", {"page": page, "entries": entries, "unread": unread})


@require_POST
def open_notice(request: PersonRequest, public_id: str) -> HttpResponse:
    """Mark one notice as read and go to what it is about.

    Our policy lets no form send anything to another site, nor by way of redirects: browsers would stop on the way to one
    without a word. So a notice that leads there ends the form's way on a page of its own, which goes on by itself.
    """
    notification = get_object_or_404(Notification.objects.for_user(request.user.pk), public_id=public_id)
    mark_read(notification, by=request.user, now=timezone.now())
    path = localise_path(notification.url, get_language())
    kind = types.get(notification.type)
    if not (path and kind and kind.leads_outside):
        return redirect(path or "notifications:inbox")
    response = render(request, "notifications/leaving.html", {"url": path})
    response["Refresh"] = f"0; url={path}"
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def read_all(request: PersonRequest) -> HttpResponse:
    mark_all_read(request.user, now=timezone.now())
    return redirect("notifications:inbox")


@require_http_methods(["GET", "POST"])
def preferences(request: PersonRequest) -> HttpResponse:
    """Every kind of notice, and where the person wants to hear of it."""
    chosen = {choice.type: choice for choice in Preference.objects.filter(user=request.user)}
    form = ChannelsForm(request.POST or None, chosen=chosen)
    if request.method == "POST" and form.is_valid():
        choose_channels(request.user, choices=form.choices())
        messages.success(request, _("Your choice is saved."))
        return redirect("notifications:preferences")
    return render(request, "notifications/preferences.html", {"form": form})
