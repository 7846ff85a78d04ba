"""Trigrams, by which PostgreSQL tells that one word is like another, and their index over the titles that are searched."""

import sys

from django.db import ProgrammingError, migrations, transaction

# Named as Wagtail's own command names it.
INDEX = "CREATE INDEX IF NOT EXISTS modelsearch_title_text_trgm ON wagtailsearch_indexentry USING gin (title_text gin_trgm_ops)"
ADVICE = """
Search works, but will not forgive misspelt words: this database role may not create the extension pg_trgm.
To mend it, let a superuser run, in this database:
  CREATE EXTENSION pg_trgm;
  %s;
""" % INDEX


def index_titles(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        try:
            # A trusted extension: whoever may create in the database may create it.
            with transaction.atomic(using=connection.alias):
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except ProgrammingError:
            sys.stderr.write(ADVICE)
            return
        cursor.execute(INDEX)


class Migration(migrations.Migration):
    dependencies = [("content", "0001_initial"), ("wagtailsearch", "0010_add_text_fields")]

    # The way back leaves both: another application may use the extension.
    operations = [migrations.RunPython(index_titles, migrations.RunPython.noop)]
