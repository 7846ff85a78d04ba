"""What the editor's form of a material sends beside the fields of its type."""

from typing import Any

from django.utils.text import slugify
from wagtail.test.utils.form_data import inline_formset


def page_form(title: str, **fields: Any) -> dict[str, Any]:
    """A form that publishes a page with this title, everything else left as it is offered."""
    return {
        "title": title,
        "slug": slugify(title),
        "intro": "",
        "audience": "",
        "owner": "",
        "review_interval_days": "90",
        "may_be_saved": "on",
        "change_line": "",
        "tags": "",
        "seo_title": "",
        "search_description": "",
        "action-publish": "1",
        "comments": inline_formset([]),
        **fields,
    }
