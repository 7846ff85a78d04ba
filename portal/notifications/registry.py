"""The kinds of notice that exist. Each app declares its own in ``notices.py``, which is imported at start-up.

A kind has a stable name (stored, and part of preferences), a label for the preferences page, and a pair of templates::

    OFFERS = NotificationType("leads.offered", label=_("New lead offers"), template="leads/notices/offered")

    leads/notices/offered.subject.txt    one line
    leads/notices/offered.body.txt       plain text, paragraphs apart by an empty line

Both are rendered with the stored context, ``person``, ``url`` and ``by_email`` (in a letter, not in the inbox), in the
reader's language and time zone, when they are read or sent and not before: a notice is never in the wrong language.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

types: dict[str, "NotificationType"] = {}


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """What a letter puts into its reader's calendar, or takes out of it: iCalendar as UTF-8, and its METHOD."""

    content: bytes
    method: str


@dataclass(frozen=True)
class NotificationType:
    """One kind of notice.

    Args:
        name: stable, ``app.past_tense``.
        label: what the preferences page calls it.
        template: path of its templates without ``.subject.txt`` and ``.body.txt``.
        by_email: whether it is mailed to people who have not chosen.
        calendar: ``calendar(notification, now=...)`` answers the letter's :class:`CalendarPart`, or None for one without;
            called when the letter is sent, with the reader's language active.
        leads_outside: whether its address sends the reader on to another site, such as to a meeting.

    Raises:
        ValueError: when two kinds have one name.
    """

    name: str
    label: str | Promise
    template: str
    by_email: bool = True
    calendar: Callable[..., CalendarPart | None] | None = None
    leads_outside: bool = False

    def __post_init__(self) -> None:
        if self.name in types:
            raise ValueError(f"There are two kinds of notice named {self.name}")
        types[self.name] = self
