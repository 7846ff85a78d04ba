"""Words as a search compares them: the same for what is kept and for what is asked, whatever the database."""

import re
import unicodedata

#: Signs that stand for another, or for nothing, in what people type and paste.
_SIGNS = str.maketrans(
    {"ё": "е", "’": "'", "ʼ": "'", "‘": "'", "‐": "-", "‑": "-", "/": " ", "_": " ", "\\": " ", "\0": " "}
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff", "")
)
#: Accents count in Cyrillic (“й”), not in Latin (“é”).
_ACCENTED = re.compile(r"([a-z])[\u0300-\u036f]+")
_ENGLISH_ENDING = re.compile(r"(?<=\w{4})(?:ings?|e[ds]|ly|s)$")
_WORD = re.compile(r"\w+(?:[.,'-]\w+)*")

#: Shorter words have no ending worth cutting off, and no misspelling that could be told from another word.
LONG_ENOUGH = 5


def fold(text: str) -> str:
    """Small letters without Latin accents; “ё” as “е”; no invisible signs."""
    folded = unicodedata.normalize("NFC", text).casefold().translate(_SIGNS)
    return unicodedata.normalize("NFC", _ACCENTED.sub(r"\1", unicodedata.normalize("NFD", folded)))


def split_words(text: str) -> list[str]:
    """The words of a text, folded, in their order."""
    return _WORD.findall(fold(text))


def cut_ending(word: str) -> str:
    """The beginning that a word shares with most of its inflected forms: “дорогой” and “дорого” give “дорог”.

    A crude cut, for a database that knows no language. In Latin letters the endings of English; in others, in which most
    languages that inflect more are written, by length: one letter of four to six, two of seven and more.
    """
    if len(word) < _least(word) + 1 or any(sign.isdigit() for sign in word):
        return word
    if word.isascii():
        return _ENGLISH_ENDING.sub("", word)
    return word[: -1 if len(word) < LONG_ENOUGH + 2 else -2]


def _least(word: str) -> int:
    """How much of a word says at least what it is."""
    return LONG_ENOUGH - (1 if word.isascii() else 2)


def is_same_word(one: str, other: str) -> bool:
    """Whether two folded words are likely forms of one word: they differ in their last letters only.

    At least four letters are shared (three beyond Latin), and at most the last of the shorter and the last three of the
    longer are not.
    """
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    shared = next((place for place, sign in enumerate(short) if sign != long[place]), len(short))
    return shared >= _least(short) and shared >= len(short) - 1 and len(long) - shared <= LONG_ENOUGH - 2


def is_misspelt(word: str, right: str) -> bool:
    """Whether a folded word is likely meant to be ``right``: one slip in a word of four or five letters, two in a longer.

    A slip is a letter too many, too few or another, or two that changed places (Damerau's distance, of which only
    adjacent letters change places once: "optimal string alignment").
    """
    slips = 1 if len(word) <= LONG_ENOUGH else 2
    if len(word) < LONG_ENOUGH - 1 or abs(len(word) - len(right)) > slips:
        return False
    # Each slip brings in one strange letter and takes out one at most: a quick look spares most of the counting.
    if len(set(word) - set(right)) > slips or len(set(right) - set(word)) > slips:
        return False
    return count_slips(word, right) <= slips


def count_slips(one: str, other: str) -> int:
    """The optimal string alignment distance of two words."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, sign in enumerate(one, 1):
        here = [row]
        for column, against in enumerate(other, 1):
            cost = min(last[column] + 1, here[column - 1] + 1, last[column - 1] + (sign != against))
            if row > 1 and column > 1 and sign == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            here.append(cost)
        before, last = last, here
    return last[-1]
