"""The agenda of an event: every talk once, in its order; and what cannot be at once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from training.agenda import Talk, arrange, find_clashes, find_outside, list_tracks

NOON = datetime(2027, 3, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


def talk(key, begins: float = 0, lasts: float = 1, **fields) -> Talk:
    return Talk(key, f"Talk {key}", NOON + begins * HOUR, NOON + (begins + lasts) * HOUR, **fields)


talks = st.lists(
    st.builds(
        talk,
        key=st.uuids(),
        begins=st.integers(0, 60),
        lasts=st.integers(1, 4),
        track=st.sampled_from(["", "Sellers", "Heads"]),
        room=st.sampled_from(["", "Red", "Blue"]),
    ),
    max_size=12,
    unique_by=lambda one: one.key,
)


@given(talks)
def test_every_talk_stands_once_and_in_its_order(given_talks):
    placed = [talk for day in arrange(given_talks, zone=BERLIN) for slot in day.slots for talk in slot.talks]
    assert sorted(placed, key=lambda one: str(one.key)) == sorted(given_talks, key=lambda one: str(one.key))
    assert [one.starts_at for one in placed] == sorted(one.starts_at for one in placed)


@given(talks)
def test_a_day_holds_what_begins_on_it_in_the_event_s_zone(given_talks):
    for day in arrange(given_talks, zone=BERLIN):
        assert {slot.starts_at.astimezone(BERLIN).date() for slot in day.slots} == {day.day}


@given(talks)
def test_talks_clash_exactly_when_two_overlap_in_one_place(given_talks):
    overlapping = {
        key
        for one in given_talks
        for other in given_talks
        if one is not other
        and one.starts_at < other.ends_at
        and other.starts_at < one.ends_at
        and ((one.room and one.room == other.room) or (one.track and one.track == other.track))
        for key in (one.key, other.key)
    }
    clashes = find_clashes(given_talks)
    named = {key for pair in clashes for key in (pair[0].key, pair[1].key)}
    assert bool(clashes) == bool(overlapping)
    assert named <= overlapping


def test_tracks_keep_their_column_and_what_is_for_all_stands_first():
    plan = [
        talk("a", 1, track="Heads"), talk("b", 1, track="Sellers"), talk("c", 0, track="Sellers"),
        talk("d", 1), talk("e", 0, track="Heads", lasts=0.5),
    ]  # fmt: skip
    assert list_tracks(plan) == ["Sellers", "Heads"]
    (day,) = arrange(plan, zone=BERLIN)
    assert [[one.key for one in slot.talks] for slot in day.slots] == [["c", "e"], ["d", "b", "a"]]


def test_a_talk_after_midnight_in_the_event_s_zone_is_on_the_next_day():
    late, early = talk("late", 9.5), talk("early", 11.5)
    assert [day.day.isoformat() for day in arrange([early, late], zone=BERLIN)] == ["2027-03-27", "2027-03-28"]


def test_two_that_touch_do_not_clash():
    assert find_clashes([talk("a", 0, room="Red"), talk("b", 1, room="Red")]) == []
    (pair,) = find_clashes([talk("a", 0, 2, room="Red"), talk("b", 1, room="Red")])
    assert [one.key for one in pair] == ["a", "b"]


def test_what_is_not_within_the_event_is_named():
    inside, before, after = talk("in"), talk("before", -1), talk("after", 3)
    assert find_outside([inside, before, after], starts_at=NOON, ends_at=NOON + 2 * HOUR) == [before, after]
