"""A route's credits sum to zero: the database says so after every statement that writes them. And the countries of the
leads that came before, read as codes."""

from django.db import migrations

from portal.core.countries import read_country

# After the statement, not after the row: a turn moves the credits of all who competed for it, in one statement.
POSTGRESQL = (
    """
    CREATE FUNCTION leads_credits_sum_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        route bigint;
    BEGIN
        SELECT route_id INTO route FROM leads_routecredit
            WHERE route_id IN (SELECT route_id FROM changed)
            GROUP BY route_id HAVING sum(credit) <> 0 LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'The credits of route % do not sum to zero', route
                USING ERRCODE = 'check_violation', CONSTRAINT = 'leads_routecredit_sum_to_zero';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER leads_routecredit_inserted AFTER INSERT ON leads_routecredit
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION leads_credits_sum_to_zero()
    """,
    """
    CREATE TRIGGER leads_routecredit_updated AFTER UPDATE ON leads_routecredit
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION leads_credits_sum_to_zero()
    """,
    """
    CREATE TRIGGER leads_routecredit_deleted AFTER DELETE ON leads_routecredit
        REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION leads_credits_sum_to_zero()
    """,
)
BACK = (
    "DROP TRIGGER leads_routecredit_inserted ON leads_routecredit",
    "DROP TRIGGER leads_routecredit_updated ON leads_routecredit",
    "DROP TRIGGER leads_routecredit_deleted ON leads_routecredit",
    "DROP FUNCTION leads_credits_sum_to_zero()",
)


def watch_the_sum(apps, schema_editor):
    # SQLite has triggers of rows only, in the middle of a statement. There the services keep the sum, as tests show.
    if schema_editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL:
            schema_editor.execute(statement, params=None)


def stop_watching(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in BACK:
            schema_editor.execute(statement, params=None)


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
