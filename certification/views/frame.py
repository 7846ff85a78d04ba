"""What the pages of certification share."""

from typing import cast

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from certification.models import Attempt
from certification.services.asking import find_own_attempt
from portal.accounts.models import User
from portal.partners.middleware import MemberRequest
from portal.partners.models import Membership


def crumbs(*more: tuple[str, str]) -> list[tuple[str, str]]:
    return [(_("Exams"), reverse("certification:exams")), *more]


def member_of(request: MemberRequest) -> Membership:
    """The membership that ``member_required`` has made sure of."""
    return cast(Membership, request.membership)


def person_of(request: HttpRequest) -> User:
    """The person who is signed in: every view here asks for that."""
    return cast(User, request.user)


def own_attempt(request: HttpRequest, public_id: str, *, named: bool = False) -> Attempt:
    """The reader's own attempt: it belongs to the person, whatever has become of the membership.

    Args:
        named: whether it is enough to have its exam's name at hand, as it is during the sitting.
    """
    try:
        return find_own_attempt(person_of(request), public_id, named=named)
    except Attempt.DoesNotExist as error:
        raise Http404 from error
