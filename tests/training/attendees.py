"""What tests of attendance and calendars need: a series with sessions, and people with seats."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Permission

from portal.accounts.models import User
from tests.factories.training import Tree, publish
from training.models import (
    EventPage,
    Registration,
    RegistrationState,
    Session,
    WebinarIndexPage,
    WebinarSeriesPage,
)

MOSCOW = ZoneInfo("Europe/Moscow")


def add_series(tree: Tree, title: str = "Tuesday for sellers", *, language: str = "en", **fields: Any) -> Any:
    options = {key: fields.pop(key) for key in ("translation_of", "live") if key in fields}
    return tree.add(_find_list(tree, language), WebinarSeriesPage(title=title, **fields), **options)


def add_event(tree: Tree, starts_at: datetime, title: str = "Partner day", **fields: Any) -> Any:
    page = EventPage(title=title, starts_at=starts_at, ends_at=starts_at + timedelta(hours=8), **fields)
    return tree.add(_find_list(tree, "en"), page)


def _find_list(tree: Tree, language: str) -> Any:
    root = tree.roots[language]
    found = WebinarIndexPage.objects.filter(locale=root.locale).first()
    if found is None:
        root.refresh_from_db()
        found = publish(root.add_child(instance=WebinarIndexPage(title="Webinars", slug="webinars", live=False)))
    return found


def add_session(page: Any, starts_at: datetime, *, minutes: int = 60, **fields: Any) -> Session:
    values = {
        "zone": "Europe/Moscow", "ends_at": starts_at + timedelta(minutes=minutes),
        "changed_at": starts_at - timedelta(days=30),
    }  # fmt: skip
    return Session.objects.create(page=page, page_key=page.translation_key, starts_at=starts_at, **{**values, **fields})


def seat(session: Session, member: Any, *, now: datetime, **fields: Any) -> Registration:
    values = {"state": RegistrationState.SEATED, "registered_at": now, "seated_at": now, **fields}
    return Registration.objects.create(session=session, user=member.user, membership=member, **values)


def let(user: User, *codenames: str) -> User:
    """The person with these permissions of training."""
    user.user_permissions.add(*Permission.objects.filter(content_type__app_label="training", codename__in=codenames))
    return User.objects.get(pk=user.pk)
