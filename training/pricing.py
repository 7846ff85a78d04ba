"""What a quantity costs: the row in force, the quantity break, the discount of a tier, and the rounding.

Amounts are integers in the currency's minor units, discounts are basis points (1500 is 15 %), and days are dates of the
place where the price is read. A :class:`Line` holds every step of its sum, so that a page can explain it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from portal.core.amounts import EXPONENTS

#: Basis points of the whole.
WHOLE = 10_000
#: More of one thing than any order: a slip of the finger.
MOST = 1_000_000


class Standing(StrEnum):
    """Where a price stands to a day."""

    PAST = "past"
    NOW = "now"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Break:
    """From ``quantity`` on, every unit costs ``unit_price``, those before it included."""

    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class Row:
    """What one thing costs in one market for a time.

    Attributes:
        key: names the row in addresses and messages.
        market: a market's slug; empty for everywhere.
        valid_until: the last day; None while no end is known.
        breaks: ascending by quantity.
    """

    key: str
    item: str
    unit: str
    unit_price: int
    currency: str
    market: str
    valid_from: date
    valid_until: date | None = None
    breaks: tuple[Break, ...] = ()

    def stands(self, day: date) -> Standing:
        """Whether the price is in force on ``day``, over, or yet to come."""
        if day < self.valid_from:
            return Standing.AHEAD
        return Standing.PAST if self.valid_until is not None and day > self.valid_until else Standing.NOW

    def holds_in(self, market: str) -> bool:
        """Whether the price is one of the market's: its own, or one that holds everywhere."""
        return self.market in {"", market}


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity of a row with every step of its sum.

    ``list_total`` is what a customer pays by the list; ``total`` what the partner pays, ``discount`` basis points less.

    Attributes:
        break_quantity: from which quantity on the unit price holds; 1 where no break was reached.
        next_break: the first break that the quantity does not reach; None beyond the last.
    """

    row: Row
    quantity: int
    break_quantity: int
    unit_price: int
    next_break: Break | None
    list_total: int
    discount: int
    total: int

    @property
    def margin(self) -> int:
        """What stays with a partner that sells at the list price."""
        return self.list_total - self.total


def round_half_up(numerator: int, denominator: int) -> int:
    """The one place where money is rounded: to the nearest minor unit, halves up. Neither may be negative.

    Raises:
        ValueError: for a negative amount or a denominator that is not positive.
    """
    if numerator < 0 or denominator <= 0:
        raise ValueError(f"{numerator}/{denominator}")
    return (2 * numerator + denominator) // (2 * denominator)


def read_amount(amount: Decimal, currency: str) -> int:
    """An amount as it is typed, in minor units; nothing is rounded.

    Raises:
        KeyError: for a currency that is not known.
        ValueError: for more decimals than the currency has, a negative amount, or none at all.
    """
    exponent = EXPONENTS[currency]
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"not an amount: {amount}")
    minor = amount.scaleb(exponent)
    if minor != minor.to_integral_value():
        raise ValueError(f"{currency} has {exponent} decimals: {amount}")
    return int(minor)


def read_quantity(text: str) -> int:
    """How many, as people type it: "12", "12 seats", "1 200".

    Raises:
        ValueError: where it does not begin with a whole number from 1 to :data:`MOST`.
    """
    match = re.match(r"\s*([0-9]{1,3}(?:[\s\u00a0\u202f][0-9]{3})+|[0-9]{1,9})(?![0-9]|[.,][0-9])", text)
    if match is None:
        raise ValueError(f"not a quantity: {text[:20]!r}")
    quantity = int(re.sub(r"\s", "", match[1]))
    if not 1 <= quantity <= MOST:
        raise ValueError(f"not a quantity: {text[:20]!r}")
    return quantity


def read_discount(percent: Decimal) -> int:
    """A percentage with at most two decimals in basis points.

    Raises:
        ValueError: beyond 0 to 100, or with more decimals.
    """
    points = percent.scaleb(2)
    if points != points.to_integral_value() or not 0 <= points <= WHOLE:
        raise ValueError(f"not a discount: {percent}")
    return int(points)


def find_unit_price(row: Row, quantity: int) -> Break:
    """The price of a unit at this quantity, with the quantity from which on it holds."""
    reached = [step for step in row.breaks if step.quantity <= quantity]
    return max(reached, key=lambda step: step.quantity, default=Break(1, row.unit_price))


def take_off(amount: int, discount: int) -> int:
    """The amount less ``discount`` basis points.

    Raises:
        ValueError: for a discount that is not of 0 to 100 %.
    """
    if not 0 <= discount <= WHOLE:
        raise ValueError(f"not a discount: {discount}")
    return round_half_up(amount * (WHOLE - discount), WHOLE)


def price_line(row: Row, quantity: int, *, discount: int = 0) -> Line:
    """What the quantity costs by the list, and less the discount. The discount is taken off the whole, once.

    Raises:
        ValueError: for a quantity below 1, or a discount that is not of 0 to 100 %.
    """
    if quantity < 1:
        raise ValueError(f"not a quantity: {quantity}")
    step = find_unit_price(row, quantity)
    list_total = step.unit_price * quantity
    return Line(
        row=row,
        quantity=quantity,
        break_quantity=step.quantity,
        unit_price=step.unit_price,
        next_break=min((b for b in row.breaks if b.quantity > quantity), key=lambda b: b.quantity, default=None),
        list_total=list_total,
        discount=discount,
        total=take_off(list_total, discount),
    )


def find_break_mistake(row: Row) -> tuple[int, str] | None:
    """The first break that cannot stand, by its index, and why: ``not_ascending`` or ``dearer``."""
    before = Break(1, row.unit_price)
    for index, step in enumerate(row.breaks):
        if step.quantity <= before.quantity:
            return index, "not_ascending"
        if step.unit_price > before.unit_price:
            return index, "dearer"
        before = step
    return None


def find_overlaps(rows: Sequence[Row]) -> list[tuple[int, int]]:
    """Pairs of indexes, the earlier first, of rows that price the same thing in the same market on a common day."""
    seen: dict[tuple[str, str, str], list[int]] = {}
    found = []
    for index, row in enumerate(rows):
        key = (_fold(row.item), _fold(row.unit), row.market)
        found += [(other, index) for other in seen.get(key, []) if _share_a_day(rows[other], row)]
        seen.setdefault(key, []).append(index)
    return found


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _share_a_day(one: Row, other: Row) -> bool:
    return (one.valid_until is None or other.valid_from <= one.valid_until) and (
        other.valid_until is None or one.valid_from <= other.valid_until
    )


def choose_market(country: str, markets: Iterable[tuple[str, str]]) -> str:
    """The market of a country: the one that names it, else the first that names none, else none (empty).

    Args:
        country: two letters; empty where it is not known.
        markets: slug and countries ("DE AT CH"), in the vendor's order.
    """
    others = ""
    for slug, countries in markets:
        named = countries.split()
        if country and country in named:
            return slug
        if not named and not others:
            others = slug
    return others
