"""Making a person's account, and what they choose for themselves."""

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q

from portal.accounts.models import User, default_language, default_time_zone


@transaction.atomic
def register_person(
    email: str,
    *,
    first_name: str = "",
    last_name: str = "",
    password: str | None = None,
    language: str = "",
    time_zone: str = "",
) -> User:
    """Make the account of a person whose address is proved, as by the link of an invitation.

    Raises:
        IntegrityError: the address is taken.
    """
    user = User.objects.create_user(
        email,
        password,
        first_name=first_name,
        last_name=last_name,
        language=language or default_language(),
        time_zone=time_zone or default_time_zone(),
    )
    keep_address(user)
    return user


@transaction.atomic
def keep_address(user: User) -> None:
    """Let the person's address, and no other, be the one that they sign in with.

    Without a row of its own an address could be claimed by somebody else; an earlier row would still let its reader in.
    Claims of other people to the address end.
    """
    EmailAddress.objects.filter(Q(user=user) | Q(email=user.email, verified=False)).exclude(
        user=user, email=user.email
    ).delete()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


@transaction.atomic
def change_preferences(user: User, *, first_name: str, last_name: str, language: str, time_zone: str) -> User:
    """Keep how the person is called, and the language and time zone in which they read."""
    user.first_name, user.last_name = first_name, last_name
    user.language, user.time_zone = language, time_zone
    user.save(update_fields=["first_name", "last_name", "language", "time_zone"])
    return user
