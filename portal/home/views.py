"""The member's home page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.accounts.access import may_administer
from portal.content.services.languages import find_address_here
from portal.core import components
from portal.core.errors import NotAllowed
from portal.home.dashboard import Dashboard
from portal.home.journey import advise, find_point
from portal.home.wording import describe_advice, describe_place
from portal.partners.access import is_member
from portal.partners.middleware import MemberRequest

#: Due courses on the home page; the list of courses shows the rest.
DUE_SHOWN = 3


# Whoever comes to the bare address signs in and is then led to their own language, not to the browser's.
@login_required(redirect_field_name=None)
@require_safe
def dashboard(request: MemberRequest) -> HttpResponse:
    """What needs me now, where I stand, what is next. Staff without a membership get their ways in."""
    membership = request.membership
    if membership is None or not is_member(membership):
        if may_administer(request.user):
            return render(request, "home/staff.html")
        raise NotAllowed(
            _("You are not a member of any partner now."),
            remedy=_("A partner's owner can invite you; the invitation comes by e-mail."),
            code="not_a_member",
        )
    now = timezone.now()
    board = Dashboard(membership, now=now)
    place = board.place
    advice = advise(place, now=now)
    point = find_point(place)
    context = {
        "board": board,
        "now": now,
        "headline": describe_place(place, board),
        "advice": describe_advice(advice, board),
        "thread": components.thread(current=point.value),
        "week": {
            "sessions": board.sessions,
            "due": [(due, find_address_here(due.course, request)) for due in board.due[:DUE_SHOWN]],
            "lesson": board.lesson_ahead,
            "lesson_url": find_address_here(board.lesson_ahead.lesson, request) if board.lesson_ahead else "",
        },
    }
    return render(request, "home/dashboard.html", context)
