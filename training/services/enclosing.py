"""From a changed passage to what encloses it: citations name sections, changes name the passages within them."""

from collections.abc import Collection
from typing import Any

from wagtail.fields import StreamField

from training.models import Change, MaterialPage


def widen_blocks(change: Change) -> frozenset[str] | None:
    """The ids of the blocks that a change touched, of all that enclose them, and the anchors of these.

    What was taken out is looked for in the revisions before, the newest first. None where a block cannot be placed any
    more: then nobody knows what it touched.
    """
    changed = {str(block.get("id") or "") for block in change.blocks} - {""}
    page: Any = change.page.specific
    widened = set(changed)
    missing = changed - _widen(page, changed, widened)
    if missing:
        for revision in page.revisions.filter(created_at__lt=change.published_at).order_by("-created_at")[:3]:
            missing -= _widen(revision.as_object(), missing, widened)
    fields = {field.name for field in type(page)._meta.get_fields()}
    # The fields of a page, such as its title, are blocks of a change by their names.
    return None if missing - fields or not changed else frozenset(widened)


def _widen(page: MaterialPage, wanted: Collection[str], widened: set[str]) -> set[str]:
    """Add what encloses the wanted blocks in this page; returns which were found."""
    found: set[str] = set()

    def walk(value: Any, above: tuple[str, ...]) -> None:
        if isinstance(value, dict):
            names = (
                tuple(str(name) for name in (value.get("id"), _anchor_of(value.get("value"))) if name)
                if "id" in value
                else ()
            )
            if str(value.get("id") or "") in wanted:
                found.add(str(value["id"]))
                widened.update(above + names)
            for child in value.values():
                walk(child, above + names)
        elif isinstance(value, list):
            for child in value:
                walk(child, above)

    for field in type(page)._meta.get_fields():
        if isinstance(field, StreamField):
            walk(list(getattr(page, field.name).raw_data), ())
    return found


def _anchor_of(value: Any) -> str:
    return str(value.get("anchor") or "") if isinstance(value, dict) else ""
