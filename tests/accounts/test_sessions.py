"""A session and its person in one round trip: what was guessed never counts against what the database says."""

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.accounts.sessions import SessionStore
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]


def begin(user) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "portal.accounts.backends.PersonBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


def see(key: str) -> SessionStore:
    """Read the session as a request does."""
    session = SessionStore(key)
    session.get("")
    return session


def test_a_session_that_was_seen_before_brings_its_person_along():
    user = UserFactory()
    key = begin(user)
    assert see(key).person is None
    with CaptureQueriesContext(connection) as queries:
        person = see(key).person
    assert person is not None
    assert person.read() == user
    if connection.vendor == "postgresql":
        assert len(queries) == 1


def test_the_person_is_as_the_database_says_now(client):
    user = UserFactory(language="en")
    client.force_login(user)
    client.get("/")
    client.get("/")
    assert client.get("/", follow=True).wsgi_request.user == user
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/", follow=True).wsgi_request.user.is_anonymous


def test_a_session_that_ended_brings_nobody(client):
    user = UserFactory()
    client.force_login(user)
    client.get("/")
    key = client.session.session_key
    assert see(key).person is not None
    client.session.flush()
    assert see(key).person is None
    assert see(key).session_key is None


def test_a_wrong_guess_does_not_count(client):
    """Should a key ever have been another person's, the session's own word counts."""
    user, other = UserFactory(), UserFactory()
    client.force_login(user)
    client.get("/")
    session = client.session
    assert see(session.session_key).person is not None
    session[SESSION_KEY] = str(other.pk)
    session[HASH_SESSION_KEY] = other.get_session_auth_hash()
    session.save()
    answer = client.get("/", follow=True)
    assert answer.wsgi_request.user.pk == other.pk


def test_a_session_of_nobody_is_not_asked_about(client):
    session = SessionStore()
    session["theme"] = "dark"
    session.set_expiry(3600)
    session.save()
    assert see(session.session_key).person is None
    assert see(session.session_key).person is None
