"""Facts: written with what they tell, handed on after commit, never lost, never taken twice."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portal.core.facts import FactType, type_names
from portal.core.models import Delivery, Fact
from portal.core.services import outbox


@pytest.fixture
def fact_type():
    made = FactType("guild_founded", ids=("guild_ids",))
    yield made
    del type_names["guild_founded"]


class SomebodyWithKey:
    pk = 7


@pytest.mark.django_db(transaction=True)
class TestAnnouncing:
    def test_a_fact_is_handed_on_after_commit_and_not_before(self, fact_type):
        taken = []
        fact_type.receiver(lambda fact: taken.append((fact.payload, fact.actor_id)))
        with transaction.atomic():
            fact_type.announce(guild_ids=[1, 2], by=SomebodyWithKey())
            assert taken == []
        assert taken == [({"guild_ids": [1, 2]}, 7)]
        assert Fact.objects.get(name="guild_founded").handed_on_at is not None

    def test_a_rolled_back_transaction_leaves_no_fact(self, fact_type):
        taken = []
        fact_type.receiver(taken.append)
        with transaction.atomic():
            fact_type.announce(guild_ids=1, by=None)
            transaction.set_rollback(True)
        assert taken == []
        assert not Fact.objects.filter(name="guild_founded").exists()

    def test_a_fact_outside_a_transaction_is_refused(self, fact_type):
        with pytest.raises(transaction.TransactionManagementError):
            fact_type.announce(guild_ids=1, by=None)

    def test_a_fact_carries_the_ids_it_declares_and_no_others(self, fact_type):
        with transaction.atomic(), pytest.raises(TypeError, match="guild_ids"):
            fact_type.announce(person_ids=[1], by=None)

    def test_nothing_is_announced_about_nobody(self, fact_type):
        with transaction.atomic():
            fact_type.announce(guild_ids=[], by=None)
        assert not Fact.objects.filter(name="guild_founded").exists()

    def test_a_fact_that_nobody_receives_is_kept_as_history(self, fact_type):
        with transaction.atomic():
            fact_type.announce(guild_ids=[1], by=None)
        assert Fact.objects.get(name="guild_founded").handed_on_at is not None

    def test_two_facts_may_not_share_a_name(self, fact_type):
        with pytest.raises(ValueError, match="two facts"):
            FactType("guild_founded", ids=("guild_ids",))


@pytest.mark.django_db(transaction=True)
class TestHandingOn:
    def test_the_sweeper_hands_on_what_a_lost_wake_up_left(self, fact_type, monkeypatch):
        taken = []
        fact_type.receiver(taken.append)
        monkeypatch.setattr(outbox, "wake", lambda fact_id: None)
        with transaction.atomic():
            fact_type.announce(guild_ids=[1], by=None)
        assert outbox.hand_on_due(now=timezone.now()) == 0
        assert taken == []
        assert outbox.hand_on_due(now=timezone.now() + outbox.GRACE) == 1
        assert len(taken) == 1
        assert outbox.hand_on_due(now=timezone.now() + outbox.GRACE) == 0

    def test_a_broker_that_is_away_breaks_nothing(self, fact_type, monkeypatch):
        def no_broker(fact_id):
            raise ConnectionError

        fact_type.receiver(lambda fact: None)
        monkeypatch.setattr(outbox, "wake", no_broker)
        with transaction.atomic():
            fact_type.announce(guild_ids=[1], by=None)
        assert Fact.objects.due(timezone.now() + outbox.GRACE).count() == 1

    def test_a_receiver_that_fails_is_tried_again_and_the_others_are_not(self, fact_type):
        calls = []

        @fact_type.receiver
        def steady(fact):
            calls.append("steady")

        @fact_type.receiver
        def shaky(fact):
            calls.append("shaky")
            if calls.count("shaky") == 1:
                raise ValueError("not today")

        with transaction.atomic():
            fact_type.announce(guild_ids=[1], by=None)
        fact = Fact.objects.get(name="guild_founded")
        assert fact.handed_on_at is None
        assert "ValueError" in fact.last_error
        outbox.hand_on_due(now=timezone.now() + timedelta(hours=1))
        fact.refresh_from_db()
        assert fact.handed_on_at is not None
        assert calls == ["steady", "shaky", "shaky"]
        assert Delivery.objects.filter(fact=fact).count() == 2

    def test_the_error_kept_names_the_receiver_and_no_data(self, fact_type):
        @fact_type.receiver
        def shaky(fact):
            raise ValueError("anna@example.com")

        with transaction.atomic():
            fact_type.announce(guild_ids=[1], by=None)
        assert "anna" not in Fact.objects.get(name="guild_founded").last_error

    def test_two_workers_with_one_fact_call_each_receiver_once(self, fact_type, monkeypatch):
        if connection.vendor != "postgresql":
            pytest.skip("row locks are PostgreSQL's")
        calls = []
        gate = threading.Barrier(2)

        @fact_type.receiver
        def note(fact):
            calls.append(fact.pk)

        monkeypatch.setattr(outbox, "wake", lambda fact_id: None)
        with transaction.atomic():
            fact_type.announce(guild_ids=[1], by=None)
        fact = Fact.objects.get(name="guild_founded")

        def work():
            gate.wait()
            outbox.hand_on(fact.pk, now=timezone.now())
            connection.close()

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert calls == [fact.pk]
