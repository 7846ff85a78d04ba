"""Working a lead that the partner took: who does, how far it is, what comes next, and what colleagues should know."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.errors import Refusal
from portal.leads.facts import leads_assigned, leads_contacted
from portal.leads.models import Absence, AssignRule, Lead, LeadNote, LeadStatus, PartnerTerms, Stage
from portal.leads.services.clocks import RETURN_CLOCK, wind_clock
from portal.partners.models import Membership, MembershipQuerySet, Partner

MOST_NOTES = 500
NOTE_LENGTH = 2000


def list_able(now: datetime) -> MembershipQuerySet:
    """Members of any partner who may work leads, also those who are away."""
    able = Membership.objects.active(now).filter(
        held_roles__ended_at__isnull=True, held_roles__role__works_leads=True, user__is_active=True
    )
    return able.distinct()


def list_present(now: datetime) -> MembershipQuerySet:
    """The same without those who are away."""
    return list_able(now).exclude(pk__in=Absence.objects.in_force(now).values("membership"))


def list_workers(partner: Partner, now: datetime) -> QuerySet[Membership]:
    """Members of the partner who may work leads and are not away, those with the fewest in work first."""
    in_work = Count("leads", filter=Q(leads__status=LeadStatus.ACCEPTED), distinct=True)
    present = list_present(now).for_partner(partner)
    return present.annotate(in_work=in_work).select_related("user").order_by("in_work", "pk")


def choose_assignee(partner: Partner, *, accepted_by: User, now: datetime) -> Membership | None:
    """Who works a lead that is accepted now, by the partner's own rule. Whoever is away and accepts all the same, works
    it: nobody else has chosen to."""
    terms = PartnerTerms.objects.filter(partner=partner).first()
    if terms is not None and terms.assigns != AssignRule.ACCEPTER:
        workers = list_workers(partner, now)
        of_role = (
            workers.filter(held_roles__ended_at__isnull=True, held_roles__role=terms.assigns_role)
            if terms.assigns_role_id
            else workers
        )
        worker = of_role.first() or workers.first()  # better a colleague of another role than nobody
        if worker is not None:
            return worker
    return list_able(now).for_partner(partner).filter(user=accepted_by).first()


@transaction.atomic
def assign_member(lead: Lead, *, member: Membership, by: User, now: datetime) -> Lead:
    """Give the lead to a colleague.

    Raises:
        Refusal: the lead is not in work, or the member is away, or may not work leads of this partner (any more).
    """
    lead = _lock_in_work(lead)
    away = Absence.objects.in_force(now).filter(membership=member, membership__partner=lead.partner).first()
    if away is not None:
        raise Refusal(
            _("%(person)s is away.") % {"person": member.user},
            remedy=_("Choose a colleague who is there; who is away, and until when, stands on a page of its own."),
            code="away",
        )
    if not list_workers(lead.partner, now).filter(pk=member.pk).exists():  # type: ignore[arg-type]  # it was accepted
        raise Refusal(
            _("%(person)s does not work leads of your organisation.") % {"person": member.user},
            remedy=_("The owner of your organisation can give them a job role that does."),
            code="not_a_worker",
        )
    lead.assignee = member
    lead.save(update_fields=["assignee"])
    leads_assigned.announce(lead_ids=lead.pk, membership_ids=member.pk, absence_ids=(), by=by)
    return lead


@transaction.atomic
def plan_step(
    lead: Lead,
    *,
    stage: Stage,
    next_step: str,
    on: date | None,
    by: User,
    now: datetime,
) -> Lead:
    """Say how far the lead is, and what comes next. The first contact is when it first left the stage "to call".

    Raises:
        Refusal: the lead is not in work; or it goes back to "to call" after the customer was spoken with.
    """
    lead = _lock_in_work(lead)
    if stage == Stage.TAKEN and lead.first_contact_at is not None:
        raise Refusal(
            _("The customer was spoken with already."),
            remedy=_("Choose how far you are now."),
            code="contacted_already",
        )
    if stage != Stage.TAKEN and lead.first_contact_at is None:
        lead.first_contact_at = now
        leads_contacted.announce(lead_ids=lead.pk, by=by)
    lead.stage, lead.next_step, lead.next_step_on = stage, next_step.strip(), on
    wind_clock(lead, now=now)
    lead.save(update_fields=["stage", "first_contact_at", "next_step", "next_step_on", *RETURN_CLOCK])
    return lead


@transaction.atomic
def write_note(lead: Lead, *, text: str, by: User, now: datetime) -> LeadNote:
    """Add a note for colleagues.

    Raises:
        Refusal: it says nothing, or there are too many.
    """
    text = text.strip()[:NOTE_LENGTH]
    if not text:
        raise Refusal(_("Write something."), code="note_empty")
    lead = Lead.objects.select_for_update(of=("self",)).select_related("partner", "policy").get(pk=lead.pk)
    if lead.partner is None:
        raise Refusal(_("No partner has this lead."), code="nobody_s")
    if lead.notes.count() >= MOST_NOTES:
        raise Refusal(_("This lead has as many notes as it can hold."), code="too_many_notes")
    if lead.status == LeadStatus.ACCEPTED:
        wind_clock(lead, now=now)
        lead.save(update_fields=RETURN_CLOCK)
    return LeadNote.objects.create(lead=lead, partner=lead.partner, text=text, written_at=now, written_by=by)


def pass_leads_on(membership: Membership, *, by: User | None, now: datetime) -> int:
    """Give the leads in work of a member who leaves to the head with the fewest, else to an owner; how many.

    Called in the transaction that ends the membership. Where nobody is left to work them they are nobody's, and every
    colleague sees them as such.
    """
    return hand_over(membership, to=find_heir(membership, now=now), by=by)


def find_heir(membership: Membership, *, now: datetime) -> Membership | None:
    """Who works the leads of a member that cannot: the head with the fewest, else an owner, else any colleague. None
    where nobody else is there."""
    workers = list_workers(membership.partner, now).exclude(pk=membership.pk)
    heads = workers.filter(
        held_roles__ended_at__isnull=True, held_roles__role__leads_team=True, held_roles__role__manages_members=False
    )
    owners = workers.filter(held_roles__ended_at__isnull=True, held_roles__role__manages_members=True)
    return heads.first() or owners.first() or workers.first()


def hand_over(membership: Membership, *, to: Membership | None, by: User | None, absence: Absence | None = None) -> int:
    """Let somebody else work every lead that the member has in work, in the caller's transaction; how many.

    Args:
        absence: for which it is done.
    """
    leads = Lead.objects.filter(assignee=membership, status=LeadStatus.ACCEPTED)
    ids = list(leads.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    Lead.objects.filter(pk__in=ids).update(assignee=to)
    if ids:
        leads_assigned.announce(
            lead_ids=ids, membership_ids=[to.pk] if to else [], absence_ids=[absence.pk] if absence else [], by=by
        )
    return len(ids)


def _lock_in_work(lead: Lead) -> Lead:
    lead = Lead.objects.select_for_update(of=("self",)).select_related("partner", "policy").get(pk=lead.pk)
    if lead.status != LeadStatus.ACCEPTED:
        raise Refusal(
            _("This lead is not in work: %(status)s.") % {"status": lead.get_status_display()}, code="not_in_work"
        )
    return lead
