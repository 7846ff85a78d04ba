"""Keeping what leads are read and distributed by. Staff edit these in forms; what follows from a change is told."""

from collections.abc import Callable

from django.db import transaction

from portal.accounts.models import User
from portal.leads.facts import routes_drafted, sources_changed
from portal.leads.models import Route, Source


@transaction.atomic
def keep_route(save: Callable[[], Route], *, by: User) -> Route:
    """Save a route's draft by the form's own ``save``. Nothing follows from it before it is published."""
    route = save()
    routes_drafted.announce(route_ids=route.pk, by=by)
    return route


@transaction.atomic
def keep_source(save: Callable[[], Source], *, by: User) -> Source:
    """Save a source by the form's own ``save``; its leads that were held for an unknown name are read again."""
    source = save()
    sources_changed.announce(source_ids=source.pk, by=by)
    return source
