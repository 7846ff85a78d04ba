"""Many people at the same moment, on PostgreSQL, each on a connection of their own: never one seat too many."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections, transaction

from portal.accounts.models import User
from portal.core.models import Fact
from portal.partners.models import Membership
from tests.factories.accounts import UserFactory
from tests.factories.partners import LONG_AGO, PartnerFactory
from tests.factories.training import Tree
from tests.training.webinars import add_series, open_session
from training.models import Registration, RegistrationState, Session
from training.services.joining import record_visit
from training.services.registrations import cancel_registration, register
from training.services.sessions import change_session, move_session

#: Connections at once: as many as a small server of the database allows beside the rest.
WORKERS = 16
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SEATED, WAITING, CANCELLED = RegistrationState.SEATED, RegistrationState.WAITING, RegistrationState.CANCELLED


@pytest.fixture
def session(committed, now) -> Session:
    editor = UserFactory(staff=True)
    return open_session(add_series(Tree()), by=editor, now=now, capacity=50)


def add_people(number: int) -> list[Membership]:
    """Members of one partner, made in few queries."""
    partner = PartnerFactory()
    people = User.objects.bulk_create(
        UserFactory.build(email=f"p{place}@example.com", password="!") for place in range(number)
    )
    members = [Membership(partner=partner, user=person, started_at=LONG_AGO) for person in people]
    return Membership.objects.bulk_create(members)


def share_out(acts: list) -> list:
    """Do all of them as fast as it goes, by many threads that begin at once; what went wrong."""
    start, errors, queue = Barrier(WORKERS), [], list(reversed(acts))

    def work() -> None:
        try:
            start.wait(10)
            while queue:
                try:
                    act = queue.pop()
                except IndexError:  # another took the last
                    return
                act()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


def count(state: str) -> int:
    return Registration.objects.filter(state=state).count()


def test_two_hundred_people_register_at_once_for_the_last_fifty_places(session, now):
    people = add_people(200)
    acts = [lambda member=member: register(session, membership=member, by=member.user, now=now) for member in people]
    assert share_out(acts) == []
    session.refresh_from_db()
    assert (count(SEATED), count(WAITING), session.seats_taken) == (50, 150, 50)


def test_two_taps_of_one_person_are_one_seat(session, now):
    (member,) = add_people(1)
    acts = [lambda: register(session, membership=member, by=member.user, now=now)] * WORKERS
    assert share_out(acts) == []
    session.refresh_from_db()
    assert (Registration.objects.count(), session.seats_taken) == (1, 1)


def test_five_hundred_who_wait_move_up_in_order_while_everyone_seated_cancels_at_once(session, now):
    people = add_people(550)
    rows = [
        Registration(
            session=session, user_id=member.user_id, membership=member, registered_at=now + timedelta(seconds=place),
            state=SEATED if place < 50 else WAITING, seated_at=now if place < 50 else None,
        )
        for place, member in enumerate(people)
    ]  # fmt: skip
    with transaction.atomic():
        Registration.objects.bulk_create(rows)
        Session.objects.filter(pk=session.pk).update(seats_taken=50)
    # Fifty seated give theirs back, and a hundred who wait lose patience, at the same moment.
    leaving = [*range(50), *range(60, 260, 2)]
    order = sorted(leaving, key=lambda place: place % 7)
    acts = [lambda row=rows[place]: cancel_registration(row, by=row.user, now=now + HOUR) for place in order]
    assert share_out(acts) == []
    session.refresh_from_db()
    assert (count(SEATED), count(CANCELLED), session.seats_taken) == (50, 150, 50)
    # In their order: nobody waits before somebody who was moved up.
    last_seated = Registration.objects.filter(state=SEATED).order_by("registered_at").last()
    first_waiting = Registration.objects.filter(state=WAITING).order_by("registered_at").first()
    assert last_seated.registered_at < first_waiting.registered_at
    given = [pk for fact in Fact.objects.filter(name="seats_given") for pk in fact.payload["registration_ids"]]
    assert len(given) == len(set(given))


def test_seats_taken_and_seats_added_at_once_add_up(session, now):
    editor = User.objects.get(is_superuser=True)
    people = add_people(90)
    acts = [lambda member=member: register(session, membership=member, by=member.user, now=now) for member in people]
    acts[40:40] = [
        lambda seats=seats: change_session(session, changes={"capacity": seats}, by=editor, now=now)
        for seats in (60, 70, 80)
    ]
    assert share_out(acts) == []
    session.refresh_from_db()
    assert count(SEATED) == session.seats_taken == min(session.capacity, 90)
    assert count(WAITING) == 90 - session.seats_taken


def test_two_taps_on_the_link_are_one_visit(session, now):
    (member,) = add_people(1)
    row = register(session, membership=member, by=member.user, now=now)
    assert share_out([lambda: record_visit(row, now=now)] * WORKERS) == []
    assert row.visits.count() == 1


def test_two_sessions_of_a_series_moved_to_one_time_at_once_do_not_meet(session, now):
    editor = User.objects.get(is_superuser=True)
    other = open_session(session.page, by=editor, now=now, ahead=9 * DAY)
    to = now + 3 * DAY
    errors = share_out(
        [
            lambda one=one: move_session(one, starts_at=to, ends_at=to + HOUR, by=editor, now=now)
            for one in (session, other)
        ]
    )
    assert [getattr(error, "code", error) for error in errors] == ["clash"]
    assert Session.objects.filter(starts_at=to).count() == 1
