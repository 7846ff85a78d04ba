"""What the home page says about a place and a next step. The deciding is ``journey``'s."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.home.dashboard import Dashboard
from portal.home.journey import Advice, NextStep, Place


@dataclass(frozen=True, slots=True)
class StepCard:
    """The one next step as a card: what, why, and the button."""

    title: str
    text: str
    url: str
    action: str
    post: bool = False


def describe_place(place: Place, board: Dashboard) -> str:
    """The page's heading: where this person stands, in one line."""
    if place.offers_open and place.may_work_leads:
        return ngettext(
            "%(count)s lead waits for your answer", "%(count)s leads wait for your answer", place.offers_open
        ) % {"count": place.offers_open}
    if place.all_held and place.qualified:
        return _("You are certified and your organisation is qualified")
    if not board.partner.is_active:
        return _("No new leads for the time being")
    if place.all_held:
        return _("Your part is done: your organisation still lacks something")
    missing = [exam for exam in place.exams if not exam.held]
    if place.some_held and len(missing) == 1:
        title = next(str(line.exam.title) for line in board.exam_lines if line.exam.slug == missing[0].slug)
        return _("One credential to go: %(exam)s") % {"exam": title}
    if place.lessons_done and not place.studied:
        left = place.lessons_total - place.lessons_done
        return ngettext("%(count)s lesson to go before the exam", "%(count)s lessons to go before the exam", left) % {
            "count": left
        }
    if place.studied and missing and place.lessons_total:
        return _("You have studied: now show it")
    return _("From a lesson to your first lead")


def describe_advice(advice: Advice, board: Dashboard) -> StepCard:
    """The next step in words, with its address."""
    exam = next((line.exam for line in board.exam_lines if line.exam.slug == advice.exam), None)
    title = str(exam.title) if exam else ""
    exam_url = reverse("certification:exam", args=[advice.exam]) if advice.exam else ""
    library = _library_url()
    match advice.step:
        case NextStep.FINISH_EXAM:
            line = next(line for line in board.exam_lines if line.exam.slug == advice.exam)
            until = _time(line.running.deadline_at) if line.running else ""
            return StepCard(
                _("Go on with “%(exam)s”") % {"exam": title},
                _("Your answers are saved. The clock runs until %(time)s.") % {"time": until},
                reverse("certification:attempt", args=[line.running.public_id]) if line.running else exam_url,
                _("Back to the exam"),
            )
        case NextStep.ANSWER_OFFER:
            offer = board.open_offers[0]
            return StepCard(
                _("Answer the lead that runs out first"),
                _("Accepting shows the contact. Declining or letting it run out uses your turn."),
                reverse("leads:offer", args=[offer.public_id]),
                _("Look at the lead"),
            )
        case NextStep.ACCEPT_AGREEMENT:
            return StepCard(
                _("Accept the partner agreement"),
                _("Without the current version your organisation receives no leads. It takes five minutes to read."),
                reverse("partners:agreement"),
                _("Read and accept"),
            )
        case NextStep.RENEW_CREDENTIAL:
            return StepCard(
                _("Renew “%(exam)s”") % {"exam": title},
                _("It runs out soon. Pass again now and nothing is interrupted."),
                exam_url,
                _("To the exam"),
            )
        case NextStep.GO_ON_STUDYING:
            lesson = board.next_lesson
            return StepCard(
                str(lesson.title) if lesson else _("Go on with the course"),
                _("Lesson %(number)s of %(total)s, about %(minutes)s minutes.")
                % {
                    "number": board.lessons_done + 1,
                    "total": len(board.lessons),
                    "minutes": lesson.minutes if lesson else 0,
                },
                lesson.url if lesson else library,
                _("Read the lesson"),
            )
        case NextStep.SIT_EXAM:
            return StepCard(
                _("Sit “%(exam)s”") % {"exam": title},
                _("%(minutes)s minutes, pass mark %(percent)s %%. Every answer is saved as you give it.")
                % {"minutes": exam.time_limit_minutes if exam else 0, "percent": exam.pass_percent if exam else 0},
                exam_url,
                _("To the exam"),
            )
        case NextStep.STUDY_AGAIN:
            return StepCard(
                _("Study again for “%(exam)s”") % {"exam": title},
                _("You may sit it again from %(time)s. The result says which passages to read.")
                % {"time": _moment(advice.closed_until)},
                exam_url,
                _("See what to study"),
            )
        case NextStep.WORK_LEAD:
            lead = board.leads_to_work[0].lead
            return StepCard(
                _("How did it end with “%(company)s”?") % {"company": lead.company or lead.external_id},
                _("Mark the lead won or lost once you know; the reason helps to send you better ones."),
                reverse("leads:lead", args=[lead.public_id]),
                _("To the lead"),
            )
        case NextStep.HELP_TEAM if not board.partner.is_active:
            return StepCard(
                _("Your credentials stay yours"),
                _(
                    "When the partnership is active again, your organisation is assessed anew with what its people hold."
                ),
                reverse("certification:standing"),
                _("See the standing"),
            )
        case NextStep.HELP_TEAM:
            return StepCard(
                _("See what your organisation still lacks"),
                board.lacking[0] if board.lacking else _("Your own credentials are complete."),
                reverse("certification:standing"),
                _("See the standing"),
            )
        case NextStep.WAIT_FOR_LEAD:
            return StepCard(
                _("The next lead comes to you by itself"),
                _("Everything is in place. Meanwhile, keep an answer ready for what customers will say."),
                library,
                _("Open the library"),
            )
        case _:
            return StepCard(
                _("Keep an answer ready"),
                _("What customers say, what is behind it, and what to answer."),
                library,
                _("Open the library"),
            )


def _library_url() -> str:
    return reverse("training:search")


def _time(moment: datetime | None) -> str:
    return formats.time_format(timezone.localtime(moment), "TIME_FORMAT")


def _moment(moment: datetime | None) -> str:
    return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")
