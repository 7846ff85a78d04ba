"""How the portal writes numbers and sums: in the reader's grouping, with the currency's letters, never broken."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format

from portal.core.amounts import EXPONENTS, to_major


def format_number(number: int | Decimal) -> str:
    """A number with its thousands apart, as the active language writes it."""
    return str(number_format(number, use_l10n=True, force_grouping=True))


def format_amount(amount: Decimal, *, places: int) -> str:
    """A sum without its currency, with so many decimals: "12,400.00"."""
    return str(number_format(amount, decimal_pos=places, use_l10n=True, force_grouping=True))


def format_money(minor: int, currency: str, *, whole: bool = False) -> str:
    """A sum in minor units: "12,400 EUR", "12,400.50 EUR"; decimals only where there are any, or none if ``whole``.

    Raises:
        KeyError: the currency is none of ``portal.core.amounts.EXPONENTS``.
    """
    major = to_major(minor, currency)
    if whole:
        major = major.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    places = 0 if major == int(major) else EXPONENTS[currency]
    return f"{format_amount(major, places=places)}\u00a0{currency}"
