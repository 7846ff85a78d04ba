"""Conferences and meetings: an agenda with tracks and speakers. Registration and calendar are those of its session."""

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, PageChooserPanel
from wagtail.fields import StreamField
from wagtail.models import Orderable, TranslatableMixin
from wagtail.search import index
from wagtail_localize.fields import SynchronizedField, TranslatableField

from portal.accounts.models import default_time_zone, validate_time_zone
from portal.content.blocks import BodyBlock, Section, list_sections
from training.models.base import MaterialPage, arrange_tabs


class EventPage(MaterialPage):
    """A conference or meeting with an agenda."""

    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    zone = models.CharField(_("time zone"), max_length=50, default=default_time_zone, validators=[validate_time_zone])
    venue = models.CharField(_("where"), max_length=300, blank=True, help_text=_("Empty: online."))
    meeting_url = models.URLField(_("meeting link"), max_length=500, blank=True)
    capacity = models.PositiveIntegerField(
        _("seats"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: as many as come.")
    )
    body = StreamField(BodyBlock(), verbose_name=_("sections"), blank=True)

    is_kept = False
    page_description = _("A conference or meeting with an agenda.")
    shared_template = "training/shared/event.html"
    parent_page_types = ["training.WebinarIndexPage"]
    subpage_types: list[str] = []
    search_fields = [*MaterialPage.search_fields, index.SearchField("body"), index.SearchField("venue")]
    override_translatable_fields = [
        *MaterialPage.override_translatable_fields,
        *(
            SynchronizedField(name, overridable=False)
            for name in ("starts_at", "ends_at", "zone", "meeting_url", "capacity")
        ),
    ]
    edit_handler = arrange_tabs(
        [
            *MaterialPage.content_panels,
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("starts_at"), FieldPanel("ends_at"), FieldPanel("zone")]),
                    FieldRowPanel([FieldPanel("venue"), FieldPanel("meeting_url"), FieldPanel("capacity")]),
                ],
                heading=_("When and where"),
            ),
            FieldPanel("body"),
            InlinePanel("slots", heading=_("Agenda"), label=_("talk")),
        ]
    )

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="training_event_order"),
        ]

    @property
    def sections(self) -> list[Section]:
        return list_sections(self.body)

    def clean(self) -> None:
        super().clean()
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("The event ends before it begins.")})


class EventSlot(TranslatableMixin, Orderable):
    """One talk of an event: when, on which track, who speaks, and what is left of it afterwards."""

    event = ParentalKey(EventPage, on_delete=models.CASCADE, related_name="slots")
    title = models.CharField(_("title"), max_length=200)
    about = models.TextField(_("what it is about"), max_length=1000, blank=True)
    speakers = models.CharField(_("speakers"), max_length=200, blank=True)
    track = models.CharField(_("track"), max_length=80, blank=True)
    room = models.CharField(_("room"), max_length=80, blank=True)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    material = models.ForeignKey(
        MaterialPage,
        verbose_name=_("recording or slides"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    translatable_fields = [
        TranslatableField("title"),
        TranslatableField("about"),
        TranslatableField("track"),
        *(SynchronizedField(name, overridable=False) for name in ("speakers", "room", "starts_at", "ends_at")),
    ]
    panels = [
        FieldPanel("title"),
        FieldRowPanel([FieldPanel("starts_at"), FieldPanel("ends_at")]),
        FieldRowPanel([FieldPanel("track"), FieldPanel("room"), FieldPanel("speakers")]),
        FieldPanel("about"),
        PageChooserPanel("material"),
    ]

    class Meta(TranslatableMixin.Meta, Orderable.Meta):
        verbose_name = _("talk")
        verbose_name_plural = _("talks")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="training_slot_order"),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        super().clean()
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("The talk ends before it begins.")})
