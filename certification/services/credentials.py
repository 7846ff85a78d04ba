"""What a person holds: awarded, taken back, and counted for one partner at a time."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from certification import timing
from certification.facts import credentials_awarded, credentials_counted, credentials_revoked
from certification.models import Attempt, Credential, Exam, Programme
from certification.services.qualifications import review_qualification
from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership, Partner, in_force_now
from portal.partners.services.entitlements import grant_entitlement, withdraw_entitlement
from portal.partners.services.standing import lock_partner


@transaction.atomic
def award_credential(
    user: User,
    *,
    exam: Exam,
    membership: Membership,
    attempt: Attempt | None = None,
    evidence: str = "",
    by: User | None,
    now: datetime,
) -> Credential:
    """Give a person the exam's credential, counting for the membership's partner, and assess that partner at once.

    The person is entitled to what asks for the credential, until it expires.

    Args:
        attempt: the attempt that was passed; awarding it twice returns what it has earned already.
        evidence: what the credential rests on where there is no attempt (carried over from elsewhere).

    Raises:
        ValueError: with neither an attempt nor evidence, or for a membership of someone else.
    """
    if membership.user_id != user.pk or (attempt is None and not evidence):
        raise ValueError("A credential needs the person's own membership, and an attempt or evidence")
    lock_partner(membership.partner)
    if attempt is not None:
        earned = Credential.objects.filter(attempt=attempt).first()
        if earned is not None:
            return earned
    credential = Credential.objects.create(
        user=user,
        exam=exam,
        attempt=attempt,
        evidence=evidence,
        membership=membership,
        issued_at=now,
        expires_at=timing.months_after(now, exam.validity_months),
    )
    grant_entitlement(
        user,
        key=exam.entitlement_key,
        evidence=credential.as_evidence,
        membership=membership,
        until=credential.expires_at,
        by=by,
        now=now,
    )
    credentials_awarded.announce(credential_ids=[credential.pk], by=by)
    _review(membership.partner, exam_id=exam.pk, by=by, now=now)
    return credential


@transaction.atomic
def revoke_credential(credential: Credential, *, reason: str, by: User | None, now: datetime) -> Credential:
    """Take a credential back; the partner for which it counted is assessed in the same transaction, and the materials
    that it opened are closed with it.

    Raises:
        Refusal: it is revoked already, or no reason is given.
    """
    reason = reason.strip()
    locked = Credential.objects.select_for_update().get(pk=credential.pk)
    if not reason:
        raise Refusal(_("A credential is not revoked without a reason."), remedy=_("The holder will read it."))
    if locked.revoked_at is not None:
        raise Refusal(_("This credential was revoked already."), code="revoked_already")
    locked.revoked_at, locked.revoked_by, locked.reason = now, by, reason
    locked.save(update_fields=["revoked_at", "revoked_by", "reason"])
    withdraw_entitlement(locked.user, key=locked.exam.entitlement_key, evidence=locked.as_evidence, by=by, now=now)
    credentials_revoked.announce(credential_ids=[locked.pk], by=by)
    partner = Partner.objects.get(memberships=locked.membership_id)
    _review(partner, exam_id=locked.exam_id, by=by, now=now)
    return locked


@transaction.atomic
def count_credential_for(credential: Credential, *, membership: Membership, by: User, now: datetime) -> Credential:
    """Let a credential count for another of the holder's partners, by the holder's choice; both are assessed at once.

    Raises:
        NotAllowed: it is somebody else's.
        Refusal: the membership has ended, or the credential does not hold any more.
    """
    locked = Credential.objects.select_for_update().get(pk=credential.pk)
    if locked.user_id != by.pk or membership.user_id != by.pk:
        raise NotAllowed(_("Only the holder decides for whom a credential counts."))
    if not in_force_now(membership, now):
        raise Refusal(
            _("You are not a member of this organisation any more."),
            remedy=_("Choose an organisation that you work for now."),
            code="membership_ended",
        )
    if locked.state_at(now) not in {"held", "expiring"}:
        raise Refusal(
            _("This credential does not hold any more."),
            remedy=_("Sit the exam again to earn a new one."),
            code="credential_over",
        )
    if locked.membership_id == membership.pk:
        return locked
    before = Partner.objects.get(memberships=locked.membership_id)
    partners = {before.pk: before, membership.partner_id: membership.partner}
    for _pk, partner in sorted(partners.items()):  # in one order, so that two people's choices cannot wait in a circle
        lock_partner(partner)
    locked.membership = membership
    locked.save(update_fields=["membership"])
    credentials_counted.announce(credential_ids=[locked.pk], membership_ids=[membership.pk], by=by)
    for _pk, partner in sorted(partners.items()):
        _review(partner, exam_id=locked.exam_id, by=by, now=now)
    return locked


def _review(partner: Partner, *, exam_id: int, by: User | None, now: datetime) -> None:
    for programme in Programme.objects.filter(programme_exams__exam=exam_id).order_by("pk"):
        review_qualification(partner, programme=programme, now=now, by=by)
