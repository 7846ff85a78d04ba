"""Price lists, and a line for a quantity."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from training.access import Reader
from training.models import PriceListPage
from training.services.prices import show_prices


def describe(page: PriceListPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:
    """The prices of a market, and the line for what was asked: today's, by the reader's own clock."""
    return {"prices": show_prices(page, reader, asked=request.GET.dict(), day=timezone.localdate(reader.now))}
