"""Sessions as Django keeps them in the database; each request's is asked for by a question put together once."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from portal.core.prepared import Question, ask


def _find_data(session_key: Any, now: Any) -> Any:
    rows = DatabaseSessionStore.get_model_class().objects.filter(session_key=session_key, expire_date__gt=now)
    return rows.values_list("session_data")


SESSION = Question(_find_data, session_key=CharField(), now=DateTimeField())


class SessionStore(DatabaseSessionStore):
    """Django's own store in all but how a session is looked up."""

    def load(self) -> dict[str, Any]:
        [rows] = ask(SESSION(session_key=self.session_key, now=timezone.now()))
        if not rows:
            self._session_key = None
            return {}
        data: dict[str, Any] = self.decode(rows[0][0])
        return data
