"""Sending notices by e-mail: claimed under lock, never lost, in the reader's language."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from threading import Barrier

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import translation

from portal.notifications.models import Notification
from portal.notifications.notices import INVITATION_ACCEPTED
from portal.notifications.registry import CalendarPart, types
from portal.notifications.services.email import LEASE, WAITS, _settle, claim_due, send_due_emails
from tests.factories.accounts import UserFactory
from tests.factories.notifications import NotificationFactory

pytestmark = pytest.mark.django_db


class BrokenBackend(BaseEmailBackend):
    """A mail server that is away."""

    def send_messages(self, messages):
        raise smtplib.SMTPServerDisconnected


@pytest.fixture
def broken(settings):
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"


def test_what_is_due_is_sent_once_and_what_is_not_waits(now):
    due = NotificationFactory(email_due_at=now)
    NotificationFactory(email_due_at=now + timedelta(seconds=1))
    NotificationFactory(email_due_at=None)
    assert send_due_emails(now=now) == 1
    assert send_due_emails(now=now) == 0
    assert [letter.to for letter in mail.outbox] == [[due.user.email]]
    due.refresh_from_db()
    assert (due.email_due_at, due.email_sent_at) == (None, now)


def test_a_letter_is_in_the_readers_language_with_text_html_and_the_way_in(now, settings):
    reader = UserFactory(language="ru")
    NotificationFactory(user=reader, email_due_at=now, context={"name": "O'Brien", "partner": "A & B"})
    send_due_emails(now=now)
    (letter,) = mail.outbox
    assert "O'Brien" in letter.subject
    assert f"{settings.BASE_URL}/ru/partner/team/" in letter.body
    html = letter.alternatives[0].content
    assert 'lang="ru"' in html
    assert "A &amp; B" in html
    assert "Открыть" in html


def test_a_moment_is_told_in_the_readers_time_zone(now, monkeypatch, tmp_path, settings):
    (tmp_path / "when.subject.txt").write_text('{{ expires_at|date:"H:i" }}')
    (tmp_path / "when.body.txt").write_text("-")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    kind = type("Kind", (), {"template": "when", "calendar": None})
    monkeypatch.setitem(types, "test.when", kind)
    moment = datetime.fromisoformat("2026-11-24T09:00:00+00:00").isoformat()
    reader = UserFactory(time_zone="Asia/Tokyo")
    NotificationFactory(user=reader, type="test.when", context={"expires_at": moment}, email_due_at=now)
    send_due_emails(now=now)
    assert mail.outbox[0].subject == "18:00"


def test_a_sender_that_was_killed_gives_its_claim_back_when_the_lease_runs_out(now):
    notice = NotificationFactory(email_due_at=now)
    assert claim_due("killed", now=now, limit=10) == [notice]
    assert send_due_emails(now=now + LEASE - timedelta(seconds=1)) == 0
    assert send_due_emails(now=now + LEASE) == 1


def test_a_failed_try_comes_up_again_later_each_time_and_is_given_up_at_last(now, broken):
    notice = NotificationFactory(email_due_at=now)
    moment = now
    for wait in WAITS:
        assert send_due_emails(now=moment) == 0
        notice.refresh_from_db()
        assert notice.email_due_at == moment + wait
        assert notice.email_error == "SMTPServerDisconnected"
        moment = notice.email_due_at
    send_due_emails(now=moment)
    notice.refresh_from_db()
    assert notice.email_due_at is None
    assert notice.email_sent_at is None


def test_one_letter_that_fails_does_not_stop_the_others(now, monkeypatch):
    bad, good = NotificationFactory(email_due_at=now), NotificationFactory(email_due_at=now)
    original = mail.EmailMultiAlternatives.send

    def send(message, *args, **kwargs):
        if message.to == [bad.user.email]:
            raise smtplib.SMTPRecipientsRefused({})
        return original(message, *args, **kwargs)

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", send)
    assert send_due_emails(now=now) == 1
    assert mail.outbox[0].to == [good.user.email]


def test_a_closed_account_and_a_kind_that_is_gone_are_settled_without_a_letter(now):
    NotificationFactory(user=UserFactory(is_active=False), email_due_at=now)
    NotificationFactory(type="gone.away", email_due_at=now)
    send_due_emails(now=now)
    assert mail.outbox == []
    assert not Notification.objects.filter(email_due_at__isnull=False).exists()


def test_a_late_sender_does_not_overwrite_the_claim_of_the_next(now):
    notice = NotificationFactory(email_due_at=now)
    (held,) = claim_due("first", now=now, limit=10)
    claim_due("second", now=now + LEASE, limit=10)
    _settle(held, email_due_at=None)
    notice.refresh_from_db()
    assert notice.email_claim == "second"
    assert notice.email_due_at is not None


@pytest.mark.django_db(transaction=True)
def test_of_two_senders_at_once_each_notice_has_exactly_one(now):
    for _ in range(20):
        NotificationFactory(email_due_at=now)
    together = Barrier(2)

    def claim(name):
        try:
            together.wait(timeout=10)
            taken = []
            while batch := claim_due(name, now=now, limit=3):
                taken += [notice.pk for notice in batch]
            return taken
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(claim, ["first", "second"])
    assert len(first) + len(second) == 20
    assert not set(first) & set(second)


def test_a_batch_takes_as_many_queries_to_claim_for_many_as_for_few(now, django_assert_num_queries):
    for _ in range(30):
        NotificationFactory(email_due_at=now)
    with django_assert_num_queries(5):  # savepoint, ids, update, rows, release
        assert len(claim_due("one", now=now, limit=30)) == 30


class TestCalendarParts:
    """A kind of notice may say what goes into the reader's calendar with its letter."""

    @pytest.fixture
    def kind(self, monkeypatch):
        def declare(answer):
            asked = []

            def make(notification, *, now):
                asked.append((notification, now, translation.get_language()))
                return answer

            fields = {"template": INVITATION_ACCEPTED.template, "calendar": staticmethod(make)}
            monkeypatch.setitem(types, "test.calendar", type("Kind", (), fields))
            return asked

        return declare

    def test_it_stands_beside_the_text_with_its_method_and_as_a_file(self, now, kind):
        content = "BEGIN:VCALENDAR\r\nSUMMARY:Цена\r\nEND:VCALENDAR\r\n".encode()
        asked = kind(CalendarPart(content, "REQUEST"))
        notice = NotificationFactory(user=UserFactory(language="ru"), type="test.calendar", email_due_at=now)
        send_due_emails(now=now)
        assert asked == [(notice, now, "ru")]
        message = message_from_bytes(mail.outbox[0].message().as_bytes(), policy=policy.default)
        alternative = next(part for part in message.walk() if part.get_content_type() == "multipart/alternative")
        kinds = [part.get_content_type() for part in alternative.iter_parts()]
        assert kinds == ["text/plain", "text/html", "text/calendar"]
        inline = list(alternative.iter_parts())[-1]
        assert (inline.get_param("method"), inline.get_content_charset()) == ("REQUEST", "utf-8")
        (file,) = message.iter_attachments()
        assert (file.get_filename(), file.get_content_type(), file.get_param("method")) == (
            "invite.ics", "text/calendar", "REQUEST",
        )  # fmt: skip
        assert file.get_payload(decode=True) == content
        assert inline.get_payload(decode=True).replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")

    def test_a_kind_that_answers_none_sends_a_letter_without(self, now, kind):
        kind(None)
        NotificationFactory(type="test.calendar", email_due_at=now)
        send_due_emails(now=now)
        (letter,) = mail.outbox
        assert letter.attachments == []
        assert [part.mimetype for part in letter.alternatives] == ["text/html"]
