"""Images, documents, products, and the page that all others extend."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from taggit.managers import TaggableManager
from wagtail.documents.models import AbstractDocument
from wagtail.documents.models import Document as WagtailDocument
from wagtail.images.models import AbstractImage, AbstractRendition
from wagtail.images.models import Image as WagtailImage
from wagtail.models import Page
from wagtail.search import index

from portal.content.pictures import check_picture
from portal.content.uploads import check_upload, describe_broken_video, describe_caption_error
from portal.content.videos import MP4, VIDEOS, BrokenVideo, find_extension, read_length
from portal.content.vtt import LARGEST, CaptionError, Cue, parse_captions
from portal.core.localised import LocalisedTextField
from portal.core.models import NamedInListsModel

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


class Image(AbstractImage):
    """A picture. Its file is as private as the pages that show it (see :mod:`portal.content.services.files`)."""

    # As inherited but for the related names: Wagtail's own model of the same name is installed beside ours.
    uploaded_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("uploaded by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="uploaded_pictures",
    )
    uploaded_by_user.wagtail_reference_index_ignore = True  # type: ignore[attr-defined]  # Wagtail's mark
    tags = TaggableManager(verbose_name=_("tags"), blank=True, help_text="", related_name="tagged_pictures")

    admin_form_fields = WagtailImage.admin_form_fields

    class Meta(AbstractImage.Meta):
        permissions = [("choose_image", "Can choose image")]
        indexes = [
            # The file view looks an image up by its path at each request.
            models.Index(fields=["file"], name="content_image_file"),
        ]

    def clean(self) -> None:
        """Refuse a drawing that could run a script.

        Raises:
            ValidationError: naming the element or attribute that is not a drawing's.
        """
        super().clean()
        check_picture(self.file)


class Rendition(AbstractRendition):
    """A picture in one size; as private as its image."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "filter_spec", "focal_point_key"], name="content_rendition_once")
        ]
        indexes = [
            # The file view looks a rendition up by its path at each request.
            models.Index(fields=["file"], name="content_rendition_file"),
        ]


class Document(AbstractDocument):
    """A file to take along. As private as the pages that link to it."""

    # As inherited but for the related names: Wagtail's own model of the same name is installed beside ours.
    uploaded_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("uploaded by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="uploaded_documents",
    )
    uploaded_by_user.wagtail_reference_index_ignore = True  # type: ignore[attr-defined]  # Wagtail's mark
    tags = TaggableManager(verbose_name=_("tags"), blank=True, help_text="", related_name="tagged_documents")

    admin_form_fields = WagtailDocument.admin_form_fields

    class Meta(AbstractDocument.Meta):
        permissions = [("choose_document", "Can choose document")]
        indexes = [
            # The file view looks a document up by its path at each request.
            models.Index(fields=["file"], name="content_document_file"),
        ]

    def clean(self) -> None:
        """Refuse a drawing that could run a script, also when it comes as a document; and what is not what its name says.

        Raises:
            ValidationError: at the file, naming what is wrong.
        """
        super().clean()
        check_picture(self.file)
        check_upload(self.file)

    @property
    def is_video(self) -> bool:
        """Whether a browser can play it, by its name; its bytes were looked at when it was uploaded."""
        return find_extension(self.file.name) in VIDEOS

    @property
    def is_captions(self) -> bool:
        return find_extension(self.file.name) == "vtt"

    def read_captions(self) -> list[Cue]:
        """The cues of a WebVTT file.

        Raises:
            ValidationError: with the line that is wrong, or that the file is gone.
        """
        try:
            with self.file.storage.open(self.file.name) as file:
                return parse_captions(file.read(LARGEST + 1))
        except CaptionError as error:
            raise ValidationError(describe_caption_error(error)) from error
        except OSError as error:
            raise ValidationError(_("The file “%(name)s” is gone. Upload it again.") % {"name": self.title}) from error

    def read_seconds(self) -> int:
        """The length of an MP4 video in seconds; 0 for other files, and where the file does not say it.

        Raises:
            ValidationError: that the file is gone, or broken.
        """
        if find_extension(self.file.name) not in MP4:
            return 0
        try:
            with self.file.storage.open(self.file.name) as file:
                return read_length(file, file.size)
        except BrokenVideo as error:
            raise ValidationError(describe_broken_video(error, self.filename)) from error
        except OSError as error:
            raise ValidationError(_("The file “%(name)s” is gone. Upload it again.") % {"name": self.title}) from error


class Product(NamedInListsModel):
    """What the vendor sells. Materials, exams and leads are about products."""

    slug = models.SlugField(_("slug"), unique=True, help_text=_("Short name for addresses and imports. Never changes."))
    name = LocalisedTextField(_("name"))
    summary = LocalisedTextField(_("summary"), multiline=True, blank=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0, help_text=_("Lower comes first."))

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["order", "slug"]

    def __str__(self) -> str:
        return str(self.name)


class BasePage(Page):
    """The page that every page type of the portal extends: it can be asked who may read it."""

    search_fields = [*Page.search_fields, index.FilterField("translation_key")]
    # Wagtail's own view restrictions are off: who may read is said once, by may_be_read_by, for pages and files alike.
    private_page_options: list[str] = []

    class Meta:
        abstract = True

    def may_be_read_by(
        self,
        user: "AbstractBaseUser | AnonymousUser",
        membership: Any | None,  # noqa: ARG002 -- for the types that narrow it
        now: datetime,  # noqa: ARG002 -- likewise
    ) -> bool:
        """Whether this page, and with it every file that it shows, is open to the reader.

        Types with an audience narrow it. Staff are let in by those who ask, not here: a file that no page uses is
        theirs too.
        """
        return bool(self.live and user.is_authenticated)
