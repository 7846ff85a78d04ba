"""Sources, routes and the first leads. Leads come in by the same import as everywhere."""

from datetime import datetime

from certification.models import Programme
from portal.content.models import Product
from portal.core.localised import LocalisedText
from portal.home.services.demo.files import FOLDER, read_toml
from portal.leads.models import (
    Route,
    RouteWeight,
    Source,
    SourceColumn,
    SourceProduct,
    SourceRegion,
)
from portal.leads.rows import Field
from portal.leads.services.imports import import_leads
from portal.leads.services.policies import publish_policy
from portal.partners.models import Region, Tier


def load_routes(*, now: datetime) -> None:
    """Sources with their columns and names, and routes with their weights."""
    products = {product.slug: product for product in Product.objects.all()}
    regions = {region.slug: region for region in Region.objects.all()}
    tiers = {tier.slug: tier for tier in Tier.objects.all()}
    known = set(Field)
    for row in read_toml("routes.toml")["sources"]:
        source = Source.objects.create(slug=row["slug"], name=LocalisedText(row["name"]))
        columns = {name: field for name, field in row["columns"].items() if field in known}
        columns.update({name: Field.EVIDENCE for name in row["evidence"] if name not in columns})
        for number, (name, field) in enumerate(columns.items()):
            SourceColumn.objects.create(source=source, name=name, field=field, sort_order=number)
        for number, (name, slug) in enumerate(row["values"]["product"].items()):
            SourceProduct.objects.create(source=source, name=name, product=products[slug], sort_order=number)
        for number, (name, slug) in enumerate(row["values"]["region"].items()):
            SourceRegion.objects.create(source=source, name=name, region=regions[slug], sort_order=number)
    for number, row in enumerate(read_toml("routes.toml")["routes"]):
        route = Route.objects.create(
            slug=row["slug"],
            name=LocalisedText(row["name"]),
            order=number,
            programme=Programme.objects.get(slug=row["programme"]),
            window_hours=row["window_hours"],
            open_cap=row["open_cap"],
            first_contact_hours=row["first_contact_hours"],
            tells_customer=row["tells_customer"],
            asks_after_days=row["asks_after_days"],
            return_after_days=row["return_after_days"],
            slots=row.get("slots", 1),
            least_score=row.get("least_score", 0),
            lowest_tier=tiers[row["lowest_tier"]] if "lowest_tier" in row else None,
            fallback_hours=row.get("fallback_hours", 24),
            performance=row.get("performance", 0),
        )
        route.products.set([products[slug] for slug in row["products"]])
        route.regions.set([regions[slug] for slug in row["regions"]])
        route.save()
        for place, (slug, weight) in enumerate(row["weights"].items()):
            RouteWeight.objects.create(route=route, tier=tiers[slug], weight=weight, sort_order=place)
    for row in reversed(read_toml("routes.toml")["routes"]):
        route = Route.objects.get(slug=row["slug"])
        route.fallback = Route.objects.get(slug=row["fallback"]) if "fallback" in row else None
        route.save()
        publish_policy(route, by=None, now=now)


def load_leads(*, now: datetime) -> None:
    """The leads of every source that brings a file; their distribution follows from the fact that they were received."""
    for row in read_toml("routes.toml")["sources"]:
        if "file" in row:
            source = Source.objects.get(slug=row["slug"])
            content = (FOLDER / row["file"]).read_bytes()
            import_leads(content, source=source, dry_run=False, by=None, now=now)
