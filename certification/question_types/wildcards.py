"""Whether a written answer is the one that an author meant.

In an author's answer ``*`` stands for anything, nothing included, and ``\\*`` for the star itself; a backslash before
anything else is a backslash. Both sides are brought into one form first: Unicode NFC, runs of space (of whatever width)
as one, none at the ends, no invisible marks, typographic apostrophes and hyphens as typed ones, and no case unless the
author asks for it. As in Moodle, whose ``qtype_shortanswer`` these rules follow, the first answer that fits counts.
"""

import re
import unicodedata
from functools import lru_cache

_INVISIBLE = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF))
_TYPED = {0x2019: "'", 0x02BC: "'", 0x2010: "-", 0x2011: "-"}
_STAR = re.compile(r"(?<!\\)\*")


def fold(text: str, *, case: bool) -> str:
    """Text in the form in which it is compared."""
    plain = unicodedata.normalize("NFC", " ".join(text.translate(_INVISIBLE | _TYPED).split()))
    return plain if case else unicodedata.normalize("NFC", plain.casefold())


@lru_cache(maxsize=2048)
def _pieces(pattern: str, case: bool) -> tuple[str, ...]:
    # The pattern is folded as a whole, so that "a *" and "a  *" are one, then cut at its stars.
    return tuple(piece.replace("\\*", "*") for piece in _STAR.split(fold(pattern, case=case)))


def fits(pattern: str, text: str, *, case: bool = False) -> bool:
    """Whether the text is what the pattern says. Takes time in proportion to their lengths, whatever the pattern."""
    first, *rest = _pieces(pattern, case)
    given = fold(text, case=case)
    if not rest:
        return given == first
    *middle, last = rest
    if len(given) < len(first) + len(last) or not given.startswith(first) or not given.endswith(last):
        return False
    place, end = len(first), len(given) - len(last)
    for piece in middle:
        found = given.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def says_something(pattern: str) -> bool:
    """Whether a pattern asks for anything at all; ``*`` alone is met by every answer."""
    return bool(fold(pattern, case=True).replace("\\*", "x").replace("*", "").strip())
