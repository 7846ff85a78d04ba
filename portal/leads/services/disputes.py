"""A partner contests what was decided about a lead; staff look at it again and answer, with a reason.

What is contested is a decision that the partner can see: what became of an offer of its own, the outcome of a lead that
it had, or leads that went past it, as they are told to it: in groups. A case holds the partner's own letter in the stored
decision and nothing of another partner. Both sides add what they know; nothing is ever taken out. Whoever made the
decision does not answer, nor does anybody of the partner. The answer is final, and stands in the fairness report.

Locks are taken in the order of :mod:`portal.leads.services.distribution`: route, partner, lead, then the case.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.leads.access import may_answer_disputes, may_contest
from portal.leads.coarsening import Group
from portal.leads.deadlines import end_of_workday
from portal.leads.facts import (
    disputes_answered,
    disputes_opened,
    disputes_overdue,
    disputes_withdrawn,
    evidence_given,
)
from portal.leads.models import (
    FINISHED,
    Correction,
    Decision,
    Dispute,
    DisputeEvidence,
    DisputeState,
    DisputeSubject,
    FormerOutcome,
    Lead,
    LeadRules,
    Offer,
    OfferState,
    Override,
    OverrideKind,
    Remedy,
    Route,
    Side,
)
from portal.leads.routing import Verdict
from portal.leads.services.corrections import give_turn_back
from portal.leads.services.missed import Missed, list_decisions_behind, list_missed_leads
from portal.leads.services.outcomes import REOPENABLE, reopen_lead
from portal.leads.services.withdrawals import find_withdrawal
from portal.partners.models import Membership, Partner

#: For so long after it a decision may be contested.
CONTESTABLE = timedelta(days=90)
MOST_EVIDENCE = 40
TEXT_LENGTH = 2000
#: Leads of a group that staff are shown in a case.
LEADS_SHOWN = 30
REMINDED_AT_ONCE = 100


# --- What may be contested --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contested:
    """A decision that may be contested.

    Attributes:
        decided_at: when it was made; it may be contested for :data:`CONTESTABLE` after it.
        decided_by: of a person who made it.
        assignee_id: the membership of whoever worked the lead.
    """

    kind: DisputeSubject
    subject: str
    decided_at: datetime
    decided_by: User | None = None
    assignee_id: int | None = None
    offer: Offer | None = None
    missed: Missed | None = None


def find_contested_offer(offer: Offer) -> Contested | None:
    """What may be contested of an offer: that it ran out, was withdrawn, went back, was taken by another, or that
    its turn was undone."""
    subject = f"offer:{offer.pk}"
    correction = Correction.objects.filter(offer=offer).select_related("made_by").first()
    if correction is not None:
        assignee_id = offer.lead.assignee_id if offer.lead.partner_id == offer.partner_id else None
        return Contested(
            DisputeSubject.OFFER, subject, correction.made_at, correction.made_by, assignee_id, offer=offer
        )
    if offer.state in (OfferState.EXPIRED, OfferState.OVERTAKEN) and offer.closed_at is not None:
        return Contested(DisputeSubject.OFFER, subject, offer.closed_at, offer=offer)
    withdrawal = find_withdrawal(offer)
    if withdrawal is None:
        return None
    return Contested(DisputeSubject.OFFER, subject, withdrawal.at, withdrawal.by, withdrawal.assignee_id, offer=offer)


def find_contested_outcome(offer: Offer) -> Contested | None:
    """The outcome of the lead that the partner took by this offer; None before there is one."""
    lead = offer.lead
    if offer.state != OfferState.ACCEPTED or lead.status not in FINISHED or lead.finished_at is None:
        return None
    subject = name_outcome(offer)
    return Contested(DisputeSubject.OUTCOME, subject, lead.finished_at, lead.finished_by, lead.assignee_id, offer=offer)


def name_outcome(offer: Offer) -> str:
    """The outcome that the lead has now, as it stands in the subject of a case: one that follows on an outcome which was
    taken back is another."""
    before = _list_former(offer).count()
    return f"outcome:{offer.pk}:{before}" if before else f"outcome:{offer.pk}"


def read_outcome(dispute: Dispute) -> str:
    """The outcome that is contested in a case, in words: also after it was taken back."""
    if dispute.offer is None or dispute.kind != DisputeSubject.OUTCOME:
        return ""
    _kind, _offer, *before = dispute.subject.split(":")
    place = int(before[0]) if before else 0
    former = _list_former(dispute.offer)[place : place + 1].first()
    return former.get_status_display() if former else dispute.offer.lead.get_status_display()


def _list_former(offer: Offer) -> QuerySet[FormerOutcome]:
    return FormerOutcome.objects.filter(override__lead=offer.lead_id, override__partner=offer.partner_id).order_by("pk")


def name_missed(row: Missed) -> str:
    """A group of leads that went past a partner, as it stands in the subject of a case and in an address."""
    parts = (row.week.isoformat() if row.week else "-", row.region.pk if row.region else "-",
             row.product.pk if row.product else "-")  # fmt: skip
    return ":".join(("missed", row.verdict.value, *map(str, parts)))


def find_contested_missed(partner: Partner, subject: str, *, now: datetime) -> Contested | None:
    """The group of that name among those that are told to the partner at present; None where there is none."""
    row = next((row for row in list_missed_leads(partner, now=now).rows if name_missed(row) == subject), None)
    if row is None:
        return None
    decided_by = None
    if row.verdict is Verdict.CONFLICT:
        excluded = Override.objects.filter(partner=partner, kind=OverrideKind.EXCLUDED, made_at__gt=now - CONTESTABLE)
        people = {override.made_by for override in excluded.select_related("made_by")}
        decided_by = people.pop() if len(people) == 1 else None
    return Contested(DisputeSubject.MISSED, subject, now, decided_by, missed=row)


def find_case(partner: Partner, contested: Contested) -> Dispute | None:
    """The partner's case about it that stands, if there is one."""
    standing = Dispute.objects.for_partner(partner).filter(subject=contested.subject)
    return standing.exclude(state=DisputeState.WITHDRAWN).first()


def may_be_contested(contested: Contested | None, membership: Membership, *, now: datetime) -> bool:
    """Whether this member may contest it now, for a page that offers it."""
    return (
        contested is not None
        and now - contested.decided_at <= CONTESTABLE
        and may_contest(membership, assignee_id=contested.assignee_id)
        and find_case(membership.partner, contested) is None
    )


# --- The case ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_dispute(contested: Contested, *, text: str, membership: Membership, now: datetime) -> Dispute:
    """Contest a decision, with what the partner has to say.

    Raises:
        NotAllowed: the member is neither owner nor head, nor worked that lead.
        Refusal: nothing is said; the decision is too old; or there is a case about it.
    """
    partner = membership.partner
    if not may_contest(membership, assignee_id=contested.assignee_id):
        raise NotAllowed(
            _("Decisions are contested by the owner of your organisation, its heads, and whoever worked the lead."),
            remedy=_("Tell one of them what you know."),
            code="may_not_contest",
        )
    text = _check_text(text)
    if now - contested.decided_at > CONTESTABLE:
        raise Refusal(_("A decision can be contested for %(days)s days.") % {"days": CONTESTABLE.days}, code="too_old")
    if find_case(partner, contested) is not None:
        raise _stands()
    rules, missed, offer = LeadRules.load(), contested.missed, contested.offer
    decision = _find_decision(offer) if offer else None
    try:
        with transaction.atomic():
            dispute = Dispute.objects.create(
                partner=partner, kind=contested.kind, subject=contested.subject, offer=offer, decision=decision,
                verdict=missed.verdict.value if missed else _find_letter(decision, partner),
                missed_leads=missed.leads if missed else None, missed_week=missed.week if missed else None,
                missed_region=missed.region if missed else None, missed_product=missed.product if missed else None,
                decided_by=contested.decided_by, opened_at=now, opened_by=membership,
                due_at=end_of_workday(
                    now, count=rules.dispute_days, workdays=rules.workdays, holidays=rules.free_days,
                    zone=settings.TIME_ZONE,
                ),
            )  # fmt: skip
    except IntegrityError as error:  # a colleague was a moment earlier
        raise _stands() from error
    DisputeEvidence.objects.create(
        dispute=dispute, side=Side.PARTNER, text=text, written_at=now, written_by=membership.user
    )
    disputes_opened.announce(dispute_ids=dispute.pk, by=membership.user)
    return dispute


@transaction.atomic
def say_for_partner(dispute: Dispute, *, text: str, membership: Membership, now: datetime) -> DisputeEvidence:
    """Add what the partner knows.

    Raises:
        Refusal: nothing is said, the case is closed, or enough was said.
        Dispute.DoesNotExist: it is another partner's.
    """
    return _say(
        Dispute.objects.for_partner(membership.partner), dispute, Side.PARTNER, text, by=membership.user, now=now
    )


@transaction.atomic
def say_for_vendor(dispute: Dispute, *, text: str, by: User, now: datetime) -> DisputeEvidence:
    """Add what staff know. The partner reads it.

    Raises:
        NotAllowed: the person does not answer disputes.
        Refusal: as above.
    """
    _check_arbiter(by)
    return _say(Dispute.objects.all(), dispute, Side.VENDOR, text, by=by, now=now)


@transaction.atomic
def withdraw_dispute(dispute: Dispute, *, membership: Membership, now: datetime) -> Dispute:
    """The partner takes its case back: whoever opened it, its owner, and its heads.

    Raises:
        NotAllowed, Refusal: the member may not, or the case is closed.
        Dispute.DoesNotExist: it is another partner's.
    """
    dispute = _lock(Dispute.objects.for_partner(membership.partner), dispute)
    if not may_contest(membership, assignee_id=dispute.opened_by_id):
        raise NotAllowed(
            _("A case is taken back by whoever opened it, the owner, and the heads."), code="may_not_withdraw"
        )
    _check_open(dispute)
    dispute.state, dispute.closed_at, dispute.closed_by = DisputeState.WITHDRAWN, now, membership.user
    dispute.save(update_fields=["state", "closed_at", "closed_by"])
    disputes_withdrawn.announce(dispute_ids=dispute.pk, by=membership.user)
    return dispute


@transaction.atomic
def answer_dispute(
    dispute: Dispute,
    *,
    upheld: bool,
    reason: str,
    gives_turn_back: bool = False,
    takes_outcome_back: bool = False,
    by: User,
    now: datetime,
) -> Dispute:
    """Answer a case for good. Upheld, the turn is given back (as a whole tick, by a correction), or the outcome is taken
    back and the lead is in work again (by an override), or it is recorded.

    Args:
        reason: both sides read it.
        gives_turn_back: only of an offer that used a turn which was not given back.
        takes_outcome_back: only of the outcome that a lead has now; whoever answers may override.

    Raises:
        NotAllowed: the person does not answer disputes, made the decision, or belongs to the partner.
        Refusal: without a reason, the case is closed, or there is no turn to give back, no outcome to take back.
    """
    _check_arbiter(by)
    reason = _check_text(reason)
    if upheld and gives_turn_back and dispute.offer is not None:
        Route.objects.select_for_update(no_key=True).get(pk=dispute.offer.route_id)
    if upheld and takes_outcome_back and dispute.offer is not None:
        Partner.objects.select_for_update().get(pk=dispute.partner_id)
        Lead.objects.select_for_update(of=("self",)).get(pk=dispute.offer.lead_id)
    dispute = _lock(Dispute.objects.all(), dispute)
    _check_open(dispute)
    if dispute.decided_by_id == by.pk:
        raise NotAllowed(
            _("You made this decision: somebody else looks at it again."),
            remedy=_("Say what you know; a colleague answers."),
            code="own_decision",
        )
    if Membership.objects.active(now).filter(user=by, partner=dispute.partner_id).exists():
        raise NotAllowed(_("You belong to the partner: somebody else answers."), code="own_partner")
    correction = override = None
    if upheld and takes_outcome_back:
        override = _take_outcome_back(dispute, by=by, now=now)
    elif upheld and gives_turn_back:
        offer = dispute.offer
        if offer is None or not has_turn_to_give_back(offer):
            raise Refusal(
                _("There is no turn to give back: none was used, or it was given back already."),
                remedy=_("Record it instead."),
                code="no_turn",
            )
        correction = give_turn_back(
            offer, reason=_("Dispute %(case)s was upheld") % {"case": dispute.public_id}, by=by, now=now
        )
    dispute.state = DisputeState.UPHELD if upheld else DisputeState.REJECTED
    remedy = Remedy.TURN if correction else Remedy.REOPEN if override else Remedy.ENTRY
    dispute.remedy = remedy if upheld else ""
    dispute.correction, dispute.override = correction, override
    dispute.answer, dispute.closed_at, dispute.closed_by = reason, now, by
    dispute.save(update_fields=["state", "remedy", "correction", "override", "answer", "closed_at", "closed_by"])
    disputes_answered.announce(dispute_ids=dispute.pk, by=by)
    return dispute


def has_turn_to_give_back(offer: Offer) -> bool:
    return offer.tick is not None and not Correction.objects.filter(offer=offer).exists()


def _take_outcome_back(dispute: Dispute, *, by: User, now: datetime) -> Override:
    if dispute.offer is None or not has_outcome_to_take_back(dispute):
        raise Refusal(
            _("There is no outcome to take back: the lead is in work, was closed, or has another one since."),
            remedy=_("Record it instead."),
            code="no_outcome",
        )
    reason = _("Dispute %(case)s was upheld") % {"case": dispute.public_id}
    return reopen_lead(dispute.offer.lead, reason=reason, by=by, now=now)


def has_outcome_to_take_back(dispute: Dispute) -> bool:
    """Whether the lead still has the outcome that is contested, and staff can take it back."""
    offer = dispute.offer
    if offer is None or dispute.kind != DisputeSubject.OUTCOME or offer.state != OfferState.ACCEPTED:
        return False
    return offer.lead.status in REOPENABLE and dispute.subject == name_outcome(offer)


def remind_of_overdue(*, now: datetime) -> int:
    """Tell of every open case whose time to be answered is over, once; how many."""
    total = 0
    while count := _remind_batch(now=now):
        total += count
    return total


@transaction.atomic
def _remind_batch(*, now: datetime) -> int:
    late = Dispute.objects.overdue(now).filter(reminded_at__isnull=True).order_by("due_at")
    ids = list(late.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[:REMINDED_AT_ONCE])
    Dispute.objects.filter(pk__in=ids).update(reminded_at=now)
    disputes_overdue.announce(dispute_ids=ids, by=None)
    return len(ids)


def _say(
    among: QuerySet[Dispute], dispute: Dispute, side: Side, text: str, *, by: User, now: datetime
) -> DisputeEvidence:
    text = _check_text(text)
    dispute = _lock(among, dispute)
    _check_open(dispute)
    if dispute.evidence.count() >= MOST_EVIDENCE:
        raise Refusal(_("This case holds as much as it can."), remedy=_("It waits for its answer."), code="too_much")
    evidence = DisputeEvidence.objects.create(dispute=dispute, side=side, text=text, written_at=now, written_by=by)
    evidence_given.announce(evidence_ids=evidence.pk, by=by)
    return evidence


def _lock(among: QuerySet[Dispute], dispute: Dispute) -> Dispute:
    return among.select_for_update(of=("self",)).select_related("offer", "partner").get(pk=dispute.pk)


def _check_open(dispute: Dispute) -> None:
    if not dispute.is_open:
        raise Refusal(_("This case is closed: %(state)s.") % {"state": dispute.get_state_display()}, code="closed")


def _check_text(text: str) -> str:
    text = text.strip()[:TEXT_LENGTH]
    if not text:
        raise Refusal(_("Say why."), code="nothing_said")
    return text


def _check_arbiter(by: User) -> None:
    if not may_answer_disputes(by):
        raise NotAllowed(_("You do not answer disputes."), code="no_arbiter")


def _stands() -> Refusal:
    return Refusal(
        _("There is a case about this decision."),
        remedy=_("Add to it while it is open; an answer is final."),
        code="stands",
    )


def _find_decision(offer: Offer) -> Decision | None:
    """The choice by which the partner got the offer; none where staff gave it by hand."""
    if offer.tick is None:
        return None
    return Decision.objects.filter(route=offer.route_id, tick=offer.tick).select_related("roster").first()


def _find_letter(decision: Decision | None, partner: Partner) -> str:
    """The partner's own letter in a decision; empty where it was not considered."""
    if decision is None:
        return ""
    letters = zip(decision.roster.entries, decision.verdicts, strict=True)
    return next((letter for (partner_id, _weight), letter in letters if partner_id == partner.pk), "")


# --- Reading ----------------------------------------------------------------------------------------------------------


def list_own(membership: Membership, *, every: bool) -> QuerySet[Dispute]:
    """A partner's cases, the latest first: all of them, or those that the member opened."""
    rows = Dispute.objects.for_partner(membership.partner)
    return _with_subjects(rows if every else rows.filter(opened_by=membership))


def list_open() -> QuerySet[Dispute]:
    """Every open case, the most urgent first."""
    return _with_subjects(Dispute.objects.open()).order_by("due_at", "pk")


def list_answered(limit: int = 50) -> list[Dispute]:
    """What staff upheld and rejected, the latest first."""
    answered = Dispute.objects.filter(state__in=(DisputeState.UPHELD, DisputeState.REJECTED))
    return list(_with_subjects(answered).select_related("closed_by").order_by("-closed_at", "-pk")[:limit])


def count_by_state() -> dict[str, int]:
    return dict(Dispute.objects.order_by().values_list("state").annotate(Count("pk")))


def _with_subjects(rows: QuerySet[Dispute]) -> QuerySet[Dispute]:
    return rows.select_related(
        "partner", "offer__lead__product", "offer__lead__region", "missed_region", "missed_product", "opened_by__user"
    )


def list_missed_decisions(dispute: Dispute) -> list[Decision]:
    """The decisions behind a contested group, for staff, as they were told to the partner when it opened the case."""
    if dispute.kind != DisputeSubject.MISSED:
        return []
    group = Group(dispute.verdict, 0, dispute.missed_week, dispute.missed_region_id, dispute.missed_product_id)
    return list_decisions_behind(dispute.partner, group, now=dispute.opened_at, limit=LEADS_SHOWN)
