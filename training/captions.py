"""What is made of captions and chapters: a transcript in timed paragraphs, chapters with their ends, checks of length."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.content.vtt import Cue

#: A silence of so many milliseconds begins a new paragraph.
SILENCE = 2_000
#: A paragraph with so many letters ends with its sentence.
ENOUGH = 280
#: And with so many it ends wherever it is: automatic captions know no full stops.
TOO_MUCH = 700

SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Cues that belong together, said by one voice."""

    cues: tuple[Cue, ...]

    @property
    def start(self) -> int:
        """Milliseconds."""
        return self.cues[0].start

    @property
    def voice(self) -> str:
        return self.cues[0].voice

    @property
    def text(self) -> str:
        return " ".join(cue.text for cue in self.cues)


def write_clock(seconds: int) -> str:
    """Seconds as players write them: "0:05", "1:15", "1:02:03"."""
    minutes, rest = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def make_transcript(cues: Sequence[Cue], *, chapters: Sequence[Cue] = ()) -> list[Paragraph]:
    """The cues in paragraphs. One begins after a silence, with another voice, with a chapter, or when one is long enough.

    A cue that repeats the words of the one before it is passed over: rolling captions say each line twice.
    """
    begins = {chapter.start for chapter in chapters}
    paragraphs: list[list[Cue]] = []
    before: Cue | None = None
    for cue in cues:
        if before is not None and cue.text == before.text and cue.voice == before.voice:
            before = cue
            continue
        if before is None or _begins_anew(paragraphs[-1], before, cue, begins):
            paragraphs.append([cue])
        else:
            paragraphs[-1].append(cue)
        before = cue
    return [Paragraph(tuple(paragraph)) for paragraph in paragraphs]


def _begins_anew(paragraph: list[Cue], before: Cue, cue: Cue, begins: set[int]) -> bool:
    length = sum(len(said.text) for said in paragraph)
    return (
        cue.voice != before.voice
        or cue.start - before.end >= SILENCE
        or any(before.start < begin <= cue.start for begin in begins)
        or (length >= ENOUGH and before.text.endswith(SENTENCE_ENDS))
        or length >= TOO_MUCH
    )


def write_transcript(cues: Sequence[Cue]) -> str:
    """What is said, as plain text for search: a paragraph a line, with the voice before it where it changes."""
    lines = []
    voice = ""
    for paragraph in make_transcript(cues):
        speaker = f"{paragraph.voice}: " if paragraph.voice and paragraph.voice != voice else ""
        voice = paragraph.voice
        lines.append(f"{speaker}{paragraph.text}")
    return "\n".join(lines)


def find_beyond(cues: Sequence[Cue], seconds: int) -> Cue | None:
    """The first cue that begins at or after the video's end; None where there is none, or the length is not known (0)."""
    return next((cue for cue in cues if seconds and cue.start >= seconds * 1000), None)


def keep_within(seconds: int, length: int) -> int:
    """A place in a video: never before its beginning, nor beyond its end where that is known."""
    return max(0, min(seconds, length) if length else seconds)


def suggest_resuming(stopped: int, length: int) -> int:
    """Where to go on: 0 (from the beginning) for a video that was hardly begun, or watched to its last seconds."""
    if stopped < 5 or (length and stopped > length - max(3, length // 50)):
        return 0
    return stopped
