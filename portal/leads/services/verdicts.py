"""Reading one partner's own letter out of stored decisions, in the database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Case, CharField, Expression, F, IntegerField, Value, When
from django.db.models.functions import StrIndex, Substr

from portal.leads.routing import Verdict


def find_places(
    rosters: Iterable[tuple[int, Sequence[Sequence[int]]]], *, partner_id: int
) -> dict[int, tuple[int, ...]]:
    """Where the partner stands in each roster: ids of rosters by its place, counted from 1. Rosters without it are left out.

    Args:
        rosters: (id, entries) of each.
    """
    places: dict[int, list[int]] = defaultdict(list)
    for roster_id, entries in rosters:
        for place, (one, _weight) in enumerate(entries, start=1):
            if one == partner_id:
                places[place].append(roster_id)
                break
    return {place: tuple(ids) for place, ids in places.items()}


def letter_at(places: Mapping[int, Sequence[int]]) -> Expression:
    """The letter that a decision has for the partner whose ``places`` these are; null where it was not considered."""
    if not places:
        return Value(None, output_field=CharField())
    place = Case(
        *(When(roster__in=ids, then=Value(place)) for place, ids in sorted(places.items())),
        output_field=IntegerField(),
    )
    return Substr("verdicts", place, 1)


def nearness_of(letter: str) -> StrIndex:
    """How near a partner with a letter came to the lead, from 1 on: how late its condition is looked at."""
    return StrIndex(Value("".join(Verdict)), F(letter))
