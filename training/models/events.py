"""Conferences and meetings: an agenda with tracks and speakers. Registration and calendar are those of its session."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, PageChooserPanel
from wagtail.fields import StreamField
from wagtail.models import Orderable, TranslatableMixin
from wagtail.search import index
from wagtail_localize.fields import SynchronizedField, TranslatableField

from portal.accounts.models import default_time_zone, validate_time_zone
from portal.content.blocks import BodyBlock, Section, list_sections
from training.agenda import Talk, find_clashes, find_outside
from training.models.base import MaterialPage, arrange_tabs
from training.models.editing import MaterialForm
from training.models.webinars import Session


class EventForm(MaterialForm):
    """Refuses an agenda that cannot take place, and fewer seats than have been given."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at:
            self._check_agenda(starts_at, ends_at)
        seats = cleaned.get("capacity")
        taken = self._count_seats()
        if seats is not None and seats < taken:
            message = ngettext(
                "%(count)d person is registered already. Give at least as many seats.",
                "%(count)d people are registered already. Give at least as many seats.",
                taken,
            )
            self.add_error("capacity", ValidationError(message % {"count": taken}))
        return cleaned

    def _count_seats(self) -> int:
        if self.instance.pk is None:
            return 0
        held = Session.objects.filter(page_key=self.instance.translation_key)
        return sum(held.values_list("seats_taken", flat=True))

    def _check_agenda(self, starts_at: datetime, ends_at: datetime) -> None:
        forms = {
            number: form
            for number, form in enumerate(self.formsets["slots"].forms if "slots" in self.formsets else [])
            if form.is_valid() and form.cleaned_data and not form.cleaned_data.get("DELETE")
        }
        talks = [
            Talk(
                number,
                form.cleaned_data["title"],
                form.cleaned_data["starts_at"],
                form.cleaned_data["ends_at"],
                form.cleaned_data["track"],
                form.cleaned_data["room"],
            )
            for number, form in forms.items()
        ]
        for talk in find_outside(talks, starts_at=starts_at, ends_at=ends_at):
            message = _("“%(talk)s” is not within the time of the event.") % {"talk": talk.title}
            forms[talk.key].add_error("starts_at", ValidationError(message))
            self.add_error(None, ValidationError(message))
        for one, other in find_clashes(talks):
            message = _("“%(other)s” begins before “%(one)s” in the same room or on the same track is over.") % {
                "other": other.title,
                "one": one.title,
            }
            forms[other.key].add_error("starts_at", ValidationError(message))
            self.add_error(None, ValidationError(message))


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

    base_form_class = EventForm
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

    @property
    def talks(self) -> list[Talk]:
        """The agenda's talks; their key is the slot."""
        return [
            Talk(slot, slot.title, slot.starts_at, slot.ends_at, slot.track, slot.room) for slot in self.slots.all()
        ]

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
