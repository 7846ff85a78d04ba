"""``python -m tests.bench.lead_worker ROUTE...``: a process that distributes these routes when told to on its input."""

import sys

import django

django.setup()

from celery import current_app  # noqa: E402 -- the apps have to be ready before their models are named
from django.db import transaction  # noqa: E402 -- after the apps are ready
from django.utils import timezone  # noqa: E402 -- after the apps are ready

from portal.leads.models import Route  # noqa: E402 -- after the apps are ready
from portal.leads.services.distribution import BATCH, claim_new, distribute  # noqa: E402 -- after the apps are ready
from portal.leads.services.route_desks import open_desks  # noqa: E402 -- after the apps are ready


def main(route_ids: list[int]) -> None:
    current_app.conf.task_always_eager = False  # what follows from a fact is another process's work
    with transaction.atomic():  # a worker has been at work before: its questions are compiled
        claim_new(open_desks(route_ids, now=timezone.now()), size=BATCH)
        transaction.set_rollback(True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    distribute(Route.objects.filter(pk__in=route_ids).order_by("pk"), now=timezone.now(), clock=timezone.now)
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main([int(route_id) for route_id in sys.argv[1:]])
