"""Whether a file is the video that its name says, and how long it is: read from its first boxes, nothing decoded.

Sources: ISO/IEC 14496-12 (boxes of MP4, 4.2, 8.2.2), RFC 8794 (EBML) and RFC 9559 (Matroska, of which WebM is a part).
"""

from typing import IO

#: Extensions of what browsers play without more ado.
MP4 = frozenset({"mp4", "m4v"})
WEBM = frozenset({"webm"})
VIDEOS = MP4 | WEBM
#: Boxes read before giving up: a whole video has a few, a fragmented one some thousands.
MOST_BOXES = 100_000

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"


class BrokenVideo(ValueError):
    """The bytes are not those of such a video.

    Attributes:
        code: ``other`` (something else under this name) or ``cut`` (it ends before the video does).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def find_extension(name: str) -> str:
    """The extension in small letters: "mp4"; empty where there is none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def check_video(video: IO[bytes], extension: str, size: int) -> None:
    """Refuse what is no video of this kind.

    Args:
        video: readable from the beginning, and seekable.
        extension: one of :data:`VIDEOS`.
        size: in bytes.

    Raises:
        BrokenVideo: with the reason.
    """
    if extension in MP4:
        _read_boxes(video, size)
    else:
        _check_webm(video, size)


def read_length(video: IO[bytes], size: int) -> int:
    """The length of an MP4 video in whole seconds, rounded up; 0 where the file does not say it.

    Raises:
        BrokenVideo: where it is no MP4, or is cut off.
    """
    begin, end = _read_boxes(video, size)
    for kind, start, stop in _list_boxes(video, begin, end):
        if kind == b"mvhd":
            video.seek(start)
            return _read_movie_header(video.read(min(stop - start, 112)))
    return 0


def _read_movie_header(header: bytes) -> int:
    """Duration over timescale: 32 or, in version 1, 64 bits (8.2.2.2)."""
    if len(header) < 20:
        raise BrokenVideo("cut")
    at, width = (20, 8) if header[0] == 1 else (12, 4)
    scale = int.from_bytes(header[at : at + 4], "big")
    raw = header[at + 4 : at + 4 + width]
    # All ones: the duration is not known.
    if not scale or len(raw) < width or raw == b"\xff" * width:
        return 0
    return -(-int.from_bytes(raw, "big") // scale)


def _read_boxes(video: IO[bytes], size: int) -> tuple[int, int]:
    """Walk over the boxes of an MP4; where the box ``moov`` begins and ends."""
    movie: tuple[int, int] | None = None
    first, pictures = True, False
    for kind, start, stop in _list_boxes(video, 0, size):
        if first and kind not in {b"ftyp", b"styp"}:
            raise BrokenVideo("other")
        first = False
        if stop > size:
            raise BrokenVideo("cut")
        if kind == b"moov":
            movie = (start, stop)
        pictures = pictures or kind == b"mdat"
    if first:
        raise BrokenVideo("other")
    if movie is None or not pictures:
        raise BrokenVideo("cut")
    return movie


def _list_boxes(video: IO[bytes], begin: int, end: int) -> list[tuple[bytes, int, int]]:
    """Kind, and where the content begins and ends, of the boxes from ``begin`` to ``end``; the last may end later."""
    found: list[tuple[bytes, int, int]] = []
    at = begin
    while at + 8 <= end and len(found) < MOST_BOXES:
        video.seek(at)
        head = video.read(16)
        length, kind, start = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), at + 16
        elif length == 0:
            length = end - at  # to the end of the file
        if length < start - at:
            raise BrokenVideo("other" if not found else "cut")
        found.append((kind, start, at + length))
        at += length
    return found


def _check_webm(video: IO[bytes], size: int) -> None:
    video.seek(0)
    head = video.read(4096)
    if not head.startswith(_EBML) or b"\x42\x82" not in head or b"webm" not in head[:64]:
        raise BrokenVideo("other")
    at = head.find(_SEGMENT)
    if at < 0:
        raise BrokenVideo("cut")
    length, width = _read_size(head[at + 4 : at + 12])
    if length is not None and at + 4 + width + length > size:
        raise BrokenVideo("cut")


def _read_size(raw: bytes) -> tuple[int | None, int]:
    """A length of EBML with its width in bytes; None for one that is not known, as of a live recording."""
    if not raw or raw[0] == 0:
        raise BrokenVideo("cut")
    width = 9 - raw[0].bit_length()
    if len(raw) < width:
        raise BrokenVideo("cut")
    value = int.from_bytes(raw[:width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), width
