"""``python -m tests.bench.lead_worker ROUTE...``: a process that distributes these routes when told to on its input."""

import sys

import django

django.setup()

from celery import current_app  # noqa: E402 -- the apps have to be ready before their models are named
from django.db import connection  # noqa: E402 -- likewise
from django.utils import timezone  # noqa: E402 -- likewise

from portal.leads.models import Route  # noqa: E402 -- likewise
from portal.leads.services.distribution import distribute  # noqa: E402 -- likewise


def main(route_ids: list[int]) -> None:
    current_app.conf.task_always_eager = False  # what follows from a fact is another process's work
    connection.ensure_connection()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for route in Route.objects.filter(pk__in=route_ids).order_by("pk"):
        distribute(route, now=timezone.now(), clock=timezone.now)


if __name__ == "__main__":
    main([int(route_id) for route_id in sys.argv[1:]])
