"""Sources, routes, leads, and a small market to distribute them in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import factory
from django.utils import timezone

from certification.models import Programme, Qualification
from portal.accounts.models import User
from portal.content.models import Product
from portal.leads.models import (
    Lead,
    LeadContact,
    LeadStatus,
    Offer,
    Route,
    RoutePolicy,
    RouteWeight,
    Source,
    SourceColumn,
    SourceProduct,
    SourceRegion,
)
from portal.leads.rows import Field
from portal.leads.services.policies import draft_policy
from portal.partners.models import Membership, Partner, Region
from tests.factories.certification import ExamFactory, ProgrammeFactory, qualify
from tests.factories.content import ProductFactory
from tests.factories.partners import (
    LONG_AGO,
    AgreementVersionFactory,
    MembershipFactory,
    PartnerFactory,
    RegionFactory,
    TierFactory,
)


class SourceFactory(factory.django.DjangoModelFactory):
    """A source: ``columns={"Id": Field.EXTERNAL_ID}``, ``products={"GTX": product}``, ``regions={"West": region}``."""

    class Meta:
        model = Source
        django_get_or_create = ("slug",)
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda number: f"source-{number}")
    name = factory.LazyAttribute(lambda source: {"en": f"Source {source.slug}", "ru": f"Источник {source.slug}"})

    @factory.post_generation
    def columns(self, create: bool, extracted: dict[str, Field] | None, **options: Any) -> None:
        for place, (name, meaning) in enumerate((extracted or {}).items()):
            SourceColumn.objects.create(source=self, name=name, field=meaning, sort_order=place)

    @factory.post_generation
    def products(self, create: bool, extracted: dict[str, Product] | None, **options: Any) -> None:
        for place, (name, product) in enumerate((extracted or {}).items()):
            SourceProduct.objects.create(source=self, name=name, product=product, sort_order=place)

    @factory.post_generation
    def regions(self, create: bool, extracted: dict[str, Region] | None, **options: Any) -> None:
        for place, (name, region) in enumerate((extracted or {}).items()):
            SourceRegion.objects.create(source=self, name=name, region=region, sort_order=place)


class RouteFactory(factory.django.DjangoModelFactory):
    """A route in force; ``products=[...]``, ``regions=[...]``, ``weights={tier: 3}``, ``published=False`` for a draft."""

    class Meta:
        model = Route
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda number: f"route-{number}")
    name = factory.LazyAttribute(lambda route: {"en": f"Route {route.slug}", "ru": f"Маршрут {route.slug}"})
    programme = factory.LazyFunction(lambda: ProgrammeFactory(exams=[ExamFactory(questions=0)]))

    @factory.post_generation
    def products(self, create: bool, extracted: list[Product] | None, **options: Any) -> None:
        self.products.set(extracted or [])
        self.save()

    @factory.post_generation
    def regions(self, create: bool, extracted: list[Region] | None, **options: Any) -> None:
        self.regions.set(extracted or [])
        self.save()

    @factory.post_generation
    def weights(self, create: bool, extracted: dict[Any, int] | None, **options: Any) -> None:
        for place, (tier, weight) in enumerate((extracted or {}).items()):
            RouteWeight.objects.create(route=self, tier=tier, weight=weight, sort_order=place)

    @factory.post_generation
    def published(self, create: bool, extracted: bool | None, **options: Any) -> None:
        if extracted is not False:
            put_in_force(self)


def put_in_force(route: Route) -> RoutePolicy:
    """What the route's draft says holds since ever, also for leads that are there already."""
    policy = draft_policy(Route.objects.get(pk=route.pk))
    row, _created = RoutePolicy.objects.update_or_create(
        route=route, number=1,
        defaults={"programme_id": policy.programme, "rules": policy.to_json()},
        create_defaults={
            "programme_id": policy.programme, "rules": policy.to_json(), "effective_from": LONG_AGO,
            "published_at": LONG_AGO, "told_at": LONG_AGO,
        },
    )  # fmt: skip
    return row


class LeadFactory(factory.django.DjangoModelFactory):
    """A new lead of a route, with a contact; ``contact=False`` for one without."""

    class Meta:
        model = Lead
        skip_postgeneration_save = True

    source = factory.SubFactory(SourceFactory, slug="web")
    external_id = factory.Sequence(lambda number: f"L-{number}")
    policy = factory.LazyAttribute(lambda lead: lead.route.policies.first() if getattr(lead, "route", None) else None)
    company = factory.Sequence(lambda number: f"Customer {number} Ltd")
    sector = "retail"
    country = "Norway"
    employees = 40
    received_at = factory.LazyFunction(timezone.now)
    stored_at = factory.SelfAttribute("received_at")

    @factory.post_generation
    def contact(self, create: bool, extracted: bool | None, **options: Any) -> None:
        if create and extracted is not False:
            LeadContact.objects.create(
                lead=self,
                name=f"Contact of {self.external_id}",
                email="buyer@customer.example",
                phone="+4721550102",
                message=f"We need help. Write to buyer@customer.example, says {self.company}.",
            )


class OfferFactory(factory.django.DjangoModelFactory):
    """An open offer; its lead is offered."""

    class Meta:
        model = Offer

    lead = factory.SubFactory(LeadFactory, status=LeadStatus.OFFERED)
    route = factory.SelfAttribute("lead.route")
    tick = factory.Sequence(lambda number: 1_000_000 + number)
    made_at = factory.LazyFunction(timezone.now)
    due_at = factory.LazyAttribute(lambda offer: offer.made_at + timedelta(hours=24))


@dataclass
class Market:
    """One product in one region, one route, and partners qualified for it, each with an owner who works leads."""

    now: datetime
    region: Region
    product: Product
    programme: Programme
    route: Route
    partners: list[Partner] = field(default_factory=list)
    members: list[Membership] = field(default_factory=list)

    def add_partner(self, *, qualified: bool = True, rank: int = 1, **options: Any) -> Partner:
        partner = PartnerFactory(tier=TierFactory(rank=rank), **options)
        partner.regions.add(self.region)
        partner.products.add(self.product)
        member = MembershipFactory(partner=partner, roles=["owner"])
        if qualified:
            qualify(member, self.programme, self.now)
        self.partners.append(partner)
        self.members.append(member)
        return partner

    def add_leads(self, count: int, **options: Any) -> list[Lead]:
        """New leads, each a minute younger than the one before."""
        given = {"route": self.route, "product": self.product, "region": self.region, **options}
        start = given.pop("received_at", self.now - timedelta(days=2))
        return [LeadFactory(received_at=start + timedelta(minutes=number), **given) for number in range(count)]

    def person(self, place: int = 0) -> User:
        return self.members[place].user


def make_market(now: datetime, *, partners: int = 3, **route: Any) -> Market:
    region, product = RegionFactory(), ProductFactory()
    programme = ProgrammeFactory(exams=[ExamFactory(questions=0)])
    market = Market(
        now=now,
        region=region,
        product=product,
        programme=programme,
        route=RouteFactory(programme=programme, products=[product], **route),
    )
    for _number in range(partners):
        market.add_partner()
    return market


def add_partners_in_bulk(market: Market, count: int) -> list[Partner]:
    """Many qualified partners at little cost: the rows that the gate reads, written as its services would."""
    AgreementVersionFactory()
    start = len(market.partners)
    for number in range(count):
        partner = PartnerFactory(name=f"Bulk {start + number}", tier=TierFactory(rank=1 + number % 4), agreed=True)
        partner.regions.add(market.region)
        partner.products.add(market.product)
        market.partners.append(partner)
    Qualification.objects.bulk_create(
        Qualification(
            partner=partner,
            programme=market.programme,
            standing_version=partner.standing_version,
            requirement_version=market.programme.requirement_version,
            assessed_at=LONG_AGO,
            opened_at=LONG_AGO,
            valid_until=market.now + timedelta(days=300),
        )
        for partner in market.partners[start:]
    )
    return market.partners[start:]
