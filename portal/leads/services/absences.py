"""Being away for a time, and coming back.

While a member is away no lead is given to them and they are told of no offer: everything that chooses somebody asks the
database who is there. Their leads in work pass on in the transaction in which the absence takes effect: to the deputy,
else as if they had left. They come back by the date alone, or when somebody says so; what was passed on stays with
whoever works it.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.core.times import describe_moment
from portal.leads.access import may_say_away
from portal.leads.facts import absences_begun, absences_ended, absences_said
from portal.leads.models import Absence, OfferState, OfferWatch, Telling
from portal.leads.services.working import find_heir, hand_over, list_able, list_workers
from portal.partners.models import Membership, Partner

#: Absences begun in one run of the sweeper, each in a transaction of its own.
BATCH = 100


def list_absences(partner: Partner, *, now: datetime) -> QuerySet[Absence]:
    """Who of the partner is away, or will be, the first to come back or to go first."""
    rows = Absence.objects.standing(now).for_partner(partner).filter(membership__ended_at__isnull=True)
    return rows.select_related("membership__user", "deputy__user", "passed_to__user").order_by("starts_at", "pk")


@transaction.atomic
def go_away(
    member: Membership,
    *,
    starts_at: datetime,
    ends_at: datetime | None,
    deputy: Membership | None = None,
    keeps_leads: bool = False,
    actor: Membership,
    now: datetime,
) -> Absence:
    """Say that a member is away from a moment until another, or until somebody says that they are back.

    Args:
        starts_at: what lies in the past begins now.
        deputy: who works their leads meanwhile; without one the head does, as when a member leaves.
        keeps_leads: whether the leads in work stay with them.
        actor: the membership of whoever says so.

    Raises:
        NotAllowed: it is not the actor's to say.
        Refusal: it would end before it begins, or overlaps another absence; the member works no leads; the deputy works
            none of this partner, is the member, or is away then.
    """
    # 1. Lock and check everything.
    Partner.objects.select_for_update().get(pk=member.partner_id)
    _check_may(actor, member)
    starts_at = max(starts_at, now)
    if ends_at is not None and ends_at <= starts_at:
        raise Refusal(
            _("The day of coming back lies after the first day away."),
            remedy=_("It is the first day on which leads come again."),
            code="ends_first",
        )
    if not list_able(now).filter(pk=member.pk).exists():
        raise Refusal(_("%(person)s works no leads.") % {"person": member.user}, code="not_a_worker")
    _check_free(member, starts_at, ends_at, now=now)
    if deputy is not None:
        _check_deputy(deputy, member, starts_at, ends_at, now=now)
    # 2. Write.
    absence = Absence.objects.create(
        membership=member,
        starts_at=starts_at,
        ends_at=ends_at,
        deputy=deputy,
        keeps_leads=keeps_leads,
        said_at=now,
        said_by=actor.user,
    )
    # 3. Tell.
    absences_said.announce(absence_ids=absence.pk, by=actor.user)
    if starts_at <= now:
        _begin(absence, now=now)
    return absence


@transaction.atomic
def come_back(absence: Absence, *, actor: Membership, now: datetime) -> None:
    """End an absence now; one that has not begun is taken back.

    Raises:
        NotAllowed: it is not the actor's to say.
        Refusal: it is over already.
    """
    Partner.objects.select_for_update().get(pk=absence.membership.partner_id)
    _check_may(actor, absence.membership)
    locked = Absence.objects.standing(now).select_for_update(of=("self",)).filter(pk=absence.pk).first()
    if locked is None:
        raise Refusal(_("This absence is over already."), code="over")
    _end(locked, by=actor.user, now=now)


def begin_due_absences(*, now: datetime) -> int:
    """Let every absence take effect whose first day has come; returns how many."""
    due = Absence.objects.due(now).order_by("starts_at").values_list("pk", "membership__partner")[:BATCH]
    return sum(_begin_due(pk, partner_id, now=now) for pk, partner_id in list(due))


@transaction.atomic
def _begin_due(pk: int, partner_id: int, *, now: datetime) -> bool:
    Partner.objects.select_for_update().get(pk=partner_id)
    # Looked at again under the lock: another sweeper, or the member, may have been quicker.
    absence = Absence.objects.due(now).select_related("membership__partner", "deputy", "said_by").filter(pk=pk).first()
    if absence is None:
        return False
    _begin(absence, now=now)
    return True


def forget_absences(membership: Membership, *, by: User | None, now: datetime) -> None:
    """What becomes of absences when a member leaves, in the transaction that ends the membership: theirs end, and nobody
    has them as a deputy."""
    for absence in Absence.objects.standing(now).filter(membership=membership).select_for_update(of=("self",)):
        _end(absence, by=by, now=now)
    Absence.objects.filter(deputy=membership, began_at__isnull=True).update(deputy=None)


def _begin(absence: Absence, *, now: datetime) -> None:
    """Pass the leads on, and have further colleagues told of the offers that only the member knows of."""
    member = absence.membership
    if absence.is_in_force(now) and not absence.keeps_leads:
        deputy = absence.deputy
        present = deputy and list_workers(member.partner, now).filter(pk=deputy.pk).first()
        heir = present or find_heir(member, now=now)
        if heir is not None:  # where nobody else is there, they stay where they are
            absence.passed = hand_over(member, to=heir, by=absence.said_by, absence=absence)
            absence.passed_to = heir if absence.passed else None
    absence.began_at = now
    absence.save(update_fields=["began_at", "passed", "passed_to"])
    OfferWatch.objects.filter(
        offer__state=OfferState.OPEN,
        offer__seen_at__isnull=True,
        offer__in=Telling.objects.filter(membership=member).values("offer"),
        due_at__gt=now,
    ).update(due_at=now)
    absences_begun.announce(absence_ids=absence.pk, by=absence.said_by)


def _end(absence: Absence, *, by: User | None, now: datetime) -> None:
    absences_ended.announce(absence_ids=absence.pk, by=by)
    if absence.starts_at >= now:
        absence.delete()
    else:
        absence.ends_at = now
        absence.save(update_fields=["ends_at"])


def _check_may(actor: Membership, member: Membership) -> None:
    if not may_say_away(actor, member):
        raise NotAllowed(
            _("You cannot say this of %(person)s.") % {"person": member.user},
            remedy=_("They can, and so can the owner of your organisation and whoever leads the team."),
            code="job_role",
        )


def _overlapping(member: Membership, starts_at: datetime, ends_at: datetime | None) -> QuerySet[Absence]:
    found = Absence.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=starts_at), membership=member)
    return found if ends_at is None else found.filter(starts_at__lt=ends_at)


def _check_free(member: Membership, starts_at: datetime, ends_at: datetime | None, *, now: datetime) -> None:
    other = _overlapping(member, starts_at, ends_at).order_by("starts_at").first()
    if other is None:
        return
    if other.is_in_force(now):
        message = _("%(person)s is away already, since %(moment)s.")
    else:
        message = _("%(person)s will be away already, from %(moment)s.")
    raise Refusal(
        message % {"person": member.user, "moment": describe_moment(other.starts_at, "date")},
        remedy=_("End that absence first, or choose other days."),
        code="overlaps",
    )


def _check_deputy(
    deputy: Membership, member: Membership, starts_at: datetime, ends_at: datetime | None, *, now: datetime
) -> None:
    if deputy.pk == member.pk:
        raise Refusal(_("Nobody is their own deputy."), remedy=_("Choose a colleague, or nobody."), code="own_deputy")
    if not list_able(now).for_partner(member.partner).filter(pk=deputy.pk).exists():
        raise Refusal(
            _("%(person)s does not work leads of your organisation.") % {"person": deputy.user},
            remedy=_("Choose another deputy, or nobody: then the head has the leads."),
            code="deputy_not_a_worker",
        )
    if _overlapping(deputy, starts_at, ends_at).exists():
        raise Refusal(
            _("%(person)s is away then as well.") % {"person": deputy.user},
            remedy=_("Choose another deputy, or nobody: then the head has the leads."),
            code="deputy_away",
        )
