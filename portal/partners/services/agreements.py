"""Publishing the agreement, accepting it in a partner's name, and taking an acceptance back."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.core.localised import LocalisedText
from portal.partners import access
from portal.partners.facts import agreement_published, agreements_accepted, agreements_withdrawn
from portal.partners.models import Acceptance, AgreementVersion, Membership, Partner, PartnerStatus
from portal.partners.services.standing import bump_standing, lock_partner


@transaction.atomic
def publish_agreement(
    *,
    title: LocalisedText | dict[str, str],
    body: LocalisedText | dict[str, str],
    effective_from: datetime,
    by: User | None,
    now: datetime,
) -> AgreementVersion:
    """Publish the next version of the agreement, in effect from ``effective_from``. It can never be changed after.

    No partner is bumped: the gate itself asks, at each moment, for an acceptance of the version then in effect.

    Raises:
        Refusal: it would be in effect before it was published, or before the latest version.
    """
    # The latest version is the lock: two who publish at once get two numbers.
    latest = AgreementVersion.objects.select_for_update().order_by("-number").first()
    if effective_from < now:
        raise Refusal(
            _("A version cannot be in effect before it is published."),
            remedy=_("Choose a moment from now on."),
            code="effective_in_the_past",
        )
    if latest is not None and effective_from < latest.effective_from:
        raise Refusal(
            _("Version %(number)s comes into effect later than that.") % {"number": latest.number},
            remedy=_("Choose a moment after it."),
            code="effective_before_latest",
        )
    version = AgreementVersion.objects.create(
        number=latest.number + 1 if latest else 1,
        title=LocalisedText(title),
        body=LocalisedText(body),
        effective_from=effective_from,
        published_at=now,
    )
    agreement_published.announce(version_ids=[version.pk], by=by)
    return version


@transaction.atomic
def accept_agreement(
    partner: Partner,
    *,
    version: AgreementVersion,
    membership: Membership,
    language: str,
    by: User,
    now: datetime,
) -> Acceptance:
    """Accept ``version`` in the partner's name: the current one, or one that is still to come into effect.

    Accepting again what is accepted returns the acceptance that stands.

    Raises:
        NotAllowed: the membership is not of this partner, or not an owner's.
        Refusal: the version is superseded, or the partnership has ended.
    """
    locked = lock_partner(partner)
    # Looked at again under the lock: the owner may have left, or ceased to be one, since the page was opened.
    membership = Membership.objects.with_roles().get(pk=membership.pk)
    if membership.partner_id != locked.pk or membership.user_id != by.pk or not access.may_accept_agreement(membership):
        raise NotAllowed(
            _("Only an owner accepts the agreement in the name of the organisation."),
            remedy=_("Ask the owner of your organisation to read and accept it."),
            code="not_an_owner",
        )
    if locked.status == PartnerStatus.ENDED:
        raise Refusal(_("The partnership of %(partner)s has ended.") % {"partner": locked.name}, code="partner_ended")
    current = AgreementVersion.objects.current(now)
    if current is not None and version.number < current.number:
        raise Refusal(
            _("This version of the agreement is no longer in effect."),
            remedy=_("Read and accept the current version."),
            code="superseded",
        )
    standing = Acceptance.objects.for_partner(locked).filter(version=version, withdrawn_at__isnull=True).first()
    if standing is not None:
        return standing
    acceptance = Acceptance.objects.create(
        partner=locked,
        version=version,
        accepted_at=now,
        accepted_by=by,
        membership=membership,
        language=language,
        text_digest=version.text_digest,
    )
    bump_standing(locked, by=by)
    agreements_accepted.announce(acceptance_ids=[acceptance.pk], by=by)
    return acceptance


@transaction.atomic
def withdraw_acceptance(acceptance: Acceptance, *, reason: str = "", by: User | None, now: datetime) -> Acceptance:
    """Take the partner's acceptance back: from ``now`` on it receives no leads until an owner accepts again.

    Raises:
        Refusal: it was withdrawn already.
    """
    partner = lock_partner(acceptance.partner)
    locked = Acceptance.objects.select_for_update().get(pk=acceptance.pk)
    if locked.withdrawn_at is not None:
        raise Refusal(_("This acceptance was withdrawn already."), code="withdrawn_already")
    locked.withdrawn_at, locked.withdrawn_by, locked.withdrawal_reason = now, by, reason
    locked.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawal_reason"])
    bump_standing(partner, by=by)
    agreements_withdrawn.announce(acceptance_ids=[locked.pk], by=by)
    return locked
