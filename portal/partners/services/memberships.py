"""Inviting people, joining, job roles, and leaving.

The link of an invitation carries a token that is derived from the invitation and the secret key. The database keeps
only the token's digest, and the message's job only the invitation's id: neither is enough to join.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from portal.accounts.access import may_administer
from portal.accounts.models import User
from portal.accounts.services.people import register_person
from portal.core.errors import NotAllowed, Refusal
from portal.partners.facts import (
    invitations_accepted,
    invitations_cancelled,
    job_roles_assigned,
    members_invited,
    members_joined,
    members_left,
)
from portal.partners.models import Invitation, JobRole, Membership, MembershipRole, Partner, PartnerStatus
from portal.partners.registry import let_go
from portal.partners.services.standing import bump_standing, lock_partner

#: How long the link of an invitation works.
INVITATION_LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What a person who joins by an invitation tells of themselves. The address is the invitation's."""

    first_name: str
    last_name: str
    password: str
    language: str
    time_zone: str


# --- Inviting --------------------------------------------------------------------------------------------------------


def make_token(invitation: Invitation) -> str:
    """The token of the link sent at ``invitation.invited_at``. Sending again makes another; this one stops working."""
    subject = f"{invitation.public_id}:{invitation.invited_at.timestamp():.6f}"
    return salted_hmac("portal.partners.invitation", subject, algorithm="sha256").hexdigest()


def digest_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find_invitation(token: str) -> Invitation | None:
    """The invitation whose link carries ``token``, whatever has become of it since."""
    return Invitation.objects.select_related("partner", "invited_by").filter(token_digest=digest_token(token)).first()


@transaction.atomic
def invite_member(
    partner: Partner,
    *,
    email: str,
    roles: Collection[JobRole],
    language: str | None = None,
    by: User | None,
    now: datetime,
) -> Invitation:
    """Invite a person by e-mail; the message goes out after commit. An invitation that waits is sent again instead.

    Raises:
        Refusal: the person is a member already, no job role was chosen, or the partner has ended.
    """
    locked = lock_partner(partner)
    _check_not_ended(locked)
    _check_roles(roles)
    email = email.strip().lower()
    if Membership.objects.for_partner(locked).filter(user__email=email, ended_at__isnull=True).exists():
        raise Refusal(
            _("%(email)s is a member already.") % {"email": email},
            remedy=_("You can change a member's job roles on the team page."),
            code="member_already",
        )
    invitation = Invitation.objects.for_partner(locked).pending().filter(email=email).first()
    if invitation is None:
        invitation = Invitation(partner=locked, email=email)
    invitation.language = language or locked.language
    _send(invitation, by=by, now=now)
    invitation.roles.set(roles)
    return invitation


@transaction.atomic
def resend_invitation(invitation: Invitation, *, by: User | None, now: datetime) -> Invitation:
    """Send a fresh link, good for another seven days; the former link stops working.

    Raises:
        Refusal: the invitation was accepted or cancelled, or the partner has ended.
    """
    _check_not_ended(lock_partner(invitation.partner))
    locked = _lock_pending(invitation)
    _send(locked, by=by, now=now)
    return locked


@transaction.atomic
def cancel_invitation(invitation: Invitation, *, by: User | None, now: datetime) -> Invitation:
    """Take the invitation back: its link stops working at once.

    Raises:
        Refusal: it was accepted or cancelled already.
    """
    locked = _lock_pending(invitation)
    locked.cancelled_at = now
    locked.save(update_fields=["cancelled_at"])
    invitations_cancelled.announce(invitation_ids=[locked.pk], by=by)
    return locked


def _send(invitation: Invitation, *, by: User | None, now: datetime) -> None:
    invitation.invited_by = by
    invitation.invited_at = now
    invitation.expires_at = now + INVITATION_LASTS
    invitation.token_digest = digest_token(make_token(invitation))
    invitation.save()
    members_invited.announce(invitation_ids=[invitation.pk], by=by)


def _lock_pending(invitation: Invitation) -> Invitation:
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    _check_pending(locked)
    return locked


def _check_pending(locked: Invitation) -> None:
    if locked.accepted_at is not None:
        raise Refusal(
            _("This invitation was accepted already."), remedy=_("Sign in to go on."), code="invitation_accepted"
        )
    if locked.cancelled_at is not None:
        raise Refusal(
            _("This invitation was cancelled."),
            remedy=_("Ask the owner of the organisation for a new one."),
            code="invitation_cancelled",
        )


def check_open(invitation: Invitation, *, now: datetime) -> None:
    """Refuse an invitation that can no longer be accepted.

    Raises:
        Refusal: accepted, cancelled or expired, or the partner has ended.
    """
    _check_pending(invitation)
    if invitation.has_expired(now):
        raise Refusal(
            _("This invitation has expired."),
            remedy=_("Ask the owner of the organisation to send it again."),
            code="invitation_expired",
        )
    _check_not_ended(invitation.partner)


# --- Joining ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def accept_invitation(invitation: Invitation, *, by: User | NewPerson, now: datetime) -> Membership:
    """Join the partner: as the signed-in person with the invited address, or as a new person.

    1. Lock the partner, then the invitation: of two who accept at once, the second finds it accepted.
    2. Check that it is open, that the person is the one invited, and that a new person's password will do.
    3. Create the person if new, open the membership and its job roles, close the invitation.
    4. Announce.

    Raises:
        Refusal: expired, cancelled, accepted already, partner ended, another person's, or a password too weak.
    """
    partner = lock_partner(invitation.partner)
    locked = _lock_pending(invitation)
    locked.partner = partner
    check_open(locked, now=now)
    _check_person(locked, by)

    person = by if isinstance(by, User) else _register(locked.email, by)
    roles = list(locked.roles.all())
    membership = Membership.objects.for_partner(partner).filter(user=person, ended_at__isnull=True).first()
    if membership is None:
        membership = _open_membership(partner, person, roles, by=person, now=now)
    locked.accepted_at, locked.membership = now, membership
    locked.save(update_fields=["accepted_at", "membership"])
    invitations_accepted.announce(invitation_ids=[locked.pk], by=person)
    return membership


def _check_person(invitation: Invitation, by: User | NewPerson) -> None:
    """That the person who accepts is the one invited; or that a new one's account can be made."""
    if isinstance(by, User):
        if by.email != invitation.email:
            raise NotAllowed(
                _("This invitation is for %(email)s, and you are signed in as %(other)s.")
                % {"email": invitation.email, "other": by.email},
                remedy=_("Sign out, and open the link again."),
                code="invitation_for_another",
            )
        return
    if User.objects.filter(email=invitation.email).exists():
        raise Refusal(
            _("There is an account with this e-mail address already."),
            remedy=_("Sign in with it, and open the link again."),
            code="sign_in_first",
        )
    try:
        validate_password(by.password, User(email=invitation.email, first_name=by.first_name, last_name=by.last_name))
    except ValidationError as error:
        raise Refusal(" ".join(error.messages), code="password") from error


def _register(email: str, new: NewPerson) -> User:
    return register_person(
        email,
        first_name=new.first_name,
        last_name=new.last_name,
        password=new.password,
        language=new.language,
        time_zone=new.time_zone,
    )


@transaction.atomic
def start_membership(
    partner: Partner, *, user: User, roles: Collection[JobRole], by: User | None, now: datetime
) -> Membership:
    """Make the person a member without an invitation: for the vendor's staff and for imports.

    Raises:
        Refusal: the person is a member already, no job role was chosen, or the partner has ended.
    """
    locked = lock_partner(partner)
    _check_not_ended(locked)
    _check_roles(roles)
    if Membership.objects.for_partner(locked).filter(user=user, ended_at__isnull=True).exists():
        raise Refusal(_("%(email)s is a member already.") % {"email": user.email}, code="member_already")
    return _open_membership(locked, user, roles, by=by, now=now)


def _open_membership(
    partner: Partner, user: User, roles: Iterable[JobRole], *, by: User | None, now: datetime
) -> Membership:
    membership = Membership.objects.create(partner=partner, user=user, started_at=now)
    MembershipRole.objects.bulk_create(
        MembershipRole(membership=membership, role=role, started_at=now) for role in roles
    )
    bump_standing(partner, by=by)
    members_joined.announce(membership_ids=[membership.pk], by=by)
    return membership


# --- Job roles, and leaving ------------------------------------------------------------------------------------------


@transaction.atomic
def assign_roles(membership: Membership, *, roles: Collection[JobRole], by: User | None, now: datetime) -> Membership:
    """Let the member hold exactly these job roles from ``now`` on; what they held before stays in the history.

    Raises:
        Refusal: no job role was chosen, the membership has ended, or nobody would be left to manage the members.
    """
    partner = lock_partner(membership.partner)
    locked = _lock_open(membership)
    _check_roles(roles)
    if not any(role.manages_members for role in roles):
        _check_owner_remains(locked, by)
    held = {row.role_id: row for row in locked.held_roles.filter(ended_at__isnull=True)}
    wanted = {role.pk: role for role in roles}
    if held.keys() == wanted.keys():
        return locked
    dropped = [row.pk for role_id, row in held.items() if role_id not in wanted]
    MembershipRole.objects.filter(pk__in=dropped).update(ended_at=now)
    MembershipRole.objects.bulk_create(
        MembershipRole(membership=locked, role=role, started_at=now)
        for role_id, role in wanted.items()
        if role_id not in held
    )
    bump_standing(partner, by=by)
    job_roles_assigned.announce(membership_ids=[locked.pk], by=by)
    return locked


@transaction.atomic
def end_membership(membership: Membership, *, by: User | None, now: datetime) -> Membership:
    """End the membership and its job roles at ``now``: the person keeps account and credentials, and sees nothing more.

    Raises:
        Refusal: it has ended already, or nobody would be left to manage the members (staff may end that one too).
    """
    partner = lock_partner(membership.partner)
    locked = _lock_open(membership)
    _check_owner_remains(locked, by)
    locked.held_roles.filter(ended_at__isnull=True).update(ended_at=now)
    locked.ended_at = now
    locked.save(update_fields=["ended_at"])
    let_go(locked, by=by, now=now)
    bump_standing(partner, by=by)
    members_left.announce(membership_ids=[locked.pk], by=by)
    return locked


def _lock_open(membership: Membership) -> Membership:
    locked = Membership.objects.select_for_update().get(pk=membership.pk)
    if locked.ended_at is not None:
        raise Refusal(
            _("This membership has ended already."),
            remedy=_("To work together again, send a new invitation."),
            code="membership_ended",
        )
    return locked


def _check_not_ended(partner: Partner) -> None:
    if partner.status == PartnerStatus.ENDED:
        raise Refusal(
            _("The partnership of %(partner)s has ended.") % {"partner": partner.name},
            remedy=_("Your contact at the vendor can tell you more."),
            code="partner_ended",
        )


def _check_roles(roles: Collection[JobRole]) -> None:
    if not roles:
        raise Refusal(
            _("A member needs at least one job role."), remedy=_("Choose what the person does."), code="no_job_role"
        )


def _check_owner_remains(membership: Membership, by: User | None) -> None:
    """An owner cannot leave a partner without one; the vendor's staff can, and can appoint another."""
    if by is not None and may_administer(by):
        return
    managing = MembershipRole.objects.filter(
        role__manages_members=True,
        ended_at__isnull=True,
        membership__partner=membership.partner_id,
        membership__ended_at__isnull=True,
    )
    if managing.filter(membership=membership).exists() and not managing.exclude(membership=membership).exists():
        raise Refusal(
            _("Nobody would be left to manage the members."),
            remedy=_("Make another member an owner first."),
            code="last_owner",
        )
