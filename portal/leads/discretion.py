"""What of a customer's own words may be shown before a partner has accepted: everything but ways round the portal."""

import re
from collections.abc import Iterable

MASK = "[…]"

_EMAIL = re.compile(r"[^\s<>()]+(?:@|\(at\)|\[at\]|\s+at\s+(?=\S+\.\w{2,}))[^\s<>(),;]+", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://|www\.|t\.me/|wa\.me/)\S+", re.IGNORECASE)
_HOST = re.compile(r"(?<![\w.])(?:[\w-]+\.)+(?:[a-z]{2,24}|рф)(?![\w.])(?:/\S*)?", re.IGNORECASE)
_HANDLE = re.compile(r"(?<!\w)@\w{3,}")
#: Seven digits or more, however they are set apart; sums such as "9,000" and "18 000" stay below that.
_NUMBER = re.compile(r"\+?\(?\d(?:[\s().\-–/]*\d){6,}")


def mask_contacts(text: str, *, names: Iterable[str] = ()) -> str:
    """``text`` without e-mail addresses, links, handles, telephone numbers, and the given names (company, contact).

    Errs on the side of masking: a partner that accepts reads every word a moment later.
    """
    for pattern in (_EMAIL, _ADDRESS, _HOST, _HANDLE, _NUMBER):
        text = pattern.sub(MASK, text)
    for name in sorted({name.strip() for name in names}, key=len, reverse=True):
        if len(name) >= 3:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", MASK, text, flags=re.IGNORECASE)
    return text
