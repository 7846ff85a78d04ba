"""What a customer may see of a material: its shareable parts, cleaned of everything that is for partners only.

The guarantee is built in this order: a part is listed only if its editor ticked it; what stands inside it for partners
only is dropped before anything is rendered; what was rendered is then rebuilt from a short list of allowed tags, links
into the portal become plain words, and pictures come along as data, so that nothing leads back inside.
"""

import base64
import mimetypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import unquote

import nh3
from bs4 import BeautifulSoup
from django.conf import settings
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.content.services.files import find_asset
from portal.core.amounts import to_minor
from portal.core.money import format_money
from training.models import (
    CaseStudyPage,
    MaterialPage,
    ObjectionCardPage,
    PriceListPage,
    ProductDocPage,
    StandardPage,
    VideoPage,
)

TAGS = {
    "p", "br", "b", "strong", "i", "em", "code", "ul", "ol", "li", "a", "blockquote", "figure", "figcaption", "img",
    "table", "caption", "thead", "tbody", "tr", "th", "td", "cite",
}  # fmt: skip
ATTRIBUTES = {"img": {"src", "alt", "width", "height"}, "th": {"scope"}, "td": {"data-label"}, "a": {"href"}}
#: Pictures of more than this many bytes in all would make a page that a phone cannot hold.
MAX_PICTURES = 4_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a material that may be sent: the id of its block, and how it is called in the choice."""

    block_id: str
    label: str


@dataclass(frozen=True, slots=True)
class Price:
    """One row of a price list as a customer sees it: the list price, never a discount."""

    item: str
    unit: str
    price: str
    market: str
    until: str


@dataclass(frozen=True, slots=True)
class Leaflet:
    """What a customer is shown: sections with clean markup, and prices."""

    title: str
    sections: list[tuple[str, SafeString]]
    prices: list[Price]

    def __bool__(self) -> bool:
        return bool(self.sections or self.prices)


SECTIONED = (ProductDocPage, StandardPage, CaseStudyPage, VideoPage)


def list_parts(page: MaterialPage, *, today: date) -> list[Part]:
    """The parts of a material that may be sent now, in the order of the page; none for types that are internal whole.

    Args:
        page: the specific page.
    """
    if isinstance(page, SECTIONED):
        return [Part(block.id, block.value["heading"]) for block in page.body if _may_be_sent(block)]
    if isinstance(page, ObjectionCardPage):
        parts = []
        if page.share_answer and page.answer:
            parts.append(Part("answer", _("The answer")))
        if page.share_proof and page.proof:
            parts.append(Part("proof", _("The proof")))
        return parts
    if isinstance(page, PriceListPage):
        return [
            Part(block.id, f"{block.value['item']}, {_write_price(block.value)} {block.value['unit']}")
            for block in page.rows
            if _may_be_sent(block) and _in_force(block.value, today)
        ]
    return []


def make_leaflet(page: MaterialPage, block_ids: Iterable[str], *, today: date) -> Leaflet:
    """The chosen parts, as far as they may still be sent; everything else of the page is left out.

    Args:
        page: the specific page, as it is live.
        block_ids: what the sharer chose; what has become internal, or is gone, is passed over.
    """
    chosen = set(block_ids) & {part.block_id for part in list_parts(page, today=today)}
    sections: list[tuple[str, SafeString]] = []
    prices: list[Price] = []
    room = Room(MAX_PICTURES)
    if isinstance(page, SECTIONED):
        for block in page.body:
            if block.id in chosen:
                sections.append((block.value["heading"], _render(block.value["body"], room)))
    elif isinstance(page, ObjectionCardPage):
        for name in ("answer", "proof"):
            if name in chosen:
                sections.append(("", _render(getattr(page, name), room)))
    elif isinstance(page, PriceListPage):
        prices = [_describe_price(block.value, page) for block in page.rows if block.id in chosen]
    # The title of a card is what the customer said: no heading for a letter to them.
    title = "" if isinstance(page, ObjectionCardPage) else page.title
    return Leaflet(title, [section for section in sections if section[1]], prices)


def _may_be_sent(block: Any) -> bool:
    return bool(block.value.get("shareable"))


def _in_force(row: Any, today: date) -> bool:
    return bool(row["valid_from"] <= today and (row.get("valid_until") is None or row["valid_until"] >= today))


def _describe_price(row: Any, page: PriceListPage) -> Price:
    markets = dict(page.rows.stream_block.child_blocks["price"].child_blocks["market"].field.choices)
    until = row.get("valid_until")
    return Price(
        item=row["item"],
        unit=row["unit"],
        price=_write_price(row),
        market=str(markets.get(row.get("market"), "")) if row.get("market") else "",
        until=date_format(until) if until else "",
    )


def _write_price(row: Any) -> str:
    return format_money(to_minor(row["price"], row["currency"]), row["currency"])


@dataclass(slots=True)
class Room:
    """How many bytes of pictures may still come along."""

    left: int

    def take(self, size: int) -> bool:
        if size > self.left:
            return False
        self.left -= size
        return True


def _render(passages: Any, room: Room) -> SafeString:
    """Passages without those for partners only, as clean markup."""
    kept = [block for block in passages if not (block.block_type == "callout" and block.value["kind"] == "internal")]
    return clean_markup("".join(str(block.render()) for block in kept), fetch=_fetch_picture, room=room)


def clean_markup(markup: str, *, fetch: Callable[[str], tuple[str, bytes] | None], room: Room) -> SafeString:
    """Markup rebuilt from the allowed tags, with pictures as data and without links into the portal.

    Args:
        fetch: gives the type and the bytes of the picture at an address of ours; None where there is none.
    """
    soup = BeautifulSoup(markup, "html.parser")
    for unwanted in soup.select(".visually-hidden, .icon, svg, form, script, style, button"):
        unwanted.decompose()
    for link in soup.find_all("a"):
        address = str(link.get("href", ""))
        if not address.startswith(("https://", "http://")) or address.startswith(settings.BASE_URL):
            link.unwrap()
    _bring_pictures(soup, fetch, room)
    cleaned = nh3.clean(
        str(soup), tags=TAGS, attributes=ATTRIBUTES, url_schemes={"https", "http", "data"}, link_rel="noopener nofollow"
    )
    return mark_safe(cleaned.strip())  # rebuilt by nh3 from allowed tags alone


def inline_pictures(markup: str) -> str:
    """A page of ours whose pictures are in it: it needs nothing else to be looked at."""
    soup = BeautifulSoup(markup, "html.parser")
    _bring_pictures(soup, _fetch_picture, Room(MAX_PICTURES))
    return str(soup)


def _bring_pictures(soup: BeautifulSoup, fetch: Callable[[str], tuple[str, bytes] | None], room: Room) -> None:
    for picture in soup.find_all("img"):
        found = fetch(str(picture.get("src", "")))
        if found is None or not room.take(len(found[1])):
            picture.decompose()
            continue
        kind, content = found
        del picture["srcset"], picture["sizes"]
        picture["src"] = f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _fetch_picture(address: str) -> tuple[str, bytes] | None:
    """A picture of ours by the address that a template wrote; the smallest that a page shows, or a drawing."""
    if not address.startswith(settings.MEDIA_URL):
        return None
    name = unquote(address.removeprefix(settings.MEDIA_URL))
    asset = find_asset(name)
    if asset is None:
        return None
    file = asset.file if asset.file.name == name else asset.renditions.get(file=name).file
    with file.storage.open(name, "rb") as opened:
        return mimetypes.guess_type(name)[0] or "application/octet-stream", opened.read()
