"""Taking leads in: stored first, whatever is wrong with them; known ones are left alone.

A lead's identity is (source, external id). The same company twice is two leads.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.content.models import Product
from portal.core.countries import read_country
from portal.core.errors import Refusal
from portal.leads.facts import leads_held, leads_received
from portal.leads.models import UNHELD, HeldReason, Lead, LeadContact, LeadStatus, RoutePolicy, Source
from portal.leads.policies import Asked
from portal.leads.rows import Columns, Field, Problem, Reason, Submission, fold, short
from portal.leads.services.precedence import find_taker, list_rules
from portal.partners.models import Region

Item = TypeVar("Item")

#: Leads stored in one transaction and told in one fact.
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Planned:
    """What will become of a submission: where it goes, or why it is held; and everything wrong with it."""

    submission: Submission
    product_id: int | None
    region_id: int | None
    policy: RoutePolicy | None
    held_reason: str
    problems: tuple[Problem, ...]

    @property
    def route_id(self) -> int | None:
        return self.policy.route_id if self.policy else None


class Directory:
    """What a source's words mean, and which route takes what by the rules in force. Loaded once, in a constant number
    of queries."""

    def __init__(self, source: Source, *, now: datetime) -> None:
        self.source = source
        self.products: dict[str, int] = {fold(product.slug): product.pk for product in Product.objects.all()}
        self.products |= {fold(name.name): name.product_id for name in source.product_names.all()}
        self.regions: dict[str, int] = {fold(region.slug): region.pk for region in Region.objects.all()}
        self.regions |= {fold(name.name): name.region_id for name in source.region_names.all()}
        self.policies: list[RoutePolicy] = list_rules(now=now)

    def find_policy(self, asked: Asked) -> RoutePolicy | None:
        """The rules in force of the first route that takes the lead."""
        return find_taker(self.policies, asked)

    def read(self, submission: Submission, *, product_id: int | None, region_id: int | None) -> Asked:
        """What policies look at."""
        return Asked(
            source=self.source.pk,
            product=product_id,
            region=region_id,
            language=submission.language,
            employees=submission.employees,
            country=read_country(submission.country),
            score=submission.score,
        )

    def plan(self, submission: Submission) -> Planned:
        product_id = self.products.get(fold(submission.product))
        region_id = self.regions.get(fold(submission.region))
        problems = list(submission.problems)
        for name, text, found in (
            (Field.PRODUCT, submission.product, product_id),
            (Field.REGION, submission.region, region_id),
        ):
            if found is None:
                problems.append(Problem(name, Reason.UNKNOWN if text else Reason.MISSING, short(text)))
        policy = self.find_policy(self.read(submission, product_id=product_id, region_id=region_id))
        return Planned(
            submission,
            product_id,
            region_id,
            policy if product_id and region_id else None,
            reason_to_hold(
                product_id, region_id, policy, has_somebody=bool(submission.company or submission.has_contact)
            ),
            tuple(problems),
        )


def reason_to_hold(
    product_id: int | None, region_id: int | None, policy: RoutePolicy | None, *, has_somebody: bool
) -> HeldReason | str:
    """Why a lead cannot be routed, the first that applies; empty where it can.

    A missing date, or a contact without a company, is no reason: somebody can be called.
    """
    if product_id is None:
        return HeldReason.UNKNOWN_PRODUCT
    if region_id is None:
        return HeldReason.UNKNOWN_REGION
    if policy is None:
        return HeldReason.NO_ROUTE
    if not has_somebody:
        return HeldReason.NO_CONTACT
    return ""


def read_columns(source: Source) -> Columns:
    """The source's column mapping in the form that :mod:`portal.leads.rows` reads."""
    return Columns.of({column.name: Field(column.field) for column in source.columns.all()})


def plan_leads(submissions: Iterable[Submission], *, source: Source, now: datetime) -> list[Planned]:
    """What would become of each submission by the rules in force. Writes nothing."""
    directory = Directory(source, now=now)
    return [directory.plan(submission) for submission in submissions]


def find_known(external_ids: Sequence[str], *, source: Source) -> set[str]:
    """Which of these the source has sent before."""
    known: set[str] = set()
    for part in _in_parts(external_ids, BATCH):
        known.update(Lead.objects.filter(source=source, external_id__in=part).values_list("external_id", flat=True))
    return known


def receive_leads(
    submissions: Iterable[Submission], *, source: Source, now: datetime, by: User | None = None
) -> list[int]:
    """Store every submission that is not known yet; those that cannot be routed are held with their reason.

    Each :data:`BATCH` is one transaction, with the source locked: two imports at once store each lead once.

    Returns:
        Ids of the leads created, in the order given.
    """
    created: list[int] = []
    for part in _in_parts(list(submissions), BATCH):
        created += _receive_part(part, source=source, now=now, by=by)
    return created


@transaction.atomic
def _receive_part(submissions: Sequence[Submission], *, source: Source, now: datetime, by: User | None) -> list[int]:
    source = Source.objects.select_for_update().get(pk=source.pk)
    known = find_known([submission.external_id for submission in submissions], source=source)
    fresh: dict[str, Submission] = {}
    for submission in submissions:
        if submission.external_id not in known:
            fresh.setdefault(submission.external_id, submission)
    plans = plan_leads(fresh.values(), source=source, now=now)
    leads = Lead.objects.bulk_create([_lead_of(plan, source=source, now=now) for plan in plans], batch_size=500)
    LeadContact.objects.bulk_create(
        [
            _contact_of(plan.submission, lead)
            for plan, lead in zip(plans, leads, strict=True)
            if plan.submission.has_contact or plan.submission.message or plan.submission.contact_evidence
        ],
        batch_size=500,
    )
    leads_received.announce(lead_ids=[lead.pk for lead in leads], by=by)
    leads_held.announce(lead_ids=[lead.pk for lead in leads if lead.status == LeadStatus.HELD], by=by)
    return [lead.pk for lead in leads]


def _lead_of(plan: Planned, *, source: Source, now: datetime) -> Lead:
    submission = plan.submission
    return Lead(
        source=source,
        external_id=submission.external_id,
        status=LeadStatus.HELD if plan.held_reason else LeadStatus.NEW,
        held_reason=plan.held_reason,
        held_at=now if plan.held_reason else None,
        route_id=plan.route_id,
        policy=plan.policy,
        language=submission.language,
        product_id=plan.product_id,
        region_id=plan.region_id,
        company=submission.company,
        sector=submission.sector,
        country=submission.country,
        country_code=read_country(submission.country),
        score=submission.score,
        employees=submission.employees,
        received_at=submission.received_at or now,
        stored_at=now,
        # What the source called product and region stays, whatever it was in: a source put right is read again.
        evidence=dict(submission.evidence)
        or {Field.PRODUCT.value: submission.product, Field.REGION.value: submission.region},
        problems=[asdict(problem) for problem in plan.problems],
    )


def _contact_of(submission: Submission, lead: Lead) -> LeadContact:
    return LeadContact(
        lead=lead,
        name=submission.contact_name,
        email=submission.contact_email,
        phone=submission.contact_phone,
        message=submission.message,
        evidence=dict(submission.contact_evidence),
    )


@transaction.atomic
def reread_held_leads(*, source_ids: Iterable[int] | None = None, now: datetime) -> list[int]:
    """Read held leads again that could not be routed: after a source was put right, or (without ids) the routes.

    Those that can be routed now become new, and are told as received once more, to be distributed.

    Returns:
        Ids of the leads that were held and are new.
    """
    # 1. The leads, oldest first, with what the source called product and region.
    held = Lead.objects.held().filter(
        held_reason__in=(HeldReason.UNKNOWN_PRODUCT, HeldReason.UNKNOWN_REGION, HeldReason.NO_ROUTE)
    )
    if source_ids is not None:
        held = held.filter(source__in=list(source_ids))
    sources = Source.objects.in_bulk(set(held.values_list("source", flat=True)))
    woken: list[int] = []
    for source in sources.values():
        directory, columns = Directory(source, now=now), read_columns(source)
        leads = held.filter(source=source).order_by("received_at", "pk").select_for_update(of=("self",))
        contacts = set(
            LeadContact.objects.filter(lead__in=held.filter(source=source))
            .exclude(name="", email="", phone="")
            .values_list("lead", flat=True)
        )
        changed = []
        for lead in leads:
            product_id = lead.product_id or directory.products.get(_cell(lead, columns, Field.PRODUCT))
            region_id = lead.region_id or directory.regions.get(_cell(lead, columns, Field.REGION))
            policy = _find_policy(directory, lead, product_id, region_id)
            reason = reason_to_hold(
                product_id, region_id, policy, has_somebody=bool(lead.company) or lead.pk in contacts
            )
            if (product_id, region_id, policy, reason) == (
                lead.product_id,
                lead.region_id,
                lead.policy,
                lead.held_reason,
            ):
                continue
            _place(lead, product_id=product_id, region_id=region_id, policy=policy, reason=reason, now=now)
            changed.append(lead)
            if lead.status == LeadStatus.NEW:
                woken.append(lead.pk)
        # 2. Past every question, write.
        Lead.objects.bulk_update(changed, PLACE_FIELDS, batch_size=500)
    leads_received.announce(lead_ids=woken, by=None)
    return woken


PLACE_FIELDS = ["product", "region", "route", "policy", "status", "problems", *UNHELD]


def _find_policy(directory: Directory, lead: Lead, product_id: int | None, region_id: int | None) -> RoutePolicy | None:
    if product_id is None or region_id is None:
        return None
    return directory.find_policy(replace(lead.asked, product=product_id, region=region_id))


def _place(
    lead: Lead,
    *,
    product_id: int | None,
    region_id: int | None,
    policy: RoutePolicy | None,
    reason: str,
    now: datetime,
) -> None:
    lead.product_id, lead.region_id, lead.policy = product_id, region_id, policy
    lead.route_id = policy.route_id if policy else None
    mended = {Field.PRODUCT: product_id, Field.REGION: region_id}
    lead.problems = [problem for problem in lead.problems if not mended.get(problem["field"])]
    held_at = lead.held_at if reason == lead.held_reason else now
    lead.hold_no_more()
    lead.status = LeadStatus.NEW
    if reason:
        lead.status, lead.held_reason, lead.held_at = LeadStatus.HELD, reason, held_at


def _cell(lead: Lead, columns: Columns, meaning: Field) -> str:
    """What the source called it, folded: by today's mapping of its columns, or by the field's own name."""
    for column, text in lead.evidence.items():
        if columns.field_of(column) is meaning or column == meaning:
            return fold(text)
    return ""


@transaction.atomic
def complete_lead(
    lead: Lead,
    *,
    company: str,
    product: Product | None,
    region: Region | None,
    contact: Mapping[str, str],
    by: User,
    now: datetime,
) -> Lead:
    """Give a held lead what it lacked. If it can be routed with that, it is new.

    Args:
        contact: any of ``name``, ``email``, ``phone``.

    Raises:
        Refusal: the lead is not held (any more).
    """
    lead = Lead.objects.select_for_update(of=("self",)).get(pk=lead.pk)
    if lead.status != LeadStatus.HELD:
        raise Refusal(
            _("This lead is not held any more: %(status)s.") % {"status": lead.get_status_display()}, code="not_held"
        )
    ids = product.pk if product else None, region.pk if region else None
    policy = lead.policy  # a lead keeps the rules that it came under
    if policy is None or ids != (lead.product_id, lead.region_id):
        policy = _find_policy(Directory(lead.source, now=now), lead, *ids)
    reason = reason_to_hold(*ids, policy, has_somebody=bool(company or any(contact.values())))
    lead.company = company
    _place(lead, product_id=ids[0], region_id=ids[1], policy=policy, reason=reason, now=now)
    lead.save(update_fields=["company", *PLACE_FIELDS])
    if any(contact.values()):
        LeadContact.objects.update_or_create(lead=lead, defaults=dict(contact))
    if lead.status == LeadStatus.NEW:
        leads_received.announce(lead_ids=lead.pk, by=by)
    return lead


def _in_parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
