"""Money as integers in minor units, with the currency's own number of decimals (ISO 4217)."""

from decimal import ROUND_HALF_UP, Decimal

#: Currencies that an outcome can be given in, with their decimals.
DECIMALS = {
    "EUR": 2,
    "USD": 2,
    "GBP": 2,
    "RUB": 2,
    "KZT": 2,
    "PLN": 2,
    "CZK": 2,
    "CHF": 2,
    "NOK": 2,
    "SEK": 2,
    "DKK": 2,
    "JPY": 0,
    "KRW": 0,
    "CNY": 2,
    "INR": 2,
    "KES": 2,
}


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in minor units (cents), halves rounded up.

    Raises:
        KeyError: the currency is none of :data:`DECIMALS`.
        ValueError: the amount is not a finite number.
    """
    if not amount.is_finite():
        raise ValueError("The amount is not a number")
    return int(amount.scaleb(DECIMALS[currency]).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def to_major(minor: int, currency: str) -> Decimal:
    """Minor units as an amount: ``to_major(1250, "EUR")`` is 12.50."""
    return Decimal(minor).scaleb(-DECIMALS[currency])
