from django.db import migrations

# Two ranges overlap: of the member's number, where they are the same member, and of time. Ranges alone need no extension.
ADD = """
ALTER TABLE leads_absence ADD CONSTRAINT leads_absence_one_at_a_time EXCLUDE USING gist (
    int8range(membership_id, membership_id, '[]') WITH &&, tstzrange(starts_at, ends_at) WITH &&
)
"""
DROP = "ALTER TABLE leads_absence DROP CONSTRAINT leads_absence_one_at_a_time"


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ADD)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)


class Migration(migrations.Migration):
    dependencies = [("leads", "0007_credits_sum_to_zero")]

    operations = [migrations.RunPython(add, drop)]
