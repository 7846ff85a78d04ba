"""What certification hangs on the shell and on Wagtail's admin."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.contrib.settings.registry import register_setting
from wagtail.permissions import register_permission_policy

from certification.access import may_sit
from certification.marks import describe_way_in
from certification.models import Exam, ExamRules
from certification.services.exams import describe_exams
from certification.services.qualifications import list_lapses_without
from certification.viewsets import POLICIES, CertificationGroup, QuestionChooserViewSet
from portal.core.shell import NavItem, locate
from portal.partners.middleware import MemberRequest
from portal.partners.models import Membership
from portal.partners.registry import EntitlementKey
from training import registry as training_registry
from training.models import CoursePage
from training.registry import CourseLink


@hooks.register("portal_navigation")
def navigation(request: MemberRequest) -> NavItem | None:
    if not may_sit(getattr(request, "membership", None)):
        return None
    url = locate("certification:exams")
    return NavItem(_("Exams"), url, icon="exam", order=40, active=request.path.startswith(url))


@hooks.register(training_registry.HOOK)
def link_exams(request: MemberRequest, course: CoursePage) -> list[CourseLink]:
    """From a course to the exams that it prepares for."""
    if not may_sit(getattr(request, "membership", None)):
        return []
    membership = request.membership
    if membership is None:
        return []
    now = timezone.now()
    exams = Exam.objects.filter(is_open=True, prerequisites__course__translation_key=course.translation_key)
    states = describe_exams(membership, exams=list(exams.distinct()), now=now)
    return [
        CourseLink(
            _("Exam: %(exam)s") % {"exam": state.exam},
            reverse("certification:exam", args=[state.exam.slug]),
            note=describe_way_in(state, now=now),
            icon="exam",
        )
        for state in states
    ]


@hooks.register("partners_leaving_effects")
def name_lapses(member: Membership) -> list[str]:
    """What an owner should know before a member's membership is ended."""
    return [
        _("Without their credentials your organisation is no longer qualified: %(programme)s.")
        % {"programme": programme}
        for programme in list_lapses_without(member, now=timezone.now())
    ]


@hooks.register("partners_entitlements")
def name_credentials() -> list[EntitlementKey]:
    """A credential entitles its holder to the materials that ask for it."""
    return [
        EntitlementKey(
            exam.entitlement_key,
            _("credential “%(exam)s”") % {"exam": exam},
            remedy=_("Pass the exam “%(exam)s”, and it opens at once.") % {"exam": exam},
        )
        for exam in Exam.objects.order_by("pk")
    ]


for model, policy in POLICIES.items():
    register_permission_policy(model, policy)


@hooks.register("register_admin_viewset")
def register_certification() -> list[CertificationGroup | QuestionChooserViewSet]:
    return [CertificationGroup(), QuestionChooserViewSet("question_chooser", url_prefix="question-chooser")]


register_setting(ExamRules, icon="help", order=300)
