"""Sessions as Django keeps them in the database, and their people: as a rule both in one round trip."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from portal.accounts.people import AskedPerson, ask_person
from portal.core.memory import Memory
from portal.core.prepared import Question, ask

#: Whose session it was when this process saw it last. Only a guess whom to ask about along with the session: what is
#: true is what the database answers then.
_people = Memory(size=5000)
#: Seconds that a guess is kept.
GUESSED = 3600


def _find_data(session_key: Any, now: Any) -> Any:
    rows = DatabaseSessionStore.get_model_class().objects.filter(session_key=session_key, expire_date__gt=now)
    return rows.values_list("session_data")


SESSION = Question(_find_data, session_key=CharField(), now=DateTimeField())


class SessionStore(DatabaseSessionStore):
    """Django's own store in all but how a session is looked up.

    Attributes:
        person: what the database said, in the same breath, of the person whose session this was taken to be.
    """

    person: AskedPerson | None = None

    def load(self) -> dict[str, Any]:
        now = timezone.now()
        guessed = _people.get(self.session_key)
        person = ask_person(guessed, now) if guessed else None
        rows, *answers = ask(SESSION(session_key=self.session_key, now=now), *(person.questions if person else ()))
        if not rows:
            self._session_key = None
            return {}
        data: dict[str, Any] = self.decode(rows[0][0])
        if person is not None:
            person.answers = answers
            self.person = person
        elif SESSION_KEY in data:
            _people.set(self.session_key, data[SESSION_KEY], GUESSED)
        return data
