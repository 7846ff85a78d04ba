"""What was watched is joined stretches of seconds: each second once, however often and in whatever order it is told."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.watching import join_stretches, measure_watched, read_stretches

stretches = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 60)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=30
)


def seconds(some) -> set[int]:
    return {second for begin, end in some for second in range(begin, end)}


@given(stretches)
def test_joined_they_are_the_same_seconds_in_order_and_touch_nowhere(told):
    joined = join_stretches(told)
    assert seconds(joined) == seconds(told)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(joined))
    assert all(begin < end for begin, end in joined)


@given(stretches, st.randoms())
def test_neither_order_nor_being_told_again_changes_anything(told, random):
    joined = join_stretches(told)
    mixed = [*told, *joined]
    random.shuffle(mixed)
    assert join_stretches(mixed) == joined


@given(stretches, stretches, st.integers(0, 400))
def test_more_is_never_less_and_never_more_than_the_video(kept, told, length):
    before = measure_watched(join_stretches(kept), length=length)
    after = measure_watched(join_stretches([*kept, *told]), length=length)
    assert before <= after <= length
    assert after == len({second for second in seconds([*kept, *told]) if second < length})


@given(stretches, st.integers(1, 400))
def test_what_a_player_tells_is_read_as_it_was_meant(told, length):
    read = read_stretches(",".join(f"{begin}-{end}" for begin, end in told), length=length)
    assert seconds(read) == {second for second in seconds(told) if second < length}


@pytest.mark.parametrize(
    ("told", "length", "read"),
    [
        ("", 60, []),
        ("0-15,40-55", 60, [(0, 15), (40, 55)]),
        ("0-90", 60, [(0, 60)]),
        ("70-90", 60, []),
        ("5-5", 60, []),
        ("9-3", 60, []),
        ("0-90", 0, [(0, 90)]),
    ],
)
def test_what_lies_beyond_the_end_is_cut_off(told, length, read):
    assert read_stretches(told, length=length) == read


@given(st.text(max_size=40))
def test_anything_else_is_refused_or_read_and_never_breaks(told):
    try:
        read = read_stretches(told, length=100)
    except ValueError:
        return
    assert all(0 <= begin < end <= 100 for begin, end in read)
