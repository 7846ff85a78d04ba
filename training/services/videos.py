"""A video as one reader watches it: its player, chapters and transcript; and where they stopped."""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from portal.content.embeds import Video, find_video
from portal.content.models import Document
from portal.content.vtt import Cue
from training.captions import Paragraph, keep_within, make_transcript
from training.models import Reading, VideoPage, WatchedStretch
from training.services.attendance import count_replay
from training.watching import MOST_KEPT, Stretch, join_stretches, measure_watched


@dataclass(frozen=True, slots=True)
class Source:
    """The file to play."""

    url: str
    kind: str


@dataclass(frozen=True, slots=True)
class Screening:
    """What a video's page shows.

    Attributes:
        source: our own file; None where the video is at a provider.
        embed: the video at its provider; None where it is ours.
        captions, chapter_track: addresses of the WebVTT files; empty for none.
        start: where the player begins because the address says so, in seconds; None where it does not.
    """

    source: Source | None
    embed: Video | None
    captions: str
    chapter_track: str
    chapters: list[Cue]
    transcript: list[Paragraph]
    start: int | None


def show_video(page: VideoPage, *, asked: str) -> Screening:
    """What the video's page shows; its captions and chapters are read from their files.

    Args:
        asked: the second to begin at as the address says it; anything else than a number is passed over.
    """
    chapters, captions = _read(page.chapters), _read(page.captions)
    source = None
    file: Document | None = page.file
    if file is not None:
        source = Source(file.file.url, mimetypes.guess_type(file.file.name)[0] or "video/mp4")
    return Screening(
        source=source,
        embed=find_video(page.embed_url) if page.embed_url and source is None else None,
        captions=page.captions.file.url if page.captions and captions else "",
        chapter_track=page.chapters.file.url if page.chapters and chapters else "",
        chapters=chapters,
        transcript=make_transcript(captions, chapters=chapters),
        start=read_second(page, asked),
    )


def read_second(page: VideoPage, asked: str) -> int | None:
    """The second that an address asks for, within the video; None where it asks for none."""
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= 6):
        return None
    return keep_within(int(asked), page.seconds)


def _read(document: Document | None) -> list[Cue]:
    """The cues of a file that was looked at when the page was saved; none where it has gone or broken since."""
    if document is None:
        return []
    try:
        return document.read_captions()
    except ValidationError:
        return []


def find_video_page(material_key: UUID, *, language: str) -> VideoPage | None:
    """The live video of a material: in the language where there is one, else in another."""
    found = VideoPage.objects.live().filter(translation_key=material_key).select_related("locale").order_by("pk")
    return min(found, key=lambda page: page.locale.language_code != language, default=None)


@transaction.atomic
def keep_place(user: Any, page: VideoPage, *, seconds: int, stretches: Sequence[Stretch] = (), now: datetime) -> None:
    """Remember where the person stopped in the video, in whichever language it is; the newest place holds.

    What they have watched of it adds up over visits and devices, and counts as having attended what it recorded.

    Args:
        seconds: from the beginning; one beyond the end is kept as the end, where the length is known.
        stretches: that the player has played since it was opened; told again as often as one likes.
    """
    place = keep_within(seconds, page.seconds)
    reading, is_new = Reading.objects.get_or_create(
        user=user,
        material_key=page.translation_key,
        defaults={"page": page, "seconds": place, "stopped_at": now},
    )
    if not is_new:
        older = Q(stopped_at__isnull=True) | Q(stopped_at__lte=now)
        Reading.objects.filter(older, pk=reading.pk).update(seconds=place, stopped_at=now)
    if stretches and _keep_stretches(reading, stretches):
        count_replay(user, page, watched=find_watched(reading, length=page.seconds), now=now)


def _keep_stretches(reading: Reading, told: Sequence[Stretch]) -> bool:
    """Add what was watched; returns whether any of it is new. Two players that tell at once wait for each other."""
    Reading.objects.select_for_update(of=("self",)).get(pk=reading.pk)
    kept = [(row.begins, row.ends) for row in reading.stretches.all()]
    joined = join_stretches([*kept, *told])
    if joined == kept or len(joined) > MOST_KEPT:
        return False
    gone, new = set(kept) - set(joined), set(joined) - set(kept)
    reading.stretches.filter(begins__in=[begins for begins, _ends in gone]).delete()
    WatchedStretch.objects.bulk_create(
        [WatchedStretch(reading=reading, begins=begins, ends=ends) for begins, ends in sorted(new)]
    )
    return True


def find_watched(reading: Reading, *, length: int) -> int:
    """Seconds of the video that the person has watched."""
    return measure_watched([(row.begins, row.ends) for row in reading.stretches.all()], length=length)
