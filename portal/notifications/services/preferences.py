"""Where a person wants to hear of what."""

from collections.abc import Mapping

from django.db import transaction

from portal.accounts.models import User
from portal.notifications.models import Preference
from portal.notifications.registry import types


@transaction.atomic
def choose_channels(user: User, *, choices: Mapping[str, tuple[bool, bool]]) -> None:
    """Keep the person's choice: name of the kind -> (in the portal, by e-mail).

    Raises:
        KeyError: a kind that does not exist.
    """
    unknown = choices.keys() - types.keys()
    if unknown:
        raise KeyError(", ".join(sorted(unknown)))
    Preference.objects.bulk_create(
        (
            Preference(user=user, type=name, in_inbox=in_inbox, by_email=by_email)
            for name, (in_inbox, by_email) in choices.items()
        ),
        update_conflicts=True,
        unique_fields=["user", "type"],
        update_fields=["in_inbox", "by_email"],
    )
