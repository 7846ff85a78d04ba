"""Rows of the vendor, its staff, the partners, their members and agreements, as the demo's files tell them."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from portal.accounts.models import User
from portal.accounts.services.people import keep_address
from portal.content.models import Product
from portal.core.localised import LocalisedText
from portal.home.services.demo.files import FOLDER, LANGUAGES, markdown_body, read_text, read_toml
from portal.partners.models import (
    Acceptance,
    AgreementVersion,
    Audience,
    JobRole,
    Membership,
    MembershipRole,
    Partner,
    PartnerKind,
    Region,
    Tier,
    TierPeriod,
)


def load_rows() -> None:
    """Products, regions, kinds, job roles, tiers and audiences."""
    for number, row in enumerate(read_toml("products.toml")["products"]):
        Product.objects.create(
            slug=row["slug"],
            name=LocalisedText(row["name"]),
            summary=LocalisedText(row["summary"]),
            order=row.get("order", number),
        )
    people = read_toml("people.toml")
    for number, row in enumerate(people["regions"]):
        Region.objects.create(slug=row["slug"], name=LocalisedText(row["name"]), order=number)
    for number, row in enumerate(people["kinds"]):
        PartnerKind.objects.create(slug=row["slug"], name=LocalisedText(row["name"]), order=number)
    for number, row in enumerate(people["roles"]):
        JobRole.objects.create(
            slug=row["slug"],
            name=LocalisedText(row["name"]),
            order=number,
            manages_members=row["manages_members"],
            works_leads=row["works_leads"],
            leads_team=row["leads_team"],
        )
    for row in people["tiers"]:
        Tier.objects.create(slug=row["slug"], name=LocalisedText(row["name"]), rank=row["rank"])
    for row in read_toml("audiences.toml")["audiences"]:
        audience = Audience.objects.create(name=row["name"]["en"], language=row.get("language", ""))
        audience.kinds.set(PartnerKind.objects.filter(slug__in=row.get("kinds", [])))
        audience.tiers.set(Tier.objects.filter(slug__in=row.get("tiers", [])))
        audience.job_roles.set(JobRole.objects.filter(slug__in=row.get("job_roles", [])))
        audience.products.set(Product.objects.filter(slug__in=row.get("products", [])))


def load_agreements(*, now: datetime) -> None:
    """Every version of the partner agreement, each in every language."""
    numbers = sorted({path.name.split(".")[0] for path in (FOLDER / "agreement").glob("*.md")}, key=int)
    for number in numbers:
        texts = {code: read_text(FOLDER / "agreement" / f"{number}.{code}.md") for code in LANGUAGES}
        since = now - timedelta(days=texts["en"].meta["effective_days_ago"])
        AgreementVersion.objects.create(
            number=int(number),
            title=LocalisedText({code: text.meta["title"] for code, text in texts.items()}),
            body=LocalisedText({code: markdown_body(text) for code, text in texts.items()}),
            effective_from=since,
            published_at=since - timedelta(days=14),
        )


def load_staff(password: str) -> dict[str, User]:
    """The vendor's people, by the group they are in first."""
    hashed = make_password(password)
    found = {}
    for row in read_toml("people.toml")["staff"]:
        user = _make_user(row, hashed, zone=row["time_zone"], is_staff=True)
        user.groups.set(Group.objects.filter(name__in=row["groups"]))
        found[row["groups"][0]] = user
    return found


def load_partners(password: str, *, now: datetime) -> dict[tuple[str, str], Membership]:
    """Partners with their members; returns memberships by (partner's slug, e-mail)."""
    hashed = make_password(password)  # one hash for all: forty would take a quarter of a minute
    roles = {role.slug: role for role in JobRole.objects.all()}
    kinds = {kind.slug: kind for kind in PartnerKind.objects.all()}
    tiers = {tier.slug: tier for tier in Tier.objects.all()}
    versions = list(AgreementVersion.objects.order_by("-effective_from"))
    memberships = {}
    for row in read_toml("people.toml")["partners"]:
        registered = now - timedelta(days=max(member["joined"] for member in row["members"]))
        partner = Partner.objects.create(
            name=row["name"],
            kind=kinds[row["kind"]],
            tier=tiers[row["tier"]],
            status=row["status"],
            status_reason=LocalisedText(row.get("status_reason", {})).in_language(row["language"]),
            country=row["country"],
            language=row["language"],
            time_zone=row["time_zone"],
            registered_at=registered,
        )
        partner.regions.set(Region.objects.filter(slug__in=row["regions"]))
        partner.products.set(Product.objects.filter(slug__in=row["products"]))
        TierPeriod.objects.create(partner=partner, tier=partner.tier, started_at=registered)
        for member in row["members"]:
            membership = _make_membership(partner, member, roles, hashed, zone=row["time_zone"], now=now)
            memberships[row["slug"], member["email"]] = membership
        _make_acceptance(partner, row["agreement"], versions, now=now)
    return memberships


def _make_user(row: dict[str, Any], hashed: str, *, zone: str, is_staff: bool = False) -> User:
    user = User.objects.create(
        email=row["email"],
        first_name=row["first"],
        last_name=row["last"],
        language=row["language"],
        time_zone=zone,
        password=hashed,
        is_staff=is_staff,
    )
    keep_address(user)
    return user


def _make_membership(
    partner: Partner, row: dict[str, Any], roles: dict[str, JobRole], hashed: str, *, zone: str, now: datetime
) -> Membership:
    user = User.objects.filter(email=row["email"]).first() or _make_user(row, hashed, zone=zone)
    started = now - timedelta(days=row["joined"])
    ended = now - timedelta(days=row["left"]) if "left" in row else None
    membership = Membership.objects.create(partner=partner, user=user, started_at=started, ended_at=ended)
    for slug in row["roles"]:
        MembershipRole.objects.create(membership=membership, role=roles[slug], started_at=started, ended_at=ended)
    return membership


def _make_acceptance(partner: Partner, state: str, versions: list[AgreementVersion], *, now: datetime) -> None:
    if state == "none":
        return
    signer = partner.memberships.filter(ended_at__isnull=True, held_roles__role__manages_members=True).first()
    if signer is None:
        raise ValueError(f"{partner.name} accepted an agreement but has no owner")
    newest, older = versions[0], versions[-1]
    version = older if state == "outdated" else newest
    accepted = max(version.effective_from, signer.started_at) + timedelta(days=2)
    Acceptance.objects.create(
        partner=partner,
        version=version,
        accepted_at=min(accepted, now - timedelta(hours=1)),
        accepted_by=signer.user,
        membership=signer,
        language=signer.user.language,
        text_digest=version.text_digest,
        withdrawn_at=now - timedelta(days=3) if state == "withdrawn" else None,
        withdrawn_by=signer.user if state == "withdrawn" else None,
    )
