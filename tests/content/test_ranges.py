"""A Range header is read as the standard has it, for one range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.content.ranges import UnsatisfiableRange, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-9", range(10)),
        ("bytes=90-", range(90, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-500", range(100)),
        ("bytes=50-5000", range(50, 100)),
        ("BYTES=0-0", range(1)),
    ],
)
def test_one_range_of_a_hundred_bytes(header, expected):
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize(
    "header",
    ["bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "nonsense", "bytes=a-b", f"bytes={'9' * 5000}-"],
)
def test_what_is_not_one_range_of_bytes_is_answered_with_the_whole(header):
    assert parse_range(header, 100) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-5", 0)])
def test_a_range_that_the_file_does_not_have_is_refused(header, size):
    with pytest.raises(UnsatisfiableRange):
        parse_range(header, size)


@given(st.text(max_size=30), st.integers(0, 10**12))
def test_whatever_is_said_the_answer_lies_within_the_file(text, size):
    try:
        span = parse_range(f"bytes={text}", size)
    except UnsatisfiableRange:
        return
    assert span is None or (0 <= span.start < span.stop <= size)
