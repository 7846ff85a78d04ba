"""The form by which materials are edited: the editor's word on what changes with the next publishing."""

from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.admin.panels import MultiFieldPanel


class MaterialForm(WagtailAdminPageForm):
    """Asks whether a change is material, anew with each edit that begins after the last one was published.

    The answer is kept with the draft; a version that is brought back from the history does not bring its answer along.
    A type that needs a form of its own extends this one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None and "change_line" in self.fields:
            self.initial["change_is_material"], self.initial["change_line"] = self._find_word()

    def _find_word(self) -> tuple[bool, str]:
        """What the draft says; nothing where all is published, or no draft was ever kept."""
        draft = self.instance.latest_revision
        if draft is None or draft.pk == self.instance.live_revision_id:
            return False, ""
        return bool(draft.content.get("change_is_material")), draft.content.get("change_line", "")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if self.is_deferred_validation or not cleaned.get("change_is_material") or "change_line" not in cleaned:
            return cleaned
        line = cleaned["change_line"].strip()
        if not line:
            self.add_error("change_line", ValidationError(_("Tell readers in one line what has changed.")))
        elif self._was_said(line):
            message = _("The last change said the same. Tell readers what has changed this time.")
            self.add_error("change_line", ValidationError(message))
        return cleaned

    def _was_said(self, line: str) -> bool:
        """Whether the last change of the page has this very line.

        The rows are asked for by name, since their model stands on the page that is edited by this form.
        """
        changes = apps.get_model("training", "Change").objects.filter(page_id=self.instance.pk)
        return self.instance.pk is not None and changes.values_list("line", flat=True).first() == line


class ChangePanel(MultiFieldPanel):
    """Asks only where there are readers to be told: not before the page was first published."""

    class BoundPanel(MultiFieldPanel.BoundPanel):
        def is_shown(self) -> bool:
            return bool(self.instance.first_published_at) and super().is_shown()
