"""Channel managers' screens in Wagtail's admin: leads and why they went where they went, imports, sources, routes."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import FormView, TemplateView
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, ObjectList
from wagtail.admin.views.generic import CreateView, EditView, IndexView, InspectView, WagtailAdminTemplateMixin
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton
from wagtail.permission_policies.base import ModelPermissionPolicy

from portal.accounts.models import User
from portal.core.amounts import to_major
from portal.core.errors import Refusal
from portal.core.viewsets import ActView, KeptPermissionPolicy, ReadOnlyPermissionPolicy
from portal.leads.access import may_close_leads, may_import_leads, may_override, may_see_leads
from portal.leads.labels import FIELDS, HEARINGS, REASONS, REMEDIES, describe_problem
from portal.leads.models import (
    WITH_NOBODY,
    Dispute,
    HeldReason,
    ImportFile,
    Lead,
    LeadStatus,
    Offer,
    OverrideKind,
    Route,
    Source,
)
from portal.leads.reports import explain_decisions
from portal.leads.services import corrections, imports, intake, outcomes, overrides, rules
from portal.leads.services.customers import list_heard
from portal.leads.services.links import find_taken_by_link
from portal.leads.staff_forms import CloseForm, CompleteForm, ImportForm, PartnerReasonForm, ReasonForm, SourceForm
from portal.leads.viewsets.desk import DeskView, FairnessView
from portal.leads.viewsets.disputes import POLICY as DISPUTE_POLICY
from portal.partners.models import PRESENT, Partner

#: Rows of a dry run's problems shown at once; the count says how many there are in all.
PROBLEMS_SHOWN = 500


#: Registered with Wagtail by ``wagtail_hooks``.
POLICIES: dict[Any, ModelPermissionPolicy] = {
    Lead: ReadOnlyPermissionPolicy(Lead),
    Source: KeptPermissionPolicy(Source),
    Route: KeptPermissionPolicy(Route),
    Dispute: DISPUTE_POLICY,
}


# --- Leads ------------------------------------------------------------------------------------------------------------


class LeadIndexView(IndexView):
    def get_base_queryset(self) -> QuerySet[Lead]:
        return super().get_base_queryset().select_related("source", "route", "product", "region", "partner")

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        buttons = [
            HeaderButton(_("What waits"), url=reverse("leads_admin:desk"), icon_name="tasks", priority=5),
            HeaderButton(_("Fairness"), url=reverse("leads_admin:fairness"), icon_name="order", priority=7),
        ]
        if may_import_leads(self.request.user):
            url = reverse("leads_admin:import")
            buttons.append(HeaderButton(_("Import a file"), url=url, icon_name="upload", priority=10))
        return buttons


class LeadInspectView(InspectView):
    """One lead whole: what is known, whom it was offered to, and why."""

    template_name = "leads/admin/lead.html"
    page_title = gettext_lazy("Lead")

    def get_object(self, queryset: Any = None) -> Lead:  # noqa: ARG002 -- Wagtail's own signature
        rows = Lead.objects.select_related(
            "source", "route", "policy", "product", "region", "partner", "contact", "finished_by", "assignee__user"
        )
        return get_object_or_404(rows, pk=self.pk)

    def get_page_subtitle(self) -> str:
        return str(self.object)

    @cached_property
    def header_more_buttons(self) -> list[HeaderButton]:
        if not may_close_leads(self.request.user):
            return []
        if self.object.is_finished:
            return self._override_buttons() if may_override(self.request.user) else []
        buttons = []
        if self.object.status == LeadStatus.HELD:
            url = reverse("leads_admin:complete", args=[self.object.pk])
            buttons.append(HeaderButton(_("Complete"), url=url, icon_name="edit", priority=10))
        url = reverse("leads_admin:close", args=[self.object.pk])
        buttons.append(HeaderButton(_("Close"), url=url, icon_name="cross", priority=20))
        if may_override(self.request.user):
            buttons += self._override_buttons()
        return buttons

    def _override_buttons(self) -> list[HeaderButton]:
        lead, acts = self.object, []
        if lead.status in WITH_NOBODY and lead.policy_id is not None:
            acts.append(("assign", _("Give by hand"), "user"))
        if lead.status in WITH_NOBODY:
            acts.append(("exclude", _("Keep from a partner"), "no-view"))
        if lead.status == LeadStatus.ACCEPTED:
            acts.append(("pull_back", _("Take back"), "undo"))
        if lead.status in outcomes.REOPENABLE:
            acts.append(("reopen", _("Take the outcome back"), "undo"))
        return [
            HeaderButton(label, url=reverse(f"leads_admin:{name}", args=[lead.pk]), icon_name=icon, priority=30 + place)
            for place, (name, label, icon) in enumerate(acts)
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lead = self.object
        remedy = REMEDIES[HeldReason(lead.held_reason)] if lead.held_reason else None
        return super().get_context_data(
            lead=lead,
            contact=getattr(lead, "contact", None) if self.request.user.has_perm("leads.view_leadcontact") else None,
            problems=[describe_problem(problem) for problem in lead.problems],
            held_field=FIELDS.get(remedy[0], remedy[0]) if remedy else "",
            held_remedy=remedy[1] if remedy else "",
            offers=Offer.objects.filter(lead=lead)
            .select_related("partner", "closed_by", "seen_by", "correction")
            .order_by("-made_at", "-pk"),
            by_link=find_taken_by_link(Offer.objects.filter(lead=lead).values_list("pk", flat=True)),
            decisions=explain_decisions(lead),
            overrides=lead.overrides.select_related("partner", "made_by", "former__finished_by").order_by(
                "-made_at", "-pk"
            ),
            may_override=may_override(self.request.user),
            letters=lead.letters.select_related("offer__partner").order_by("due_at", "pk"),
            heard=list_heard(lead),
            hearings=HEARINGS,
            returns=lead.returns.select_related("partner"),
            reroutes=lead.reroutes.select_related("route", "to_policy__route"),
            goes_on=Route.objects.filter(pk=lead.policy.policy.fallback).first() if lead.fallback_at else None,
            value=to_major(lead.value, lead.currency) if lead.value is not None else None,
            **kwargs,
        )


class PersonMixin:
    """Whoever acts is a person of ours: the administration lets nobody else in."""

    request: HttpRequest

    @property
    def person(self) -> User:
        if not isinstance(self.request.user, User):
            raise PermissionDenied
        return self.request.user


class LeadActView(PersonMixin, ActView):
    """A form about one lead, which goes back to the lead."""

    header_icon = "tasks"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_close_leads(request.user):
            raise PermissionDenied
        self.lead = get_object_or_404(Lead.objects.select_related("contact", "product", "region"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return reverse("leads_admin:inspect", args=[self.lead.pk])

    def get_page_subtitle(self) -> str:
        return str(self.lead)

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("leads_admin:index"), _("Leads")), (self.back_url, str(self.lead))]


class CloseView(LeadActView):
    page_title = gettext_lazy("Close the lead")
    submit_label = gettext_lazy("Close the lead")
    explanation = gettext_lazy(
        "The lead ends without an outcome. An open offer for it is withdrawn, and the turn that it took stays spent."
    )
    form_class = CloseForm

    def act(self, form: CloseForm) -> str:
        outcomes.close_lead(self.lead, note=form.cleaned_data["note"], by=self.person, now=timezone.now())
        return _("The lead is closed.")


class OverrideView(LeadActView):
    """What staff decide in place of the rule."""

    danger = True
    form_class: Any = PartnerReasonForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_override(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def find_partners(self) -> QuerySet[Partner]:
        return Partner.objects.filter(status__in=PRESENT).order_by("name")

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_form_kwargs()
        return {**kwargs, "partners": self.find_partners()} if self.form_class is PartnerReasonForm else kwargs


class ExcludeView(OverrideView):
    page_title = gettext_lazy("Keep the lead from a partner")
    submit_label = gettext_lazy("Keep it from this partner")
    explanation = gettext_lazy(
        "It is never offered to that partner. If it has an open offer of it, that is withdrawn, and the lead goes on."
    )

    def act(self, form: PartnerReasonForm) -> str:
        given = form.cleaned_data
        overrides.exclude_partner(
            self.lead, partner=given["partner"], reason=given["reason"], by=self.person, now=timezone.now()
        )
        return _("%(partner)s is kept from this lead.") % {"partner": given["partner"]}


class AssignView(OverrideView):
    page_title = gettext_lazy("Give the lead by hand")
    submit_label = gettext_lazy("Offer it to this partner")
    explanation = gettext_lazy(
        "It is offered to that partner alone, for the hours that its rules give. Nobody's turn is used: the lead is given "
        "besides the turns, and the fairness report says so. An open offer of it to somebody else is withdrawn."
    )

    def find_partners(self) -> QuerySet[Partner]:
        kept_from_it = self.lead.overrides.filter(kind=OverrideKind.EXCLUDED)
        offered = Offer.objects.filter(lead=self.lead)
        return (
            super()
            .find_partners()
            .exclude(pk__in=offered.values("partner"))
            .exclude(pk__in=kept_from_it.values("partner"))
        )

    def act(self, form: PartnerReasonForm) -> str:
        given = form.cleaned_data
        overrides.assign_lead(
            self.lead, partner=given["partner"], reason=given["reason"], by=self.person, now=timezone.now()
        )
        return _("The lead is offered to %(partner)s.") % {"partner": given["partner"]}


class PullBackView(OverrideView):
    page_title = gettext_lazy("Take the lead back")
    submit_label = gettext_lazy("Take it back")
    explanation = gettext_lazy(
        "The partner loses it and does not see the customer any more. It goes to the next partner; the turn stays spent."
    )
    form_class = ReasonForm

    def act(self, form: ReasonForm) -> str:
        override = overrides.pull_back(
            self.lead, reason=form.cleaned_data["reason"], by=self.person, now=timezone.now()
        )
        return _("The lead is taken back from %(partner)s.") % {"partner": override.partner}


class ReopenView(OverrideView):
    page_title = gettext_lazy("Take the outcome back")
    submit_label = gettext_lazy("Put it in work again")
    explanation = gettext_lazy(
        "The partner has the lead in work again, and what it said of the end is kept beside it. Objection cards are rated "
        "by the next outcome. The partner is told that it was taken back, and not why."
    )
    form_class = ReasonForm

    def act(self, form: ReasonForm) -> str:
        override = outcomes.reopen_lead(
            self.lead, reason=form.cleaned_data["reason"], by=self.person, now=timezone.now()
        )
        return _("%(partner)s has the lead in work again.") % {"partner": override.partner}


class GiveBackView(OverrideView):
    page_title = gettext_lazy("Give the turn back")
    submit_label = gettext_lazy("Give it back")
    explanation = gettext_lazy(
        "For a lead that was none: spam, a wrong number, a duplicate. The whole turn is undone: the partner has it again, "
        "and what every partner was credited with at it is taken back. Look at the lead first."
    )
    form_class = ReasonForm

    def act(self, form: ReasonForm) -> str:
        offer = get_object_or_404(Offer, lead=self.lead, pk=self.kwargs["offer"], tick__isnull=False)
        corrections.give_turn_back(offer, reason=form.cleaned_data["reason"], by=self.person, now=timezone.now())
        return _("%(partner)s has its turn back.") % {"partner": offer.partner}


class CompleteView(LeadActView):
    page_title = gettext_lazy("Complete the lead")
    explanation = gettext_lazy("With what it lacked, the lead is distributed like a new one.")
    form_class = CompleteForm

    def get_initial(self) -> dict[str, Any]:
        contact = getattr(self.lead, "contact", None)
        return {
            "company": self.lead.company,
            "product": self.lead.product,
            "region": self.lead.region,
            "contact_name": contact.name if contact else "",
            "contact_email": contact.email if contact else "",
            "contact_phone": contact.phone if contact else "",
        }

    def act(self, form: CompleteForm) -> str:
        given = form.cleaned_data
        lead = intake.complete_lead(
            self.lead,
            company=given["company"],
            product=given["product"],
            region=given["region"],
            contact={key: given[f"contact_{key}"] for key in ("name", "email", "phone")},
            by=self.person,
            now=timezone.now(),
        )
        if lead.status == LeadStatus.HELD:
            return _("Saved. It is still held: %(reason)s.") % {"reason": lead.get_held_reason_display()}
        return _("Saved. The lead is distributed.")


# --- Import -----------------------------------------------------------------------------------------------------------


class ImportPermissionMixin(PersonMixin):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (may_import_leads(request.user) and may_see_leads(request.user)):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # a mixin of views

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *super().get_breadcrumbs_items(),  # type: ignore[misc]  # a mixin of views
            {"url": reverse("leads_admin:index"), "label": _("Leads")},
            {"url": "", "label": _("Import")},
        ]


class ImportView(ImportPermissionMixin, WagtailAdminTemplateMixin, FormView):
    """Step one: a file and its source. Nothing is created."""

    template_name = "leads/admin/import.html"
    page_title = gettext_lazy("Import leads")
    header_icon = "upload"
    form_class = ImportForm

    def form_valid(self, form: ImportForm) -> HttpResponse:
        upload = form.cleaned_data["file"]
        try:
            kept = imports.keep_upload(
                upload.read(),
                name=upload.name,
                source=form.cleaned_data["source"],
                by=self.person,
                now=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error("file", f"{refusal.message} {refusal.remedy}".strip())
            return self.form_invalid(form)
        return redirect("leads_admin:import_report", kept.public_id)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            action_url=self.request.path,
            form_is_multipart=True,
            submit_button_label=_("Dry run"),
            back_url=reverse("leads_admin:index"),
            **kwargs,
        )


class ImportReportView(ImportPermissionMixin, WagtailAdminTemplateMixin, TemplateView):
    """Step two: what would be created, and every problem; then yes or no."""

    template_name = "leads/admin/import_report.html"
    page_title = gettext_lazy("Dry run")
    header_icon = "upload"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        files = ImportFile.objects.select_related("source").filter(uploaded_by=request.user.pk)
        found = files.filter(public_id=kwargs["public_id"]).first()
        if found is None and may_import_leads(request.user):
            messages.warning(request, _("This file was imported or dropped already. To be sure, upload it again."))
            return redirect("leads_admin:import")
        if found is not None:
            self.file = found
        return super().dispatch(request, *args, **kwargs)

    def get_page_subtitle(self) -> str:
        return self.file.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        report = imports.describe_upload(self.file, now=timezone.now())
        route_names = {route.slug: route for route in Route.objects.all()}
        return super().get_context_data(
            file=self.file,
            report=report,
            new=len(report.new),
            routed=[(route_names[slug], count) for slug, count in sorted(report.routed.items())],
            held=[(HeldReason(reason).label, count) for reason, count in sorted(report.held.items())],
            problems=[
                (problem.row, FIELDS.get(problem.field, problem.field), REASONS[problem.reason], problem.value)
                for problem in report.problems[:PROBLEMS_SHOWN]
            ],
            problems_more=max(len(report.problems) - PROBLEMS_SHOWN, 0),
            sample=report.new[:10],
            **kwargs,
        )

    def post(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        if "drop" in request.POST:
            imports.drop_upload(self.file)
            messages.info(request, _("Nothing was created; the file is gone."))
            return redirect("leads_admin:import")
        report = imports.import_upload(self.file, by=self.person, now=timezone.now())
        text = ngettext("%(count)s lead was created.", "%(count)s leads were created.", len(report.new))
        messages.success(request, text % {"count": len(report.new)})
        return redirect("leads_admin:index")


# --- Screens ----------------------------------------------------------------------------------------------------------


class LeadViewSet(ModelViewSet):
    model = Lead
    name = "leads_admin"
    url_prefix = "leads"
    icon = "tasks"
    menu_label = gettext_lazy("Leads")
    permission_policy = POLICIES[Lead]
    add_to_reference_index = False
    index_view_class = LeadIndexView
    inspect_view_enabled = True
    inspect_view_class = LeadInspectView
    inspect_template_name = "leads/admin/lead.html"
    copy_view_enabled = False
    form_fields: list[str] = []
    list_display = ["__str__", "status", "held_reason", "product", "region", "route", "partner", "received_at"]
    list_filter = ["status", "held_reason", "lost_reason", "route", "source", "product", "region", "received_at"]
    search_fields = ["company", "external_id"]
    search_backend_name = None
    list_per_page = 50
    ordering = ["-received_at", "-pk"]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("import/", ImportView.as_view(), name="import"),
            path("import/<str:public_id>/", ImportReportView.as_view(), name="import_report"),
            path("desk/", DeskView.as_view(), name="desk"),
            path("fairness/", FairnessView.as_view(), name="fairness"),
            path("<int:pk>/close/", CloseView.as_view(), name="close"),
            path("<int:pk>/complete/", CompleteView.as_view(), name="complete"),
            path("<int:pk>/exclude/", ExcludeView.as_view(), name="exclude"),
            path("<int:pk>/assign/", AssignView.as_view(), name="assign"),
            path("<int:pk>/pull-back/", PullBackView.as_view(), name="pull_back"),
            path("<int:pk>/reopen/", ReopenView.as_view(), name="reopen"),
            path("<int:pk>/offers/<int:offer>/give-back/", GiveBackView.as_view(), name="give_back"),
        ]


class SourceCreateView(PersonMixin, CreateView):
    def save_instance(self) -> Source:
        return rules.keep_source(super().save_instance, by=self.person)


class SourceEditView(PersonMixin, EditView):
    def save_instance(self) -> Source:
        return rules.keep_source(super().save_instance, by=self.person)


class SourceViewSet(ModelViewSet):
    model = Source
    name = "lead_sources"
    icon = "download"
    menu_label = gettext_lazy("Sources")
    permission_policy = POLICIES[Source]
    add_to_reference_index = False
    add_view_class = SourceCreateView
    edit_view_class = SourceEditView
    copy_view_enabled = False
    list_display = ["name", "slug"]
    edit_handler = ObjectList(
        [
            MultiFieldPanel([FieldPanel("name"), FieldPanel("slug")], heading=gettext_lazy("Source")),
            InlinePanel(
                "columns",
                heading=gettext_lazy("Columns"),
                label=gettext_lazy("Column"),
                panels=[FieldRowPanel([FieldPanel("name"), FieldPanel("field")])],
                help_text=gettext_lazy(
                    "What its columns mean. A column without a line is kept with the contact, as personal data."
                ),
            ),
            InlinePanel(
                "product_names",
                heading=gettext_lazy("What it calls products"),
                label=gettext_lazy("Product"),
                panels=[FieldRowPanel([FieldPanel("name"), FieldPanel("product")])],
                help_text=gettext_lazy(
                    "A name that is missing here holds its leads. Add it, and they are distributed."
                ),
            ),
            InlinePanel(
                "region_names",
                heading=gettext_lazy("What it calls regions"),
                label=gettext_lazy("Region"),
                panels=[FieldRowPanel([FieldPanel("name"), FieldPanel("region")])],
            ),
        ],
        base_form_class=SourceForm,
    )
