"""Sums: what people type, what is kept, and what is shown."""

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from portal.core.amounts import DECIMALS, read_amount, to_major, to_minor
from portal.core.money import format_money, format_number

SUMS = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12400", "12400"),
        ("12 400,00", "12400"),
        ("12\u00a0400,5", "12400.5"),
        ("12,400.00", "12400"),
        ("12.400,00", "12400"),
        ("12'400.00", "12400"),
        ("12,400", "12400"),
        ("1.234.567", "1234567"),
        ("1,234,567.8", "1234567.8"),
        ("0,500", "0.5"),
        ("9.99", "9.99"),
        (" 7 ", "7"),
        ("\u2212 5", "-5"),
    ],
)
def test_a_sum_is_read_as_people_type_it(typed, amount):
    assert read_amount(typed) == Decimal(amount)


@pytest.mark.parametrize(
    "typed", ["", "about 100", "1,2,3", "12,34,56", "1.2.3,4", "5,", ",5", "--5", "1e5", "٣", "nan"]
)
def test_what_is_no_sum_is_not_guessed_at(typed):
    with pytest.raises(ValueError, match="Not a sum"):
        read_amount(typed)


@given(SUMS, st.sampled_from(sorted(DECIMALS)), st.sampled_from(["en", "ru"]))
def test_a_sum_that_is_shown_reads_back_as_the_same_sum(minor, currency, language):
    with translation.override(language):
        shown = format_money(minor, currency).removesuffix(currency)
    assert to_minor(read_amount(shown), currency) == minor


@given(SUMS, st.sampled_from(sorted(DECIMALS)))
def test_minor_units_and_back_lose_nothing(minor, currency):
    assert to_minor(to_major(minor, currency), currency) == minor


def test_a_sum_is_written_as_the_language_groups_it_and_without_empty_decimals():
    with translation.override("en"):
        assert format_money(1240000, "EUR") == "12,400\u00a0EUR"
        assert format_money(1240050, "EUR") == "12,400.50\u00a0EUR"
        assert format_money(1240050, "JPY") == "1,240,050\u00a0JPY"
        assert format_number(6400) == "6,400"
    with translation.override("ru"):
        assert format_money(1240050, "RUB") == "12\u00a0400,50\u00a0RUB"
