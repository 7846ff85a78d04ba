"""The moments of a lead that a partner took: by when its customer is called."""

from datetime import datetime, timedelta

from portal.leads.hearing import promise_until
from portal.leads.hours import WorkingHours
from portal.leads.models import Lead, PartnerTerms
from portal.partners.models import Partner

#: The columns that hold them.
CLOCKS = ("contact_due_at",)


def start_clocks(lead: Lead, *, now: datetime) -> None:
    """Note what is due of a lead that was accepted just now. The caller has it locked."""
    if lead.policy is None or lead.partner is None:
        return
    rules = lead.policy.policy
    working = find_hours(lead.partner, now=now) if rules.in_working_hours else None
    lead.contact_due_at = promise_until(now, within_hours=rules.first_contact_hours, working=working)
    lead.save(update_fields=CLOCKS)


def stop_clocks(lead: Lead) -> None:
    """Nothing is due any more of a lead that the partner lost; the caller saves :data:`CLOCKS`."""
    lead.contact_due_at = None


def find_hours(partner: Partner, *, now: datetime) -> WorkingHours | None:
    """When a partner works; None for around the clock."""
    terms = PartnerTerms.objects.filter(partner=partner).first()
    if terms is None:
        return None
    # A day earlier somewhere on Earth is still today.
    holidays = partner.holidays.filter(day__gte=(now - timedelta(days=1)).date()).values_list("day", flat=True)
    return terms.hours(partner.time_zone, frozenset(holidays))
