"""WebVTT, the format of captions and chapters, read strictly: what is wrong is named with its line.

Browsers pass over what they cannot read, so a cue with a slip in it would be missing and nobody would know. Source:
https://www.w3.org/TR/webvtt1/, sections 4 and 6.
"""

import html
import re
from dataclasses import dataclass

#: A file of captions for a video of ten hours has less than a tenth of it.
LARGEST = 2_000_000

_MOMENT = re.compile(r"(?:([0-9]{2,4}):)?([0-5][0-9]):([0-5][0-9])\.([0-9]{3})")
#: What was meant as times, right or wrong.
_TIMES = re.compile(r"-->|[0-9]:[0-9]")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = re.compile(r"</?[A-Za-z0-9][^<>]*>|</>|<>")


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said, or what a chapter is called, from ``start`` to ``end`` in milliseconds.

    Attributes:
        voice: who speaks, where the file says so.
        line: of the file, from 1, on which the times stand.
    """

    start: int
    end: int
    text: str
    voice: str = ""
    line: int = 0


class CaptionError(ValueError):
    """What is wrong with a file of captions.

    Attributes:
        line: from 1.
        code: ``header``, ``encoding``, ``large``, ``times``, ``order``, ``backwards``, ``empty`` or ``none``.
        found: what stands there, shortened; may be empty.
    """

    def __init__(self, line: int, code: str, found: str = "") -> None:
        super().__init__(f"line {line}: {code} {found}".strip())
        self.line = line
        self.code = code
        self.found = found[:60]


def parse_captions(source: bytes) -> list[Cue]:
    """The cues of a WebVTT file, in its order.

    Raises:
        CaptionError: with the first line that is wrong: no header, not UTF-8, times that are none, a cue that ends
            before it begins or begins before the one above it, a cue without words, or no cue at all.
    """
    if len(source) > LARGEST:
        raise CaptionError(1, "large")
    lines = _decode(source)
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        raise CaptionError(1, "header", lines[0])
    cues: list[Cue] = []
    for first, block in _split_blocks(lines):
        if first == 0 or re.match(r"(?:NOTE|STYLE|REGION)(?:\s|$)", block[0]):
            continue
        cue = _read_cue(first, block)
        if cues and cue.start < cues[-1].start:
            raise CaptionError(cue.line, "backwards", lines[cue.line - 1])
        cues.append(cue)
    if not cues:
        raise CaptionError(len(lines), "none")
    return cues


def _decode(source: bytes) -> list[str]:
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaptionError(source.count(b"\n", 0, error.start) + 1, "encoding") from error
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}").split("\n")


def _split_blocks(lines: list[str]) -> list[tuple[int, list[str]]]:
    """What empty lines part, each with the index of its first line."""
    blocks: list[tuple[int, list[str]]] = []
    open_block = False
    for index, line in enumerate(lines):
        if not line.strip():
            open_block = False
        elif open_block:
            blocks[-1][1].append(line)
        else:
            blocks.append((index, [line]))
            open_block = True
    return blocks


def _read_cue(first: int, block: list[str]) -> Cue:
    # A name may stand above the times.
    named = len(block) > 1 and not _TIMES.search(block[0]) and _TIMES.search(block[1])
    at = 1 if named else 0
    number = first + at + 1
    begin, arrow, rest = block[at].partition("-->")
    end = rest.split()[0] if rest.split() else ""
    start, stop = _read_moment(begin.strip()), _read_moment(end)
    if not arrow or start is None or stop is None:
        raise CaptionError(number, "times", block[at])
    if stop <= start:
        raise CaptionError(number, "order", block[at])
    for offset, line in enumerate(block[at + 1 :], start=number + 1):
        if "-->" in line:
            raise CaptionError(offset, "times", line)
    words = "\n".join(block[at + 1 :])
    voice = _VOICE.search(words)
    text = " ".join(html.unescape(_TAG.sub("", words)).split())
    if not text:
        raise CaptionError(number, "empty", block[at])
    return Cue(start, stop, text, voice=" ".join(html.unescape(voice[1]).split()) if voice else "", line=number)


def _read_moment(text: str) -> int | None:
    """ "01:02:03.004" or "02:03.004" in milliseconds; None where it is neither."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, thousandths = (int(part or 0) for part in match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths
