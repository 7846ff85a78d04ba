"""Letters: what the portal sends by e-mail, as plain text and as simple HTML in the house's look.

Call it with the reader's language active: the frame around the text is translated too.
"""

from collections.abc import Sequence
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from typing import Any, Protocol

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import get_language


class CalendarPart(Protocol):
    """An entry for the reader's calendar: iCalendar as UTF-8, and what a program is to do with it (RFC 5546)."""

    @property
    def content(self) -> bytes: ...

    @property
    def method(self) -> str: ...


def compose_letter(
    address: str,
    *,
    subject: str,
    paragraphs: Sequence[str],
    url: str = "",
    action: str = "",
    footer: str = "",
    calendar: CalendarPart | None = None,
    mail: Any = None,
) -> EmailMultiAlternatives:
    """Make the message.

    Args:
        address: of the one reader.
        subject: made one line; a name in it may hold a line break, which mail refuses.
        paragraphs: plain text, in order; lines within one stay apart.
        url: the one thing to open next, a whole address, shown as a button called ``action``.
        footer: a small line below, such as why the reader gets this.
        calendar: what the letter puts into the reader's calendar, or takes out of it.
        mail: an open connection, to send several over one.
    """
    context = {
        "subject": subject,
        "paragraphs": paragraphs,
        "url": url,
        "action": action,
        "footer": footer,
        "vendor_name": settings.VENDOR_NAME,
        "portal_name": settings.WAGTAIL_SITE_NAME,
        "base_url": settings.BASE_URL,
        "language": get_language(),
    }
    closing = [f"{action}:\n{url}"] if url else []
    text = "\n\n".join([*paragraphs, *closing, "--\n" + f"{settings.WAGTAIL_SITE_NAME} · {settings.VENDOR_NAME}"])
    if footer:
        text += f"\n{footer}"
    line = " ".join(subject.split())
    message = EmailMultiAlternatives(line, text, settings.DEFAULT_FROM_EMAIL, [address], connection=mail)
    message.attach_alternative(render_to_string("accounts/letter.html", context), "text/html")
    if calendar is not None:
        _attach_calendar(message, calendar)
    return message


def _attach_calendar(message: EmailMultiAlternatives, calendar: CalendarPart) -> None:
    """In the two forms that programs look for: beside the text, where its METHOD makes it an invitation that is taken as
    it stands, and as a file for those that know no invitations."""
    message.attach_alternative(calendar.content.decode(), f"text/calendar; method={calendar.method}")
    file = MIMEBase("text", "calendar", charset="UTF-8", method=calendar.method, name="invite.ics")
    file.set_payload(calendar.content)
    encode_base64(file)
    file.add_header("Content-Disposition", "attachment", filename="invite.ics")
    message.attach(file)


def send_letter(address: str, **content: Any) -> None:
    """Compose and send at once; arguments as for :func:`compose_letter`. Raises whatever the mail server raises."""
    compose_letter(address, **content).send()
