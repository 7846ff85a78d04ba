"""The rules that routes had, as their first policy: what came under them is distributed by it."""

from django.db import migrations
from django.db.models import Min
from django.utils import timezone


def publish(apps, schema_editor):
    get = lambda name: apps.get_model("leads", name)  # noqa: E731 -- the migration's own shorthand
    lead = get("Lead")
    first = lead.objects.aggregate(first=Min("stored_at"))["first"] or timezone.now()
    for route in get("Route").objects.all():
        policy = get("RoutePolicy").objects.create(
            route=route,
            number=1,
            programme_id=route.programme_id,
            effective_from=first,
            published_at=first,
            rules={
                "programme": route.programme_id,
                "products": sorted(route.products.values_list("pk", flat=True)),
                "regions": sorted(route.regions.values_list("pk", flat=True)),
                "weights": sorted([row.tier_id, row.weight] for row in route.weights.all()),
                "window_hours": route.window_hours,
                "open_cap": route.open_cap,
            },
        )
        lead.objects.filter(route=route).update(policy=policy)


class Migration(migrations.Migration):
    dependencies = [("leads", "0002_policies_of_routes")]

    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
