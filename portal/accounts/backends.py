"""The person of a session, with what every page asks about them next."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from allauth.account.auth_backends import AuthenticationBackend
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.people import AskedPerson, ask_person
from portal.core.prepared import ask

_at_hand: ContextVar[AskedPerson | None] = ContextVar("accounts_person_at_hand", default=None)


@contextmanager
def at_hand(person: AskedPerson | None) -> Iterator[None]:
    """Within this, the backend asks the database nothing again that ``person`` has the answers to."""
    token = _at_hand.set(person)
    try:
        yield
    finally:
        _at_hand.reset(token)


class PersonBackend(AuthenticationBackend):
    """Signs people in as allauth does. The person of a request brings along the answers that apps above have asked for
    (:mod:`portal.accounts.registry`); they are as old as the request."""

    def get_user(self, user_id: int) -> User | None:
        person = _at_hand.get()
        if person is None or person.pk != user_id:
            person = ask_person(user_id, timezone.now())
            person.answers = ask(*person.questions)
        user = person.read()
        return user if user is not None and self.user_can_authenticate(user) else None
