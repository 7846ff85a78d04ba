"""A partner's own terms: when it works, how much it takes, and pausing its leads."""

from collections.abc import Iterable
from datetime import date, datetime, time

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.errors import Refusal
from portal.leads.facts import partner_terms_changed
from portal.leads.models import AssignRule, PartnerHoliday, PartnerTerms
from portal.partners.models import JobRole, Partner

#: How many free days a partner may have on its calendar.
MOST_HOLIDAYS = 100


def find_terms(partner: Partner) -> PartnerTerms:
    """The partner's terms; unsaved ones, which ask for nothing, where it never said any."""
    return PartnerTerms.objects.filter(partner=partner).first() or PartnerTerms(partner=partner)


@transaction.atomic
def keep_terms(
    partner: Partner,
    *,
    open_cap: int | None,
    day_cap: int | None,
    languages: Iterable[str],
    assigns: str = "",
    assigns_role: JobRole | None = None,
    has_hours: bool,
    workdays: Iterable[int],
    opens_at: time,
    closes_at: time,
    holidays: Iterable[date],
    by: User,
    now: datetime,
) -> PartnerTerms:
    """Say how the partner works. It changes nothing about offers that stand.

    Args:
        assigns_role: of which job role they are who work leads, where ``assigns`` says that they are of one.

    Raises:
        Refusal: hours that are none, more free days than a calendar holds, or no job role that works leads.
    """
    days, free = sorted(set(workdays)), sorted(set(holidays))
    if has_hours and not days:
        raise Refusal(
            _("Choose the days on which you work."),
            remedy=_("Or pause your leads: then none are offered at all."),
            code="no_days",
        )
    if has_hours and closes_at != time() and closes_at <= opens_at:
        raise Refusal(_("The day has to end after it begins."), remedy=_("00:00 is midnight."), code="no_hours")
    if len(free) > MOST_HOLIDAYS:
        raise Refusal(_("At most %(most)s days can be free.") % {"most": MOST_HOLIDAYS}, code="too_many_days")
    rule = AssignRule(assigns or AssignRule.ACCEPTER)
    if rule == AssignRule.ROLE and (assigns_role is None or not assigns_role.works_leads):
        raise Refusal(
            _("Choose the job role whose people work your leads."),
            remedy=_("Only job roles that work leads are among them."),
            code="no_role",
        )
    Partner.objects.select_for_update().get(pk=partner.pk)
    terms = find_terms(partner)
    terms.open_cap, terms.day_cap, terms.languages = open_cap, day_cap, sorted(set(languages))
    terms.assigns, terms.assigns_role = rule, assigns_role if rule == AssignRule.ROLE else None
    terms.has_hours, terms.workdays, terms.opens_at, terms.closes_at = has_hours, days, opens_at, closes_at
    terms.changed_at, terms.changed_by = now, by
    terms.save()
    PartnerHoliday.objects.filter(partner=partner).exclude(day__in=free).delete()
    PartnerHoliday.objects.bulk_create(
        [PartnerHoliday(partner=partner, day=day) for day in free], ignore_conflicts=True
    )
    partner_terms_changed.announce(partner_ids=partner.pk, by=by)
    return terms


@transaction.atomic
def pause_leads(
    partner: Partner, *, until: datetime | None = None, reason: str = "", by: User, now: datetime
) -> PartnerTerms:
    """Take the partner out of the turns: absence adds no credit and costs none. Offers that stand may be answered.

    Args:
        until: when it ends by itself; None for until it is ended.

    Raises:
        Refusal: the pause would end before it begins.
    """
    if until is not None and until <= now:
        raise Refusal(_("A pause ends later than now."), code="past")
    Partner.objects.select_for_update().get(pk=partner.pk)
    terms = find_terms(partner)
    terms.paused_at, terms.paused_until, terms.pause_reason = now, until, reason.strip()
    terms.changed_at, terms.changed_by = now, by
    terms.save()
    partner_terms_changed.announce(partner_ids=partner.pk, by=by)
    return terms


@transaction.atomic
def receive_leads_again(partner: Partner, *, by: User, now: datetime) -> PartnerTerms:
    """End the pause now.

    Raises:
        Refusal: the partner has not paused.
    """
    Partner.objects.select_for_update().get(pk=partner.pk)
    terms = find_terms(partner)
    if not terms.is_paused(now):
        raise Refusal(_("Your leads are not paused."), code="not_paused")
    terms.paused_at, terms.paused_until, terms.pause_reason = None, None, ""
    terms.changed_at, terms.changed_by = now, by
    terms.save()
    partner_terms_changed.announce(partner_ids=partner.pk, by=by)
    return terms
