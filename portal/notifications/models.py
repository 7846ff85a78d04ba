"""What a person is told, once, and where they want to hear it."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.core.models import PublicIdModel


class NotificationQuerySet(models.QuerySet["Notification"]):
    def for_user(self, user_id: int) -> Self:
        return self.filter(user_id=user_id)

    def listed(self) -> Self:
        """Shown in the inbox, unless the person chose not to have that kind there."""
        return self.filter(in_inbox=True)

    def unread(self) -> Self:
        return self.filter(in_inbox=True, read_at__isnull=True)

    def email_due(self, now: datetime) -> Self:
        return self.filter(email_due_at__lte=now)


class Notification(PublicIdModel):
    """One thing told to one person. Its wording is made when it is read, in the reader's language.

    ``context`` holds only what the templates need. ``email_due_at`` is the e-mail's whole state machine: null means
    that nothing is to be sent (any more); a claim moves it into the future, so a sender that dies gives it back.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    type = models.CharField(_("kind"), max_length=80)
    key = models.CharField(_("key"), max_length=120)
    context = models.JSONField(default=dict)
    url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(_("told"))
    in_inbox = models.BooleanField(default=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    email_due_at = models.DateTimeField(null=True, blank=True)
    email_tries = models.PositiveSmallIntegerField(default=0)
    email_claim = models.CharField(max_length=32, blank=True)
    email_sent_at = models.DateTimeField(null=True, blank=True)
    email_error = models.CharField(max_length=200, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "type", "key"], name="notifications_notification_once"),
        ]
        indexes = [
            # The inbox, newest first.
            models.Index(fields=["user", "-created_at"], condition=Q(in_inbox=True), name="notifications_inbox"),
            # The bell, on every page.
            models.Index(
                fields=["user"], condition=Q(in_inbox=True, read_at__isnull=True), name="notifications_unread"
            ),
            # The sweeper: e-mail that is due, soonest first.
            models.Index(
                fields=["email_due_at"], condition=Q(email_due_at__isnull=False), name="notifications_email_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} #{self.pk}"


class Preference(models.Model):
    """A person's choice for one kind of notice. Without a row the kind's own defaults hold."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    type = models.CharField(_("kind"), max_length=80)
    in_inbox = models.BooleanField(_("in the portal"), default=True)
    by_email = models.BooleanField(_("by e-mail"), default=True)

    class Meta:
        verbose_name = _("notification choice")
        verbose_name_plural = _("notification choices")
        constraints = [
            models.UniqueConstraint(fields=["user", "type"], name="notifications_preference_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.type}"
