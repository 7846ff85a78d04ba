"""What a quantity costs: integers, breaks, discounts, dates and markets."""

import ast
import inspect
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import pricing
from training.pricing import (
    WHOLE,
    Break,
    Row,
    Standing,
    choose_market,
    find_break_mistake,
    find_overlaps,
    find_unit_price,
    price_line,
    read_amount,
    read_discount,
    read_quantity,
    round_half_up,
    take_off,
)

DAY = date(2026, 11, 24)

days = st.dates(date(2020, 1, 1), date(2035, 1, 1))
quantities = st.integers(1, 10_000)
discounts = st.integers(0, WHOLE)


def row(**fields) -> Row:
    return Row(
        **{
            "key": "a", "item": "CRM Team", "unit": "user a month", "unit_price": 2400, "currency": "EUR", "market": "eu",
            "valid_from": date(2026, 1, 1), **fields,
        }
    )  # fmt: skip


@st.composite
def rows(draw) -> Row:
    """A row that the editor's form lets through: breaks ascend, and each is as cheap as the one before or cheaper."""
    price = draw(st.integers(0, 10_000_000))
    steps, quantity, unit_price = [], 1, price
    for _ in range(draw(st.integers(0, 4))):
        quantity += draw(st.integers(1, 500))
        unit_price = draw(st.integers(0, unit_price))
        steps.append(Break(quantity, unit_price))
    begins = draw(days)
    ends = draw(st.none() | st.integers(0, 900).map(lambda length: begins + timedelta(days=length)))
    return row(unit_price=price, breaks=tuple(steps), valid_from=begins, valid_until=ends)


class TestRounding:
    @pytest.mark.parametrize(("numerator", "rounded"), [(0, 0), (4, 0), (5, 1), (14, 1), (15, 2), (25, 3)])
    def test_a_half_is_rounded_up_always(self, numerator, rounded):
        assert round_half_up(numerator, 10) == rounded

    @given(st.integers(0, 10**12), st.integers(1, 10**6))
    def test_the_result_is_never_farther_than_half_a_unit(self, numerator, denominator):
        assert abs(2 * (round_half_up(numerator, denominator) * denominator - numerator)) <= denominator

    @pytest.mark.parametrize(("numerator", "denominator"), [(-1, 10), (1, 0), (1, -1)])
    def test_what_is_no_amount_is_refused(self, numerator, denominator):
        with pytest.raises(ValueError, match="/"):
            round_half_up(numerator, denominator)

    def test_money_is_divided_in_this_one_place(self):
        tree = ast.parse(inspect.getsource(pricing))
        dividing = {
            function.name
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef)
            for part in ast.walk(function)
            if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div | ast.FloorDiv)
        }
        assert dividing == {"round_half_up"}

    def test_no_float_is_written_in_the_rules(self):
        constants = [
            part.value for part in ast.walk(ast.parse(inspect.getsource(pricing))) if isinstance(part, ast.Constant)
        ]
        assert not [constant for constant in constants if isinstance(constant, float)]


class TestAmounts:
    @pytest.mark.parametrize(
        ("text", "currency", "minor"),
        [("24", "EUR", 2400), ("24.5", "EUR", 2450), ("24.00", "JPY", 24), ("1.234", "KWD", 1234), ("0", "USD", 0)],
    )
    def test_are_kept_in_the_currencys_own_minor_units(self, text, currency, minor):
        assert read_amount(Decimal(text), currency) == minor

    @pytest.mark.parametrize(("text", "currency"), [("24.005", "EUR"), ("0.5", "JPY"), ("1.2345", "KWD")])
    def test_with_too_many_decimals_are_refused_and_not_rounded(self, text, currency):
        with pytest.raises(ValueError, match="decimals"):
            read_amount(Decimal(text), currency)

    @pytest.mark.parametrize("text", ["-1", "NaN", "Infinity"])
    def test_what_is_no_amount_is_refused(self, text):
        with pytest.raises(ValueError, match="not an amount"):
            read_amount(Decimal(text), "EUR")

    def test_a_currency_that_does_not_exist_is_not_known(self):
        with pytest.raises(KeyError):
            read_amount(Decimal(1), "EUX")


class TestQuantities:
    @pytest.mark.parametrize(
        ("text", "quantity"),
        [
            ("12", 12),
            ("12 seats", 12),
            (" 12 мест", 12),
            ("1 200", 1200),
            ("1\u00a0200 seats", 1200),
            ("1000000", 10**6),
        ],
    )
    def test_are_read_as_people_type_them(self, text, quantity):
        assert read_quantity(text) == quantity

    @pytest.mark.parametrize("text", ["", "seats", "0", "-3", "1.5", "1,200", "1000001", "9" * 40])
    def test_what_is_no_whole_number_is_refused(self, text):
        with pytest.raises(ValueError, match="not a quantity"):
            read_quantity(text)


class TestDiscounts:
    @pytest.mark.parametrize(("percent", "points"), [("0", 0), ("15", 1500), ("12.5", 1250), ("100.00", WHOLE)])
    def test_are_basis_points(self, percent, points):
        assert read_discount(Decimal(percent)) == points

    @pytest.mark.parametrize("percent", ["-1", "100.01", "1.001"])
    def test_beyond_the_whole_are_refused(self, percent):
        with pytest.raises(ValueError, match="not a discount"):
            read_discount(Decimal(percent))

    def test_are_taken_off_the_whole_once(self):
        # 3 × 0.33 = 0.99; 15 % off is 0.8415. Off each unit it would be 3 × 0.28 = 0.84 as well, and 7 × 0.28 = 1.96.
        assert take_off(99, 1500) == 84
        assert price_line(row(unit_price=33), 7, discount=1500).total == 196
        assert price_line(row(unit_price=10), 3, discount=500).total == 29  # 28.5, halves up

    @pytest.mark.parametrize("discount", [-1, WHOLE + 1])
    def test_that_are_none_are_refused(self, discount):
        with pytest.raises(ValueError, match="not a discount"):
            take_off(100, discount)

    @given(rows(), quantities, discounts, discounts)
    def test_the_total_never_grows_when_the_discount_grows(self, priced, quantity, one, other):
        less, more = sorted((one, other))
        assert price_line(priced, quantity, discount=more).total <= price_line(priced, quantity, discount=less).total

    @given(rows(), quantities, discounts)
    def test_price_and_margin_are_the_list_price_again(self, priced, quantity, discount):
        line = price_line(priced, quantity, discount=discount)
        assert line.total + line.margin == line.list_total
        assert 0 <= line.total <= line.list_total
        assert price_line(priced, quantity).total == line.list_total
        assert price_line(priced, quantity, discount=WHOLE).total == 0


class TestBreaks:
    LADDER = row(breaks=(Break(10, 2200), Break(50, 1900)))

    @pytest.mark.parametrize(
        ("quantity", "step"), [(1, (1, 2400)), (9, (1, 2400)), (10, (10, 2200)), (49, (10, 2200)), (50, (50, 1900))]
    )
    def test_hold_for_every_unit_from_their_quantity_on(self, quantity, step):
        found = find_unit_price(self.LADDER, quantity)
        assert (found.quantity, found.unit_price) == step

    def test_the_line_names_the_next_one(self):
        assert price_line(self.LADDER, 12).next_break == Break(50, 1900)
        assert price_line(self.LADDER, 50).next_break is None

    def test_the_line_holds_every_step_of_its_sum(self):
        line = price_line(self.LADDER, 12, discount=1500)
        assert (line.break_quantity, line.unit_price, line.list_total) == (10, 2200, 26_400)
        assert (line.total, line.margin) == (22_440, 3_960)

    @given(rows(), quantities)
    def test_a_break_never_applies_below_its_quantity(self, priced, quantity):
        line = price_line(priced, quantity)
        assert line.break_quantity <= quantity
        assert Break(line.break_quantity, line.unit_price) in {Break(1, priced.unit_price), *priced.breaks}
        assert all(step.quantity > quantity or step.quantity <= line.break_quantity for step in priced.breaks)

    @given(rows(), quantities)
    def test_one_more_never_costs_more_a_unit(self, priced, quantity):
        assert price_line(priced, quantity + 1).unit_price <= price_line(priced, quantity).unit_price

    @given(rows())
    def test_what_ascends_and_grows_cheaper_is_no_mistake(self, priced):
        assert find_break_mistake(priced) is None

    @pytest.mark.parametrize(
        ("breaks", "mistake"),
        [
            ([(10, 2200), (10, 2100)], (1, "not_ascending")),
            ([(10, 2200), (5, 2100)], (1, "not_ascending")),
            ([(1, 2200)], (0, "not_ascending")),
            ([(10, 2401)], (0, "dearer")),
            ([(10, 2200), (50, 2201)], (1, "dearer")),
        ],
    )
    def test_the_first_mistake_is_named_with_its_reason(self, breaks, mistake):
        assert find_break_mistake(row(breaks=tuple(Break(*step) for step in breaks))) == mistake

    @pytest.mark.parametrize("quantity", [0, -1])
    def test_nothing_costs_nothing_is_not_said(self, quantity):
        with pytest.raises(ValueError, match="not a quantity"):
            price_line(row(), quantity)


class TestDatesAndMarkets:
    @pytest.mark.parametrize(
        ("begins", "ends", "standing"),
        [
            (DAY, None, Standing.NOW),
            (DAY, DAY, Standing.NOW),
            (DAY + timedelta(days=1), None, Standing.AHEAD),
            (date(2026, 1, 1), DAY - timedelta(days=1), Standing.PAST),
        ],
    )
    def test_first_and_last_day_are_in_force(self, begins, ends, standing):
        assert row(valid_from=begins, valid_until=ends).stands(DAY) == standing

    @given(rows(), days)
    def test_the_rows_of_a_thing_that_do_not_overlap_are_in_force_one_at_a_time(self, priced, day):
        if priced.valid_until is None:
            return
        after = replace(priced, valid_from=priced.valid_until + timedelta(days=1), valid_until=None)
        assert find_overlaps([priced, after]) == []
        assert [one.stands(day) for one in (priced, after)].count(Standing.NOW) <= 1

    def test_a_row_without_a_market_holds_everywhere(self):
        assert row(market="").holds_in("eu")
        assert row(market="eu").holds_in("eu")
        assert not row(market="eu").holds_in("uk")

    def test_rows_of_one_thing_that_share_a_day_are_both_named(self):
        one = row(valid_until=date(2026, 6, 30))
        two = row(key="b", valid_from=date(2026, 6, 30), item=" crm  TEAM ")
        three = row(key="c", market="uk")
        four = row(key="d", unit="line a month")
        assert find_overlaps([one, two, three, four]) == [(0, 1)]

    @given(st.lists(rows(), max_size=6))
    def test_overlaps_are_found_whatever_the_order(self, priced):
        last = len(priced) - 1
        turned = {tuple(sorted((last - one, last - two))) for one, two in find_overlaps(priced[::-1])}
        assert turned == set(find_overlaps(priced))


class TestTheMarketOfACountry:
    MARKETS = (("eu", ""), ("uk", "GB IE"), ("kz", "KZ"), ("rest", ""))

    @pytest.mark.parametrize(("country", "market"), [("GB", "uk"), ("IE", "uk"), ("DE", "eu"), ("", "eu"), ("G", "eu")])
    def test_is_the_one_that_names_it_else_the_one_that_names_none(self, country, market):
        assert choose_market(country, self.MARKETS) == market

    def test_is_none_where_every_market_names_other_countries(self):
        assert choose_market("DE", [("uk", "GB")]) == ""
