"""Channel managers' screens in Wagtail's admin. Whatever has consequences goes through a service."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList, TabbedInterface
from wagtail.admin.ui.tables import Column
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup

from portal.accounts.middleware import PersonRequest
from portal.core.viewsets import (
    ActView,
    KeptPermissionPolicy,
    NamedRowDeleteView,
    ReadOnlyPermissionPolicy,
    RelatedIndexView,
)
from portal.partners.forms import (
    AgreementForm,
    AudienceForm,
    InvitationForm,
    JobRolesForm,
    PartnerForm,
    WithdrawalForm,
)
from portal.partners.models import (
    Acceptance,
    AgreementVersion,
    Audience,
    JobRole,
    Membership,
    Partner,
    PartnerKind,
    Region,
    Tier,
)
from portal.partners.panels import AcceptancesPanel, EntitlementsPanel, MembersPanel, TierHistoryPanel
from portal.partners.registry import find_key
from portal.partners.services import agreements, memberships


class PublishedPermissionPolicy(KeptPermissionPolicy):
    """Texts that people accepted: published once, then only read."""

    never = frozenset({"delete", "change"})


#: Registered with Wagtail by ``wagtail_hooks``.
POLICIES = {
    Partner: KeptPermissionPolicy(Partner),
    AgreementVersion: PublishedPermissionPolicy(AgreementVersion),
    Membership: ReadOnlyPermissionPolicy(Membership),
}


# --- What staff do to one partner's people and papers ----------------------------------------------------------------


class PartnerActView(ActView):
    """A form about one partner, which goes back to the partner."""

    request: PersonRequest

    permission_policy = POLICIES[Partner]
    permission_required = "change"
    header_icon = "group"
    partner: Partner

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.partner = self.find_partner()
        return super().dispatch(request, *args, **kwargs)

    def find_partner(self) -> Partner:
        return get_object_or_404(Partner, pk=self.kwargs["pk"])

    @property
    def back_url(self) -> str:
        return reverse("partners_admin:edit", args=[self.partner.pk])

    def get_page_subtitle(self) -> str:
        return str(self.partner)

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("partners_admin:index"), _("Partners")), (self.back_url, str(self.partner))]


class InviteView(PartnerActView):
    page_title = gettext_lazy("Invite a person")
    submit_label = gettext_lazy("Send the invitation")
    form_class = InvitationForm

    def get_initial(self) -> dict[str, Any]:
        return {"language": self.partner.language}

    def act(self, form: Any) -> str:
        invitation = memberships.invite_member(
            self.partner, **form.cleaned_data, by=self.request.user, now=timezone.now()
        )
        return _("The invitation to %(email)s is on its way.") % {"email": invitation.email}


class MemberActView(PartnerActView):
    """A form about one member."""

    @cached_property
    def member(self) -> Membership:
        members = Membership.objects.with_roles().select_related("user").filter(ended_at__isnull=True)
        return get_object_or_404(members, pk=self.kwargs["pk"])

    def find_partner(self) -> Partner:
        return self.member.partner

    def get_page_subtitle(self) -> str:
        return str(self.member)


class RolesView(MemberActView):
    page_title = gettext_lazy("Job roles")
    form_class = JobRolesForm

    def get_initial(self) -> dict[str, Any]:
        return {"roles": self.member.job_roles}

    def act(self, form: Any) -> str:
        memberships.assign_roles(self.member, **form.cleaned_data, by=self.request.user, now=timezone.now())
        return _("The job roles of %(name)s are saved.") % {"name": self.member.user}


class LeaveView(MemberActView):
    page_title = gettext_lazy("End the membership")
    submit_label = gettext_lazy("End the membership")
    danger = True
    explanation = gettext_lazy(
        "The person sees nothing of the partner any more. Their credentials no longer count for its qualification: if "
        "too few certified people remain, it lapses at once and no new leads are offered."
    )

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        memberships.end_membership(self.member, by=self.request.user, now=timezone.now())
        return _("%(name)s is no longer a member.") % {"name": self.member.user}


class WithdrawView(PartnerActView):
    page_title = gettext_lazy("Withdraw the acceptance")
    submit_label = gettext_lazy("Withdraw the acceptance")
    danger = True
    explanation = gettext_lazy("From that moment on the partner is offered no leads, until an owner accepts again.")
    form_class = WithdrawalForm

    @cached_property
    def acceptance(self) -> Acceptance:
        return get_object_or_404(Acceptance.objects.select_related("partner"), pk=self.kwargs["pk"])

    def find_partner(self) -> Partner:
        return self.acceptance.partner

    def act(self, form: Any) -> str:
        agreements.withdraw_acceptance(self.acceptance, **form.cleaned_data, by=self.request.user, now=timezone.now())
        return _("The acceptance is withdrawn.")


# --- Screens ---------------------------------------------------------------------------------------------------------


class PartnerViewSet(ModelViewSet):
    model = Partner
    name = "partners_admin"
    url_prefix = "partners"
    icon = "group"
    menu_label = gettext_lazy("Partners")
    permission_policy = POLICIES[Partner]
    add_to_reference_index = False
    copy_view_enabled = False
    index_view_class = RelatedIndexView
    list_display = ["name", "kind", "tier", "status", "country"]
    list_filter = ["status", "kind", "tier", "country", "regions", "products"]
    search_fields = ["name"]
    search_backend_name = None
    edit_handler = TabbedInterface(
        [
            ObjectList(
                [
                    FieldPanel("name"),
                    FieldRowPanel([FieldPanel("kind"), FieldPanel("tier")]),
                    MultiFieldPanel(
                        [FieldPanel("status"), FieldPanel("status_reason")], heading=gettext_lazy("Status")
                    ),
                    FieldRowPanel([FieldPanel("country"), FieldPanel("language"), FieldPanel("time_zone")]),
                    FieldPanel("products"),
                    FieldPanel("regions"),
                ],
                heading=gettext_lazy("Partner"),
            ),
            ObjectList([MembersPanel()], heading=gettext_lazy("Members")),
            ObjectList([AcceptancesPanel()], heading=gettext_lazy("Agreement")),
            ObjectList(
                [
                    TierHistoryPanel(heading=gettext_lazy("Tiers held")),
                    EntitlementsPanel(heading=gettext_lazy("Entitlements")),
                ],
                heading=gettext_lazy("History"),
            ),
        ],
        base_form_class=PartnerForm,
    )

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("<int:pk>/invite/", InviteView.as_view(), name="invite"),
            path("members/<int:pk>/roles/", RolesView.as_view(), name="roles"),
            path("members/<int:pk>/leave/", LeaveView.as_view(), name="leave"),
            path("acceptances/<int:pk>/withdraw/", WithdrawView.as_view(), name="withdraw"),
        ]


class MembershipViewSet(ModelViewSet):
    """Who works for whom, across partners. Read only: people are changed on their partner's screen."""

    model = Membership
    name = "memberships"
    icon = "user"
    menu_label = gettext_lazy("Members")
    permission_policy = POLICIES[Membership]
    add_to_reference_index = False
    inspect_view_enabled = True
    inspect_view_fields = ["user", "partner", "started_at", "ended_at", "roles"]
    copy_view_enabled = False
    form_fields: list[str] = []
    index_view_class = RelatedIndexView
    list_display = ["user", "partner", "started_at", "ended_at"]
    list_filter = ["partner", "roles", "ended_at"]
    search_fields = ["user__last_name", "user__first_name", "user__email", "partner__name"]
    search_backend_name = None
    ordering = ["partner__name", "user__last_name"]


class AgreementViewSet(ModelViewSet):
    model = AgreementVersion
    name = "agreements"
    icon = "doc-full"
    menu_label = gettext_lazy("Agreements")
    permission_policy = POLICIES[AgreementVersion]
    add_to_reference_index = False
    inspect_view_enabled = True
    inspect_view_fields = ["number", "title", "body", "effective_from", "published_at", "text_digest"]
    copy_view_enabled = False
    list_display = ["number", "title", "effective_from", "published_at"]
    edit_handler = ObjectList(
        [FieldPanel("title"), FieldPanel("body"), FieldPanel("effective_from")], base_form_class=AgreementForm
    )


def name_entitlement(audience: Audience) -> str:
    return find_key(audience.entitlement).name if audience.entitlement else ""


class AudienceViewSet(ModelViewSet):
    model = Audience
    name = "audiences"
    icon = "view"
    menu_label = gettext_lazy("Audiences")
    copy_view_enabled = False
    delete_view_class = NamedRowDeleteView
    list_display = [
        "name",
        Column("entitlement", label=gettext_lazy("entitlement"), accessor=name_entitlement),
        "language",
    ]
    search_fields = ["name"]
    search_backend_name = None
    edit_handler = ObjectList(
        [FieldPanel(name) for name in ("name", "kinds", "tiers", "job_roles", "products", "entitlement", "language")],
        base_form_class=AudienceForm,
    )


class VocabularyViewSet(ModelViewSet):
    """Rows of the vendor's own vocabulary. One that is in use cannot be deleted."""

    copy_view_enabled = False
    delete_view_class = NamedRowDeleteView
    list_display: list[Any] = ["name", "slug", "order"]
    form_fields = ["name", "slug", "order"]


class KindViewSet(VocabularyViewSet):
    model = PartnerKind
    name = "partner_kinds"
    icon = "tag"
    menu_label = gettext_lazy("Kinds of partner")


class JobRoleViewSet(VocabularyViewSet):
    model = JobRole
    name = "job_roles"
    icon = "user"
    menu_label = gettext_lazy("Job roles")
    list_display: list[Any] = ["name", "slug", "manages_members", "works_leads", "leads_team", "order"]
    form_fields = ["name", "slug", "manages_members", "works_leads", "leads_team", "order"]


class RegionViewSet(VocabularyViewSet):
    model = Region
    name = "regions"
    icon = "site"
    menu_label = gettext_lazy("Regions")


class TierViewSet(VocabularyViewSet):
    model = Tier
    name = "tiers"
    icon = "order-up"
    menu_label = gettext_lazy("Tiers")
    list_display: list[Any] = ["name", "slug", "rank"]
    form_fields = ["name", "slug", "rank"]


class PartnersViewSetGroup(ModelViewSetGroup):
    menu_label = gettext_lazy("Partners")
    menu_icon = "group"
    menu_order = 220
    items = (
        PartnerViewSet,
        MembershipViewSet,
        AgreementViewSet,
        AudienceViewSet,
        TierViewSet,
        KindViewSet,
        JobRoleViewSet,
        RegionViewSet,
    )
