"""Telling people, and keeping what they choose and have read."""

from portal.notifications.services.email import send_due_emails
from portal.notifications.services.inbox import mark_all_read, mark_read
from portal.notifications.services.notices import notify
from portal.notifications.services.preferences import choose_channels

__all__ = ["choose_channels", "mark_all_read", "mark_read", "notify", "send_due_emails"]
