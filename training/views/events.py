"""Events: the agenda in the zone of the event, and what a reader may do about it."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from portal.content.services.languages import find_address_here
from training.access import Reader
from training.agenda import arrange
from training.models import EventPage, EventSlot, MaterialPage, Session
from training.services.sessions import show_sessions
from training.views.webinars import describe_seat


@dataclass(frozen=True, slots=True)
class Row:
    """A talk as the agenda shows it, with what is left of it: title and address, or None."""

    slot: EventSlot
    left: tuple[str, str] | None


def describe(page: EventPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    """The agenda by day with the materials that are open to the reader, and their seat; six queries."""
    talks = page.talks
    left = _find_materials([talk.key for talk in talks], request, reader)
    days = arrange(talks, zone=ZoneInfo(page.zone))
    session = Session.objects.filter(page_key=page.translation_key).order_by("pk").first()
    shown = show_sessions([session], reader) if session else []
    seat = describe_seat(shown[0], reader) if shown else {}
    return {
        **seat,
        "agenda": [
            [
                (slot.starts_at, [Row(talk.key, left.get(talk.key.material_id)) for talk in slot.talks])
                for slot in day.slots
            ]
            for day in days
        ],
    }


def _find_materials(slots: list[EventSlot], request: HttpRequest, reader: Reader) -> dict[int | None, tuple[str, str]]:
    wanted = {slot.material_id for slot in slots if slot.material_id}
    if not wanted:
        return {}
    materials = reader.filter_open(MaterialPage.objects.filter(pk__in=wanted)).select_related("locale")
    return {material.pk: (material.title, find_address_here(material, request)) for material in materials}
