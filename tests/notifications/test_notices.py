"""Telling people, once each, where they want to hear it."""

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.template.loader import get_template
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from portal.core.models import Fact
from portal.notifications import receivers
from portal.notifications.models import Notification, Preference
from portal.notifications.notices import INVITATION_ACCEPTED
from portal.notifications.registry import NotificationType, types
from portal.notifications.services import choose_channels, mark_all_read, mark_read, notify
from portal.notifications.services.wording import localise_path, word
from portal.partners.services import memberships
from tests.factories.accounts import UserFactory
from tests.factories.notifications import NotificationFactory
from tests.factories.partners import InvitationFactory, MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]


def tell(users, now, key="about:1", **context):
    recipients = [(user.pk, {"name": "Grace", "partner": "Alder"} | context, "/en/partner/team/") for user in users]
    return notify(INVITATION_ACCEPTED, recipients=recipients, key=key, now=now)


def test_a_person_is_told_the_same_thing_once(now):
    user = UserFactory()
    assert tell([user], now) == 1
    assert tell([user], now) == 0
    assert tell([user], now, key="about:2") == 1
    assert Notification.objects.filter(user=user).count() == 2


def test_the_database_itself_tells_nobody_twice():
    first = NotificationFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        NotificationFactory(user=first.user, key=first.key)


def test_many_are_told_in_as_many_queries_as_few(now):
    def count(people, key):
        users = [UserFactory() for _ in range(people)]
        with CaptureQueriesContext(connection) as captured:
            assert tell(users, now, key=key) == people
        return len(captured)

    assert count(2, "few") == count(40, "many")


def test_the_key_may_be_made_from_the_recipient(now):
    user = UserFactory()
    recipients = [(user.pk, {"about": number}, "") for number in (1, 2)]
    told = notify(INVITATION_ACCEPTED, recipients=recipients, key=lambda row: f"row:{row[1]['about']}", now=now)
    assert told == 2
    assert set(Notification.objects.values_list("key", flat=True)) == {"row:1", "row:2"}


@pytest.mark.parametrize(
    ("in_inbox", "by_email", "notices", "letters"),
    [(True, True, 1, 1), (True, False, 1, 0), (False, True, 0, 1), (False, False, 0, 0)],
)
def test_each_person_hears_where_they_chose(in_inbox, by_email, notices, letters, django_capture_on_commit_callbacks):
    user = UserFactory()
    choose_channels(user, choices={INVITATION_ACCEPTED.name: (in_inbox, by_email)})
    with django_capture_on_commit_callbacks(execute=True):
        tell([user], timezone.now())
    assert Notification.objects.for_user(user.pk).listed().count() == notices
    assert len(mail.outbox) == letters


def test_a_choice_can_be_changed_and_an_unknown_kind_is_refused():
    user = UserFactory()
    choose_channels(user, choices={INVITATION_ACCEPTED.name: (True, True)})
    choose_channels(user, choices={INVITATION_ACCEPTED.name: (True, False)})
    assert Preference.objects.get(user=user).by_email is False
    with pytest.raises(KeyError):
        choose_channels(user, choices={"no.such": (True, True)})


def test_a_closed_account_hears_nothing(now):
    assert tell([UserFactory(is_active=False)], now) == 0


def test_reading_counts_the_first_time_and_belongs_to_the_reader(now):
    notice = NotificationFactory()
    mark_read(notice, by=notice.user, now=now)
    mark_read(notice, by=notice.user, now=now.replace(year=2027))
    notice.refresh_from_db()
    assert notice.read_at == now
    with pytest.raises(Notification.DoesNotExist):
        mark_read(notice, by=UserFactory(), now=now)


def test_everything_is_marked_as_read_for_its_reader_alone(now):
    mine, other = NotificationFactory(), NotificationFactory()
    assert mark_all_read(mine.user, now=now) == 1
    other.refresh_from_db()
    assert other.read_at is None


class TestWording:
    def test_a_notice_is_worded_in_the_readers_language_when_it_is_read(self):
        notice = NotificationFactory(context={"name": "Grace", "partner": {"en": "Alder", "ru": "Ольха"}})
        with translation.override("en"):
            assert word(notice, person=notice.user).subject == "Grace has joined Alder"
        with translation.override("ru"):
            assert "Ольха" in word(notice, person=notice.user).subject

    def test_plain_text_keeps_its_signs(self):
        notice = NotificationFactory(context={"name": "O'Brien", "partner": "Harbour & Sons <Ltd>"})
        assert word(notice, person=notice.user).subject == "O'Brien has joined Harbour & Sons <Ltd>"

    def test_a_kind_that_no_app_declares_any_more_has_no_words(self):
        assert word(NotificationFactory(type="gone.away"), person=UserFactory()) is None

    @pytest.mark.parametrize(
        ("path", "expected"),
        [("/en/leads/1/", "/ru/leads/1/"), ("/admin/x/", "/admin/x/"), ("", ""), ("/english/", "/english/")],
    )
    def test_a_path_leads_to_the_readers_language(self, path, expected):
        assert localise_path(path, "ru") == expected

    @pytest.mark.parametrize("name", sorted(types))
    def test_every_kind_has_a_label_and_both_templates(self, name):
        assert str(types[name].label)
        assert get_template(f"{types[name].template}.subject.txt")
        assert get_template(f"{types[name].template}.body.txt")


def test_two_kinds_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two kinds"):
        NotificationType(INVITATION_ACCEPTED.name, label="x", template="x")


class TestWhoJoined:
    def test_the_owners_are_told_when_somebody_joins_and_nobody_else_is(self, now, django_capture_on_commit_callbacks):
        owner = MembershipFactory(roles=["owner"], user__language="ru")
        MembershipFactory(partner=owner.partner, roles=["seller"])
        MembershipFactory(roles=["owner"])
        person = UserFactory(first_name="Grace", last_name="Hopper")
        invitation = InvitationFactory(partner=owner.partner, email=person.email, invited_at=now)
        with django_capture_on_commit_callbacks(execute=True):
            memberships.accept_invitation(invitation, by=person, now=now)
        assert [notice.user for notice in Notification.objects.all()] == [owner.user]
        (letter,) = mail.outbox
        assert letter.to == [owner.user.email]
        assert "Grace Hopper" in letter.subject
        assert "/ru/partner/team/" in letter.body

    def test_taking_the_fact_twice_tells_once(self, now):
        owner = MembershipFactory(roles=["owner"])
        person = UserFactory()
        invitation = InvitationFactory(partner=owner.partner, email=person.email, invited_at=now)
        memberships.accept_invitation(invitation, by=person, now=now)
        fact = Fact.objects.get(name="invitations_accepted")
        receivers.tell_owners_who_joined(fact)
        receivers.tell_owners_who_joined(fact)
        assert Notification.objects.count() == 1
