"""From a changed passage to what encloses it: citations name sections, changes name the passages within them."""

from collections.abc import Collection
from typing import Any

from wagtail.fields import StreamField

from training.models import Change, MaterialPage

#: How many revisions are looked through for what was taken out.
REVISIONS = 3


def find_enclosing(change: Change) -> dict[str, frozenset[str] | None]:
    """Each block that a change touched, with the ids and anchors of itself and of all that encloses it.

    What was taken out is looked for in the revisions before, the newest first. A field of the page, such as its title, is
    a block of its own name. None for a block that cannot be placed any more: nobody knows what it belonged to.
    """
    page: Any = change.page.specific
    changed = {str(block.get("id") or "") for block in change.blocks} - {""}
    found = _place(page, changed)
    missing = changed - found.keys()
    for revision in page.revisions.filter(created_at__lt=change.published_at).order_by("-created_at")[:REVISIONS]:
        if not missing:
            break
        found |= _place(revision.as_object(), missing)
        missing -= found.keys()
    fields = {field.name for field in type(page)._meta.get_fields()}
    return {**found, **{name: frozenset({name}) if name in fields else None for name in missing}}


def _place(page: MaterialPage, wanted: Collection[str]) -> dict[str, frozenset[str]]:
    """Those of the wanted blocks that the page has, each with what encloses it."""
    found: dict[str, frozenset[str]] = {}

    def walk(value: Any, above: frozenset[str]) -> None:
        if isinstance(value, dict):
            key, inner = str(value.get("id") or ""), value.get("value")
            anchor = str(inner.get("anchor") or "") if isinstance(inner, dict) else ""
            names = above | {name for name in (key, anchor) if name}
            if key in wanted:
                found[key] = names
            for child in value.values():
                walk(child, names)
        elif isinstance(value, list):
            for child in value:
                walk(child, above)

    for field in type(page)._meta.get_fields():
        if isinstance(field, StreamField):
            walk(list(getattr(page, field.name).raw_data), frozenset())
    return found
