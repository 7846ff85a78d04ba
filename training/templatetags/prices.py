"""How prices and shares of a whole are written."""

from datetime import date
from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import pgettext

from portal.core.amounts import EXPONENTS
from training.blocks import write_day

register = template.Library()


@register.filter
def price(minor: int, currency: str) -> str:
    """Minor units as a price: "1,264.00 EUR". All decimals of the currency stand, so that columns of prices align."""
    exponent = EXPONENTS[currency]
    amount = number_format(Decimal(minor).scaleb(-exponent), decimal_pos=exponent, use_l10n=True, force_grouping=True)
    return f"{amount}\u00a0{currency}"


@register.filter
def percent(points: int) -> str:
    """Basis points as a percentage: "15%", "12.5%"."""
    share = Decimal(points).scaleb(-2).normalize()
    share = share.quantize(Decimal(1)) if share == share.to_integral_value() else share
    return pgettext("share of a whole", "%(share)s%%") % {"share": number_format(share, use_l10n=True)}


@register.filter
def day(value: date) -> str:
    """A day with its year: "1 January 2027"."""
    return write_day(value)
