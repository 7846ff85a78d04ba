"""Webinar series and sessions for tests."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import Permission

from portal.accounts.models import User
from tests.factories.training import Tree
from training.models import Session, WebinarIndexPage, WebinarSeriesPage
from training.recurring import Plan
from training.services.seasons import SeasonPlan
from training.services.sessions import SessionPlan, add_session


def add_list(tree: Tree, *, language: str = "en") -> WebinarIndexPage:
    found = WebinarIndexPage.objects.filter(locale__language_code=language).first()
    return found or tree.add(tree.roots[language], WebinarIndexPage(title="Webinars", slug="webinars"))


def add_series(tree: Tree, title: str = "Tuesdays for sellers", *, language: str = "en", **fields: Any) -> Any:
    options = {key: fields.pop(key) for key in ("translation_of", "live") if key in fields}
    return tree.add(add_list(tree, language=language), WebinarSeriesPage(title=title, **fields), **options)


def let_run(user: User) -> User:
    """The person as one who runs webinars."""
    codenames = ["view_session", "change_session", "view_sessionquestion", "change_sessionquestion"]
    user.groups.get().permissions.add(
        *Permission.objects.filter(content_type__app_label="training", codename__in=codenames)
    )
    return User.objects.get(pk=user.pk)


def plan_season(rule: str = "FREQ=WEEKLY;BYDAY=TU;COUNT=4", **fields: Any) -> SeasonPlan:
    """Tuesdays at eleven in Moscow from the first of December 2026 on."""
    when = {"first_day": date(2026, 12, 1), "at": time(11), "zone": "Europe/Moscow", "minutes": 60}
    when |= {name: fields.pop(name) for name in list(fields) if name in when}
    return SeasonPlan(Plan(rule, **when), **fields)


def open_session(
    series: Any, *, by: User, now: datetime, ahead: timedelta = timedelta(days=7), minutes: int = 60, **fields: Any
) -> Session:
    """A session so far ahead."""
    plan = SessionPlan(
        now + ahead, now + ahead + timedelta(minutes=minutes), fields.pop("zone", "Europe/Moscow"), **fields
    )
    return add_session(series, plan=plan, by=by, now=now)
