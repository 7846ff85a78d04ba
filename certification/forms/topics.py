"""A topic, in its place of the tree."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from wagtail.admin.forms.models import WagtailAdminModelForm

from certification.forms import fields  # noqa: F401 -- topics are chosen from the tree
from certification.models import Topic
from certification.services.codes import suggest_slug
from certification.services.topics import find_topic_circle


class TopicForm(WagtailAdminModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        slug: Any = self.fields["slug"]
        slug.required, slug.help_text = False, _("Empty: made from the name.")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        if not data.get("slug") and data.get("name"):
            data["slug"] = suggest_slug(Topic, data["name"].in_language(settings.LANGUAGE_CODE))
            if not data["slug"]:
                self.add_error("slug", _("Nothing can be made from this name: write one, of Latin letters and digits."))
        return data

    def clean_parent(self) -> Topic | None:
        parent: Topic | None = self.cleaned_data["parent"]
        if circle := find_topic_circle(self.instance, parent):
            raise ValidationError(
                _("A topic cannot be part of itself: %(circle)s.")
                % {"circle": " → ".join(f"“{one}”" for one in circle)}
            )
        return parent
