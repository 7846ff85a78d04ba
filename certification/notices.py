"""What certification tells people, and whom."""

from collections.abc import Collection
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from certification.models import Credential, Qualification
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
