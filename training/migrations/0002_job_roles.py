"""Job roles move from courses to every material. The rows are kept: first aside, then over, then the old table goes."""

import modelcluster.fields
from django.db import migrations


def carry_over(apps, schema_editor):
    old = apps.get_model("training", "CoursePage").courses_roles.through
    new = apps.get_model("training", "MaterialPage").job_roles.through
    new.objects.bulk_create(
        [new(materialpage_id=row.coursepage_id, jobrole_id=row.jobrole_id) for row in old.objects.all()]
    )


def carry_back(apps, schema_editor):
    course = apps.get_model("training", "CoursePage")
    old, new = course.courses_roles.through, apps.get_model("training", "MaterialPage").job_roles.through
    courses = set(course.objects.values_list("pk", flat=True))
    old.objects.bulk_create(
        [
            old(coursepage_id=row.materialpage_id, jobrole_id=row.jobrole_id)
            for row in new.objects.filter(materialpage_id__in=courses)
        ]
    )


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0001_initial"),
        ("training", "0001_initial"),
    ]

    operations = [
        migrations.RenameField("coursepage", "job_roles", "courses_roles"),
        migrations.AddField(
            "materialpage",
            "job_roles",
            modelcluster.fields.ParentalManyToManyField(
                blank=True,
                help_text=(
                    "Whom it helps: shown to readers, and lists are narrowed by it. Does not close it to others."
                ),
                related_name="materials",
                to="partners.jobrole",
                verbose_name="for these job roles",
            ),
        ),
        migrations.RunPython(carry_over, carry_back),
        migrations.RemoveField("coursepage", "courses_roles"),
    ]
