"""As whom a person acts, and what is open to them: asked on every page, so each question is put together only once."""

from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import CharField, DateTimeField, IntegerField, Model

from portal.core.prepared import Asked, Question, ask
from portal.partners.models import (
    Audience,
    JobRole,
    Membership,
    MembershipRole,
    Partner,
    PartnerKind,
    Tier,
    in_force_now,
)

#: What a membership is read with, in the order of its columns.
WITH: tuple[tuple[type[Model], str], ...] = (
    (Membership, ""),
    (Partner, "partner__"),
    (Tier, "partner__tier__"),
    (PartnerKind, "partner__kind__"),
)


@cache
def _name_columns(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)


def _find_memberships(user: Any, now: Any) -> Any:
    columns = [f"{prefix}{name}" for model, prefix in WITH for name in _name_columns(model)]
    return Membership.objects.active(now).filter(user=user).values_list(*columns)


def _find_held(user: Any) -> Any:
    """The job roles of a person's memberships now, in the vendor's order."""
    held = MembershipRole.objects.filter(membership__user=user, ended_at__isnull=True)
    columns = [f"role__{name}" for name in _name_columns(JobRole)]
    return held.order_by("role__order", "role__slug").values_list("membership_id", *columns)


def _find_open_audiences(membership: Any, **reader: Any) -> Any:
    roles = MembershipRole.objects.filter(membership=membership, ended_at__isnull=True).values("role")
    return Audience.objects.admitting(**reader, job_roles=roles).order_by().values_list("pk")


MEMBERSHIPS = Question(_find_memberships, user=IntegerField(), now=DateTimeField())
HELD = Question(_find_held, user=IntegerField())
OPEN_AUDIENCES = Question(
    _find_open_audiences,
    membership=IntegerField(),
    user=IntegerField(),
    partner=IntegerField(),
    kind=IntegerField(),
    tier=IntegerField(),
    language=CharField(),
    now=DateTimeField(),
)


def ask_memberships(user_id: int, now: datetime) -> list[Asked]:
    """What :func:`put_together` wants answered."""
    return [MEMBERSHIPS(user=user_id, now=now), HELD(user=user_id)]


def put_together(user: Any, rows: list[Any], held: list[Any]) -> list[Membership]:
    """The memberships that a person may act under, oldest first, each with partner, tier, kind and job roles."""
    roles: dict[int, list[JobRole]] = {}
    for membership_id, *values in held:
        roles.setdefault(membership_id, []).append(JobRole.from_db("default", _name_columns(JobRole), values))
    memberships = []
    for row in rows:
        made: list[Any] = []
        start = 0
        for model, _prefix in WITH:
            columns = _name_columns(model)
            made.append(model.from_db("default", columns, row[start : start + len(columns)]))
            start += len(columns)
        membership, partner, tier, kind = made
        membership.user, membership.partner, partner.tier, partner.kind = user, partner, tier, kind
        membership.job_roles = roles.get(membership.pk, [])
        memberships.append(membership)
    return memberships


def find_memberships(user: Any, *, now: datetime) -> list[Membership]:
    """The same; without a query for a person who has brought the answers along (see ``portal.accounts.backends``)."""
    along = getattr(user, "asked_along", {}).get("memberships")
    rows, held = along or ask(*ask_memberships(user.pk, now))
    return put_together(user, rows, held)


def ask_open_audiences(membership: Membership, now: datetime) -> Asked:
    """Which audiences the member belongs to now. Only of a membership that holds."""
    partner = membership.partner
    return OPEN_AUDIENCES(
        membership=membership.pk,
        user=membership.user_id,
        partner=partner.pk,
        kind=partner.kind_id,
        tier=partner.tier_id,
        language=membership.user.language,
        now=now,
    )


def find_open_audiences(membership: Membership, *, now: datetime) -> frozenset[int]:
    """The same, asked by itself; empty for a membership that does not hold."""
    if not in_force_now(membership, now):
        return frozenset()
    [rows] = ask(ask_open_audiences(membership, now))
    return frozenset(number for (number,) in rows)
