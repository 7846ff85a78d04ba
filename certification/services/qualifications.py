"""What a partner is qualified for: assessed under the partner's lock, stored with the versions it was assessed at.

The gate itself is ``Qualification.objects.current(now)``: it is exact whether or not anything here has run. What runs
here writes the history, opens the gate again, and tells people.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from certification import standing
from certification.facts import partners_qualified, qualifications_lapsed
from certification.models import (
    CloseReason,
    Credential,
    Exam,
    Programme,
    ProgrammeExam,
    Qualification,
    Requirement,
)
from portal.accounts.models import User
from portal.partners.models import Membership, Partner
from portal.partners.services.standing import lock_partner

logger = logging.getLogger(__name__)


def describe_standing(
    partner: Partner, *, programme: Programme, now: datetime, without: Membership | None = None
) -> standing.Standing:
    """How the partner meets the programme's requirement at ``now``: four queries, whatever the number of people.

    Args:
        without: a member to leave out: how the partner would stand if they left.
    """
    rules = list(
        Requirement.objects.filter(Q(tier=partner.tier_id) | Q(tier__isnull=True), programme=programme).values_list(
            "tier_id", "people"
        )
    )
    # The tier's own rule before the one for every tier.
    people = max(rules, key=lambda rule: rule[0] is not None, default=(None, None))[1]
    exams = ProgrammeExam.objects.filter(programme=programme).order_by("sort_order", "pk")
    # A person whose account is closed cannot answer a customer.
    members = Membership.objects.active(now).for_partner(partner).filter(user__is_active=True)
    if without is not None:
        members = members.exclude(pk=without.pk)
    held = Credential.objects.filter(membership__in=members, exam__programme_exams__programme=programme)
    return standing.assess(
        standing.Requirement(exams=tuple(exams.values_list("exam_id", flat=True)), people=people),
        [
            standing.Holding(
                person=user_id,
                exam=exam_id,
                since=issued_at,
                until=min(expires_at, ended_at) if ended_at else expires_at,
                withdrawn=revoked_at is not None or suspended_at is not None,
            )
            for user_id, exam_id, issued_at, expires_at, revoked_at, suspended_at, ended_at in held.values_list(
                "user_id", "exam_id", "issued_at", "expires_at", "revoked_at", "suspended_at", "membership__ended_at"
            )
        ],
        now,
        partner_active=partner.is_active,
        agreement_current=Partner.objects.with_current_agreement(now).filter(pk=partner.pk).exists(),
    )


@dataclass(frozen=True, slots=True)
class ProgrammeStanding:
    """A partner in a programme, with the rows that a page names.

    Attributes:
        qualified_until: until when the gate is open; None where it is closed. This is the stored qualification, which
            leads go by; ``standing`` is assessed for the page.
    """

    programme: Programme
    standing: standing.Standing
    exams: dict[int, Exam]
    people: dict[int, User]
    qualified_until: datetime | None


def list_standings(partner: Partner, *, now: datetime) -> list[ProgrammeStanding]:
    """How the partner stands in each programme: four queries a programme, and four more."""
    programmes = list(Programme.objects.prefetch_related("programme_exams__exam"))
    found = [(programme, describe_standing(partner, programme=programme, now=now)) for programme in programmes]
    named = {person.person for _programme, assessed in found for person in assessed.persons}
    people = User.objects.in_bulk(named)
    open_until = dict(
        Qualification.objects.current(now).for_partner(partner).values_list("programme_id", "valid_until")
    )
    return [
        ProgrammeStanding(
            programme=programme,
            standing=assessed,
            exams={row.exam_id: row.exam for row in programme.programme_exams.all()},
            people=people,
            qualified_until=open_until.get(programme.pk),
        )
        for programme, assessed in found
    ]


def list_lapses_without(member: Membership, *, now: datetime) -> list[Programme]:
    """The programmes in which the partner is qualified now and would not be if this member left."""
    rows = Qualification.objects.current(now).for_partner(member.partner).select_related("programme")
    return [
        row.programme
        for row in rows.order_by("programme__slug")
        if not describe_standing(member.partner, programme=row.programme, now=now, without=member).met
    ]


@transaction.atomic
def review_qualification(
    partner: Partner, *, programme: Programme, now: datetime, by: User | None = None
) -> Qualification | None:
    """Assess the partner and write what follows. Safe to repeat; call it within the transaction of what changed.

    1. Lock the partner's row: whoever changes its standing, or assesses it, waits here.
    2. Read the versions *before* what they count. A change that slips in between leaves the qualification stale, hence
       closed to leads and soon assessed again; never falsely fresh.
    3. Assess.
    4. Close the open row where the requirement is not met, or was not met for a while since; announce it.
    5. Renew the row that is still open, or open a new one; announce that.

    Returns:
        The qualification that holds now, or None.
    """
    partner = lock_partner(partner)  # 1
    programme = Programme.objects.get(pk=programme.pk)  # 2
    row = Qualification.objects.open().filter(partner=partner, programme=programme).first()
    found = describe_standing(partner, programme=programme, now=now)  # 3

    if row is not None and (not found.met or row.valid_until <= now):  # 4
        row.closed_reason = _find_reason(row, found, programme, now)
        row.closed_at = max(min(row.valid_until, now), row.opened_at)
        row.save(update_fields=["closed_at", "closed_reason"])
        qualifications_lapsed.announce(qualification_ids=[row.pk], by=by)
        row = None

    if not found.met or found.valid_until is None:
        return None
    if row is not None:  # 5
        row.standing_version = partner.standing_version
        row.requirement_version = programme.requirement_version
        row.assessed_at, row.valid_until = now, found.valid_until
        row.save(update_fields=["standing_version", "requirement_version", "assessed_at", "valid_until"])
        return row
    row = Qualification.objects.create(
        partner=partner,
        programme=programme,
        standing_version=partner.standing_version,
        requirement_version=programme.requirement_version,
        assessed_at=now,
        opened_at=now,
        valid_until=found.valid_until,
    )
    partners_qualified.announce(qualification_ids=[row.pk], by=by)
    return row


def _find_reason(row: Qualification, found: standing.Standing, programme: Programme, now: datetime) -> CloseReason:
    """Which condition failed, in the order in which a partner could mend them."""
    if not found.partner_active:
        return CloseReason.PARTNER
    if not found.agreement_current:
        return CloseReason.AGREEMENT
    if row.valid_until <= now:
        return CloseReason.EXPIRED
    if row.requirement_version != programme.requirement_version:
        return CloseReason.REQUIREMENT
    return CloseReason.PEOPLE


def review_partners(partner_ids: Iterable[int], *, now: datetime) -> None:
    """Assess these partners in every programme, in the order of their ids: two reviews never wait in a circle."""
    programmes = list(Programme.objects.order_by("pk"))
    for partner in Partner.objects.filter(pk__in=partner_ids).order_by("pk"):
        for programme in programmes:
            review_qualification(partner, programme=programme, now=now)


def review_programmes(programme_ids: Iterable[int], *, now: datetime) -> None:
    """Assess everyone whom these programmes concern: partners with an open qualification or any credential in them."""
    for programme in Programme.objects.filter(pk__in=programme_ids).order_by("pk"):
        concerned = Partner.objects.filter(
            Q(pk__in=Qualification.objects.open().filter(programme=programme).values("partner"))
            | Q(
                pk__in=Credential.objects.current(now)
                .filter(exam__programme_exams__programme=programme)
                .values("membership__partner")
            )
        )
        for partner in concerned.order_by("pk"):
            review_qualification(partner, programme=programme, now=now)


def review_due_qualifications(*, now: datetime) -> int:
    """Assess every open qualification that does not hold at ``now``: past its end, stale, or its partner not in order.

    Each in a transaction of its own; one that fails is logged and does not stop the others.

    Returns:
        How many were assessed.
    """
    reviewed = 0
    doubtful = Qualification.objects.doubtful(now).select_related("partner", "programme").order_by("partner", "pk")
    for row in list(doubtful):
        try:
            review_qualification(row.partner, programme=row.programme, now=now)
        except Exception:  # whatever is wrong with one partner's rows must not keep the others' gates ajar
            logger.exception("Qualification %s could not be assessed", row.pk)
        else:
            reviewed += 1
    return reviewed
