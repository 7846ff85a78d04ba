"""Webinar series, the seasons that staff publish, their sessions, and everyone who takes part.

A session is one date: of a webinar series, or the one date of an event. It is a row and not a page, so that one
registration, one capacity and one calendar entry stand for it in every language.
"""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, TitleFieldPanel
from wagtail.fields import StreamField
from wagtail.search import index

from portal.content.blocks import BodyBlock, Section, list_sections
from portal.content.models import BasePage
from portal.core.localised import LocalisedTextField
from portal.core.models import PublicIdModel
from training.models.base import MaterialPage, arrange_tabs
from training.models.objections import ObjectionCardPage
from training.models.videos import VideoPage

PERCENT = [MinValueValidator(1), MaxValueValidator(100)]


class WebinarIndexPage(BasePage):
    """The webinars and events that are ahead, and what was recorded of those that were."""

    intro = models.TextField(_("in short"), blank=True)

    subpage_types = ["training.WebinarSeriesPage", "training.EventPage"]
    max_count_per_parent = 1
    search_fields = [*BasePage.search_fields, index.SearchField("intro")]
    content_panels = [TitleFieldPanel("title"), FieldPanel("intro")]

    class Meta:
        verbose_name = _("list of webinars")
        verbose_name_plural = _("lists of webinars")


class WebinarSeriesPage(MaterialPage):
    """A recurring webinar for people in named job roles. Its dates are published a season at a time."""

    body = StreamField(BodyBlock(), verbose_name=_("sections"), blank=True)
    attended_from_percent = models.PositiveSmallIntegerField(
        _("attended from, %"),
        default=60,
        validators=PERCENT,
        help_text=_("Whoever was there for so much of a session has attended it. Readers see this rule."),
    )
    replay_counts = models.BooleanField(
        _("watching the recording counts"), default=True, help_text=_("As having attended the session.")
    )
    replay_from_percent = models.PositiveSmallIntegerField(
        _("recording watched from, %"), default=80, validators=PERCENT
    )

    is_kept = False
    page_description = _("A recurring webinar for people in named job roles.")
    shared_template = "training/shared/webinar_series.html"
    parent_page_types = ["training.WebinarIndexPage"]
    subpage_types: list[str] = []
    search_fields = [*MaterialPage.search_fields, index.SearchField("body")]
    edit_handler = arrange_tabs(
        [
            *MaterialPage.content_panels,
            FieldPanel("body"),
            MultiFieldPanel(
                [
                    FieldPanel("attended_from_percent"),
                    FieldRowPanel([FieldPanel("replay_counts"), FieldPanel("replay_from_percent")]),
                ],
                heading=_("Who has attended"),
            ),
        ]
    )

    class Meta:
        verbose_name = _("webinar series")
        verbose_name_plural = _("webinar series")
        constraints = [
            models.CheckConstraint(
                condition=Q(attended_from_percent__range=(1, 100), replay_from_percent__range=(1, 100)),
                name="training_series_percents",
            ),
        ]

    @property
    def sections(self) -> list[Section]:
        return list_sections(self.body)


class Season(models.Model):
    """A rule under which dates of a series were published together. What became of each date its session says."""

    series = models.ForeignKey(
        WebinarSeriesPage, verbose_name=_("series"), on_delete=models.PROTECT, related_name="seasons"
    )
    # The series whatever its language: the page's translation_key.
    series_key = models.UUIDField(_("series key"))
    # RFC 5545, section 3.3.10, without the words "RRULE:"; it always ends.
    rule = models.CharField(_("rule"), max_length=300)
    # Local to the zone: eleven o'clock stays eleven o'clock when the clocks change.
    first_day = models.DateField(_("first day"))
    at = models.TimeField(_("at"))
    zone = models.CharField(_("time zone"), max_length=50)
    minutes = models.PositiveSmallIntegerField(_("minutes"), validators=[MinValueValidator(5), MaxValueValidator(600)])
    published_at = models.DateTimeField(_("published at"))
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("season")
        verbose_name_plural = _("seasons")
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(minutes__range=(5, 600)), name="training_season_minutes"),
        ]

    def __str__(self) -> str:
        return f"{self.series_key}: {self.rule}"


class SessionState(models.TextChoices):
    SCHEDULED = "scheduled", _("Takes place")
    CANCELLED = "cancelled", _("Cancelled")


class SessionQuerySet(models.QuerySet["Session"]):
    def scheduled(self) -> Self:
        return self.filter(state=SessionState.SCHEDULED)

    def ahead(self, now: datetime) -> Self:
        """Not over yet, soonest first; cancelled ones too, so that whoever looks for one reads what became of it."""
        return self.filter(ends_at__gt=now).order_by("starts_at", "pk")

    def over(self, now: datetime) -> Self:
        """Those that took place, latest first."""
        return self.scheduled().filter(ends_at__lte=now).order_by("-starts_at", "-pk")


class Session(PublicIdModel):
    """One date: of a webinar series, or of an event."""

    page = models.ForeignKey(
        MaterialPage, verbose_name=_("series or event"), on_delete=models.PROTECT, related_name="sessions"
    )
    # The series or event whatever its language: the page's translation_key.
    page_key = models.UUIDField(_("series or event key"))
    season = models.ForeignKey(Season, null=True, on_delete=models.PROTECT, related_name="sessions")
    # Which of the season's dates it is, from 1; stays when the session is moved. Null for what was added by itself.
    place = models.PositiveSmallIntegerField(_("place in the season"), null=True)
    topic = LocalisedTextField(_("topic"), blank=True, help_text=_("Empty: the name of the series."))
    about = LocalisedTextField(_("what it is about"), multiline=True, blank=True)
    speakers = models.CharField(_("speakers"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    # The zone in which it was planned, and in which its calendar entry is written.
    zone = models.CharField(_("time zone"), max_length=50)
    capacity = models.PositiveIntegerField(
        _("seats"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: as many as come.")
    )
    # How many registrations are seated: counted under lock, so that the database itself refuses one too many.
    seats_taken = models.PositiveIntegerField(_("seats taken"), default=0)
    meeting_url = models.URLField(
        _("meeting link"),
        max_length=500,
        blank=True,
        help_text=_("Shown to those registered, shortly before the start."),
    )
    state = models.CharField(_("state"), max_length=10, choices=SessionState.choices, default=SessionState.SCHEDULED)
    reason = LocalisedTextField(
        _("reason"), blank=True, help_text=_("Those registered read why it was cancelled or moved.")
    )
    # RFC 5545, section 3.8.7.4: counts what calendars have to be told of.
    sequence = models.PositiveIntegerField(_("sequence"), default=0)
    changed_at = models.DateTimeField(_("changed at"))
    recording = models.ForeignKey(
        VideoPage,
        verbose_name=_("recording"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="recorded",
    )

    objects = SessionQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="training_session_order"),
            models.CheckConstraint(
                condition=Q(capacity__isnull=True) | Q(seats_taken__lte=F("capacity")), name="training_session_seats"
            ),
            models.CheckConstraint(condition=Q(state__in=SessionState.values), name="training_session_state_known"),
            # Two at once of one series nobody can go to; also serves the list of a series.
            models.UniqueConstraint(
                fields=["page_key", "starts_at"],
                condition=Q(state=SessionState.SCHEDULED),
                name="training_session_one_at_a_time",
            ),
            models.UniqueConstraint(fields=["season", "place"], name="training_session_place"),
        ]
        indexes = [
            # What is ahead, of all series: the list, the home page, the sweeper.
            models.Index(fields=["ends_at", "starts_at"], name="training_session_ahead"),
        ]

    def __str__(self) -> str:
        return f"{self.page_id}: {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_scheduled(self) -> bool:
        return self.state == SessionState.SCHEDULED

    @property
    def seats_left(self) -> int | None:
        """None where as many may come as like."""
        return None if self.capacity is None else self.capacity - self.seats_taken

    @property
    def uid(self) -> str:
        """What calendars know it by; never changes."""
        return f"{self.public_id}@guildhall"


class RegistrationState(models.TextChoices):
    SEATED = "seated", _("Registered")
    WAITING = "waiting", _("On the waiting list")
    CANCELLED = "cancelled", _("Not coming")


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def standing(self) -> Self:
        """Not taken back: seated or waiting."""
        return self.exclude(state=RegistrationState.CANCELLED)

    def to_remind(self, now: datetime) -> Self:
        return self.filter(state=RegistrationState.SEATED, remind_at__lte=now)


class Registration(PublicIdModel):
    """That a member comes to a session, waits for a seat, or does not come after all."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="registrations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="registrations")
    membership = models.ForeignKey("partners.Membership", on_delete=models.PROTECT, related_name="registrations")
    state = models.CharField(_("state"), max_length=10, choices=RegistrationState.choices)
    # The order of the waiting list; a person who comes back after cancelling stands at its end.
    registered_at = models.DateTimeField(_("registered at"))
    seated_at = models.DateTimeField(_("seated at"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True)
    # The next reminder; null after the last, and for whoever is not seated.
    remind_at = models.DateTimeField(_("next reminder"), null=True)

    objects = RegistrationQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        ordering = ["registered_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "user"], name="training_registration_once"),
            models.CheckConstraint(
                condition=Q(state__in=RegistrationState.values), name="training_registration_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=RegistrationState.SEATED) | Q(remind_at__isnull=True),
                name="training_registration_reminds_seated",
            ),
            models.CheckConstraint(
                condition=~Q(state=RegistrationState.SEATED) | Q(seated_at__isnull=False),
                name="training_registration_seated_when",
            ),
        ]
        indexes = [
            # Who moves up next.
            models.Index(
                fields=["session", "registered_at"],
                condition=Q(state=RegistrationState.WAITING),
                name="training_registration_waiting",
            ),
            # The sweeper that reminds.
            models.Index(
                fields=["remind_at"], condition=Q(remind_at__isnull=False), name="training_registration_remind"
            ),
            # A person's own: the calendar feed, the home page.
            models.Index(fields=["user", "state"], name="training_registration_mine"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.user_id} {self.state}"


class Visit(models.Model):
    """That a person went to the meeting by their own link."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="visits")
    visited_at = models.DateTimeField(_("visited at"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ["visited_at", "pk"]

    def __str__(self) -> str:
        return f"{self.registration_id}: {self.visited_at:%Y-%m-%d %H:%M}"


class CalendarFeed(models.Model):
    """The private address of a person's calendar. Whoever knows the token reads it; a new one ends the old."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed")
    token = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(_("made at"))
    read_at = models.DateTimeField(_("last read at"), null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")

    def __str__(self) -> str:
        return f"{self.user_id}"


class SessionQuestion(PublicIdModel):
    """What a member asks the speakers, before or during a session, and what was answered."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="questions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="session_questions")
    membership = models.ForeignKey("partners.Membership", on_delete=models.PROTECT, related_name="session_questions")
    words = models.CharField(_("question"), max_length=500)
    asked_at = models.DateTimeField(_("asked at"))
    answer = models.TextField(_("answer"), max_length=2000, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(_("answered at"), null=True)
    # The draft that was made of it, for an editor.
    card = models.ForeignKey(ObjectionCardPage, null=True, on_delete=models.SET_NULL, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("question to the speakers")
        verbose_name_plural = _("questions to the speakers")
        ordering = ["asked_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answer="") | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="training_question_answered_with_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.words[:40]}"
