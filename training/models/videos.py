"""Videos: uploaded files and allow-listed embeds, with captions, chapters and a transcript."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.fields import StreamField
from wagtail.search import index
from wagtail_localize.fields import SynchronizedField

from portal.content.blocks import BodyBlock, Section, list_sections
from portal.content.embeds import find_video, list_providers
from portal.content.models import Document
from portal.content.vtt import Cue
from training.captions import find_beyond, write_clock, write_transcript
from training.models.base import MaterialPage, arrange_tabs
from training.models.editing import MaterialForm


class VideoForm(MaterialForm):
    """The editor's form. A draft may wait for its video, a page that is published may not."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        self.instance.may_wait = self.is_deferred_validation
        return data


class VideoPage(MaterialPage):
    """A film to watch: our own file or one at an allowed provider; its captions are searched and read as a transcript."""

    file = models.ForeignKey(
        settings.WAGTAILDOCS_DOCUMENT_MODEL,
        verbose_name=_("video file"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("MP4 or WebM. Choose another to replace the video: the address and everything else stay."),
    )
    embed_url = models.URLField(
        _("or its address at a provider"),
        blank=True,
        help_text=_("The address of its page at YouTube, Vimeo, RuTube or VK Video."),
    )
    poster = models.ForeignKey(
        settings.WAGTAILIMAGES_IMAGE_MODEL,
        verbose_name=_("still picture"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    captions = models.ForeignKey(
        settings.WAGTAILDOCS_DOCUMENT_MODEL,
        verbose_name=_("captions"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("A WebVTT file in the language of this page. The transcript is made from it."),
    )
    chapters = models.ForeignKey(
        settings.WAGTAILDOCS_DOCUMENT_MODEL,
        verbose_name=_("chapters"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("A WebVTT file: one cue for each chapter, its text the chapter's name."),
    )
    seconds = models.PositiveIntegerField(
        _("length, seconds"),
        default=0,
        help_text=_("Left at 0, it is read from an MP4 file. Chapters and the viewer's place are held to it."),
    )
    # Kept from the captions when they are chosen, so that search finds what is said.
    transcript = models.TextField(_("transcript"), blank=True, editable=False)
    body = StreamField(BodyBlock(), verbose_name=_("notes below the video"), blank=True)

    can_be_sent = True
    #: Whether it is being saved as a draft, which needs no video yet.
    may_wait = False
    base_form_class = VideoForm
    page_description = _("A film with captions and chapters; what is said in it is searched.")
    shared_template = "training/shared/video.html"
    subpage_types: list[str] = []
    override_translatable_fields = [
        *MaterialPage.override_translatable_fields,
        SynchronizedField("embed_url"),
        SynchronizedField("transcript"),
    ]
    search_fields = [*MaterialPage.search_fields, index.SearchField("transcript"), index.SearchField("body")]
    edit_handler = arrange_tabs(
        [
            *MaterialPage.content_panels,
            MultiFieldPanel(
                [
                    FieldPanel("file"),
                    FieldPanel("embed_url"),
                    FieldRowPanel([FieldPanel("captions"), FieldPanel("chapters")]),
                    FieldRowPanel([FieldPanel("poster"), FieldPanel("seconds")]),
                ],
                heading=_("Video"),
            ),
            FieldPanel("body"),
        ]
    )

    class Meta:
        verbose_name = _("video")
        verbose_name_plural = _("videos")
        constraints = [
            models.CheckConstraint(
                condition=Q(file__isnull=True) | Q(embed_url=""), name="training_video_file_or_embed"
            ),
        ]

    def clean(self) -> None:
        """Hold the parts together, and keep from the files what search and the player need: transcript and length.

        Wagtail asks this at every saving and publishing, of a scheduled draft too.

        Raises:
            ValidationError: at each field that is wrong; of captions and chapters with the line.
        """
        super().clean()
        errors: dict[str, Any] = {}
        self._check_source(errors)
        captions = self._read_cues("captions", errors)
        chapters = self._read_cues("chapters", errors)
        if "chapters" not in errors and (beyond := find_beyond(chapters, self.seconds)):
            errors["chapters"] = _(
                "Line %(line)s: the chapter “%(chapter)s” begins at %(start)s, and the video ends at %(end)s."
            ) % {
                "line": beyond.line,
                "chapter": beyond.text,
                "start": write_clock(beyond.start // 1000),
                "end": write_clock(self.seconds),
            }
        if "captions" not in errors and (beyond := find_beyond(captions, self.seconds)):
            errors["captions"] = _(
                "Line %(line)s: words are said at %(start)s, and the video ends at %(end)s. Are these another video's?"
            ) % {
                "line": beyond.line,
                "start": write_clock(beyond.start // 1000),
                "end": write_clock(self.seconds),
            }
        if errors:
            raise ValidationError(errors)
        self.transcript = write_transcript(captions)

    def _check_source(self, errors: dict[str, Any]) -> None:
        file: Document | None = self.file
        if file is not None and self.embed_url:
            errors["embed_url"] = _("A video file is chosen too. Keep one of the two, and empty the other.")
        elif file is None and not self.embed_url and not self.may_wait:
            errors["file"] = _("Choose a video file, or give its address at a provider.")
        elif self.embed_url and find_video(self.embed_url) is None:
            errors["embed_url"] = _(
                "This is not the address of a video at an allowed provider. Allowed are: %(providers)s."
            ) % {"providers": ", ".join(list_providers())}
        elif file is not None and not file.is_video:
            errors["file"] = _("“%(name)s” is no video that browsers play. Choose an MP4 or a WebM file.") % {
                "name": file.filename
            }
        elif file is not None:
            try:
                # What the file says is right whatever was typed: another file may have been chosen since.
                self.seconds = file.read_seconds() or self.seconds
            except ValidationError as error:
                errors["file"] = error

    def _read_cues(self, field: str, errors: dict[str, Any]) -> list[Cue]:
        document: Document | None = getattr(self, field)
        if document is None:
            return []
        if not document.is_captions:
            errors[field] = _("“%(name)s” is no WebVTT file. Its name must end with “.vtt”.") % {
                "name": document.filename
            }
            return []
        try:
            return document.read_captions()
        except ValidationError as error:
            errors[field] = error
            return []

    @property
    def sections(self) -> list[Section]:
        return list_sections(self.body)
