"""Questions: put together once, asked many times, several in one go."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import BigIntegerField, CharField, DateTimeField, F, IntegerField
from django.utils import timezone

from portal.accounts.models import User
from portal.core.localised import LocalisedText
from portal.core.models import Fact
from portal.core.prepared import Change, IdsField, Insertion, Insertions, Question, ask
from portal.partners.models import Membership, Tier
from tests.factories.partners import MembershipFactory

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

BY_NAME = Question(lambda slug: Tier.objects.filter(slug=slug).values_list("rank", "name"), slug=CharField())
HIGHER = Question(lambda rank: Tier.objects.filter(rank__gt=rank).values("pk"), counted=True, rank=IntegerField())
ODDLY_NAMED = Question(
    lambda rank: Tier.objects.filter(slug="50%s's", rank__gt=rank).values_list("rank"), rank=IntegerField()
)
LESS = Question(
    lambda rank: Tier.objects.annotate(less=F("rank") - rank).filter(less__gt=0).values("pk"),
    counted=True,
    rank=BigIntegerField(),
)
AMONG = Question(lambda ranks: Tier.objects.filter(rank__among=ranks).values_list("rank"), ranks=IdsField())
SINCE = Question(
    lambda user, now: Membership.objects.active(now).filter(user=user).values_list("started_at"),
    user=IntegerField(),
    now=DateTimeField(),
)


TIER = Insertion(Tier)
TIERS = Insertions(Tier, "rank", "slug", "name")
RANKED = Change(
    lambda slug, rank, name: (Tier.objects.filter(slug=slug), {"rank": rank, "name": name}),
    slug=CharField(),
    rank=IntegerField(),
    name=Tier._meta.get_field("name"),
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


@pytest.mark.parametrize("slug", ["it's", "50%", "%s", "%%s", "a\\'b", "\\", "два", "$1", ":slug"])
def test_a_text_is_found_as_it_is_written(slug):
    Tier.objects.create(slug=slug, name=LocalisedText(en="Odd"), rank=4)
    assert ask(BY_NAME(slug=slug), ODDLY_NAMED(rank=3))[0][0][0] == 4


def test_what_is_the_same_each_time_may_hold_anything():
    Tier.objects.create(slug="50%s's", name=LocalisedText(en="Odd"), rank=4)
    assert ask(ODDLY_NAMED(rank=3), ODDLY_NAMED(rank=4)) == [[(4,)], []]


@pytest.mark.parametrize("rank", [-5, 0, 2, 2**31])
def test_whole_numbers_keep_their_sign(rank):
    assert ask(LESS(rank=rank)) == [[(sum(each - rank > 0 for each in (1, 2, 3)),)]]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps any text")
def test_a_zero_byte_is_refused_as_django_refuses_it():
    with pytest.raises(DataError), transaction.atomic():
        ask(BY_NAME(slug="a\0b"))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is sent them as JSON")
def test_what_is_no_whole_number_is_not_written_among_them():
    with pytest.raises(ValueError, match="format"):
        ask(AMONG(ranks=["1}'); DROP TABLE partners_tier; --"]))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns"])
def test_a_moment_is_the_same_in_every_zone(zone):
    membership = MembershipFactory()
    since = membership.started_at.astimezone(ZoneInfo(zone))
    assert len(ask(SINCE(user=membership.user_id, now=since))[0]) == 1
    assert ask(SINCE(user=membership.user_id, now=since - timedelta(microseconds=1))) == [[]]


@pytest.mark.parametrize("ranks", [[], [2], [3, 1, 7], (1, 2, 3), {2}])
def test_a_row_is_one_of_as_many_as_are_filled_in(ranks):
    [rows] = ask(AMONG(ranks=ranks))
    assert {rank for (rank,) in rows} == {1, 2, 3} & set(ranks)


# --- Changes ---------------------------------------------------------------------------------------------------------


def test_a_row_is_added_and_has_its_key():
    name = LocalisedText(en="It's “%s”; --", ru="Четыре")
    [[(key,)]] = ask(TIER(Tier(slug="tier-4", name=name, rank=4)))
    assert Tier.objects.get(pk=key) == Tier.objects.get(slug="tier-4", rank=4)
    assert Tier.objects.get(pk=key).name == name


def test_rows_are_added_alike_but_for_what_each_has_of_its_own():
    names = [{"en": "Four"}, {"en": "Пять \"'%s"}, {}]
    assert ask(TIERS([(rank, f"tier-{rank}", name) for rank, name in enumerate(names, 4)])) == [[]]
    assert [list(found) for found in Tier.objects.filter(rank__gt=3).order_by("rank").values_list("rank", "slug")] == [
        [rank, f"tier-{rank}"] for rank in range(4, 4 + len(names))
    ]
    assert [tier.name for tier in Tier.objects.filter(rank__gt=3).order_by("rank")] == names


@pytest.mark.parametrize("value", [{}, [], ["a", None, {"b": 1.5}], "word", "", 7, 1.5, True, 'It\'s "%s"'])
def test_what_is_kept_as_json_comes_back_as_it_was(value):
    ask(Insertions(Fact, "payload")([[value]], name="measured", announced_at=NOW, due_at=NOW, tries=0, last_error="",
                                    actor_id=None, handed_on_at=None))  # fmt: skip
    assert Fact.objects.get().payload == value


def test_what_rows_share_is_given_once():
    alike = Insertions(Tier, "slug", "rank")
    ask(alike([("a", 4), ("b", 5)], name=LocalisedText(en="Both")), alike([("c", 6)], name=LocalisedText(en="One")))
    assert dict(Tier.objects.filter(rank__gt=3).values_list("slug", "name")) == {
        "a": {"en": "Both"}, "b": {"en": "Both"}, "c": {"en": "One"},
    }  # fmt: skip


def test_rows_are_changed_and_the_others_are_not():
    assert ask(RANKED(slug="tier-3", rank=9, name=LocalisedText(en="Nine"))) == [[]]
    assert [(tier.rank, str(tier)) for tier in Tier.objects.order_by("rank")] == [
        (1, "Tier 1"), (2, "Tier 2"), (9, "Nine"),
    ]  # fmt: skip


def test_a_question_sees_what_was_changed_before_it():
    answers = ask(
        TIER(Tier(slug="tier-4", name={}, rank=4)),
        HIGHER(rank=3),
        RANKED(slug="tier-1", rank=7, name={}),
        HIGHER(rank=3),
    )
    assert [answers[1], answers[2], answers[3]] == [[(1,)], [], [(2,)]]


def test_the_database_refuses_what_it_would_refuse_otherwise():
    with pytest.raises(IntegrityError), transaction.atomic():
        ask(TIER(Tier(slug="tier-1", name={}, rank=8)))
    with pytest.raises(IntegrityError), transaction.atomic():
        ask(TIERS([(8, "tier-8", {}), (8, "tier-9", {})]))
    assert Tier.objects.count() == 3
