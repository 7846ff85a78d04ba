"""Who is who, before any partner is asked."""

from typing import Any


def may_administer(user: Any) -> bool:
    """Someone of the vendor's staff: whoever may enter Wagtail's admin. Two queries the first time it is asked."""
    return bool(user.is_authenticated and user.has_perm("wagtailadmin.access_admin"))
