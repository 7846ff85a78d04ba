"""Wake-ups. One line each: the services hold the work, and the database every due time."""

from celery import shared_task
from django.utils import timezone

from portal.leads import notices
from portal.leads.models import Route
from portal.leads.services import (
    absences,
    customers,
    disputes,
    distribution,
    holding,
    offers,
    performance,
    policies,
    returns,
)


@shared_task(name="leads.distribute_routes")
def distribute_routes(route_ids: list[int]) -> None:
    routes = Route.objects.filter(pk__in=route_ids)
    distribution.distribute(routes, now=timezone.now(), clock=timezone.now)


@shared_task(name="leads.distribute_waiting_leads")
def distribute_waiting_leads() -> None:
    distribution.distribute_waiting_leads(now=timezone.now(), clock=timezone.now)


@shared_task(name="leads.expire_due_offers")
def expire_due_offers() -> None:
    offers.expire_due_offers(now=timezone.now())


@shared_task(name="leads.wake_due_leads")
def wake_due_leads() -> None:
    holding.wake_due_leads(now=timezone.now())


@shared_task(name="leads.tell_of_rules_in_force")
def tell_of_rules_in_force() -> None:
    policies.tell_of_rules_in_force(now=timezone.now())


@shared_task(name="leads.measure_performance")
def measure_performance() -> None:
    performance.measure_performance(now=timezone.now())


@shared_task(name="leads.tell_next_colleagues")
def tell_next_colleagues() -> None:
    notices.tell_next_colleagues(now=timezone.now())


@shared_task(name="leads.begin_due_absences")
def begin_due_absences() -> None:
    absences.begin_due_absences(now=timezone.now())


@shared_task(name="leads.tell_heads_of_the_week")
def tell_heads_of_the_week() -> None:
    notices.tell_heads_of_the_week(now=timezone.now())


@shared_task(name="leads.send_due_letters")
def send_due_letters() -> None:
    customers.send_due_letters(now=timezone.now())


@shared_task(name="leads.warn_and_return")
def warn_and_return() -> None:
    returns.warn_and_return(now=timezone.now())


@shared_task(name="leads.remind_of_disputes")
def remind_of_disputes() -> None:
    disputes.remind_of_overdue(now=timezone.now())
