"""Money as integers in minor units, with the currency's own number of decimals (ISO 4217); and as people type it."""

import re
from decimal import ROUND_HALF_UP, Decimal

#: Currencies that a sum is chosen in, in forms, with their decimals.
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

#: Every currency in use, for what has a price anywhere: the decimals of ISO 4217, which are two unless said otherwise.
_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW"
)
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
EXPONENTS = {code: decimals for codes, decimals in ((_TWO, 2), (_NONE, 0), (_THREE, 3)) for code in codes.split()}

#: What stands between thousands in one country or another, beside the comma and the point: spaces and apostrophes.
GAPS = re.compile(r"[\s\u00a0\u2009\u202f'\u2019]")
PLAIN = re.compile(r"[0-9]+")
GROUPED = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in minor units (cents), halves rounded up.

    Raises:
        KeyError: the currency is none of :data:`EXPONENTS`.
        ValueError: the amount is not a finite number.
    """
    if not amount.is_finite():
        raise ValueError("The amount is not a number")
    return int(amount.scaleb(EXPONENTS[currency]).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def to_major(minor: int, currency: str) -> Decimal:
    """Minor units as an amount: ``to_major(1250, "EUR")`` is 12.50."""
    return Decimal(minor).scaleb(-EXPONENTS[currency])


def read_amount(text: str) -> Decimal:
    """A sum as people type it: "12 400,00", "12,400.00", "12.400" and "12400" are all twelve thousand four hundred.

    A single comma or point before exactly three digits parts thousands, since no sum has three decimals; with a zero
    before it, it cannot.

    Raises:
        ValueError: it is none of these.
    """
    bare = GAPS.sub("", text).replace("\u2212", "-")
    sign, digits = (-1, bare[1:]) if bare.startswith("-") else (1, bare)
    whole, mark, rest = _split(digits)
    kinds = set(re.findall(r"[.,]", whole))
    if not (PLAIN.fullmatch(whole) or (GROUPED.fullmatch(whole) and len(kinds) == 1 and mark not in kinds)):
        raise ValueError(f"Not a sum: {text!r}")
    if mark and not PLAIN.fullmatch(rest):
        raise ValueError(f"Not a sum: {text!r}")
    return sign * Decimal(f"{re.sub('[.,]', '', whole)}.{rest or 0}")


def _split(digits: str) -> tuple[str, str, str]:
    """The whole part, the decimal mark if there is one, and the decimals."""
    last = max(digits.rfind(","), digits.rfind("."))
    if last < 0:
        return digits, "", ""
    whole, mark, rest = digits[:last], digits[last], digits[last + 1 :]
    alone = not re.search("[.,]", whole)
    thousands = len(rest) == 3 and (mark in whole or (alone and len(whole) <= 3 and not whole.startswith("0")))
    return (digits, "", "") if thousands else (whole, mark, rest)
