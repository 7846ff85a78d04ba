"""What PostgreSQL holds beyond what Django can say: that credits sum to zero, and that absences do not overlap."""

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


# Two ranges overlap: of the member's number, where they are the same member, and of time. Ranges alone need no extension.
ONE_AT_A_TIME = """
ALTER TABLE leads_absence ADD CONSTRAINT leads_absence_one_at_a_time EXCLUDE USING gist (
    int8range(membership_id, membership_id, '[]') WITH &&, tstzrange(starts_at, ends_at) WITH &&
)
"""
MANY_AT_A_TIME = "ALTER TABLE leads_absence DROP CONSTRAINT leads_absence_one_at_a_time"


def keep_absences_apart(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ONE_AT_A_TIME)


def let_absences_overlap(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(MANY_AT_A_TIME)
