"""A person says that their attendance of a session is not right, and staff answer."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership, in_force_now
from training.access import may_close_corrections
from training.attending import EVENT_PERCENT
from training.facts import corrections_asked, corrections_closed
from training.models import (
    Attendance,
    AttendanceSource,
    Correction,
    CorrectionOutcome,
    Registration,
    Session,
    WebinarSeriesPage,
)

MAX_WORDS = 1000
MAX_ANSWER = 1000


@transaction.atomic
def ask_correction(
    session: Session, *, words: str, membership: Membership | None, by: Any, now: datetime
) -> Correction:
    """Ask staff to correct one's attendance of a session.

    1. Check that the session is over, and that the person is known there.
    2. Lock the session, so that one correction is open at a time.
    3. Write it and announce it.

    Raises:
        NotAllowed: for someone who was neither registered nor there.
        Refusal: with what would change it.
    """
    # 1
    if membership is None or not in_force_now(membership, now):
        raise NotAllowed(_("Only members of partners can ask for a correction."), code="not_a_member")
    if not session.is_scheduled:
        raise Refusal(_("This session was cancelled, so there is nothing to correct."), code="cancelled")
    if session.ends_at > now:
        raise Refusal(
            _("This session is not over yet."),
            remedy=_("Come back when it is, if something is wrong."),
            code="not_over",
        )
    mine = {"session": session, "user": by}
    if not Registration.objects.filter(**mine).exists() and not Attendance.objects.filter(**mine).exists():
        raise NotAllowed(
            _("You were not registered for this session."),
            remedy=_("If you were there under another address, write to your channel manager."),
            code="not_registered",
        )
    words = words.strip()
    if not words:
        raise Refusal(_("Say what is not right, such as from when until when you were there."), code="words_missing")
    if len(words) > MAX_WORDS:
        raise Refusal(
            _("Your words have %(count)d characters; at most %(limit)d are kept.")
            % {"count": len(words), "limit": MAX_WORDS},
            remedy=_("Shorten them to what matters."),
            code="too_long",
        )
    # 2
    held = Session.objects.select_for_update().get(pk=session.pk)
    if Correction.objects.filter(session=held, user=by, closed_at__isnull=True).exists():
        raise Refusal(
            _("You have asked already, and it is being looked into."),
            remedy=_("You are told what came of it."),
            code="asked_already",
        )
    # 3
    correction = Correction.objects.create(session=held, user=by, membership=membership, words=words, asked_at=now)
    corrections_asked.announce(correction_ids=[correction.pk], by=by)
    return correction


@transaction.atomic
def close_correction(
    correction: Correction,
    *,
    outcome: str,
    answer: str,
    minutes: int | None = None,
    attended: bool = True,
    by: Any,
    now: datetime,
) -> Correction:
    """Accept a correction, with how long the person was there and whether that counts, or decline it with a reason.

    What is accepted stands: files that are read in afterwards do not count over it.

    Raises:
        NotAllowed: for someone who may not answer.
        Refusal: when it has been closed already, or something is missing.
    """
    if not may_close_corrections(by):
        raise NotAllowed(_("Corrections are answered by editors."), code="not_an_editor")
    held = (
        Correction.objects.select_for_update(of=("self",)).select_related("closed_by", "session").get(pk=correction.pk)
    )
    if held.closed_at is not None:
        raise Refusal(
            _("%(person)s has answered this already.") % {"person": held.closed_by}
            if held.closed_by
            else _("This is answered already."),
            remedy=_("Look at the answer before you write to the person."),
            code="closed_already",
        )
    if outcome not in CorrectionOutcome.values:
        raise Refusal(_("Choose what came of it."), code="outcome")
    answer = answer.strip()
    if outcome == CorrectionOutcome.DECLINED and not answer:
        raise Refusal(_("Tell the person why it stays as it is."), code="reason_missing")
    if len(answer) > MAX_ANSWER:
        raise Refusal(
            _("The answer has %(count)d characters; at most %(limit)d are kept.")
            % {"count": len(answer), "limit": MAX_ANSWER},
            code="too_long",
        )
    if outcome == CorrectionOutcome.ACCEPTED:
        _write_attendance(held, minutes=_check_minutes(held.session, minutes), attended=attended, now=now)
    held.outcome, held.answer, held.closed_by, held.closed_at = outcome, answer, by, now
    held.save(update_fields=["outcome", "answer", "closed_by", "closed_at"])
    corrections_closed.announce(correction_ids=[held.pk], by=by)
    return held


def _check_minutes(session: Session, minutes: int | None) -> int:
    longest = int((session.ends_at - session.starts_at).total_seconds() // 60)
    if minutes is None:
        raise Refusal(_("Say how many minutes the person was there."), code="minutes_missing")
    if not 0 <= minutes <= longest:
        raise Refusal(
            _("The session took %(longest)d minutes; nobody was there for %(minutes)d.")
            % {"longest": longest, "minutes": minutes},
            code="minutes",
        )
    return minutes


def _write_attendance(correction: Correction, *, minutes: int, attended: bool, now: datetime) -> None:
    rule = WebinarSeriesPage.objects.filter(pk=correction.session.page_id)
    percent = rule.values_list("attended_from_percent", flat=True).first()
    Attendance.objects.update_or_create(
        session=correction.session,
        user_id=correction.user_id,
        defaults={
            "membership_id": correction.membership_id,
            "minutes": minutes,
            "attended": attended,
            "source": AttendanceSource.CORRECTION,
            "from_percent": percent or EVENT_PERCENT,
            "decided_at": now,
        },
    )
