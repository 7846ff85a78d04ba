"""A price list as one reader sees it: its prices by market and date, and the line for a quantity."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.utils.translation import gettext as _

from portal.core.money import format_number
from training.access import Reader
from training.blocks import is_complete, make_row
from training.models import Market, PriceListPage
from training.pricing import (
    MOST,
    Line,
    Row,
    Standing,
    choose_market,
    price_line,
    read_discount,
    read_quantity,
)


@dataclass(frozen=True, slots=True)
class Price:
    """A row with what is said beside it.

    Attributes:
        everywhere: whether it holds in every market.
        market: the name of its market; its slug where the vendor keeps no such market any more.
    """

    row: Row
    standing: Standing
    note: str
    market: str

    @property
    def everywhere(self) -> bool:
        return not self.row.market


@dataclass(frozen=True, slots=True)
class Group:
    """Prices that stand together; a column that none of them fills is not drawn."""

    prices: tuple[Price, ...]

    def __bool__(self) -> bool:
        return bool(self.prices)

    @property
    def begins(self) -> date:
        return self.prices[0].row.valid_from

    @property
    def has_breaks(self) -> bool:
        return any(price.row.breaks for price in self.prices)

    @property
    def has_ends(self) -> bool:
        return any(price.row.valid_until for price in self.prices)


@dataclass(frozen=True, slots=True)
class MarketTab:
    """A market that the list has prices of."""

    slug: str
    label: str
    active: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """What was asked for, and the line that answers it or what is wrong with the question.

    Attributes:
        line: with the discount of the reader's tier, or with none.
        has_discount: whether the reader's tier has a discount in this list.
        tier: its name; empty for who belongs to no partner.
        ahead: whether the price is yet to come.
    """

    key: str
    quantity: str
    line: Line | None = None
    has_discount: bool = False
    tier: str = ""
    ahead: bool = False
    item_error: str = ""
    quantity_error: str = ""


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The prices of one market, those that hold everywhere included, the market's own first.

    Attributes:
        market: the slug of the market shown; empty where the list knows none.
        missing: the name of the reader's own market where the list has no prices of it.
        ahead: by the day on which they begin, the next one first.
    """

    market: str
    tabs: list[MarketTab]
    missing: str
    now: Group
    ahead: list[Group]
    past: Group
    counted: Counted


def show_prices(page: PriceListPage, reader: Reader, *, asked: Mapping[str, str], day: date) -> PriceTable:
    """The price list for the reader on a day: three queries, however many rows.

    Args:
        asked: the parameters of the address: ``market`` (slug), ``item`` (id of a row), ``quantity``.
    """
    markets = {market.slug: market for market in Market.objects.all()}
    prices = []
    for block in page.rows:
        if not is_complete(block.value):
            continue  # of a draft, in a preview
        row = make_row(block.id, block.value)
        name = markets[row.market].label if row.market in markets else row.market
        prices.append(Price(row, row.stands(day), block.value["note"] or "", name))
    listed = _list_markets(prices, markets)
    home = choose_market(
        reader.country, [(market.slug, market.countries) for market in markets.values() if not market.is_retired]
    )
    market = asked.get("market", "")
    if market not in listed:
        market = home if home in listed else next(iter(listed), "")
    shown = sorted((price for price in prices if price.row.holds_in(market)), key=lambda price: price.everywhere)
    return PriceTable(
        market=market,
        tabs=[MarketTab(slug, label, slug == market) for slug, label in listed.items()] if len(listed) > 1 else [],
        missing=str(markets[home]) if home and listed and home not in listed and reader.membership else "",
        now=_group(shown, Standing.NOW),
        ahead=[
            Group(tuple(coming))
            for _day, coming in groupby(sorted(_group(shown, Standing.AHEAD).prices, key=_begins), key=_begins)
        ],
        past=_group(shown, Standing.PAST),
        counted=_count(page, reader, prices, asked),
    )


def _group(prices: list[Price], standing: Standing) -> Group:
    return Group(tuple(price for price in prices if price.standing is standing))


def _begins(price: Price) -> date:
    return price.row.valid_from


def _list_markets(prices: list[Price], markets: Mapping[str, Market]) -> dict[str, str]:
    """The markets that rows name, in the vendor's order; what the vendor does not know any more comes last."""
    named = {price.row.market: price.market for price in prices if price.row.market}
    order = [slug for slug, market in markets.items() if slug in named and not market.is_retired]
    return {slug: named[slug] for slug in [*order, *(slug for slug in named if slug not in order)]}


def _count(page: PriceListPage, reader: Reader, prices: list[Price], asked: Mapping[str, str]) -> Counted:
    key, text = asked.get("item", "")[:60], asked.get("quantity", "")[:40]
    if "quantity" not in asked:
        return Counted(key, text)
    price = next((price for price in prices if price.row.key == key), None)
    item_error = quantity_error = ""
    if price is None:
        item_error = _("Choose what is sold.")
    elif price.standing is Standing.PAST:
        item_error = _("This price no longer holds. Choose one of today's.")
    try:
        quantity = read_quantity(text)
    except ValueError:
        quantity_error = _("Write a whole number from 1 to %(most)s: “12”, or “12 seats”.") % {
            "most": format_number(MOST)
        }
    if price is None or item_error or quantity_error:
        return Counted(key, text, item_error=item_error, quantity_error=quantity_error)
    discount = _find_discount(page, reader)
    return Counted(
        key,
        text,
        line=price_line(price.row, quantity, discount=discount or 0),
        has_discount=discount is not None,
        tier=str(reader.membership.partner.tier) if reader.membership else "",
        ahead=price.standing is Standing.AHEAD,
    )


def _find_discount(page: PriceListPage, reader: Reader) -> int | None:
    """Basis points of the reader's own tier; None for a tier without, and for who belongs to no partner."""
    if reader.tier_id is None:
        return None
    # Compared here: those of a draft are not rows, and a filter by number finds none of them.
    found = next((one.percent for one in page.discounts.all() if one.tier_id == reader.tier_id), None)
    return None if found is None else read_discount(found)
