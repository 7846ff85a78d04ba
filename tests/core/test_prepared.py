"""Questions: put together once, asked many times, several in one go."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import CharField, DateTimeField, IntegerField
from django.utils import timezone

from portal.accounts.models import User
from portal.core.localised import LocalisedText
from portal.core.prepared import IdsField, Question, ask
from portal.partners.models import Membership, Tier
from tests.factories.partners import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

BY_NAME = Question(lambda slug: Tier.objects.filter(slug=slug).values_list("rank", "name"), slug=CharField())
HIGHER = Question(lambda rank: Tier.objects.filter(rank__gt=rank).values("pk"), counted=True, rank=IntegerField())
AMONG = Question(lambda ranks: Tier.objects.filter(rank__among=ranks).values_list("rank"), ranks=IdsField())
SINCE = Question(
    lambda user, now: Membership.objects.active(now).filter(user=user).values_list("started_at"),
    user=IntegerField(),
    now=DateTimeField(),
)


@pytest.fixture(autouse=True)
def tiers():
    Tier.objects.all().delete()
    for rank in (1, 2, 3):
        Tier.objects.create(slug=f"tier-{rank}", name=LocalisedText(en=f"Tier {rank}"), rank=rank)


def test_a_question_answers_what_is_filled_in_each_time():
    assert [ask(BY_NAME(slug=f"tier-{rank}"))[0][0][0] for rank in (3, 1)] == [3, 1]
    assert ask(BY_NAME(slug="none")) == [[]]


def test_values_come_back_as_the_fields_have_them():
    [[(_rank, name)]] = ask(BY_NAME(slug="tier-2"))
    assert name == LocalisedText(en="Tier 2")
    membership = MembershipFactory()
    [[(since,)]] = ask(SINCE(user=membership.user_id, now=timezone.now()))
    assert since == Membership.objects.get(pk=membership.pk).started_at
    assert ask(SINCE(user=membership.user_id, now=since - timedelta(seconds=1))) == [[]]


def test_several_questions_are_answered_in_their_order():
    answers = ask(HIGHER(rank=1), BY_NAME(slug="tier-1"), HIGHER(rank=3))
    assert [answers[0], answers[1][0][0], answers[2]] == [[(2,)], 1, [(0,)]]


def test_on_postgresql_they_are_one_round_trip(django_assert_num_queries):
    with django_assert_num_queries(1 if connection.vendor == "postgresql" else 2):
        ask(HIGHER(rank=1), HIGHER(rank=2))


def test_what_is_filled_in_is_a_value_whatever_it_holds():
    assert ask(BY_NAME(slug="'; DROP TABLE partners_tier; --"), HIGHER(rank=0)) == [[], [(3,)]]
    assert User.objects.count() == 0


@pytest.mark.parametrize("ranks", [[], [2], [3, 1, 7], (1, 2, 3), {2}])
def test_a_row_is_one_of_as_many_as_are_filled_in(ranks):
    [rows] = ask(AMONG(ranks=ranks))
    assert {rank for (rank,) in rows} == {1, 2, 3} & set(ranks)
