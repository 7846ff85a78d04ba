from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification import timing

#: Hypothesis wants its bounds without a zone.
LAST = datetime(2100, 1, 1)  # noqa: DTZ001


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2027-01-31", 13, "2028-02-29"),
        ("2026-11-24", 12, "2027-11-24"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
    ],
)
def test_a_credential_ends_on_the_same_day_of_a_later_month(start, months, end):
    assert timing.months_after(day(start), months) == day(end)


@given(st.datetimes(timezones=st.just(UTC), max_value=LAST), st.integers(1, 60))
def test_later_starts_never_end_earlier(start, months):
    assert timing.months_after(start, months) <= timing.months_after(start + timedelta(days=1), months)


def test_answers_count_for_sixty_seconds_after_the_deadline():
    deadline = timing.deadline_after(day("2026-11-24"), minutes=30)
    assert timing.due_after(deadline) == day("2026-11-24") + timedelta(minutes=31)


def test_a_credential_is_expiring_in_its_last_sixty_days_and_not_after():
    end = day("2027-01-30")
    assert not timing.is_expiring(end, end - timedelta(days=61))
    assert timing.is_expiring(end, end - timedelta(days=60))
    assert not timing.is_expiring(end, end)
