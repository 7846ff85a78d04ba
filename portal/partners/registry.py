"""What is contributed to partners from above, by hooks that an app registers in its ``wagtail_hooks.py``.

``partners_entitlements``: the things that entitle a person, such as the credential of an exam; answers a list of
:class:`EntitlementKey`.

``partners_member_leaves``: what has to be true in the transaction in which a membership ends, such as that nobody's leads
are left behind; called with the membership, ``by`` and ``now``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wagtail import hooks

HOOK = "partners_entitlements"
LEAVING = "partners_member_leaves"


@dataclass(frozen=True, slots=True)
class EntitlementKey:
    """One thing that entitles: its key in ``Entitlement.key``, what people call it, and how they come to hold it."""

    key: str
    name: str
    remedy: str = ""


def list_keys() -> list[EntitlementKey]:
    """Everything that can entitle a person, in the order of the apps that know of it."""
    return [known for answer in hooks.get_hooks(HOOK) for known in answer()]


def find_key(key: str) -> EntitlementKey:
    """What stands behind a key; one that nobody knows (any more) is called by itself."""
    return next((known for known in list_keys() if known.key == key), EntitlementKey(key, key))


def let_go(membership: Any, *, by: Any, now: datetime) -> None:
    """Call whatever has to happen along with the end of a membership, in the caller's transaction."""
    for act in hooks.get_hooks(LEAVING):
        act(membership, by=by, now=now)
