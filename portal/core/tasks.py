"""Wake-ups. One line each: the services hold the work."""

from celery import shared_task
from django.utils import timezone

from portal.core.services import outbox


@shared_task(name="core.hand_on_fact")
def hand_on_fact(fact_id: int) -> None:
    outbox.hand_on(fact_id, now=timezone.now())


@shared_task(name="core.hand_on_due_facts")
def hand_on_due_facts() -> None:
    outbox.hand_on_due(now=timezone.now())


def _wake(fact_id: int) -> None:
    hand_on_fact.delay(fact_id)


outbox.wake = _wake
