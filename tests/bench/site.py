"""The small site that pages are measured on: a restricted library, and one member with a day's work before them."""

import uuid
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils import timezone
from wagtail.models import Page, PageViewRestriction

from portal.leads.models import LeadStatus
from portal.partners.models import Audience, Entitlement, Membership
from tests.bench.classroom import sign_in
from tests.factories.certification import ProgrammeFactory
from tests.factories.content import ImageFactory, ProductFactory
from tests.factories.leads import LeadFactory, OfferFactory, RouteFactory
from tests.factories.notifications import NotificationFactory
from tests.factories.training import Tree, figure, publish
from tests.world import World, build_people
from training.freshness import plan_review
from training.models import ProductDocPage, Reading, Upkeep

PARAGRAPH = (
    "<p>Before the first call, look at <b>what the customer has already tried</b>: the number of missed calls, who "
    "answers them, and {link}. Write the figure down; it is asked for again when the offer is made, and a figure in the "
    "customer's own words is worth three of ours.</p>"
)
WORDS = "what a missed call costs"


class Site:
    """A member who meets every condition of the audience, two open offers, three unread notices, and the pages."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.tree = Tree()
        self.world: World = build_people(self.now)
        self.member: Membership = self.world.memberships["seller"]
        self.member.user.save()
        self.image = ImageFactory()
        self.other = self.tree.add_doc("What a missed call costs", slug="missed-call")
        self.audience = self._restrict()
        self._busy()

    def _restrict(self) -> Audience:
        """An audience that names something of everything; and others, as a vendor has."""
        partner, world = self.member.partner, self.world
        for number in range(20):
            other = Audience.objects.create(name=f"Audience {number}")
            other.products.add(ProductFactory())
        audience = Audience.objects.create(name="Measured", entitlement="measured")
        audience.kinds.add(partner.kind)
        audience.tiers.add(partner.tier)
        audience.job_roles.add(world.roles["seller"])
        audience.products.add(world.product)
        Entitlement.objects.create(
            user=self.member.user, key="measured", evidence="bench", granted_at=self.now - timedelta(days=1)
        )
        return audience

    def _busy(self) -> None:
        for _number in range(3):
            NotificationFactory(user=self.member.user)
        route = RouteFactory(programme=ProgrammeFactory(), products=[self.world.product])
        details = {"route": route, "product": self.world.product, "region": self.world.region}
        for _number in range(2):
            lead = LeadFactory(status=LeadStatus.OFFERED, **details)
            OfferFactory(lead=lead, partner=self.member.partner, made_at=self.now)

    def add_doc(self, blocks: int) -> str:
        """A doc of that many blocks, ten to a section: the address of the English page, which has a translation."""
        passages = [self._passage(number) for number in range(blocks)]
        body = [
            {
                "type": "section",
                "id": str(uuid.uuid4()),
                "value": {
                    "heading": f"Part {first // 10 + 1}",
                    "anchor": f"part-{first // 10 + 1}",
                    "body": passages[first : first + 10],
                },
            }
            for first in range(0, blocks, 10)
        ]
        slug = f"measured-{blocks}"
        doc = self.tree.add_doc(f"Measured, {blocks}", slug=slug, sections=body, audience=self.audience)
        doc.products.add(self.world.product)
        doc.tags.add("calls", "figures")
        publish(doc)
        self.tree.add_doc("Измерено", language="ru", slug=slug, translation_of=doc, audience=self.audience)
        self._read(doc)
        return f"/en/library/{slug}/"

    def _read(self, doc: ProductDocPage) -> None:
        """It was found true, and the member has read it before."""
        plan = plan_review(self.now, days=90)
        Upkeep.objects.update_or_create(
            page=doc, defaults={"verified_at": self.now, "ask_from": plan.ask_from, "due_at": plan.due_at}
        )
        Reading.objects.create(
            user=self.member.user, material_key=doc.translation_key, page=doc, times=3,
            first_read_at=self.now - timedelta(days=30), last_read_at=self.now,
        )  # fmt: skip

    def _write(self, number: int) -> str:
        """A paragraph; the first of ten links to another page."""
        link = f'<a linktype="page" id="{self.other.pk}">{WORDS}</a>'
        return PARAGRAPH.format(link=WORDS if number % 10 else link)

    def _passage(self, number: int) -> dict[str, Any]:
        """Of ten: six paragraphs, one of them with a link, a callout, a table, a quotation and a picture."""
        text = self._write(number)
        special: dict[int, Any] = {
            3: {"type": "callout", "value": {"kind": "tip", "text": text}},
            5: {"type": "table", "value": {"data": [["Plan", "Seats"], ["Small", "5"], ["Large", "50"]],
                                           "table_header_choice": "row", "table_caption": "Plans"}},
            7: {"type": "quote", "value": {"text": "We never knew how many calls we missed.", "source": "A customer"}},
            9: figure(self.image),
        }  # fmt: skip
        return {"id": str(uuid.uuid4()), **special.get(number % 10, {"type": "text", "value": text})}

    def add_stock_page(self, blocks: int) -> str:
        """A page of a stock Wagtail site with that many blocks, behind a view restriction: its address."""
        kinds = {5: ("heading", "A heading"), 9: ("image", self.image.pk)}
        body = [
            {"id": str(uuid.uuid4()), "type": kind, "value": value}
            for kind, value in (kinds.get(number % 10, ("paragraph", self._write(number))) for number in range(blocks))
        ]
        parent = Page.objects.get(pk=self.tree.roots["en"].pk)
        page = publish(
            parent.add_child(
                instance=apps.get_model("stock.StockPage")(title="Stock", slug=f"stock-{blocks}", body=body)
            )
        )
        group = Group.objects.create(name=f"Readers of the stock page of {blocks}")
        self.member.user.groups.add(group)
        restriction = PageViewRestriction.objects.create(page=page, restriction_type=PageViewRestriction.GROUPS)
        restriction.groups.add(group)
        return f"/{page.slug}/"

    def sign_in(self, backend: str = settings.AUTHENTICATION_BACKENDS[0]) -> dict[str, str]:
        """The cookies of the seller, signed in by the portal's backend or another."""
        return sign_in(self.member.user, backend)
