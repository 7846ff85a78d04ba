"""What a person has read: how a material stands to them, and that they have opened it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField, DateTimeField, IntegerField, OuterRef, Subquery, TextField

from portal.core.prepared import Asked, Question, ask
from portal.partners.models import Membership
from training.freshness import Freshness, judge_freshness
from training.models import Change, MaterialPage, Reading
from training.services.changes import open_change


@dataclass(frozen=True, slots=True)
class ReadingState:
    """How one material stands to one reader, as far as its page may show it.

    Pages are kept for all readers to whom they look the same (``training.views.kept``), and this is part of what a page
    is kept under: nothing may be added that is another for each reader.
    """

    pinned: bool = False
    #: Where the viewer of a video stopped.
    seconds: int = 0
    last_read_at: datetime | None = None
    #: When the material was last found true, and by when it is to be looked through again.
    verified_at: datetime | None = None
    due_at: datetime | None = None
    #: The latest material change since the reader's last visit; None and empty where they have seen all, or nothing.
    change_id: int | None = None
    change_line: str = ""
    change_at: datetime | None = None

    @property
    def face(self) -> "ReadingState":
        """As much of it as a page shows: when the reader last came is said only of a page that has changed since."""
        return self if self.change_id else replace(self, last_read_at=None)

    def judge_freshness(self, now: datetime) -> Freshness | None:
        """Whether it is verified, due or overdue; None for a material that nobody was asked about yet."""
        if self.verified_at is None or self.due_at is None:
            return None
        return judge_freshness(self.verified_at, self.due_at, now=now)


@dataclass(frozen=True, slots=True)
class Found:
    """The material at an address, as far as it is needed to know whether a kept page is still true."""

    page_id: int
    content_type_id: int
    revision_id: int | None
    published_at: datetime | None
    state: ReadingState


def _tell(materials: Any, user: Any, now: Any) -> Any:
    """The columns of :class:`Found`, in its order, for these materials and this person."""
    mine = Reading.objects.filter(user=user, material_key=OuterRef("translation_key"))
    changes = Change.objects.filter(page=OuterRef("pk"), is_material=True, is_first=False, published_at__lte=now)
    return materials.order_by().values_list(
        "pk",
        "content_type_id",
        "live_revision_id",
        "last_published_at",
        "upkeep__verified_at",
        "upkeep__due_at",
        *(Subquery(mine.values(name)[:1]) for name in ("pinned_at", "seconds", "last_read_at")),
        Subquery(changes.order_by("-published_at").values("published_at")[:1]),
    )


OF_PAGE = Question(
    lambda page, user, now: _tell(MaterialPage.objects.filter(pk=page), user, now),
    page=IntegerField(),
    user=IntegerField(),
    now=DateTimeField(),
)
AT_ADDRESS = Question(
    # The column url_path has no index, slug has.
    lambda address, slug, user, now: _tell(MaterialPage.objects.live().filter(slug=slug, url_path=address), user, now),
    address=TextField(),
    slug=CharField(),
    user=IntegerField(),
    now=DateTimeField(),
)


def ask_material_at(address: str, *, user_id: int, now: datetime) -> Asked:
    """Which material is live at a path of the tree, and how it stands to the person; :func:`read_found` reads it."""
    slug = address.rstrip("/").rpartition("/")[2]
    return AT_ADDRESS(address=address, slug=slug, user=user_id, now=now)


def read_found(rows: list[tuple[Any, ...]]) -> Found | None:
    """The first material of an answer, or None where there is none. One more query where it changed since the visit."""
    if not rows:
        return None
    page_id, content_type_id, revision_id, published_at, verified_at, due_at, *reading = rows[0]
    pinned_at, seconds, last_read_at, change_at = reading
    state = ReadingState(
        pinned=pinned_at is not None, seconds=seconds or 0, last_read_at=last_read_at,
        verified_at=verified_at, due_at=due_at,
    )  # fmt: skip
    if last_read_at is not None and change_at is not None and change_at > last_read_at:
        changes = Change.objects.filter(page=page_id, is_material=True, is_first=False, published_at=change_at)
        change_id, line = changes.order_by("-pk").values_list("pk", "line")[0]
        state = replace(state, change_id=change_id, change_line=line, change_at=change_at)
    return Found(page_id, content_type_id, revision_id, published_at, state)


def find_state(page: MaterialPage, user_id: int, now: datetime) -> ReadingState:
    """How the material stands to the person; one query."""
    [rows] = ask(OF_PAGE(page=page.pk, user=user_id, now=now))
    found = read_found(rows)
    return found.state if found else ReadingState()


#: One statement, so that two windows opened at once are both counted; a later visit is never put back to an earlier one.
VISIT = """
    INSERT INTO training_reading (user_id, material_key, page_id, first_read_at, last_read_at, times, seconds)
    VALUES (%s, %s, %s, %s, %s, 1, 0)
    ON CONFLICT (user_id, material_key) DO UPDATE SET
        page_id = excluded.page_id,
        first_read_at = COALESCE(training_reading.first_read_at, excluded.first_read_at),
        last_read_at = CASE WHEN training_reading.last_read_at > excluded.last_read_at
            THEN training_reading.last_read_at ELSE excluded.last_read_at END,
        times = training_reading.times + 1
"""


@transaction.atomic
def record_visit(user: Any, membership: Membership | None, page: MaterialPage, now: datetime) -> None:
    """Record that a person has a material before them: when first, when last, how often.

    What the vendor's staff look at is not reading: without a membership nothing is recorded.
    """
    if membership is None:
        return
    fields: list[Any] = [Reading._meta.get_field(name) for name in ("material_key", "last_read_at")]
    key, moment = (
        field.get_db_prep_value(value, connection)
        for field, value in zip(fields, (page.translation_key, now), strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(VISIT, [user.pk, key, page.pk, moment, moment])
    open_change(user.pk, page_id=page.pk, now=now)
