"""Reading an HTTP ``Range`` header (RFC 9110, 14.2), for one range of bytes."""

import re

#: No file has a position of more than 18 digits, and Python reads none of more than 4300.
SINGLE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.IGNORECASE)


class UnsatisfiableRange(ValueError):
    """The range is well said, and the file has no such bytes."""


def parse_range(header: str, size: int) -> range | None:
    """The bytes asked for, as a range within ``size``.

    None where the header is not one range of bytes: the standard then lets the whole file be sent, and a request for
    several ranges at once is answered so.

    Raises:
        UnsatisfiableRange: when the file ends before the range begins.
    """
    match = SINGLE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise UnsatisfiableRange(header)
        return range(size - length, size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise UnsatisfiableRange(header)
    return range(start, min(int(last) + 1, size) if last else size)
