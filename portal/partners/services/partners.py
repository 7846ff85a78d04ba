"""Registering a partner, and what it may do at all."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.content.models import Product
from portal.partners.facts import partner_status_changed, partners_registered
from portal.partners.models import Partner, PartnerKind, PartnerStatus, Region, Tier, TierPeriod
from portal.partners.services.standing import bump_standing, lock_partner
from portal.partners.services.tiers import set_tier


@transaction.atomic
def register_partner(
    partner: Partner,
    *,
    regions: Iterable[Region] = (),
    products: Iterable[Product] = (),
    by: User | None,
    now: datetime,
) -> Partner:
    """Save a new partner and open the history of its tier."""
    partner.registered_at = partner.status_since = now
    partner.save(force_insert=True)
    partner.regions.set(regions)
    partner.products.set(products)
    TierPeriod.objects.create(partner=partner, tier=partner.tier, started_at=now)
    partners_registered.announce(partner_ids=[partner.pk], by=by)
    return partner


@transaction.atomic
def change_partner(
    partner: Partner,
    *,
    name: str,
    kind: PartnerKind,
    country: str,
    language: str,
    time_zone: str,
    regions: Iterable[Region],
    products: Iterable[Product],
    tier: Tier,
    status: PartnerStatus | str,
    status_reason: str,
    by: User | None,
    now: datetime,
) -> Partner:
    """Keep everything that staff may change of a partner; tier and status with their history and consequences.

    Where it works and what it sells decide which leads fit it: a change is told as one of standing, and held leads wake.
    """
    locked = lock_partner(partner)
    regions, products = set(regions), set(products)
    reach_changes = (set(locked.regions.all()), set(locked.products.all())) != (regions, products)
    locked.name, locked.kind = name, kind
    locked.country, locked.language, locked.time_zone = country, language, time_zone
    locked.save(update_fields=["name", "kind", "country", "language", "time_zone"])
    locked.regions.set(regions)
    locked.products.set(products)
    if reach_changes:
        bump_standing(locked, by=by)
    set_tier(locked, tier=tier, by=by, now=now)
    return change_status(locked, status=status, reason=status_reason, by=by, now=now)


@transaction.atomic
def change_status(
    partner: Partner, *, status: PartnerStatus | str, reason: str = "", by: User | None, now: datetime
) -> Partner:
    """Make the partner active, suspended or ended; ``reason`` is what its members read."""
    locked = lock_partner(partner)
    status = PartnerStatus(status)
    if (locked.status, locked.status_reason) == (status, reason):
        return locked
    changed = locked.status != status
    locked.status, locked.status_reason = status, reason
    if changed:
        locked.status_since = now
    locked.save(update_fields=["status", "status_reason", "status_since"])
    if changed:
        bump_standing(locked, by=by)
        partner_status_changed.announce(partner_ids=[locked.pk], by=by)
    return locked
