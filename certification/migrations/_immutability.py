"""What the database itself refuses: changing what a candidate was asked, and changing what a candidate answered.

A guard in ``save()`` would not see ``QuerySet.update``, a script or a colleague with psql. On SQLite a later migration
that rebuilds one of these tables drops its triggers: it must call ``install_triggers`` again.
"""

from typing import Any

from django.db import migrations

POSTGRESQL = [
    """
    CREATE OR REPLACE FUNCTION certification_refuse_change() RETURNS trigger AS $$
    BEGIN
        RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = TG_ARGV[0];
    END
    $$ LANGUAGE plpgsql
    """,
    """
    CREATE TRIGGER certification_version_immutable BEFORE UPDATE ON certification_questionversion
    FOR EACH ROW WHEN (
        OLD.first_asked_at IS NOT NULL AND (
            OLD.content IS DISTINCT FROM NEW.content OR OLD.citations IS DISTINCT FROM NEW.citations
            OR OLD.number IS DISTINCT FROM NEW.number OR OLD.question_id IS DISTINCT FROM NEW.question_id
            OR NEW.first_asked_at IS NULL
        )
    ) EXECUTE FUNCTION certification_refuse_change('a question version that was asked cannot change')
    """,
    """
    CREATE TRIGGER certification_version_kept BEFORE DELETE ON certification_questionversion
    FOR EACH ROW WHEN (OLD.first_asked_at IS NOT NULL)
    EXECUTE FUNCTION certification_refuse_change('a question version that was asked cannot be deleted')
    """,
    """
    CREATE TRIGGER certification_answerstep_append_only BEFORE UPDATE ON certification_answerstep
    FOR EACH ROW EXECUTE FUNCTION certification_refuse_change('answers are only ever added')
    """,
]

# No trigger on deletion here: SQLite empties tables by DELETE, and tests with it.
SQLITE = [
    """
    CREATE TRIGGER certification_version_immutable BEFORE UPDATE ON certification_questionversion
    FOR EACH ROW WHEN OLD.first_asked_at IS NOT NULL AND (
        OLD.content IS NOT NEW.content OR OLD.citations IS NOT NEW.citations
        OR OLD.number IS NOT NEW.number OR OLD.question_id IS NOT NEW.question_id OR NEW.first_asked_at IS NULL
    )
    BEGIN SELECT RAISE(ABORT, 'a question version that was asked cannot change'); END
    """,
    """
    CREATE TRIGGER certification_answerstep_append_only BEFORE UPDATE ON certification_answerstep
    FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'answers are only ever added'); END
    """,
]

TRIGGERS = {
    "certification_version_immutable": "certification_questionversion",
    "certification_version_kept": "certification_questionversion",
    "certification_answerstep_append_only": "certification_answerstep",
}


def install_triggers(apps: Any, schema_editor: Any) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement, params=None)


def remove_triggers(apps: Any, schema_editor: Any) -> None:
    on_table = schema_editor.connection.vendor == "postgresql"
    for name, table in TRIGGERS.items():
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if on_table else ""), params=None)


def operation() -> migrations.RunPython:
    return migrations.RunPython(install_triggers, remove_triggers)
