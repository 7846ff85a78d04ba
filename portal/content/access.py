"""Who may read a file, and who reads everything."""

from datetime import datetime
from typing import Any

from wagtail.models import Page, ReferenceIndex

from portal.accounts.access import may_administer
from portal.content.models import BasePage, Document, Image


def may_read_all(user: Any) -> bool:
    """Vendor staff: whoever may enter Wagtail's admin reads every page and file."""
    return may_administer(user)


def may_read_file(asset: Image | Document, user: Any, membership: Any | None, now: datetime) -> bool:
    """Whether a picture or document is open to the reader: through a live page that uses it, or as staff.

    What a page uses is Wagtail's reference index: choosers in blocks, foreign keys, and links inside rich text.
    """
    references = ReferenceIndex.get_references_to(asset)
    page_ids = {
        int(reference.object_id)
        for reference in references.select_related("base_content_type")
        if reference.base_content_type.model_class() is Page
    }
    pages = Page.objects.live().filter(pk__in=page_ids).specific()
    if any(isinstance(page, BasePage) and page.may_be_read_by(user, membership, now) for page in pages):
        return True
    return may_read_all(user)
