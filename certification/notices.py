"""What certification tells people, and whom."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from certification.access import find_examiners, find_markers
from certification.models import Attempt, BrokenReport, Credential, Qualification, QuestionCheck
from portal.notifications.registry import NotificationType
from portal.notifications.services.notices import Recipient, notify
from portal.partners.models import MembershipRole

CREDENTIAL_AWARDED = NotificationType(
    "certification.credential_awarded",
    label=_("You have earned a credential"),
    template="certification/notices/credential_awarded",
)
CREDENTIAL_REVOKED = NotificationType(
    "certification.credential_revoked",
    label=_("One of your credentials was revoked"),
    template="certification/notices/credential_revoked",
)
PARTNER_QUALIFIED = NotificationType(
    "certification.partner_qualified",
    label=_("Your organisation has qualified"),
    template="certification/notices/partner_qualified",
)
QUALIFICATION_LAPSED = NotificationType(
    "certification.qualification_lapsed",
    label=_("Your organisation is no longer qualified"),
    template="certification/notices/qualification_lapsed",
)

ATTEMPT_MARKED = NotificationType(
    "certification.attempt_marked",
    label=_("Your exam has been marked"),
    template="certification/notices/attempt_marked",
)
ATTEMPT_VOIDED = NotificationType(
    "certification.attempt_voided",
    label=_("One of your attempts was voided"),
    template="certification/notices/attempt_voided",
)
REPORT_ANSWERED = NotificationType(
    "certification.report_answered",
    label=_("Your note about a question was answered"),
    template="certification/notices/report_answered",
)
MARKING_WAITS = NotificationType(
    "certification.marking_waits",
    label=_("Answers wait to be marked"),
    template="certification/notices/marking_waits",
)
QUESTION_DOUBTED = NotificationType(
    "certification.question_doubted",
    label=_("Questions are to be checked, as their source has changed"),
    template="certification/notices/question_doubted",
)
QUESTION_REPORTED = NotificationType(
    "certification.question_reported",
    label=_("A candidate says that a question is broken"),
    template="certification/notices/question_reported",
)


def tell_candidates(kind: NotificationType, attempts: Iterable[Attempt], *, now: datetime) -> int:
    """Tell the people of these attempts what became of them; returns how many were told."""
    recipients: list[Recipient] = [
        (
            attempt.user_id,
            {"exam": dict(attempt.exam.title), "reason": attempt.void_reason, "about": attempt.pk},
            reverse("certification:result", args=[attempt.public_id]),
        )
        for attempt in attempts
    ]
    return notify(kind, recipients=recipients, key=lambda recipient: f"attempt:{recipient[1]['about']}", now=now)


def tell_marked(attempt_ids: Collection[int], *, now: datetime) -> int:
    """Tell those who had to wait for people to mark their answers; the others saw their result at once."""
    waited = Attempt.objects.filter(pk__in=attempt_ids, marked_by_at__isnull=False)
    return tell_candidates(ATTEMPT_MARKED, waited.select_related("exam"), now=now)


def tell_voided(attempt_ids: Collection[int], *, now: datetime) -> int:
    return tell_candidates(ATTEMPT_VOIDED, Attempt.objects.filter(pk__in=attempt_ids).select_related("exam"), now=now)


def tell_reporters(report_ids: Collection[int], *, now: datetime) -> int:
    """Tell candidates what became of their notes about questions."""
    reports = BrokenReport.objects.filter(pk__in=report_ids).select_related("attempt__exam")
    recipients: list[Recipient] = [
        (
            report.attempt.user_id,
            {"exam": dict(report.attempt.exam.title), "answer": report.answer, "about": report.pk},
            reverse("certification:result", args=[report.attempt.public_id]),
        )
        for report in reports
    ]
    return notify(
        REPORT_ANSWERED, recipients=recipients, key=lambda recipient: f"report:{recipient[1]['about']}", now=now
    )


def tell_staff(
    kind: NotificationType, people: Any, *, context: dict[str, Any], url: str, key: str, now: datetime
) -> int:
    """Tell staff that something waits for one of them."""
    recipients: list[Recipient] = [(pk, context, url) for pk in people.values_list("pk", flat=True)]
    return notify(kind, recipients=recipients, key=key, now=now)


def tell_markers(attempt_ids: Collection[int], *, now: datetime) -> int:
    """Tell those who mark that answers wait; once for each attempt."""
    told = 0
    for attempt in Attempt.objects.filter(pk__in=attempt_ids).select_related("exam"):
        told += tell_staff(
            MARKING_WAITS,
            find_markers(),
            context={
                "exam": dict(attempt.exam.title),
                "marked_by_at": attempt.marked_by_at.isoformat() if attempt.marked_by_at else "",
            },
            url=reverse("marking:index"),
            key=f"marking:{attempt.pk}",
            now=now,
        )
    return told


def tell_checkers(check_ids: Collection[int], *, now: datetime) -> int:
    """Tell examiners which questions a material change has put to the check: once for each change."""
    checks = QuestionCheck.objects.filter(pk__in=check_ids)
    counts = checks.order_by().values("change", "line").annotate(count=Count("pk"))
    return sum(
        tell_staff(
            QUESTION_DOUBTED,
            find_examiners(),
            context={"line": row["line"], "count": row["count"]},
            url=reverse("question_checks:index"),
            key=f"change:{row['change']}",
            now=now,
        )
        for row in counts
    )


def tell_of_reports(report_ids: Collection[int], *, now: datetime) -> int:
    """Tell examiners that a candidate found a question broken."""
    return sum(
        tell_staff(
            QUESTION_REPORTED,
            find_examiners(),
            context={"question": report.version.question.slug, "text": report.text},
            url=reverse("question_reports:index"),
            key=f"report:{report.pk}",
            now=now,
        )
        for report in BrokenReport.objects.filter(pk__in=report_ids).select_related("version__question")
    )


def tell_holders(kind: NotificationType, credential_ids: Collection[int], *, now: datetime) -> int:
    """Tell each holder what became of the credential; returns how many were told."""
    credentials = Credential.objects.filter(pk__in=credential_ids).select_related("exam")
    recipients: list[Recipient] = [
        (
            credential.user_id,
            {
                "exam": dict(credential.exam.title),
                "expires_at": credential.expires_at.isoformat(),
                "reason": credential.reason,
                "about": credential.pk,
            },
            reverse("certification:credentials"),
        )
        for credential in credentials
    ]
    return notify(kind, recipients=recipients, key=_name_credential, now=now)


def tell_partners(kind: NotificationType, qualification_ids: Collection[int], *, now: datetime) -> int:
    """Tell the owners and heads of each partner what became of its qualification; returns how many were told."""
    qualifications = {
        row.pk: row
        for row in Qualification.objects.filter(pk__in=qualification_ids).select_related("partner", "programme")
    }
    leaders: dict[int, set[int]] = {}
    roles = MembershipRole.objects.active(now).filter(
        membership__partner__in={row.partner_id for row in qualifications.values()}, membership__ended_at__isnull=True
    )
    for role in roles.select_related("role", "membership"):
        if role.role.manages_members or role.role.leads_team:
            leaders.setdefault(role.membership.partner_id, set()).add(role.membership.user_id)
    recipients: list[Recipient] = [
        (
            user_id,
            {
                "partner": row.partner.name,
                "programme": dict(row.programme.title),
                "valid_until_at": row.valid_until.isoformat(),
                "reason": row.closed_reason,
                "about": row.pk,
            },
            reverse("certification:standing"),
        )
        for row in qualifications.values()
        for user_id in sorted(leaders.get(row.partner_id, set()))
    ]
    return notify(kind, recipients=recipients, key=_name_qualification, now=now)


def _name_credential(recipient: Recipient) -> str:
    return f"credential:{recipient[1]['about']}"


def _name_qualification(recipient: Recipient) -> str:
    return f"qualification:{recipient[1]['about']}"
