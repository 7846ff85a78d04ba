"""Each condition of an audience, on each type of material, at each door: those inside pass, those outside do not."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.content.models import Product
from portal.core.localised import LocalisedText
from portal.partners.models import Audience, Entitlement, Membership
from tests.factories.content import CaptionsFactory, DocumentFactory, ImageFactory, VideoFactory
from tests.factories.training import Tree, figure, publish, section
from training.models import MaterialPage

pytestmark = pytest.mark.django_db

#: Stands in the title of each material: what is listed, suggested or found is told by it.
WORD = "Quartzlight"


@dataclass
class Condition:
    """One condition: the audience that asks it, and a member on each side of it."""

    audience: Audience
    inside: Membership
    outside: Membership


def by_job_role(rows, add_member):
    return "job_roles", [rows.owner], add_member(role=rows.owner), add_member(role=rows.seller)


def by_tier(rows, add_member):
    return "tiers", [rows.gold], add_member(tier=rows.gold), add_member(tier=rows.silver)


def by_kind(rows, add_member):
    return "kinds", [rows.integrator], add_member(kind=rows.integrator), add_member(kind=rows.reseller)


def by_product(rows, add_member):
    product = Product.objects.create(slug="voice", name=LocalisedText(en="Voice"))
    inside = add_member()
    inside.partner.products.add(product)
    return "products", [product], inside, add_member()


def by_entitlement(rows, add_member):
    inside, former = add_member(), add_member()
    for membership, withdrawn in ((inside, None), (former, timezone.now())):
        Entitlement.objects.create(
            user=membership.user, membership=membership, key="sales-pro",
            granted_at=timezone.now() - timedelta(hours=1), withdrawn_at=withdrawn,
        )  # fmt: skip
    return "entitlement", "sales-pro", inside, former


def by_language(rows, add_member):
    return "language", "en", add_member(language="en"), add_member(language="ru")


@pytest.fixture(
    params=[by_job_role, by_tier, by_kind, by_product, by_entitlement, by_language], ids=lambda rule: rule.__name__
)
def condition(request, rows, add_member) -> Condition:
    name, value, inside, outside = request.param(rows, add_member)
    texts = {"entitlement": "", "language": ""} | ({name: value} if isinstance(value, str) else {})
    audience = Audience.objects.create(name="The matrix", **texts)
    if not isinstance(value, str):
        getattr(audience, name).set(value)
    return Condition(audience, inside, outside)


@dataclass
class Shelf:
    """A material of each type, and the files that they use."""

    pages: dict[str, MaterialPage]
    files: dict[str, Any] = field(default_factory=dict)


def fill_shelf(tree: Tree, audience: Audience) -> Shelf:
    """Each type closed by the audience; a card in an open guide, and a card and a lesson closed by what they stand in."""
    picture, paper = ImageFactory(), DocumentFactory()
    film, captions = VideoFactory(), CaptionsFactory()
    linked = f'See <a linktype="document" id="{paper.pk}">the paper</a>.'
    guide = tree.add_guide(f"{WORD} guide", audience=audience)
    course = tree.add_course(f"{WORD} course", lessons=0, audience=audience)
    pages = {
        "doc": tree.add_doc(
            f"{WORD} doc", sections=[section("first", "First", linked, figure(picture))], audience=audience
        ),
        "script": tree.add_script(f"{WORD} script", audience=audience),
        "guide": guide,
        "card in its guide": tree.add_card(guide, f"{WORD} card in its guide"),
        "card": tree.add_card(tree.add_guide("Open to all"), f"{WORD} card", audience=audience),
        "standard": tree.add_standard(f"{WORD} standard", audience=audience),
        "prices": tree.add_prices(f"{WORD} prices", audience=audience),
        "case": tree.add_case(f"{WORD} case", audience=audience),
        "video": tree.add_video(f"{WORD} video", file=film, captions=captions, audience=audience),
        "video elsewhere": tree.add_video(f"{WORD} video elsewhere", slug="elsewhere", audience=audience),
        "course": course,
        "lesson": tree.add_lesson(course, f"{WORD} lesson"),
    }
    return Shelf(
        {kind: publish(page) for kind, page in pages.items()},
        {"picture": picture, "document": paper, "film": film, "captions": captions},
    )


@pytest.fixture
def shelf(tree, condition) -> Shelf:
    return fill_shelf(tree, condition.audience)


def ask_pages(browser, shelf: Shelf) -> dict[str, int]:
    return {f"the page of a {kind}": browser.get(page.url).status_code for kind, page in shelf.pages.items()}


def ask_files(browser, shelf: Shelf) -> dict[str, int]:
    answered = {}
    for kind, asset in shelf.files.items():
        answer = browser.get(reverse("content:file", args=[asset.file.name]))
        answered[f"the file of a {kind}"] = answer.status_code
        if answer.streaming:
            list(answer.streaming_content)
    return answered


#: What is done with a material under an address of its own: the type it is done with, method, and what is sent.
DOORS = [
    ("share", "doc", "get", {}),
    ("remark", "doc", "get", {}),
    ("remark", "doc", "post", {"block": "first-1", "kind": "wrong", "words": "It is not so."}),
    ("changes", "doc", "get", {}),
    ("pin", "script", "post", {}),
    ("saved", "card", "get", {}),
    ("saved", "prices", "get", {}),
    ("rate", "card in its guide", "post", {"worked": "yes"}),
    ("player", "video elsewhere", "get", {}),
    ("place", "video", "post", {"seconds": "5"}),
    ("complete", "lesson", "post", {}),
]


def ask_doors(browser, shelf: Shelf) -> dict[str, int]:
    return {
        f"{method} {name} of a {kind}": getattr(browser, method)(
            reverse(f"training:{name}", args=[shelf.pages[kind].translation_key]), sent
        ).status_code
        for name, kind, method, sent in DOORS
    }


def test_who_is_outside_is_refused_at_every_door_and_who_is_inside_at_none(shelf, condition, signed_in):
    for ask in (ask_pages, ask_files, ask_doors):
        # Inside first: what was kept for one reader is not shown to the next.
        inside = ask(signed_in(condition.inside), shelf)
        assert {door: status for door, status in inside.items() if status not in {200, 204, 302}} == {}
        assert ask(signed_in(condition.outside), shelf) == dict.fromkeys(inside, 403)

    lists = ["/en/library/", "/en/courses/", reverse("training:cases")]
    finds = [reverse("training:search") + f"?q={WORD}", reverse("training:suggest") + f"?q={WORD[:6]}"]
    # The word that was typed stands in the answer, a title does not.
    shown = {
        name: {address: f"{WORD} " in signed_in(reader).get(address).content.decode() for address in (*lists, *finds)}
        for name, reader in (("inside", condition.inside), ("outside", condition.outside))
    }
    assert shown == {"inside": dict.fromkeys((*lists, *finds), True), "outside": dict.fromkeys((*lists, *finds), False)}


@pytest.mark.parametrize("condition", [by_tier], indirect=True)
def test_search_finds_each_type_for_those_inside(shelf, condition, signed_in):
    found = signed_in(condition.inside).get(reverse("training:search") + f"?q={WORD}").content.decode()
    missed = {kind for kind in shelf.pages if f"{WORD} {kind}" not in found}
    assert missed <= {"guide", "course"}, "what stands between a reader and an answer is not itself an answer"


@pytest.mark.parametrize("condition", [by_job_role], indirect=True)
def test_what_was_pinned_leaves_the_phone_with_the_right(shelf, condition, signed_in):
    browser = signed_in(condition.inside)
    for kind in ("script", "card", "prices"):
        browser.post(reverse("training:pin", args=[shelf.pages[kind].translation_key]))
    assert len(browser.get(reverse("offline:manifest")).json()["pins"]) == 3
    condition.audience.entitlement = "of-nobody"
    condition.audience.save()
    assert browser.get(reverse("offline:manifest")).json()["pins"] == []
