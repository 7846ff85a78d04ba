"""The benchmark's own database: made, filled for one work at a time, and thrown away. Never the developer's."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from wagtail.models import Collection, Locale, Page


@contextmanager
def scratch_database(*, keep: bool = False) -> Iterator[None]:
    """Every table, empty, in a database that is named for the benchmark alone."""
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, keepdb=keep, serialize=False)
    try:
        yield
    finally:
        connection.close()
        if pool := getattr(connection, "pool", None):
            pool.close()
            del connection._connection_pools[connection.alias]
        connection.creation.destroy_test_db(name, verbosity=0, keepdb=keep)


@contextmanager
def scratch_data() -> Iterator[None]:
    """What one work builds is gone before the next."""
    call_command("flush", interactive=False, verbosity=0)
    restore_roots()
    cache.clear()
    yield


def restore_roots() -> None:
    """Put back what Wagtail's migrations made and a flush took."""
    english, _created = Locale.objects.get_or_create(language_code="en")
    if not Page.objects.filter(depth=1).exists():
        page_type = ContentType.objects.get_for_model(Page)
        Page.add_root(title="Root", slug="root", content_type=page_type, locale=english)
    if not Collection.objects.exists():
        Collection.add_root(name="Root")
    localize, _created = ContentType.objects.get_or_create(app_label="wagtail_localize", model="translation")
    Permission.objects.get_or_create(
        content_type=localize, codename="submit_translation", defaults={"name": "Can submit translations"}
    )
