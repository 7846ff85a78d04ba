"""The lock and the version on which the exactness of the lead gate rests.

A qualification stores the ``standing_version`` at which it was assessed and counts only while the partner still has
that version. So every change that can affect standing holds the partner's row, and bumps the version before commit.
"""

from collections.abc import Collection

from django.db import transaction
from django.db.models import F

from portal.accounts.models import User
from portal.partners.facts import partner_standing_changed
from portal.partners.models import Membership, Partner


def lock_partner(partner: Partner) -> Partner:
    """The partner as it is now, its row held until the transaction ends. Lock it before any row that belongs to it."""
    return Partner.objects.select_for_update().get(pk=partner.pk)


def bump_standing(partner: Partner, *, by: User | None = None) -> None:
    """Say that the partner's standing may have changed. Call inside the transaction of the change, under the lock."""
    Partner.objects.filter(pk=partner.pk).update(standing_version=F("standing_version") + 1)
    partner.refresh_from_db(fields=["standing_version"])
    partner_standing_changed.announce(partner_ids=[partner.pk], by=by)


@transaction.atomic
def bump_standing_of_people(user_ids: Collection[int]) -> None:
    """The same for every partner that these people are members of, in the order of their ids."""
    partner_ids = Membership.objects.filter(user__in=user_ids, ended_at__isnull=True).values("partner")
    for partner in Partner.objects.filter(pk__in=partner_ids).order_by("pk"):
        bump_standing(lock_partner(partner))
