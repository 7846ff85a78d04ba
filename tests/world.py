"""A small world with one person of every kind, and one thing of every sort that an address can name."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group

from certification.services.attempts import start_attempt
from portal.accounts.models import User
from portal.content.models import Product
from portal.home.services.roles import CHANNEL_MANAGERS, EDITORS, EXAMINERS, set_up_roles
from portal.leads.models import Absence, CustomerLetter, Dispute, LeadStatus, OfferState, Telling
from portal.partners.models import JobRole, Membership, MembershipRole, Partner, PartnerKind, Region, Tier
from portal.partners.services.memberships import invite_member, make_token
from tests.factories.certification import ExamFactory, ProgrammeFactory, qualify
from tests.factories.content import ImageFactory
from tests.factories.leads import LeadFactory, OfferFactory, RouteFactory
from tests.factories.notifications import NotificationFactory
from tests.factories.training import Tree, check, figure, section
from tests.training.attendees import add_session
from tests.training.attendees import seat as hold_seat
from tests.training.webinars import add_series, open_session
from training.services.calendars import give_feed
from training.services.progress import complete_lesson
from training.services.registrations import register
from training.services.sharing import share_material

#: The kinds of person that the matrix asks as. ``stranger`` owns another partner, ``lone`` is a member of none.
PERSONAS = (
    "anonymous", "seller", "owner", "head", "engineer", "stranger", "lone", "editor", "examiner", "channel_manager",
)  # fmt: skip

ROLES = {
    "owner": {"manages_members": True, "works_leads": True, "leads_team": True},
    "head": {"works_leads": True, "leads_team": True},
    "seller": {"works_leads": True},
    "engineer": {},
}


@dataclass
class World:
    """People by kind, and things by name."""

    now: datetime
    people: dict[str, User | None] = field(default_factory=dict)
    memberships: dict[str, Membership] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["things"][name]
        except KeyError:
            raise AttributeError(name) from None


def build_world(now: datetime) -> World:
    """Everyone, and one thing of every sort."""
    world = build_people(now)
    _add_things(world)
    return world


def build_people(now: datetime) -> World:
    """People, two partners, and the vendor's staff."""
    world = World(now)
    kind = PartnerKind.objects.create(slug="integrator", name={"en": "Integrator", "ru": "Интегратор"})
    tier = Tier.objects.create(slug="silver", name={"en": "Silver", "ru": "Серебряный"}, rank=1)
    product = Product.objects.create(slug="crm", name={"en": "CRM", "ru": "CRM"})
    region = Region.objects.create(slug="west", name={"en": "West", "ru": "Запад"})
    roles = {
        slug: JobRole.objects.create(slug=slug, name={"en": slug.title(), "ru": slug}, order=number, **flags)
        for number, (slug, flags) in enumerate(ROLES.items())
    }
    partners = {}
    for name in ("Ours", "Theirs"):
        partner = Partner.objects.create(name=name, kind=kind, tier=tier, country="DE", registered_at=now)
        partner.products.add(product)
        partner.regions.add(region)
        partners[name] = partner
    world.people["anonymous"] = None
    for persona, role in (
        ("seller", "seller"),
        ("owner", "owner"),
        ("head", "head"),
        ("engineer", "engineer"),
        ("stranger", "owner"),
    ):
        user = User.objects.create_user(
            f"{persona}@partner.example", "pass-word-42", first_name=persona.title(), last_name="Person"
        )
        partner = partners["Theirs" if persona == "stranger" else "Ours"]
        membership = Membership.objects.create(partner=partner, user=user, started_at=now - timedelta(days=90))
        MembershipRole.objects.create(membership=membership, role=roles[role], started_at=membership.started_at)
        world.people[persona], world.memberships[persona] = user, membership
    world.people["lone"] = User.objects.create_user("lone@nowhere.example", "pass-word-42", first_name="Lone")
    set_up_roles()
    for persona, group in (("editor", EDITORS), ("examiner", EXAMINERS), ("channel_manager", CHANNEL_MANAGERS)):
        user = User.objects.create_user(f"{persona}@vendor.example", "pass-word-42", first_name=persona.title())
        user.groups.add(Group.objects.get(name=group))
        world.people[persona] = user
    world.things.update(
        partner=partners["Ours"], other=partners["Theirs"], product=product, region=region, tier=tier, roles=roles
    )
    return world


def _add_things(world: World) -> None:
    """One thing of every sort: all of them the seller's or the seller's partner's."""
    product, region, roles = world.product, world.region, world.roles
    now, seller = world.now, world.memberships["seller"]
    programme = ProgrammeFactory(exams=[ExamFactory(), ExamFactory()])
    qualify(world.memberships["owner"], programme, now)
    exams = [row.exam for row in programme.programme_exams.order_by("sort_order")]
    attempt = start_attempt(seller, exam=exams[0], seed=1, now=now)
    credential = world.people["owner"].credentials.first()
    route = RouteFactory(programme=programme, products=[product])
    details = {"route": route, "product": product, "region": region}
    offer = OfferFactory(lead=LeadFactory(status=LeadStatus.OFFERED, **details), partner=seller.partner, made_at=now)
    absence = Absence.objects.create(
        membership=world.memberships["head"], starts_at=now, said_at=now, said_by=world.people["head"]
    )
    telling = Telling.objects.create(offer=offer, membership=seller, told_at=now)
    taken = LeadFactory(status=LeadStatus.ACCEPTED, partner=seller.partner, accepted_at=now, **details)
    accepted = OfferFactory(
        lead=taken, partner=seller.partner, made_at=now, state=OfferState.ACCEPTED, closed_at=now,
        closed_by=world.people["seller"],
    )  # fmt: skip
    world.things["letter"] = CustomerLetter.objects.create(
        lead=taken, offer=accepted, kind="asked", due_at=now, state="sent", sent_at=now
    )
    expired = OfferFactory(
        lead=LeadFactory(status=LeadStatus.NEW, **details), partner=seller.partner, state=OfferState.EXPIRED,
        made_at=now - timedelta(days=2), closed_at=now - timedelta(days=1),
    )  # fmt: skip
    contested = OfferFactory(
        lead=LeadFactory(status=LeadStatus.NEW, **details), partner=seller.partner, state=OfferState.EXPIRED,
        made_at=now - timedelta(days=2), closed_at=now - timedelta(days=1),
    )  # fmt: skip
    world.things["expired"] = expired
    world.things["dispute"] = Dispute.objects.create(
        partner=seller.partner, kind="offer", subject=f"offer:{contested.pk}", offer=contested, opened_at=now,
        opened_by=seller, due_at=now + timedelta(days=7),
    )  # fmt: skip
    invitation = invite_member(
        seller.partner, email="new@partner.example", roles=[roles["seller"]], by=world.people["owner"], now=now
    )
    tree = Tree()
    image = ImageFactory()
    sections = [section("first", "First things", "How a call goes.", figure(image))]
    sections[0]["value"]["shareable"] = True
    doc = tree.add_doc("Calls", slug="calls", sections=sections)
    seller = world.memberships["seller"]
    share = share_material(doc, membership=seller, blocks=[sections[0]["id"]], days=7, by=seller.user, now=world.now)
    lesson = tree.add_lesson(tree.add_course("First steps", slug="first-steps", lessons=0), "Listen", slug="listen")
    taken_course = tree.add_course("Taken", slug="taken", lessons=0)
    taken_lesson = tree.add_lesson(taken_course, "Ask", slug="ask", checks=[check("Who speaks first?")])
    complete_lesson(seller, lesson=taken_lesson, by=seller.user, now=world.now)
    world.things.update(taken_course=taken_course, taken_lesson=taken_lesson)
    guide = tree.add_guide("Objections", slug="objections")
    card = tree.add_card(guide, "Too expensive", slug="too-expensive")
    tree.add_prices("Prices", slug="prices")
    video = tree.add_video("A day with it", slug="a-day")
    world.things["video"] = video
    series = add_series(tree, "Tuesdays", slug="tuesdays")
    session = open_session(
        series, by=world.people["editor"], now=now, ahead=timedelta(minutes=5), meeting_url="https://meet.example/1"
    )
    seat = register(session, membership=seller, by=seller.user, now=now)
    world.things.update(series=series, session=session, seat=seat)
    past = add_session(series, now - timedelta(days=2))
    hold_seat(past, seller, now=now - timedelta(days=3))
    world.things.update(past_session=past, feed=give_feed(seller.user, now=now))
    world.things.update(
        exam=exams[1], attempt=attempt, credential=credential, offer=offer, lead=taken, invitation=invitation,
        doc=doc, card=card, share=share, token=make_token(invitation), lesson=lesson, image=image,
        notice=NotificationFactory(user=world.people["seller"]),
        colleague=world.memberships["engineer"], absence=absence,
        telling=telling,
    )  # fmt: skip
