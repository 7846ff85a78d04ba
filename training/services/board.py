"""The board of upkeep: every live material with its state, how much it is read, and what readers say is wrong."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from training.freshness import Freshness
from training.models import MaterialPage, Reading, Remark

#: How long a reading keeps a material hot.
HEAT = timedelta(days=30)
#: The order of the board: what is overdue, then what is due, then the rest; in each the most read first.
RANKS = {Freshness.OVERDUE: 0, Freshness.DUE: 1, Freshness.VERIFIED: 2}


def list_upkeep(*, now: datetime) -> QuerySet[MaterialPage]:
    """Live materials with ``rank``, ``readers`` (people in the last 30 days, in all languages) and ``open_remarks``,
    hot but overdue first. One query, whatever is shown of each row.
    """
    read = Reading.objects.filter(material_key=OuterRef("translation_key"), last_read_at__gte=now - HEAT)
    said = Remark.objects.filter(page=OuterRef("pk"), closed_at__isnull=True)
    pages: QuerySet[MaterialPage] = MaterialPage.objects.filter(live=True, upkeep__isnull=False)
    found: QuerySet[MaterialPage] = (
        pages.select_related("upkeep", "owner", "locale", "content_type")
        .annotate(
            rank=Case(
                When(upkeep__due_at__lte=now, then=Value(RANKS[Freshness.OVERDUE])),
                When(upkeep__ask_from__lte=now, then=Value(RANKS[Freshness.DUE])),
                default=Value(RANKS[Freshness.VERIFIED]),
                output_field=IntegerField(),
            ),
            readers=_count(read, "material_key"),
            open_remarks=_count(said, "page"),
        )
        .order_by("rank", "-readers", "upkeep__due_at", "pk")
    )
    return found


def list_own(user: Any, *, now: datetime) -> QuerySet[MaterialPage]:
    """Of the board, what a person keeps and should look at: due, overdue, or reported by readers."""
    return list_upkeep(now=now).filter(Q(rank__lt=RANKS[Freshness.VERIFIED]) | Q(open_remarks__gt=0), owner=user)


def _count(rows: QuerySet[Any], group: str) -> Coalesce:
    counted = rows.order_by().values(group).annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), Value(0))
