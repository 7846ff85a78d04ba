"""What examiners do with a version of a question: review, approval, retirement, withdrawal."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from certification import access
from certification.forms.acts import WithdrawalForm
from certification.models import (
    QuestionVersion,
)
from certification.services.bank import approve_version, retire_version, send_back, send_to_review, withdraw_version
from certification.services.usage import count_sitting
from certification.viewsets.common import ExaminerActView


class VersionActView(ExaminerActView):
    may = access.may_approve
    header_icon = "help"
    version: QuestionVersion

    def find(self, **kwargs: Any) -> None:
        self.version = get_object_or_404(QuestionVersion.objects.select_related("question"), pk=kwargs["pk"])

    @property
    def back_url(self) -> str:
        return reverse("questions:edit", args=[self.version.question_id])

    def find_trail(self) -> list[tuple[str, str]]:
        return [(reverse("questions:index"), _("Questions")), (self.back_url, str(self.version.question))]

    def get_page_subtitle(self) -> str:
        return _("%(question)s, version %(number)d") % {
            "question": self.version.question,
            "number": self.version.number,
        }


class SendToReviewView(VersionActView):
    page_title = gettext_lazy("Send to review")
    submit_label = gettext_lazy("Send it")
    explanation = gettext_lazy(
        "Another examiner reads it and approves it, or sends it back. Until then it is not drawn."
    )

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        send_to_review(self.version, by=self.person, now=timezone.now())
        return _("The version is in review.")


class SendBackView(VersionActView):
    page_title = gettext_lazy("Send back")
    submit_label = gettext_lazy("Send it back")
    explanation = gettext_lazy("It is a draft again, for its author to work on.")

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        send_back(self.version)
        return _("The version is a draft again.")


class ApproveView(VersionActView):
    page_title = gettext_lazy("Approve")
    submit_label = gettext_lazy("Approve it")
    explanation = gettext_lazy(
        "From now on it is drawn, in place of the version that was. Its text cannot be changed any more: an edit makes "
        "a new version."
    )

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        approve_version(self.version, by=self.person, now=timezone.now())
        return _("The version is approved.")


class RetireView(VersionActView):
    page_title = gettext_lazy("Retire")
    submit_label = gettext_lazy("Retire it")
    explanation = gettext_lazy(
        "It is drawn no more. Running attempts keep it. An exam that misses it may no longer be filled: see the exam."
    )
    danger = True

    def act(self, form: Any) -> str:  # noqa: ARG002 -- nothing is asked but to confirm
        retire_version(self.version, by=self.person, now=timezone.now())
        return _("The version is retired.")


class WithdrawView(VersionActView):
    """Takes a version out of the papers of those who sit with it, too: they read why."""

    may = access.may_halt
    page_title = gettext_lazy("Withdraw at once")
    submit_label = gettext_lazy("Withdraw it")
    danger = True
    form_class = WithdrawalForm

    @property
    def explanation(self) -> str:
        sitting = count_sitting(self.version)
        who = (
            ngettext(
                "%(count)d person is sitting with it at this moment and reads your reason in place of the question.",
                "%(count)d people are sitting with it at this moment and read your reason in place of the question.",
                sitting,
            )
            % {"count": sitting}
            if sitting
            else _("Nobody is sitting with it at this moment.")
        )
        return " ".join(
            (
                who,
                _("It earns nothing and costs nothing from now on, whatever was answered; clocks go on."),
                _(
                    "It is drawn no more. Attempts that are graded already keep their marks until they are graded again."
                ),
            )
        )

    def act(self, form: Any) -> str:
        withdraw_version(self.version, reason=form.cleaned_data["reason"], by=self.person, now=timezone.now())
        return _("The version is withdrawn, also from the papers of those who sit with it.")
