"""What training tells people about their courses: what is due, what their head reminds them of, what was waived."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.content.services.pages import find_address
from portal.notifications.registry import NotificationType
from portal.notifications.services.notices import Recipient, notify
from training.models import CoursePage, LessonCompletion, LessonPage, Nudge
from training.services.dues import DAY, DueReminder, find_pages, take_due_reminders

COURSE_DUE = NotificationType(
    "training.course_due", label=_("A course that you are to complete is due"), template="training/notices/course_due"
)
COURSE_NUDGE = NotificationType(
    "training.course_nudge",
    label=_("The head of your team reminds you of a course"),
    template="training/notices/course_nudge",
)
LESSON_WAIVED = NotificationType(
    "training.lesson_waived",
    label=_("You were let off a lesson that you know already"),
    template="training/notices/lesson_waived",
)


def remind_of_dues(*, now: datetime) -> int:
    """Send the reminders of due courses whose time has come; returns how many notices are new.

    Each batch is told in the transaction that sets its next reminders, so none is lost and none is sent twice.
    """
    told, more = 0, True
    while more:
        with transaction.atomic():
            reminders, more = take_due_reminders(now=now)
            told += _tell_due(reminders, now=now)
    return told


def _tell_due(reminders: Collection[DueReminder], *, now: datetime) -> int:
    recipients: list[Recipient] = [
        (
            reminder.row.user_id,
            {
                "title": _name(reminder.pages),
                "days": -(-(reminder.row.due_at - now) // DAY) if reminder.days else 0,
                "due_at": reminder.row.due_at.isoformat(),
                "about": f"{reminder.row.course_key}:{reminder.row.due_at:%Y%m%d}:{reminder.days}",
            },
            _find_address(reminder.pages, reminder.row.user.language),
        )
        for reminder in reminders
    ]
    return notify(COURSE_DUE, recipients=recipients, key=lambda recipient: f"due:{recipient[1]['about']}", now=now)


def tell_nudged(nudge_ids: Collection[int], *, now: datetime) -> int:
    """Tell people that their head reminds them of a course; returns how many were told."""
    nudges = list(Nudge.objects.filter(pk__in=nudge_ids).select_related("membership__user", "by"))
    pages = find_pages({nudge.course_key for nudge in nudges})
    recipients: list[Recipient] = [
        (
            nudge.membership.user_id,
            {"title": _name(pages[nudge.course_key]), "head": str(nudge.by), "about": nudge.public_id},
            _find_address(pages[nudge.course_key], nudge.membership.user.language),
        )
        for nudge in nudges
        if nudge.course_key in pages
    ]
    return notify(COURSE_NUDGE, recipients=recipients, key=lambda recipient: f"nudge:{recipient[1]['about']}", now=now)


def tell_waived(completion_ids: Collection[int], *, now: datetime) -> int:
    """Tell people which lessons they were let off, and by what; returns how many were told."""
    completions = list(
        LessonCompletion.objects.filter(pk__in=completion_ids).select_related("user", "lesson__locale").order_by("pk")
    )
    recipients: list[Recipient] = [
        (
            completion.user_id,
            {"title": completion.lesson.title, "evidence": completion.waived_by, "about": completion.pk},
            find_address(completion.lesson),
        )
        for completion in completions
    ]
    return notify(
        LESSON_WAIVED, recipients=recipients, key=lambda recipient: f"waived:{recipient[1]['about']}", now=now
    )


def _name(pages: Mapping[str, CoursePage | LessonPage]) -> dict[str, str]:
    """The title by language: the notice is worded in the reader's."""
    return {language: page.title for language, page in pages.items()}


def _find_address(pages: Mapping[str, CoursePage | LessonPage], language: str) -> str:
    """The address in the reader's language; where there is none, in the site's own."""
    page = pages.get(language) or pages.get(settings.LANGUAGE_CODE) or next(iter(pages.values()))
    return find_address(page)
