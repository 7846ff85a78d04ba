"""Disputes in the administration: the list, one case, and the answer; and what the vendor settles for all leads."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList
from wagtail.admin.views.generic import IndexView, InspectView
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton
from wagtail.permission_policies.base import ModelPermissionPolicy

from portal.accounts.models import User
from portal.core.viewsets import ActView, ReadOnlyPermissionPolicy
from portal.leads.access import may_answer_disputes, may_override
from portal.leads.labels import VERDICTS
from portal.leads.models import Dispute
from portal.leads.routing import Verdict
from portal.leads.services import disputes
from portal.leads.staff_forms import AnswerForm, LeadRulesForm, StaffEvidenceForm

POLICY: ModelPermissionPolicy = ReadOnlyPermissionPolicy(Dispute)

RULES_HANDLER = ObjectList(
    [
        MultiFieldPanel([FieldPanel("reply_to")], heading=gettext_lazy("Customers")),
        MultiFieldPanel(
            [FieldPanel("dispute_days"), FieldPanel("workdays"), FieldPanel("holidays")],
            heading=gettext_lazy("Disputes"),
        ),
    ],
    base_form_class=LeadRulesForm,
)


class DisputeIndexView(IndexView):
    def get_base_queryset(self) -> QuerySet[Dispute]:
        return super().get_base_queryset().select_related("partner", "offer__lead", "closed_by")


class DisputeInspectView(InspectView):
    """One case whole: what is contested and why it was so, and what both sides say."""

    template_name = "leads/admin/dispute.html"
    page_title = gettext_lazy("Dispute")

    def get_object(self, queryset: Any = None) -> Dispute:  # noqa: ARG002 -- Wagtail's own signature
        rows = Dispute.objects.select_related(
            "partner", "offer__lead", "offer__route", "decision__route", "decided_by", "opened_by__user", "closed_by",
            "missed_region", "missed_product", "correction",
        )  # fmt: skip
        return get_object_or_404(rows, pk=self.pk)

    def get_page_subtitle(self) -> str:
        return f"{self.object.partner}, {self.object.get_kind_display()}"

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        if not may_answer_disputes(self.request.user) or not self.object.is_open:
            return []
        pk = self.object.pk
        buttons = [
            HeaderButton(_("Add something"), url=reverse("lead_disputes:say", args=[pk]), icon_name="edit", priority=20)
        ]
        if self.object.decided_by_id != self.request.user.pk:
            url = reverse("lead_disputes:answer", args=[pk])
            buttons.append(HeaderButton(_("Answer"), url=url, icon_name="check", priority=10))
        return buttons

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        case = self.object
        return super().get_context_data(
            dispute=case,
            outcome=disputes.read_outcome(case),
            verdict=VERDICTS.get(Verdict(case.verdict)) if case.verdict else "",
            evidence=case.evidence.select_related("written_by"),
            decisions=disputes.list_missed_decisions(case),
            own_decision=case.decided_by_id == self.request.user.pk,
            now=timezone.now(),
            **kwargs,
        )


class DisputeActView(ActView):
    """A form about one case, which goes back to it."""

    header_icon = "warning"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_answer_disputes(request.user):
            raise PermissionDenied
        self.dispute = get_object_or_404(Dispute.objects.select_related("partner", "offer__lead"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def person(self) -> User:
        if not isinstance(self.request.user, User):
            raise PermissionDenied
        return self.request.user

    @property
    def back_url(self) -> str:
        return reverse("lead_disputes:inspect", args=[self.dispute.pk])

    def get_page_subtitle(self) -> str:
        return f"{self.dispute.partner}, {self.dispute.get_kind_display()}"

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("lead_disputes:index"), _("Disputes")), (self.back_url, self.get_page_subtitle())]


class AnswerView(DisputeActView):
    page_title = gettext_lazy("Answer the dispute")
    submit_label = gettext_lazy("Answer for good")
    explanation = gettext_lazy(
        "The answer is final, and both sides are told. Giving the turn back undoes it as a whole: the partner has it again, "
        "and what every partner was credited with at it is taken back. An outcome that is taken back puts the lead in work "
        "again with the partner. Whoever made the decision does not answer."
    )
    danger = True
    form_class: Any = AnswerForm

    def get_form_kwargs(self) -> dict[str, Any]:
        offer = self.dispute.offer
        return {
            **super().get_form_kwargs(),
            "with_turn": offer is not None and disputes.has_turn_to_give_back(offer),
            "with_outcome": may_override(self.person) and disputes.has_outcome_to_take_back(self.dispute),
        }

    def act(self, form: AnswerForm) -> str:
        verdict = form.cleaned_data["verdict"]
        disputes.answer_dispute(
            self.dispute, upheld=verdict != "rejected", gives_turn_back=verdict == "turn",
            takes_outcome_back=verdict == "reopen", reason=form.cleaned_data["reason"], by=self.person, now=timezone.now(),
        )  # fmt: skip
        return _("The dispute is answered.")


class SayView(DisputeActView):
    page_title = gettext_lazy("Add to the case")
    submit_label = gettext_lazy("Add it")
    form_class: Any = StaffEvidenceForm

    def act(self, form: StaffEvidenceForm) -> str:
        disputes.say_for_vendor(self.dispute, text=form.cleaned_data["text"], by=self.person, now=timezone.now())
        return _("Added. The partner is told.")


class DisputeViewSet(ModelViewSet):
    model = Dispute
    name = "lead_disputes"
    url_prefix = "lead-disputes"
    icon = "warning"
    menu_label = gettext_lazy("Disputes")
    permission_policy = POLICY
    add_to_reference_index = False
    index_view_class = DisputeIndexView
    inspect_view_enabled = True
    inspect_view_class = DisputeInspectView
    inspect_template_name = "leads/admin/dispute.html"
    copy_view_enabled = False
    form_fields: list[str] = []
    list_display = ["partner", "kind", "state", "opened_at", "due_at", "closed_by"]
    list_filter = ["state", "kind", "partner", "due_at"]
    list_per_page = 50
    ordering = ["-opened_at", "-pk"]

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("<int:pk>/answer/", AnswerView.as_view(), name="answer"),
            path("<int:pk>/say/", SayView.as_view(), name="say"),
        ]
