"""A route's credits sum to zero: the database says so after every statement that writes them. And the countries of the
leads that came before, read as codes."""

from django.db import migrations

from portal.core.countries import read_country
from portal.leads.migrations._by_database import stop_watching, watch_the_sum


def read_countries(apps, schema_editor):
    leads = apps.get_model("leads", "Lead").objects.using(schema_editor.connection.alias)
    for name in set(leads.exclude(country="").order_by().values_list("country", flat=True)):
        if code := read_country(name):
            leads.filter(country=name).update(country_code=code)


class Migration(migrations.Migration):
    dependencies = [("leads", "0006_customers_disputes_and_slots")]

    operations = [
        migrations.RunPython(read_countries, migrations.RunPython.noop),
        migrations.RunPython(watch_the_sum, stop_watching),
    ]
