"""Replaying what was decided: every stored choice is made again by :mod:`portal.leads.replaying`, and has to agree."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

from django.db import transaction
from django.db.models import Max, QuerySet

from portal.leads.models import Correction, Decision, Roster, Route, RouteCredit
from portal.leads.replaying import LedgerEntry, Replay, Stored, replay

#: Decisions, and lists of candidates, that are in memory at a time.
CHUNK = 500
ROSTERS = 64


def replay_decisions(route: Route, *, ledger: Iterable[LedgerEntry] = ()) -> Replay:
    """Make a route's decisions again, first those that took a turn, in their order; its credits have to be what is left.

    Leads may be distributed meanwhile: turns that are taken after this began are left out. What is in memory does not
    grow with the number of decisions.

    Args:
        ledger: what was booked between turns beside the route's own corrections.
    """
    last, standing, corrections = _read_standing(route)
    decisions = Decision.objects.filter(route=route)
    taken = decisions.filter(tick__lte=last).order_by("tick")
    held = decisions.filter(tick__isnull=True).order_by("pk")
    return replay(chain(*(_read(found) for found in (taken, held))), ledger=[*corrections, *ledger], standing=standing)


@transaction.atomic
def _read_standing(route: Route) -> tuple[int, dict[int, int], list[LedgerEntry]]:
    """The last turn, the credits after it, and what was corrected: of one moment, as the route is locked for it."""
    Route.objects.select_for_update(no_key=True).get(pk=route.pk)
    last = Decision.objects.filter(route=route).aggregate(last=Max("tick"))["last"] or 0
    corrections = (
        Correction.objects.filter(route=route).order_by("after_tick", "pk").values_list("after_tick", "entries")
    )
    ledger: list[LedgerEntry] = [(tick, dict(entries)) for tick, entries in corrections]
    return last, dict(RouteCredit.objects.filter(route=route).values_list("partner_id", "credit")), ledger


def _read(decisions: QuerySet[Decision]) -> Iterator[Stored]:
    rows = decisions.values_list("lead_id", "tick", "roster_id", "verdicts", "credits", "winner_id")
    read_entries = lru_cache(maxsize=ROSTERS)(_read_entries)
    for lead_id, tick, roster_id, verdicts, credits, winner_id in rows.iterator(chunk_size=CHUNK):
        yield Stored(lead_id, tick, read_entries(roster_id), verdicts, credits, winner_id)


def _read_entries(roster_id: int) -> tuple[tuple[int, int], ...]:
    entries = Roster.objects.values_list("entries", flat=True).get(pk=roster_id)
    return tuple((partner_id, weight) for partner_id, weight in entries)
