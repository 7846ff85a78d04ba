"""The person of a session, with what every page asks about them next, in one round trip to the database."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import IntegerField
from django.utils import timezone
from wagtail import hooks

from portal.accounts import registry
from portal.accounts.models import User
from portal.core.prepared import Question, ask

COLUMNS = tuple(field.attname for field in User._meta.concrete_fields)
PERSON = Question(lambda pk: User.objects.filter(pk=pk).order_by().values_list(*COLUMNS), pk=IntegerField())


class PersonBackend(AuthenticationBackend):
    """Signs people in as allauth does. The person of a request brings along the answers that apps above have asked for
    (:mod:`portal.accounts.registry`); they are as old as the request."""

    def get_user(self, user_id: int) -> User | None:
        now = timezone.now()
        along = dict(function(user_id, now) for function in hooks.get_hooks(registry.HOOK))
        rows, *answers = ask(PERSON(pk=user_id), *(asked for questions in along.values() for asked in questions))
        if not rows:
            return None
        user: Any = User.from_db("default", COLUMNS, rows[0])
        remaining = iter(answers)
        user.asked_along = {name: [next(remaining) for _asked in questions] for name, questions in along.items()}
        return user if self.user_can_authenticate(user) else None
