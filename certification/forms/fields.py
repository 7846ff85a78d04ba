"""Fields of examiners' forms: topics in their tree, reasons in every language, people by their address."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey
from django.forms.models import ModelChoiceIteratorValue
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.admin.forms.models import register_form_field_override

from certification.models import Topic
from certification.services.topics import list_branches
from portal.core.localised import LocalisedFormField, LocalisedText
from portal.partners.models import Membership


def list_topic_choices() -> list[tuple[Any, str]]:
    """Every topic in the order of its tree, set in by its depth: one query."""
    return [(ModelChoiceIteratorValue(branch.topic.pk, branch.topic), branch.label) for branch in list_branches()]


class TopicIterator(forms.models.ModelChoiceIterator):
    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield ("", self.field.empty_label)
        yield from list_topic_choices()


class TopicField(forms.ModelChoiceField):
    """A topic, chosen from the tree."""

    iterator = TopicIterator

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:  # noqa: ARG002 -- Django's own signature
        """As wide as its column: names that are set in by their depth would widen it beyond a phone."""
        return {"class": "w-w-full"}


# Wherever a form of the administration asks for a topic.
register_form_field_override(ForeignKey, to=Topic, override={"form_class": TopicField})


class EveryLanguageField(LocalisedFormField):
    """A text that is needed in every language of the portal: whoever is sitting reads it in their own."""

    def clean(self, value: Any) -> LocalisedText:
        text = super().clean(value)
        missing = [str(name) for code, name in settings.LANGUAGES if not text.get(code, "").strip()]
        if missing:
            raise ValidationError(
                _("The text is needed in every language: %(languages)s.") % {"languages": ", ".join(missing)}
            )
        return text


class MemberField(forms.EmailField):
    """A member of a partner by their e-mail address; its value is their memberships, the oldest first."""

    def clean(self, value: Any) -> Any:
        email = super().clean(value)
        if not email:
            return []
        members = Membership.objects.active(timezone.now()).filter(user__email=email.lower())
        found = list(
            members.with_roles().select_related("user", "partner__tier", "partner__kind").order_by("started_at")
        )
        if not found:
            raise ValidationError(_("No member of a partner has this address."))
        return found
