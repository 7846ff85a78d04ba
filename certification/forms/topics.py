"""A topic, in its place of the tree."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from wagtail.admin.forms.models import WagtailAdminModelForm

from certification.forms import fields  # noqa: F401 -- topics are chosen from the tree
from certification.models import Topic
from certification.services.topics import find_topic_circle


class TopicForm(WagtailAdminModelForm):
    def clean_parent(self) -> Topic | None:
        parent: Topic | None = self.cleaned_data["parent"]
        if circle := find_topic_circle(self.instance, parent):
            raise ValidationError(
                _("A topic cannot be part of itself: %(circle)s.")
                % {"circle": " → ".join(f"“{one}”" for one in circle)}
            )
        return parent
