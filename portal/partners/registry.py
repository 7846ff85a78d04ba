"""What is contributed to partners from above: the things that entitle a person, such as the credential of an exam.

Functions are registered on the hook ``partners_entitlements`` in the app's ``wagtail_hooks.py`` and answer a list of
:class:`EntitlementKey`.
"""

from dataclasses import dataclass

from wagtail import hooks

HOOK = "partners_entitlements"


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
