"""Letters: what the portal sends by e-mail, as plain text and as simple HTML in the house's look.

Call it with the reader's language active: the frame around the text is translated too.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import get_language


def compose_letter(
    address: str,
    *,
    subject: str,
    paragraphs: Sequence[str],
    url: str = "",
    action: str = "",
    footer: str = "",
    mail: Any = None,
) -> EmailMultiAlternatives:
    """Make the message.

    Args:
        address: of the one reader.
        subject: made one line; a name in it may hold a line break, which mail refuses.
        paragraphs: plain text, in order; lines within one stay apart.
        url: the one thing to open next, a whole address, shown as a button called ``action``.
        footer: a small line below, such as why the reader gets this.
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
    return message


def send_letter(address: str, **content: Any) -> None:
    """Compose and send at once; arguments as for :func:`compose_letter`. Raises whatever the mail server raises."""
    compose_letter(address, **content).send()
