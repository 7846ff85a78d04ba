"""Writing facts and handing them on.

1. ``write_fact`` inserts the row in the caller's transaction and, after commit, wakes Celery with its id.
2. ``hand_on`` locks the row, calls each receiver that has not taken it yet, each in a transaction together with its
   ``Delivery`` row, so that a receiver that failed is tried again and one that succeeded is not.
3. ``hand_on_due`` is the sweeper's: rows whose wake-up was lost, or whose receiver failed, come up again by ``due_at``.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from portal.core.facts import FactType, Receiver, type_names
from portal.core.models import Delivery, Fact
from portal.core.prepared import Insertion, ask

logger = logging.getLogger(__name__)

#: How long a wake-up may take before the sweeper looks; and the waits between tries, the last one repeated.
GRACE = timedelta(seconds=30)
WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))

FACT = Insertion(Fact)

wake: Callable[[int], None] | None = None  # set by portal.core.tasks: services never enqueue by themselves


def write_fact(fact_type: FactType, payload: dict[str, list[int]], actor_id: int | None) -> None:
    """Insert the fact in the caller's transaction and wake its delivery after commit.

    Raises:
        transaction.TransactionManagementError: outside a transaction, where a fact could outlive what it tells.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{fact_type.name} was announced outside a transaction")
    now = timezone.now()
    fact = Fact(
        name=fact_type.name,
        payload=payload,
        actor_id=actor_id,
        announced_at=now,
        due_at=now + GRACE,
        handed_on_at=None if fact_type.receivers else now,
    )
    [[(fact_id,)]] = ask(FACT(fact))
    if fact_type.receivers and wake is not None:
        wake_up = wake
        # Robust: with the broker away the fact still stands, and the sweeper finds it.
        transaction.on_commit(lambda: wake_up(fact_id), robust=True)


def hand_on(fact_id: int, *, now: datetime) -> None:
    """Give the fact to every receiver that has not taken it. Safe to run twice, and at the same time."""
    fact = Fact.objects.filter(pk=fact_id, handed_on_at__isnull=True).first()
    if fact is None:
        return
    fact_type = type_names.get(fact.name)
    receivers = dict(fact_type.receivers) if fact_type else {}
    taken = set(fact.deliveries.values_list("receiver", flat=True))
    errors = [
        error
        for name, receiver in receivers.items()
        if name not in taken and (error := _deliver(fact, name, receiver, now=now))
    ]
    if errors:
        wait = WAITS[min(fact.tries, len(WAITS) - 1)]
        Fact.objects.filter(pk=fact.pk).update(tries=fact.tries + 1, due_at=now + wait, last_error=errors[0][:200])
    else:
        Fact.objects.filter(pk=fact.pk).update(tries=fact.tries + 1, handed_on_at=now, last_error="")


def _deliver(fact: Fact, name: str, receiver: Receiver, *, now: datetime) -> str:
    """Call one receiver; returns what went wrong, or an empty string."""
    try:
        with transaction.atomic():
            # The key is taken first: a second deliverer waits here, and then finds it taken.
            _delivery, created = Delivery.objects.get_or_create(
                fact=fact, receiver=name, defaults={"delivered_at": now}
            )
            if created:
                receiver(fact)
    except Exception as error:  # a receiver of any kind must not stop the others; the fact comes up again
        logger.exception("%s could not take fact %s", name, fact.pk)
        return f"{name}: {type(error).__name__}"
    return ""


def hand_on_due(*, now: datetime, limit: int = 500) -> int:
    """Hand on what was missed; returns how many facts were looked at."""
    due = list(Fact.objects.due(now).order_by("due_at").values_list("pk", flat=True)[:limit])
    for fact_id in due:
        hand_on(fact_id, now=now)
    return len(due)


FactType.writer = staticmethod(write_fact)
