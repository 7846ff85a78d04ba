"""The moments of a lead that a partner took: by when its customer is called, when nothing done sends it back."""

from datetime import datetime, timedelta

from portal.leads.hearing import promise_until
from portal.leads.hours import WorkingHours
from portal.leads.models import Lead, PartnerTerms
from portal.leads.returning import wind
from portal.partners.models import Partner

#: The columns of the way back, and all of them.
RETURN_CLOCK = ("warn_at", "return_at")
CLOCKS = ("contact_due_at", *RETURN_CLOCK)


def start_clocks(lead: Lead, *, now: datetime) -> None:
    """Note what is due of a lead that was accepted just now. The caller has it locked."""
    if lead.policy is None or lead.partner is None:
        return
    rules = lead.policy.policy
    working = find_hours(lead.partner, now=now) if rules.in_working_hours else None
    lead.contact_due_at = promise_until(now, within_hours=rules.first_contact_hours, working=working)
    wind_clock(lead, now=now)
    lead.save(update_fields=CLOCKS)


def wind_clock(lead: Lead, *, now: datetime) -> None:
    """Something was done about a lead in work: its way back begins anew. The caller saves :data:`RETURN_CLOCK`."""
    term = None
    if lead.policy is not None and lead.partner is not None:
        term = wind(
            days=lead.policy.policy.return_after_days,
            touched_at=now,
            contacted=lead.first_contact_at is not None,
            step_on=lead.next_step_on,
            zone=lead.partner.time_zone,
        )
    lead.warn_at, lead.return_at = (term.warn_at, term.return_at) if term else (None, None)


def stop_return(lead: Lead) -> None:
    """A lead that is finished never goes back; the caller saves :data:`RETURN_CLOCK`."""
    lead.warn_at = lead.return_at = None


def stop_clocks(lead: Lead) -> None:
    """Nothing is due any more of a lead that the partner lost; the caller saves :data:`CLOCKS`."""
    lead.contact_due_at = None
    stop_return(lead)


def find_hours(partner: Partner, *, now: datetime) -> WorkingHours | None:
    """When a partner works; None for around the clock."""
    terms = PartnerTerms.objects.filter(partner=partner).first()
    if terms is None:
        return None
    # A day earlier somewhere on Earth is still today.
    holidays = partner.holidays.filter(day__gte=(now - timedelta(days=1)).date()).values_list("day", flat=True)
    return terms.hours(partner.time_zone, frozenset(holidays))
