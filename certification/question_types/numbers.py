"""Numbers as people write them, read exactly: no floating point anywhere.

Read are digits in groups of three parted by spaces (of any width, no-break ones too), apostrophes, commas or points;
one decimal comma or point; a sign (the typographic minus too); an exponent as ``3e8``, ``3x10^8``, ``3×10⁸`` or
``3·10^-8`` (with the Cyrillic letters that look the same as well); a fraction as ``1/3``, ``2 1/2`` or ``2½``; and a
unit before or behind. A group of other than three digits is no number, nor is one with two decimal marks.

One thing is ambiguous: one comma or point with one to three digits before it (no leading zero) and three behind:
``1,000`` or ``1.000``. Then the mark parts thousands if that is what it does in the language of the page (a comma in
English and Chinese, a point in German and Spanish), and is a decimal mark otherwise (``1,000`` is one in Russian and
French, and ``1.000`` is one in English).
"""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

#: By language, the mark that parts thousands; in other languages that is a space.
THOUSANDS = {
    **dict.fromkeys(("en", "zh", "ja", "ko", "he", "th"), ","),
    **dict.fromkeys(("de", "es", "it", "nl", "pt", "tr", "id", "da", "el", "ro", "sl", "hr", "vi"), "."),
}
MOST_DIGITS = 60
MOST_EXPONENT = 400

_SPACES = re.compile(r"\s", re.UNICODE)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_PLAIN = {
    **dict.fromkeys(map(ord, "\u2212\u2012\u2013\u2014\uff0d\ufe63"), "-"),
    **dict.fromkeys(map(ord, "\u2019\u02bc\u2018`\u00b4"), "'"),
    **dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF, 0x200E, 0x200F)),
    0xFF0C: ",", 0xFF0E: ".", 0xFF0B: "+", 0x066B: ".", 0x066C: ",",
}  # fmt: skip
_VULGAR = re.compile("[\u00bc-\u00be\u2150-\u215e]")
_MANTISSA = r"(?:\d[\d ',.]*|[.,]\d+)"
_NUMBER = re.compile(
    rf"""(?P<sign>[-+]?)[ ]?
    (?:
      (?P<whole>\d+)[ ](?P<top>\d{{1,2}})/(?P<under>\d+)
      | (?P<over>\d+)[ ]?/[ ]?(?P<below>\d+)
      | (?P<power>10)\^(?P<raised>[-+]?\d+)
      | (?P<mantissa>{_MANTISSA})
        (?:[ ]?[eEеЕ](?P<exponent>[-+]?\d+) | [ ]?[xX×хХ*·⋅∙][ ]?10\^(?P<times>[-+]?\d+))?
    )(?!\d)""",
    re.VERBOSE | re.ASCII,
)
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[ ',.])\d{3}(?:(?P=mark)\d{3})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """A number and the unit beside it, as written but for its spaces; no unit is ``""``."""

    value: Fraction
    unit: str = ""


def read_number(text: str, language: str = "en") -> Reading | None:
    """What a text says as a number; None where it says none.

    Args:
        language: that of the page, for ``1,000`` alone.
    """
    plain = _plain(text)
    if match := _NUMBER.match(plain):
        value, unit = _value(match, language), plain[match.end() :]
    else:  # a unit before the number, as with currencies: "-€ 5" and "€ -5"
        match = re.search(r"[-+]?(?:\d|[.,]\d)", plain, re.ASCII)
        if match is None or re.search(r"\d", plain[: match.start()]):
            return None
        unit, rest = plain[: match.start()], plain[match.start() :]
        sign = "-" if unit.startswith("-") and not rest.startswith("-") else ""
        match = _NUMBER.fullmatch((sign + rest).strip())
        if match is None:
            return None
        value, unit = _value(match, language), unit.removeprefix("-")
        if not unit.strip(" -+"):
            return None
    unit = unit.strip()
    if value is None or unit[:1] in set(".,'+-/^*") - {""} or unit[:1].isdecimal():
        return None
    return Reading(value, fold_unit(unit))


def fold_unit(text: str) -> str:
    """A unit in the form in which it is compared: ``m²`` is ``m2``, ``pcs.`` is ``pcs``; capitals matter (mW is not MW)."""
    return "".join(unicodedata.normalize("NFKC", text).split()).rstrip(".")


def _plain(text: str) -> str:
    """Digits of any script as ASCII, marks and spaces as typed, raised exponents behind a ``^``."""
    text = re.sub(r"(?<=10)([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda found: "^" + found[1].translate(_RAISED), text)
    text = _SPACES.sub(" ", text.translate(_PLAIN))
    text = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
    text = _VULGAR.sub(lambda found: " " + unicodedata.normalize("NFKC", found[0]).replace("\u2044", "/"), text)
    text = re.sub(r" ?\^ ?\(? ?([-+]?\d+) ?\)?", r"^\1", text)
    return re.sub(r" +", " ", text).strip()


def _value(match: re.Match[str], language: str) -> Fraction | None:
    part = match.groupdict()
    if sum(char.isdecimal() for char in match[0]) > MOST_DIGITS:
        return None
    sign = -1 if part["sign"] == "-" else 1
    if part["whole"] is not None:
        top, under = int(part["top"]), int(part["under"])
        return sign * (int(part["whole"]) + Fraction(top, under)) if 0 < top < under else None
    if part["over"] is not None:
        return sign * Fraction(int(part["over"]), int(part["below"])) if int(part["below"]) else None
    exponent = int(part["raised"] or part["exponent"] or part["times"] or 0)
    if abs(exponent) > MOST_EXPONENT:
        return None
    mantissa = Fraction(1) if part["power"] else _mantissa(part["mantissa"].rstrip(" "), language)
    return None if mantissa is None else sign * mantissa * Fraction(10) ** exponent


def _mantissa(text: str, language: str) -> Fraction | None:
    """Digits with their marks."""
    marks = [char for char in text if char in ".,"]
    if not marks:
        return _whole(text)
    last = marks[-1]
    if len(marks) > 1 and marks.count(last) > 1:  # 1,000,000: such a mark parts thousands
        return _whole(text)
    head, _mark, tail = text.rpartition(last)
    alone = len(marks) == 1 and re.fullmatch(r"[1-9]\d{0,2}", head, re.ASCII) and re.fullmatch(r"\d{3}", tail, re.ASCII)
    if alone and THOUSANDS.get(language.split("-")[0].lower()) == last:
        return _whole(head + tail)
    whole = _whole(head) if head else Fraction()
    if whole is None or not re.fullmatch(r"\d*", tail, re.ASCII):
        return None
    return whole + (Fraction(int(tail), 10 ** len(tail)) if tail else 0)


def _whole(text: str) -> Fraction | None:
    """Digits, or groups of three of them parted by one and the same mark."""
    if re.fullmatch(r"\d+", text, re.ASCII):
        return Fraction(int(text))
    if _GROUPED.fullmatch(text) and text[0] != "0":
        return Fraction(int(re.sub(r"\D", "", text, flags=re.ASCII)))
    return None
