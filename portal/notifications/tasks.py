"""Wake-ups. One line each: the services hold the work."""

from celery import shared_task
from django.utils import timezone

from portal.notifications.services import email, notices


@shared_task(name="notifications.send_due_emails")
def send_due_emails() -> None:
    email.send_due_emails(now=timezone.now())


def _wake() -> None:
    send_due_emails.delay()


notices.wake = _wake
