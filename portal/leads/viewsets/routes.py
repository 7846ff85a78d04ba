"""Routes: their draft, what of it is in force, stopping one at once, and trying a draft before it is published."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, ObjectList
from wagtail.admin.views.generic import CreateView, EditView, WagtailAdminTemplateMixin
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton

from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.core.viewsets import ActView, RelatedIndexView
from portal.leads.access import may_rule
from portal.leads.labels import VERDICTS
from portal.leads.models import Lead, LeadStatus, Route, RoutePolicy, RouteStop
from portal.leads.policies import Asked
from portal.leads.reports import describe_waits
from portal.leads.services import policies, rules
from portal.leads.services.backtests import compare_with_file, compare_with_quarter
from portal.leads.services.rehearsing import try_lead
from portal.leads.staff_forms import BacktestForm, PublishForm, RouteForm, StopForm, TryForm
from portal.leads.viewsets.leads import POLICIES, PersonMixin


class RouteActView(PersonMixin, ActView):
    """A form about one route, which goes back to it."""

    header_icon = "order"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_rule(request.user):
            raise PermissionDenied
        self.route = get_object_or_404(Route.objects.select_related("programme", "lowest_tier"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def back_url(self) -> str:
        return reverse("lead_routes:edit", args=[self.route.pk])

    def get_page_subtitle(self) -> str:
        return str(self.route)

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("lead_routes:index"), _("Routes")), (self.back_url, str(self.route))]


class PublishView(RouteActView):
    page_title = gettext_lazy("Put the draft in force")
    submit_label = gettext_lazy("Publish")
    explanation = gettext_lazy(
        "Leads that come from that moment on are distributed by these rules. Those that came before keep the rules that "
        "they came under."
    )
    form_class = PublishForm

    def act(self, form: PublishForm) -> str:
        published = policies.publish_policy(
            self.route, effective_from=form.cleaned_data["effective_from"], note=form.cleaned_data["note"],
            by=self.person, now=timezone.now(),
        )  # fmt: skip
        return _("Version %(number)s is published.") % {"number": published.number}


class WithdrawView(RouteActView):
    page_title = gettext_lazy("Take the planned rules back")
    submit_label = gettext_lazy("Take them back")
    explanation = gettext_lazy("They never come into force; what is in force stays.")

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        planned = get_object_or_404(RoutePolicy, route=self.route, number=self.kwargs["number"])
        policies.withdraw_planned(planned, now=timezone.now())
        return _("The planned rules are taken back.")


class AdoptView(RouteActView):
    page_title = gettext_lazy("Bring what waits under the rules in force")
    submit_label = gettext_lazy("Bring it under them")
    explanation = gettext_lazy(
        "Leads keep the rules that they came under. Those of this route that nobody has, and that the rules in force take, "
        "are distributed by these from now on."
    )

    def act(self, form: Any) -> str:  # noqa: ARG002 -- as above
        moved = policies.adopt_waiting(self.route, by=self.person, now=timezone.now())
        words = ngettext("%(count)d lead has new rules.", "%(count)d leads have new rules.", moved)
        return words % {"count": moved}


class StopView(RouteActView):
    page_title = gettext_lazy("Stop the route")
    submit_label = gettext_lazy("Stop it now")
    danger = True
    form_class = StopForm

    @property
    def explanation(self) -> str:
        open_now = self.route.offers.open().count()
        words = ngettext(
            "%(count)d offer is open and may still be answered.", "%(count)d offers are open and may still be answered.",
            open_now,
        )  # fmt: skip
        return " ".join(
            (
                words % {"count": open_now},
                _("What comes in waits in its order, and goes on when you let the route go on."),
            )
        )

    def act(self, form: StopForm) -> str:
        policies.stop_route(self.route, reason=form.cleaned_data["reason"], by=self.person, now=timezone.now())
        return _("The route is stopped.")


class ResumeView(RouteActView):
    page_title = gettext_lazy("Let the route go on")
    submit_label = gettext_lazy("Let it go on")

    @property
    def explanation(self) -> str:
        waiting = Lead.objects.new().filter(route=self.route).count()
        words = ngettext(
            "%(count)d lead has waited and is distributed now.", "%(count)d leads have waited and are distributed now.",
            waiting,
        )  # fmt: skip
        return words % {"count": waiting}

    def act(self, form: Any) -> str:  # noqa: ARG002 -- as above
        policies.resume_route(self.route, by=self.person, now=timezone.now())
        return _("The route goes on.")


class TryView(PersonMixin, WagtailAdminTemplateMixin, TemplateView):
    """What would become of one lead by the draft, were it to come now; and by what is in force. Nothing is written."""

    template_name = "leads/admin/try.html"
    page_title = gettext_lazy("Try a lead")
    header_icon = "order"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_rule(request.user):
            raise PermissionDenied
        self.route = get_object_or_404(Route.objects.select_related("programme", "lowest_tier"), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]  # a template's answer

    def get_page_subtitle(self) -> str:
        return str(self.route)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *super().get_breadcrumbs_items(),
            {"url": reverse("lead_routes:index"), "label": _("Routes")},
            {"url": reverse("lead_routes:edit", args=[self.route.pk]), "label": str(self.route)},
            {"url": "", "label": self.page_title},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = TryForm(self.request.GET or None)
        tried = None
        if form.is_bound and form.is_valid():
            given = form.cleaned_data
            asked = Asked(
                source=given["source"].pk,
                product=given["product"].pk,
                region=given["region"].pk,
                language=given["language"],
                employees=given["employees"],
                country=given["country"],
                score=given["score"],
            )
            tried = try_lead(self.route, policies.draft_policy(self.route), asked, now=timezone.now())
        return super().get_context_data(form=form, tried=tried, verdicts=VERDICTS, route=self.route, **kwargs)


class CompareView(TryView):
    """The draft against the leads of the last quarter, or of a file: who gains, who loses, what nobody could have had."""

    template_name = "leads/admin/compare.html"
    page_title = gettext_lazy("The draft against leads that came")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        draft, now = policies.draft_policy(self.route), timezone.now()
        form, compared = BacktestForm(self.request.POST or None, self.request.FILES or None), None
        if not form.is_bound:
            compared = compare_with_quarter(self.route, draft, now=now)
        elif form.is_valid():
            try:
                compared = compare_with_file(
                    self.route, draft, form.cleaned_data["file"].read(), source=form.cleaned_data["source"], now=now
                )
            except Refusal as refusal:
                add_refusal(form, refusal)
        return super(TryView, self).get_context_data(
            form=form,
            compared=compared,
            waited=describe_waits(compared.waited) if compared else {},
            waits=describe_waits(compared.waits) if compared else {},
            route=self.route,
            **kwargs,
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Nothing of the file is kept."""
        return self.get(request, *args, **kwargs)


class RouteCreateView(PersonMixin, CreateView):
    def save_instance(self) -> Route:
        return rules.keep_route(super().save_instance, by=self.person)

    def get_success_url(self) -> str:
        return reverse("lead_routes:edit", args=[self.object.pk])


class RouteEditView(PersonMixin, EditView):
    template_name = "leads/admin/route.html"

    def save_instance(self) -> Route:
        return rules.keep_route(super().save_instance, by=self.person)

    @cached_property
    def stop(self) -> RouteStop | None:
        return RouteStop.objects.open().filter(route=self.object).select_related("stopped_by").first()

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        pk = self.object.pk
        buttons = [
            HeaderButton(_("Try a lead"), url=reverse("lead_routes:try", args=[pk]), icon_name="view", priority=5),
            HeaderButton(
                _("Against leads that came"), url=reverse("lead_routes:compare", args=[pk]), icon_name="history",
                priority=7,
            ),
            HeaderButton(_("Publish"), url=reverse("lead_routes:publish", args=[pk]), icon_name="check", priority=10),
        ]  # fmt: skip
        if self.stop is None:
            buttons.append(
                HeaderButton(_("Stop"), url=reverse("lead_routes:stop", args=[pk]), icon_name="no-view", priority=15)
            )
        return buttons

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()
        versions = list(self.object.policies.select_related("published_by").order_by("-effective_from"))
        in_force = next((row for row in versions if row.effective_from <= now), None)
        stored = Route.objects.select_related("lowest_tier").get(pk=self.object.pk)
        return super().get_context_data(
            stop=self.stop,
            versions=versions,
            in_force=in_force,
            planned=[row for row in versions if row.effective_from > now],
            older=Lead.objects.filter(route=self.object, status__in=[LeadStatus.NEW, LeadStatus.HELD])
            .exclude(policy=in_force)
            .count()
            if in_force
            else 0,
            is_draft=in_force is None or in_force.policy != policies.draft_policy(stored),
            waiting=Lead.objects.new().filter(route=self.object).count(),
            **kwargs,
        )


class RouteViewSet(ModelViewSet):
    model = Route
    name = "lead_routes"
    icon = "order"
    menu_label = gettext_lazy("Routes")
    permission_policy = POLICIES[Route]
    add_to_reference_index = False
    add_view_class = RouteCreateView
    edit_view_class = RouteEditView
    edit_template_name = "leads/admin/route.html"
    copy_view_enabled = False
    index_view_class = RelatedIndexView
    list_display = ["name", "slug", "programme", "window_hours", "open_cap"]
    edit_handler = ObjectList(
        [
            MultiFieldPanel(
                [FieldPanel("name"), FieldRowPanel([FieldPanel("slug"), FieldPanel("order")])],
                heading=gettext_lazy("Route"),
            ),
            MultiFieldPanel(
                [
                    FieldPanel("products", widget=CheckboxSelectMultiple),
                    FieldPanel("regions", widget=CheckboxSelectMultiple),
                    FieldPanel("sources", widget=CheckboxSelectMultiple),
                    FieldPanel("countries"),
                    FieldPanel("languages"),
                    FieldRowPanel(
                        [FieldPanel("least_employees"), FieldPanel("most_employees"), FieldPanel("least_score")]
                    ),
                ],
                heading=gettext_lazy("Which leads it takes"),
            ),
            MultiFieldPanel(
                [
                    FieldPanel("programme"),
                    FieldPanel("kinds", widget=CheckboxSelectMultiple),
                    FieldPanel("lowest_tier"),
                    FieldPanel("roles", widget=CheckboxSelectMultiple),
                    FieldPanel("speaks"),
                ],
                heading=gettext_lazy("Which partners may have them"),
            ),
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("window_hours"), FieldPanel("in_working_hours")]),
                    FieldRowPanel([FieldPanel("open_cap"), FieldPanel("day_cap")]),
                    FieldRowPanel([FieldPanel("slots"), FieldPanel("most_offers")]),
                ],
                heading=gettext_lazy("How they are offered"),
            ),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel("fallback"), FieldPanel("fallback_hours")])],
                heading=gettext_lazy("When nobody takes a lead"),
            ),
            MultiFieldPanel(
                [
                    FieldPanel("first_contact_hours"),
                    FieldPanel("tells_customer"),
                    FieldPanel("asks_after_days"),
                    FieldPanel("return_after_days"),
                ],
                heading=gettext_lazy("What is due once a partner has taken a lead"),
            ),
            InlinePanel(
                "weights",
                heading=gettext_lazy("Weights by tier"),
                label=gettext_lazy("Weight"),
                panels=[FieldRowPanel([FieldPanel("tier"), FieldPanel("weight")])],
                help_text=gettext_lazy("Shares of the turns. A tier without a line weighs 1."),
            ),
            MultiFieldPanel([FieldPanel("performance")], heading=gettext_lazy("Weights by performance")),
        ],
        base_form_class=RouteForm,
    )

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("<int:pk>/publish/", PublishView.as_view(), name="publish"),
            path("<int:pk>/versions/<int:number>/withdraw/", WithdrawView.as_view(), name="withdraw"),
            path("<int:pk>/adopt/", AdoptView.as_view(), name="adopt"),
            path("<int:pk>/stop/", StopView.as_view(), name="stop"),
            path("<int:pk>/resume/", ResumeView.as_view(), name="resume"),
            path("<int:pk>/try/", TryView.as_view(), name="try"),
            path("<int:pk>/compare/", CompareView.as_view(), name="compare"),
        ]
