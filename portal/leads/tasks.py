"""Wake-ups. One line each: the services hold the work, and the database every due time."""

from celery import shared_task
from django.utils import timezone

from portal.leads.models import Route
from portal.leads.services import customers, disputes, distribution, holding, offers, returns


@shared_task(name="leads.distribute_route")
def distribute_route(route_id: int) -> None:
    distribution.distribute(Route.objects.get(pk=route_id), now=timezone.now(), clock=timezone.now)


@shared_task(name="leads.distribute_waiting_leads")
def distribute_waiting_leads() -> None:
    distribution.distribute_waiting_leads(now=timezone.now(), clock=timezone.now)


@shared_task(name="leads.expire_due_offers")
def expire_due_offers() -> None:
    offers.expire_due_offers(now=timezone.now())


@shared_task(name="leads.wake_due_leads")
def wake_due_leads() -> None:
    holding.wake_due_leads(now=timezone.now())


@shared_task(name="leads.send_due_letters")
def send_due_letters() -> None:
    customers.send_due_letters(now=timezone.now())


@shared_task(name="leads.warn_and_return")
def warn_and_return() -> None:
    returns.warn_and_return(now=timezone.now())


@shared_task(name="leads.remind_of_disputes")
def remind_of_disputes() -> None:
    disputes.remind_of_overdue(now=timezone.now())
