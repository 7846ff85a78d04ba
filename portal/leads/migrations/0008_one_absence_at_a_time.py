"""Of one person no two absences overlap."""

from django.db import migrations

from portal.leads.migrations._by_database import keep_absences_apart, let_absences_overlap


class Migration(migrations.Migration):
    dependencies = [("leads", "0007_credits_sum_to_zero")]

    operations = [migrations.RunPython(keep_absences_apart, let_absences_overlap)]
