"""What partners' people are sent by e-mail before they have an inbox."""

from collections.abc import Collection

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.accounts.services.letters import send_letter
from portal.core.times import describe_moment
from portal.partners.models import Invitation
from portal.partners.services.memberships import digest_token, make_token


def send_invitations(invitation_ids: Collection[int]) -> None:
    """Send each invitation that still waits its letter, in the invited person's language.

    An invitation that was sent again since has another link: the later call sends that one.
    """
    pending = Invitation.objects.pending().filter(pk__in=invitation_ids).select_related("partner", "invited_by")
    for invitation in pending.prefetch_related("roles"):
        token = make_token(invitation)
        if digest_token(token) == invitation.token_digest:
            _send(invitation, token)


def _send(invitation: Invitation, token: str) -> None:
    with translation.override(invitation.language), timezone.override(invitation.partner.time_zone):
        names = {"partner": invitation.partner.name, "vendor": settings.VENDOR_NAME, "inviter": invitation.invited_by}
        greeting = (
            _("%(inviter)s invites you to join %(partner)s in the partner portal of %(vendor)s.")
            if invitation.invited_by
            else _("You are invited to join %(partner)s in the partner portal of %(vendor)s.")
        )
        send_letter(
            invitation.email,
            subject=_("Join %(partner)s in the partner portal") % names,
            paragraphs=[
                greeting % names,
                _("Your job roles: %(roles)s.") % {"roles": ", ".join(str(role) for role in invitation.roles.all())},
                _("The link works until %(moment)s, once, and only for this address.")
                % {"moment": describe_moment(invitation.expires_at)},
            ],
            url=settings.BASE_URL + reverse("partners:invitation", args=[token]),
            action=_("Read and accept the invitation"),
            footer=_("If you do not know the sender, you need not do anything."),
        )
