"""A folder of texts on its way into the library."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.models import PublicIdModel


class MaterialImport(PublicIdModel):
    """Files that were read and shown, and wait to become drafts. Forgotten after a day."""

    parent = models.ForeignKey("wagtailcore.Page", on_delete=models.CASCADE, related_name="+")
    # What was read, ready to be written: see training.services.importing.
    drafts = models.JSONField(_("drafts"), default=dict)
    # The pictures that those files show, as one archive.
    pictures = models.BinaryField(_("pictures"), default=b"", editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded at"))
    imported_at = models.DateTimeField(_("imported at"), null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("import of materials")
        verbose_name_plural = _("imports of materials")
        indexes = [
            # The sweeper that forgets what nobody confirmed.
            models.Index(fields=["uploaded_at"], name="training_import_old"),
        ]

    def __str__(self) -> str:
        return self.public_id
