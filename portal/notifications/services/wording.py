"""A notice in words, in whatever language and time zone are active."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template import Context
from django.template.loader import get_template

from portal.accounts.models import User
from portal.core.localised import LocalisedText
from portal.notifications.models import Notification
from portal.notifications.registry import types


@dataclass(frozen=True, slots=True)
class Wording:
    subject: str
    paragraphs: tuple[str, ...]


def word(notification: Notification, *, person: User, by_email: bool = False) -> Wording | None:
    """Render subject and body as plain text; None for a kind that no app declares any more.

    ``by_email`` is told to the templates: a link that works without signing in belongs into the letter alone.
    """
    kind = types.get(notification.type)
    if kind is None:
        return None
    context = {**_revive(notification.context), "person": person, "url": notification.url, "by_email": by_email}
    subject = " ".join(_render(f"{kind.template}.subject.txt", context).split())
    body = _render(f"{kind.template}.body.txt", context)
    paragraphs = ("\n".join(line.strip() for line in part.strip().splitlines()) for part in body.split("\n\n"))
    return Wording(subject, tuple(part for part in paragraphs if part))


def localise_path(path: str, language: str) -> str:
    """The same path for a reader of ``language``: its language prefix, if it has one, becomes the reader's."""
    prefix, slash, rest = path.removeprefix("/").partition("/")
    return f"/{language}/{rest}" if slash and prefix in dict(settings.LANGUAGES) else path


def _render(name: str, context: dict[str, Any]) -> str:
    # Plain text: an ampersand stays an ampersand. The page and the HTML letter escape when they show it.
    template = get_template(name).template  # type: ignore[attr-defined]  # the engine's own, behind the backend's
    return str(template.render(Context(context, autoescape=False)))


def _revive(value: Any, name: str = "") -> Any:
    """Texts by language and moments, made again from the JSON in which they were kept."""
    if isinstance(value, dict):
        if value and value.keys() <= dict(settings.LANGUAGES).keys():
            return LocalisedText(value)
        return {key: _revive(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_revive(item) for item in value]
    if name.endswith("_at") and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value
