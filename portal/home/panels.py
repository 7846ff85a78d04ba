"""The staff desk: what waits for the vendor's people, on the first page of the administration."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Count
from django.http import HttpRequest
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone
from wagtail.admin.ui.components import Component

from certification.access import may_answer, may_check, may_halt, may_mark
from certification.models import BrokenReport, Halt, Qualification, QuestionCheck
from certification.services.marksheets import measure_load
from portal.core.models import Fact
from portal.leads.models import HeldReason, Lead, LeadStatus, Offer
from portal.partners.models import Partner


def _leads(**narrowed: str) -> str:
    """The staff's list of leads, narrowed as its own filters do it."""
    return f"{reverse('leads_admin:index')}?{urlencode(narrowed)}"


class StaffDeskPanel(Component):
    """Leads by what holds them, offers out, qualified partners, and facts that a receiver could not take."""

    name = "staff_desk"
    template_name = "home/admin/staff_desk.html"
    order = 50

    def __init__(self, request: HttpRequest) -> None:
        self.user = request.user

    def get_context_data(self, parent_context: Any) -> Any:
        context = Context({}) if parent_context is None else parent_context
        if not self.user.has_perm("leads.view_lead"):
            return {"shown": False}
        now = timezone.now()
        held = dict(
            Lead.objects.held().values_list("held_reason").annotate(count=Count("pk")).order_by("-count", "held_reason")
        )
        statuses = dict(Lead.objects.values_list("status").annotate(count=Count("pk")))
        return {
            "shown": True,
            "request": context.get("request"),
            "held": [(HeldReason(reason).label, count, _leads(held_reason=reason)) for reason, count in held.items()],
            "new_url": _leads(status=LeadStatus.NEW),
            "offered_url": _leads(status=LeadStatus.OFFERED),
            "accepted_url": _leads(status=LeadStatus.ACCEPTED),
            "won_url": _leads(status=LeadStatus.WON),
            "new": statuses.get(LeadStatus.NEW, 0),
            "offers": Offer.objects.open().count(),
            "accepted": statuses.get(LeadStatus.ACCEPTED, 0),
            "won": statuses.get(LeadStatus.WON, 0),
            "qualified": Qualification.objects.current(now).values("partner").distinct().count(),
            "partners": Partner.objects.active().count(),
            "stuck": Fact.objects.filter(handed_on_at__isnull=True, tries__gt=0).count(),
        }


class ExamDeskPanel(Component):
    """What waits for examiners: answers to mark, questions to check, notes of candidates, exams that stand still."""

    name = "exam_desk"
    template_name = "home/admin/exam_desk.html"
    order = 60

    def __init__(self, request: HttpRequest) -> None:
        self.user = request.user

    def get_context_data(self, parent_context: Any) -> Any:
        context = Context({}) if parent_context is None else parent_context
        shown: dict[str, Any] = {"request": context.get("request")}
        if may_mark(self.user):
            shown["load"] = measure_load(now=timezone.now())
        if may_check(self.user):
            shown["to_check"] = QuestionCheck.objects.open().count()
        if may_answer(self.user):
            shown["reports"] = BrokenReport.objects.open().filter(attempt__is_preview=False).count()
        if may_halt(self.user):
            shown["halts"] = list(Halt.objects.open().select_related("exam").order_by("halted_at"))
        return {"shown": len(shown) > 1, **shown}
