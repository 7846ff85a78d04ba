"""Questions to the speakers, before a session and during it; their answers, and the objection cards made of them."""

from datetime import datetime
from html import escape
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership
from training.access import may_add_below, may_run_webinars
from training.facts import questions_answered
from training.models import ObjectionCardPage, ObjectionGuidePage, Session, SessionQuestion
from training.services.registrations import check_taking_part

#: As many questions as one person asks of one session.
MOST = 10
MAX_WORDS = SessionQuestion._meta.get_field("words").max_length or 0
MAX_ANSWER = SessionQuestion._meta.get_field("answer").max_length or 0
MAX_TITLE = ObjectionCardPage._meta.get_field("title").max_length or 0


@transaction.atomic
def ask_question(session: Session, *, words: str, membership: Membership, by: Any, now: datetime) -> SessionQuestion:
    """Ask the speakers something, registered or not: who reads the series may ask.

    Raises:
        NotAllowed: when the series is not open to the member.
        Refusal: when the session is over or cancelled, the question is empty, too long, asked already, or one too many.
    """
    check_taking_part(session, membership=membership, by=by, now=now)
    session.refresh_from_db(fields=["state", "ends_at"])
    if not session.is_scheduled or session.ends_at <= now:
        raise Refusal(
            _("Questions are asked before a session and during it, and this one does not take place any more."),
            remedy=_("The series has other dates."),
            code="over",
        )
    words = " ".join(words.split())
    if not words:
        raise Refusal(_("Write your question first."), code="empty")
    if len(words) > MAX_WORDS:
        raise Refusal(
            _("Your question has %(count)d characters; at most %(limit)d are kept.")
            % {"count": len(words), "limit": MAX_WORDS},
            remedy=_("Shorten it to what matters."),
            code="too_long",
        )
    # Held, so that two taps are one question and the limit holds.
    list(User.objects.select_for_update().filter(pk=by.pk).values_list("pk", flat=True))
    mine = SessionQuestion.objects.filter(session=session, user=by)
    if same := mine.filter(words=words).first():
        return same
    if mine.count() >= MOST:
        raise Refusal(
            ngettext(
                "You have asked %(count)d question of this session; no more are taken.",
                "You have asked %(count)d questions of this session; no more are taken.",
                MOST,
            )
            % {"count": MOST},
            remedy=_("Ask the rest in the meeting."),
            code="too_many",
        )
    return SessionQuestion.objects.create(session=session, user=by, membership=membership, words=words, asked_at=now)


@transaction.atomic
def answer_question(question: SessionQuestion, *, answer: str, by: Any, now: datetime) -> SessionQuestion:
    """Answer a question: all who read the series see it on the session's page, and whoever asked is told.

    An answer may be reworded; the person is told of the first.

    Raises:
        NotAllowed: for someone who does not run webinars.
        Refusal: without words, or with too many.
    """
    if not may_run_webinars(by):
        raise NotAllowed(_("Questions are answered by editors and channel managers."), code="not_allowed")
    answer = answer.strip()
    if not answer:
        raise Refusal(_("Write the answer first."), code="empty")
    if len(answer) > MAX_ANSWER:
        raise Refusal(
            _("The answer has %(count)d characters; at most %(limit)d are kept.")
            % {"count": len(answer), "limit": MAX_ANSWER},
            code="too_long",
        )
    held = SessionQuestion.objects.select_for_update().get(pk=question.pk)
    is_first = held.answered_at is None
    held.answer, held.answered_by, held.answered_at = answer, by, held.answered_at or now
    held.save(update_fields=["answer", "answered_by", "answered_at"])
    if is_first:
        questions_answered.announce(question_ids=[held.pk], by=by)
    return held


@transaction.atomic
def make_card(question: SessionQuestion, *, guide: ObjectionGuidePage, by: Any) -> ObjectionCardPage:
    """Make a draft of an objection card of an answered question: for an editor to look through and publish.

    Its owner is whoever made it. Made once: what is there already is returned.

    Raises:
        NotAllowed: for someone who may not write below the guide.
        Refusal: before the question is answered.
    """
    if not may_run_webinars(by) or not may_add_below(guide, by):
        raise NotAllowed(_("You may not write cards in this guide."), code="not_allowed")
    held = SessionQuestion.objects.select_for_update().get(pk=question.pk)
    if held.answered_at is None:
        raise Refusal(_("The question has no answer yet."), remedy=_("Answer it first."), code="unanswered")
    if held.card is not None:
        return held.card
    title = Truncator(held.words).chars(MAX_TITLE)
    paragraphs = [" ".join(part.split()) for part in held.answer.replace("\r\n", "\n").split("\n\n")]
    text = "".join(f"<p>{escape(part)}</p>" for part in paragraphs if part)
    card = ObjectionCardPage(
        title=title,
        answer=[{"type": "text", "id": str(uuid4()), "value": text}],
        locale=guide.locale,
        owner=by,
        live=False,
    )
    guide.refresh_from_db()
    guide.add_child(instance=card)
    card.save_revision(user=by, clean=False)
    held.card = card
    held.save(update_fields=["card"])
    return card
