"""A partner's tier and its history."""

from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.partners.facts import tier_changed
from portal.partners.models import Partner, Tier, TierPeriod
from portal.partners.services.standing import bump_standing, lock_partner


@transaction.atomic
def set_tier(partner: Partner, *, tier: Tier, by: User | None, now: datetime) -> Partner:
    """Move the partner to ``tier`` from ``now`` on. Setting the tier that it has changes nothing."""
    locked = lock_partner(partner)
    if locked.tier_id != tier.pk:
        TierPeriod.objects.filter(partner=locked, ended_at__isnull=True).update(ended_at=now)
        TierPeriod.objects.create(partner=locked, tier=tier, started_at=now)
        locked.tier = tier
        locked.save(update_fields=["tier"])
        bump_standing(locked, by=by)
        tier_changed.announce(partner_ids=[locked.pk], by=by)
    return locked
