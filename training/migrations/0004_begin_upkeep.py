"""Every material that is live begins to be kept true, counted from when it was last published."""

from django.db import migrations
from django.utils import timezone

from training.freshness import next_reminder, plan_review

BATCH = 500


def begin_upkeep(apps, _schema_editor):
    pages = apps.get_model("training", "MaterialPage").objects.filter(live=True, upkeep__isnull=True)
    upkeep, change = apps.get_model("training", "Upkeep"), apps.get_model("training", "Change")
    now = timezone.now()
    begun, first = [], []
    for page in pages.order_by("pk").iterator(chunk_size=BATCH):
        published_at = page.last_published_at or page.first_published_at or now
        schedule = plan_review(published_at, days=page.review_interval_days)
        begun.append(
            upkeep(
                page=page,
                verified_at=published_at,
                ask_from=schedule.ask_from,
                due_at=schedule.due_at,
                # What has long been overdue stands on the board; its owner is reminded once.
                remind_at=next_reminder(published_at, schedule.due_at, after=now) or now,
            )
        )
        first.append(
            change(
                page=page,
                material_key=page.translation_key,
                revision_id=page.live_revision_id,
                is_first=True,
                published_at=published_at,
            )
        )
    upkeep.objects.bulk_create(begun, batch_size=BATCH)
    change.objects.bulk_create(first, batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("training", "0003_library")]

    operations = [migrations.RunPython(begin_upkeep, migrations.RunPython.noop, elidable=True)]
