"""What this app itself tells: news of the apps below, which cannot tell it."""

from collections.abc import Collection
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.notifications.registry import NotificationType
from portal.notifications.services.notices import Recipient, notify
from portal.partners.models import Invitation, MembershipRole

INVITATION_ACCEPTED = NotificationType(
    "partners.invitation_accepted",
    label=_("A person whom your organisation invited has joined"),
    template="notifications/notices/invitation_accepted",
)


def tell_owners(invitation_ids: Collection[int], *, now: datetime) -> int:
    """Tell the partner's owners, other than the person who joined, that an invited person has joined."""
    invitations = Invitation.objects.filter(pk__in=invitation_ids, membership__isnull=False).select_related(
        "partner", "membership__user"
    )
    owners: dict[int, set[int]] = {}
    for partner_id, user_id in MembershipRole.objects.filter(
        role__manages_members=True,
        ended_at__isnull=True,
        membership__ended_at__isnull=True,
        membership__partner__in=[invitation.partner_id for invitation in invitations],
    ).values_list("membership__partner_id", "membership__user_id"):
        owners.setdefault(partner_id, set()).add(user_id)
    recipients: list[Recipient] = [
        (
            user_id,
            {"name": str(person), "partner": invitation.partner.name, "about": invitation.pk},
            reverse("partners:team"),
        )
        for invitation in invitations
        if (person := invitation.membership.user if invitation.membership else None)
        for user_id in sorted(owners.get(invitation.partner_id, set()) - {person.pk})
    ]
    return notify(
        INVITATION_ACCEPTED, recipients=recipients, key=lambda recipient: f"invitation:{recipient[1]['about']}", now=now
    )
