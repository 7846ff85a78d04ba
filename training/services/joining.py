"""Going to a meeting by one's own link: signed, without signing in, open shortly before the start and to the end."""

from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.core.errors import Refusal
from portal.partners.models import in_force_now
from training.access import describe_reader
from training.models import Registration, RegistrationState, Session, Visit
from training.services.registrations import find_live_page

#: How long before the start the meeting opens.
OPENS = timedelta(minutes=15)
#: Two visits within so short a time are one: a link that was tapped twice.
SAME_VISIT = timedelta(minutes=1)

_signer = signing.Signer(salt="training.join")


class NotOpen(Refusal):
    """The meeting is not open by this link, now or any more.

    Attributes:
        opens_at: when it will be; None where it will not.
    """

    def __init__(
        self, message: str | Promise, *, remedy: str | Promise = "", code: str, opens_at: datetime | None = None
    ) -> None:
        super().__init__(message, remedy=remedy, code=code)
        self.opens_at = opens_at


def make_token(registration: Registration) -> str:
    """The token of a registration's link. It opens nothing but this one session, for as long as the seat is held."""
    return _signer.sign(registration.public_id)


def find_join_path(registration: Registration) -> str:
    """The person's own link to the meeting, as a path."""
    return reverse("training:join", args=[make_token(registration)])


def find_registration(token: str) -> Registration | None:
    """Whose link it is; None where it is nobody's."""
    try:
        public_id = _signer.unsign(token)
    except signing.BadSignature:
        return None
    rows = Registration.objects.select_related("session", "user", "membership__partner", "membership__user")
    return rows.filter(public_id=public_id).first()


def is_open(session: Session, now: datetime) -> bool:
    """Whether those seated are let in now."""
    return session.is_scheduled and session.starts_at - OPENS <= now <= session.ends_at


def find_meeting(registration: Registration, *, now: datetime) -> str:
    """The address of the meeting, for one who may go there now; refused in the active language.

    Asked of the database as it is now: the seat, the membership, the audience of the series.

    Raises:
        NotOpen: saying why not, and when.
    """
    session = registration.session
    if not session.is_scheduled:
        raise NotOpen(
            _("This session is cancelled."),
            remedy=str(session.reason) or _("The series has other dates."),
            code="session_cancelled",
        )
    if registration.state == RegistrationState.CANCELLED:
        raise NotOpen(
            _("You have given your seat back."),
            remedy=_("On the page of the session you can register again."),
            code="registration_cancelled",
        )
    if registration.state == RegistrationState.WAITING:
        raise NotOpen(
            _("You are still on the waiting list."),
            remedy=_("You are told as soon as a seat is yours."),
            code="waiting",
        )
    if now > session.ends_at:
        raise NotOpen(
            _("This session is over."), remedy=_("The recording stands on its page when it is ready."), code="over"
        )
    page = find_live_page(session)
    if page is None:
        raise NotOpen(
            _("This webinar is not on the portal any more."),
            remedy=_("The others stand in the list of webinars."),
            code="gone",
        )
    reader = describe_reader(registration.user, registration.membership, now=now)
    member = in_force_now(registration.membership, now) and registration.user.is_active
    if not member or page.closed_audience(reader.audience_ids) is not None:
        raise NotOpen(
            _("This webinar is not open to you any more."),
            remedy=_("Its page says for whom it is."),
            code="closed",
        )
    opens_at = session.starts_at - OPENS
    if now < opens_at:
        minutes = int(OPENS.total_seconds()) // 60
        raise NotOpen(
            ngettext(
                "The meeting opens %(minutes)d minute before the start.",
                "The meeting opens %(minutes)d minutes before the start.",
                minutes,
            )
            % {"minutes": minutes},
            remedy=_("This link then takes you straight there."),
            code="early",
            opens_at=opens_at,
        )
    if not session.meeting_url:
        raise NotOpen(
            _("The link of the meeting is not known yet."),
            remedy=_("Try again in a moment: it is shown as soon as the organisers have given it."),
            code="no_link",
        )
    return session.meeting_url


@transaction.atomic
def record_visit(registration: Registration, *, now: datetime) -> Visit | None:
    """Record that the person has gone to the meeting; None where that was a moment ago."""
    Registration.objects.select_for_update().get(pk=registration.pk)
    if Visit.objects.filter(registration=registration, visited_at__gt=now - SAME_VISIT).exists():
        return None
    return Visit.objects.create(registration=registration, visited_at=now)
