"""A translation is stale from the first publishing of its source after its own."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from training.staleness import Edition, Standing, State, is_newer, judge_translation

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MOMENTS = st.integers(0, 100).map(lambda hours: START + timedelta(hours=hours))
EDITIONS = st.builds(Edition, st.booleans(), st.none() | MOMENTS, copied=st.booleans())
CHANGES = st.lists(st.tuples(MOMENTS, st.booleans()), max_size=6)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def test_without_a_page_it_is_missing():
    assert judge_translation(Edition(True, day(0)), None) == Standing(State.MISSING)


def test_a_copy_that_nobody_translated_is_missing():
    copy = Edition(True, day(1), copied=True)
    assert judge_translation(Edition(True, day(0)), copy) == Standing(State.MISSING)


def test_a_page_that_is_not_live_is_a_draft():
    assert judge_translation(Edition(True, day(0)), Edition(False, None)) == Standing(State.DRAFT)


def test_published_after_its_source_it_is_current():
    assert judge_translation(Edition(True, day(0)), Edition(True, day(1))) == Standing(State.CURRENT)


def test_it_is_stale_since_the_first_publishing_that_it_does_not_know():
    changes = [(day(0), True), (day(2), False), (day(3), True)]
    standing = judge_translation(Edition(True, day(3)), Edition(True, day(1)), changes)
    assert standing == Standing(State.STALE, since=day(2), material=True)


def test_small_corrections_since_are_not_material():
    standing = judge_translation(Edition(True, day(2)), Edition(True, day(1)), [(day(0), True), (day(2), False)])
    assert standing == Standing(State.STALE, since=day(2), material=False)


def test_of_a_source_that_is_withdrawn_nothing_is_stale():
    assert judge_translation(Edition(False, day(3)), Edition(True, day(1))) == Standing(State.CURRENT)


@given(EDITIONS, EDITIONS, CHANGES)
def test_stale_is_what_is_live_and_older_and_has_a_moment_after_its_own(source, translation, changes):
    standing = judge_translation(source, translation, changes)
    stale = translation.live and not translation.copied and is_newer(source, translation)
    assert (standing.state is State.STALE) == stale
    if stale:
        assert translation.published_at is None or standing.since > translation.published_at
    else:
        assert standing.since is None
        assert not standing.material
