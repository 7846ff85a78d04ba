"""What a person may see because of something proved elsewhere."""

from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.partners.facts import entitlements_granted, entitlements_withdrawn
from portal.partners.models import Entitlement, Membership


@transaction.atomic
def grant_entitlement(
    user: User,
    *,
    key: str,
    evidence: str,
    membership: Membership | None = None,
    until: datetime | None = None,
    by: User | None = None,
    now: datetime,
) -> Entitlement:
    """Grant ``key`` to the person until ``until`` (None: without end).

    One grant stands for each evidence; granting again for the same evidence moves its end and nothing else.
    """
    entitlement, created = Entitlement.objects.select_for_update().get_or_create(
        user=user,
        key=key,
        evidence=evidence,
        withdrawn_at=None,
        defaults={"membership": membership, "granted_at": now, "until": until},
    )
    if not created and entitlement.until != until:
        entitlement.until = until
        entitlement.save(update_fields=["until"])
    if created:
        entitlements_granted.announce(entitlement_ids=[entitlement.pk], by=by)
    return entitlement


@transaction.atomic
def withdraw_entitlement(user: User, *, key: str, evidence: str, by: User | None = None, now: datetime) -> None:
    """Take back what was granted for this evidence. Other evidence for the same key still counts."""
    standing = Entitlement.objects.select_for_update().filter(
        user=user, key=key, evidence=evidence, withdrawn_at__isnull=True
    )
    ids = [entitlement.pk for entitlement in standing]
    if ids:
        Entitlement.objects.filter(pk__in=ids).update(withdrawn_at=now)
        entitlements_withdrawn.announce(entitlement_ids=ids, by=by)
