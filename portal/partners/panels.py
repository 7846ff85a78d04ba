"""Panels of a partner's screen in the admin that show what services keep: members, acceptances, tiers, entitlements."""

from typing import Any

from django.urls import reverse
from wagtail.admin.panels import Panel

from portal.partners.models import Acceptance, Entitlement, Invitation, Membership, Partner
from portal.partners.registry import list_keys


class ShownPanel(Panel):
    """Shows a template about the instance; nothing in it is part of the form."""

    template_name = ""

    class BoundPanel(Panel.BoundPanel):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.template_name = self.panel.template_name

        def is_shown(self) -> bool:
            return super().is_shown() and self.instance.pk is not None

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            context = super().get_context_data(parent_context)
            return {**context, **self.panel.describe(self.instance)}

    def describe(self, partner: Partner) -> dict[str, Any]:
        raise NotImplementedError


class MembersPanel(ShownPanel):
    template_name = "partners/admin/members.html"

    def describe(self, partner: Partner) -> dict[str, Any]:
        members = Membership.objects.for_partner(partner).with_roles().select_related("user")
        return {
            "members": members.filter(ended_at__isnull=True).order_by("user__last_name", "pk"),
            "former": members.filter(ended_at__isnull=False).order_by("-ended_at"),
            "invitations": Invitation.objects.for_partner(partner).pending().prefetch_related("roles"),
            "invite_url": reverse("partners_admin:invite", args=[partner.pk]),
        }


class AcceptancesPanel(ShownPanel):
    template_name = "partners/admin/acceptances.html"

    def describe(self, partner: Partner) -> dict[str, Any]:
        acceptances = Acceptance.objects.for_partner(partner)
        return {"acceptances": acceptances.select_related("version", "accepted_by", "withdrawn_by")}


class TierHistoryPanel(ShownPanel):
    template_name = "partners/admin/tiers.html"

    def describe(self, partner: Partner) -> dict[str, Any]:
        return {"periods": partner.tier_periods.select_related("tier")}


class EntitlementsPanel(ShownPanel):
    template_name = "partners/admin/entitlements.html"

    def describe(self, partner: Partner) -> dict[str, Any]:
        people = Membership.objects.for_partner(partner).filter(ended_at__isnull=True).values("user")
        names = {known.key: known.name for known in list_keys()}
        found = Entitlement.objects.filter(user__in=people).select_related("user")
        return {"entitlements": [(row, names.get(row.key, row.key)) for row in found]}
