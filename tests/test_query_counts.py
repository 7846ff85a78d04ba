"""Every list, of the portal and of the administration, costs as many queries for many rows as for few."""

import copy
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from certification.models import (
    Attempt,
    BrokenReport,
    Halt,
    MarkingTask,
    Outage,
    QuestionCheck,
    TimeGiven,
    Topic,
)
from portal.accounts.models import User
from portal.leads.models import Absence, LeadStatus
from portal.partners.models import AgreementVersion, Audience, JobRole, Membership, Partner, PartnerKind, Region, Tier
from tests.factories.certification import (
    AccommodationFactory,
    CredentialFactory,
    ExamFactory,
    ProgrammeFactory,
    QuestionVersionFactory,
    TopicFactory,
    qualify,
)
from tests.factories.content import ProductFactory
from tests.factories.leads import LeadFactory, OfferFactory, RouteFactory, SourceFactory
from tests.factories.notifications import NotificationFactory
from tests.factories.training import Tree
from tests.world import World, build_people
from training.models import Change, Industry, LearningPath, Market, Remark
from training.services.ratings import rate_card

pytestmark = pytest.mark.django_db

OURS = ("portal.", "training", "certification")

#: Lists of the portal, with who looks.
LISTS = {
    "home:dashboard": "owner",
    "leads:offers": "owner",
    "leads:turns": "owner",
    "leads:missed": "owner",
    "leads:away": "owner",
    "leads:week": "owner",
    "certification:exams": "owner",
    "certification:credentials": "owner",
    "notifications:inbox": "owner",
    "partners:team": "owner",
    "training:remarks": "owner",
    "training:cases": "owner",
    "training:team": "owner",
    "partners:organisation": "owner",
}
PAGES = ("library/", "courses/", "library/objections/", "courses/first-steps/")


def admin_lists() -> list[str]:
    """The listing of every model of ours in the administration, read from the resolver."""
    found = []

    def walk(patterns: list, namespaces: list[str]) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, [*namespaces, pattern.namespace] if pattern.namespace else namespaces)
            elif isinstance(pattern, URLPattern) and pattern.name == "index" and namespaces:
                model = getattr(pattern.callback, "view_initkwargs", {}).get("model")
                if model is not None and model.__module__.startswith(OURS):
                    found.append(":".join([*namespaces, pattern.name]))

    walk(get_resolver().url_patterns, [])
    return found


def add_rows(world: World, tree: Tree, number: int) -> None:
    """One more of everything that a list shows."""
    now, owner = world.now, world.memberships["owner"]
    tier = Tier.objects.create(slug=f"tier-{number}", name={"en": f"Tier {number}"}, rank=100 + number)
    kind = PartnerKind.objects.create(slug=f"kind-{number}", name={"en": f"Kind {number}"})
    region = Region.objects.create(slug=f"region-{number}", name={"en": f"Region {number}"})
    role = JobRole.objects.create(slug=f"role-{number}", name={"en": f"Role {number}"}, order=50)
    Audience.objects.create(name=f"Audience {number}").tiers.add(tier)
    AgreementVersion.objects.create(
        number=100 + number,
        title={"en": "Later"},
        body={"en": "Later."},
        effective_from=now + timedelta(days=99 + number),
    )
    product = ProductFactory()
    partner = Partner.objects.create(name=f"Partner {number}", kind=kind, tier=tier, country="FR", registered_at=now)
    partner.regions.add(region)
    partner.products.add(product)
    user = User.objects.create_user(f"many-{number}@partner.example", first_name="Many", last_name=f"Person {number}")
    for organisation in (partner, world.partner):
        member = Membership.objects.create(partner=organisation, user=user, started_at=now - timedelta(days=9))
        member.held_roles.create(role=role, started_at=member.started_at)
    topic = TopicFactory(parent=Topic.objects.order_by("pk").last())
    exam = ExamFactory(questions=1)
    version = QuestionVersionFactory(question__topic=topic, question__product=product, created_by=user)
    version.question.tags.add(f"tag-{number}")
    AccommodationFactory(user=user, exam=exam, extra_attempts=1, granted_by=user)
    halt = Halt.objects.create(exam=exam, reason={"en": "Wait"}, halted_at=now, halted_by=user)
    outage = Outage.objects.create(
        since=now - timedelta(hours=number + 1), until=now - timedelta(hours=number), noticed_at=now
    )
    programme = ProgrammeFactory(exams=[exam])
    qualify(member, programme, now)
    CredentialFactory(membership=owner, exam=exam, issued_at=now)
    attempt = Attempt.objects.create(
        user=user, membership=member, exam=exam, seed=1, paper={}, started_at=now, deadline_at=now + timedelta(hours=1),
        due_at=now + timedelta(hours=1), limit_seconds=3600, state="awaiting_marking", submitted_at=now,
        marked_by_at=now + timedelta(days=2),
    )  # fmt: skip
    MarkingTask.objects.create(
        attempt=attempt,
        position=1,
        version=version,
        due_at=now,
        claimed_by=user,
        claimed_until=now + timedelta(hours=1),
    )
    BrokenReport.objects.create(attempt=attempt, position=1, version=version, text="Broken", reported_at=now)
    TimeGiven.objects.create(attempt=attempt, why="halt", since=now, until=now, seconds=5, halt=halt, given_at=now)
    TimeGiven.objects.create(
        attempt=attempt, why="outage", since=now, until=now, seconds=5, outage=outage, given_at=now
    )
    route = RouteFactory(programme=world.programme, products=[product], slug=f"many-{number}")
    details = {"route": route, "product": product, "region": region, "source": SourceFactory()}
    OfferFactory(lead=LeadFactory(status=LeadStatus.OFFERED, **details), partner=world.partner, made_at=now)
    LeadFactory(status=LeadStatus.HELD, held_reason="at_capacity", held_at=now, **details)
    LeadFactory(status=LeadStatus.ACCEPTED, partner=world.partner, accepted_at=now, assignee=member, **details)
    Absence.objects.create(membership=member, starts_at=now, deputy=owner, said_at=now, said_by=owner.user)
    NotificationFactory(user=world.people["owner"])
    Market.objects.create(slug=f"market-{number}", name={"en": f"Market {number}"})
    doc = tree.add_doc(f"Doc {number}", slug=f"doc-{number}", owner=user)
    Remark.objects.create(page=doc, kind="wrong", user=owner.user, membership=owner, made_at=now)
    change = Change.objects.create(
        page=doc, material_key=doc.translation_key, is_material=True, line="Shorter", by=user, published_at=now
    )
    change.addressees.create(user=user, membership=member)
    version.cited.create(material_key=doc.translation_key, block_id="")
    QuestionCheck.objects.create(version=version, change=change, line=change.line, raised_at=now)
    card = tree.add_card(world.guide, f"Objection {number}", slug=f"objection-{number}")
    rate_card(card, membership=owner, worked=False, words=f"Words {number}", now=now)
    tree.add_case(f"Case {number}", industry=Industry.objects.create(slug=f"industry-{number}", name={"en": "One"}))
    tree.add_lesson(world.course, f"Lesson {number}", slug=f"more-{number}")
    another = tree.add_course(f"Course {number}", slug=f"course-{number}", lessons=1)
    LearningPath.objects.create(
        job_role=role, title={"en": f"Path {number}"}, course_keys=[str(another.translation_key)]
    )


def measure(client, address: str) -> int:
    assert client.get(address).status_code == 200, address  # warm
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


@pytest.fixture
def world() -> World:
    world = build_people(timezone.now())
    world.things["programme"] = ProgrammeFactory(exams=[ExamFactory(), ExamFactory()])
    qualify(world.memberships["owner"], world.programme, world.now)
    return world


@pytest.fixture
def tree(world) -> Tree:
    tree = Tree()
    world.things["guide"] = tree.add_guide("Objections", slug="objections")
    world.things["course"] = tree.add_course("First steps", slug="first-steps", lessons=0)
    return tree


def measure_all(client, addresses: dict[str, User]) -> dict[str, int]:
    counts = {}
    for address, person in addresses.items():
        client.force_login(person)
        counts[address] = measure(client, address)
    return counts


def test_every_list_costs_the_same_for_three_rows_and_for_fifteen(client, world, tree):
    root = User.objects.create_superuser("root@vendor.example", "pass-word-42")
    owner = world.people["owner"]
    addresses = {reverse(name): world.people[persona] for name, persona in LISTS.items()}
    addresses |= {f"/en/{page}": owner for page in PAGES}
    addresses |= {reverse(name): root for name in [*admin_lists(), "upkeep:board", "coverage:index", "marking:index"]}
    assert len(addresses) >= 28
    for number in range(3):
        add_rows(world, tree, number)
    few = measure_all(client, copy.copy(addresses))
    for number in range(3, 15):
        add_rows(world, tree, number)
    many = measure_all(client, addresses)
    assert {address: (few[address], many[address]) for address in addresses if many[address] != few[address]} == {}
