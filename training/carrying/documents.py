"""What is known of a text on its way, and what is to be said about it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

#: A section, a passage, a rule: one block in the form that a StreamField stores.
Block = dict[str, Any]


class Code(StrEnum):
    """What was found in a file."""

    # The file is not carried.
    EMPTY = "empty"
    TOO_LONG = "too_long"
    NOT_TEXT = "not_text"
    BROKEN_UTF8 = "broken_utf8"
    OLD_WORD = "old_word"
    ENCRYPTED = "encrypted"
    NOT_WORD = "not_word"
    BROKEN_WORD = "broken_word"
    UNPACKS_TOO_LARGE = "unpacks_too_large"
    TOO_DEEP = "too_deep"
    FRONT_OPEN = "front_open"
    FRONT_SYNTAX = "front_syntax"
    FRONT_VALUE = "front_value"
    UNKNOWN_TYPE = "unknown_type"
    NOT_FROM_TEXT = "not_from_text"
    WRONG_PLACE = "wrong_place"
    BAD_SLUG = "bad_slug"
    SLUG_TWICE = "slug_twice"
    SLUG_TAKEN = "slug_taken"
    UNKNOWN_AUDIENCE = "unknown_audience"
    LOCKED = "locked"
    NO_ANSWER = "no_answer"

    # Something of it stays behind.
    RAW_HTML = "raw_html"
    EMBEDDED = "embedded"
    FORMULA = "formula"
    MACRO = "macro"
    COMMENT = "comment"
    HEADER = "header"
    ACROSS = "across"
    UNKNOWN_KEY = "unknown_key"
    UNKNOWN_PRODUCT = "unknown_product"
    UNKNOWN_ROLE = "unknown_role"
    UNKNOWN_INDUSTRY = "unknown_industry"
    NO_CURRENCY = "no_currency"
    ATTRIBUTE = "attribute"
    BAD_LINK = "bad_link"
    DEAD_LINK = "dead_link"
    EXTERNAL_PICTURE = "external_picture"
    MISSING_PICTURE = "missing_picture"
    BAD_PICTURE = "bad_picture"
    NO_RIGHT_TO_PICTURES = "no_right_to_pictures"
    SECOND_TITLE = "second_title"
    LOST_SECTION = "lost_section"
    LINK_IN_PLAIN = "link_in_plain"

    # It is carried in another form.
    ENCODING = "encoding"
    OPENING = "opening"
    HEADING_JUMP = "heading_jump"
    SUBHEADING = "subheading"
    CUT = "cut"
    ANCHOR = "anchor"
    NESTED_TABLE = "nested_table"
    MERGED_CELLS = "merged_cells"
    IN_CELL = "in_cell"
    IN_QUOTE = "in_quote"
    IN_LIST = "in_list"
    CODE = "code"
    MARKS = "marks"
    TEXT_BOX = "text_box"
    FOOTNOTES = "footnotes"
    TRACKED = "tracked"
    PICTURE_MOVED = "picture_moved"
    LINK_TO_SECTION = "link_to_section"
    RULES_ALWAYS = "rules_always"

    # To be done before it is published.
    NO_ALT = "no_alt"
    EMPTY_SECTION = "empty_section"
    NO_CUSTOMER = "no_customer"
    NO_RULES = "no_rules"


_codes = list(Code)
#: The file is not carried at all.
ERRORS = frozenset(_codes[: _codes.index(Code.RAW_HTML)])
#: This part of it is not.
LEFT_OUT = frozenset(_codes[_codes.index(Code.RAW_HTML) : _codes.index(Code.ENCODING)])
#: It is, in another form.
CHANGED = frozenset(_codes[_codes.index(Code.ENCODING) : _codes.index(Code.NO_ALT)])
#: The editor's form will ask for it.
TO_DO = frozenset(_codes[_codes.index(Code.NO_ALT) :])

LINE, PARAGRAPH = "line", "paragraph"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be said about a file.

    Attributes:
        place: the line of a text file or the paragraph of a Word document, counted from 1; 0: the file as a whole.
        words: what stands there, cut short.
    """

    code: Code
    place: int = 0
    words: str = ""


class Unreadable(Exception):
    """A file, or what was uploaded as a whole, cannot be read.

    Attributes:
        name: the file, as it was uploaded.
    """

    def __init__(self, code: Code, *, name: str = "", place: int = 0, words: str = "") -> None:
        super().__init__(f"{name}: {code} {words}")
        self.name = name
        self.finding = Finding(code, place, short(words))


@dataclass(slots=True)
class Carried:
    """A text as it was carried: nothing of ours has been looked up yet.

    Attributes:
        name: the file's path in what was uploaded.
        unit: what its places count, ``LINE`` or ``PARAGRAPH``.
        meta: the front matter, checked; only keys that the file gives.
        sections: the body as a StreamField stores it. A figure's ``image`` is ``picture:`` and the reference; a link to
            another material is ``<a href="page:…">``.
        pictures: references to pictures in the order of the text, each with its place.
        links: targets of links to other materials, each with its place.
        own_pictures: pictures inside the document itself, by reference: a name and the bytes.
    """

    name: str
    unit: str = LINE
    title: str = ""
    meta: dict[str, Any] = field(default_factory=dict)
    sections: list[Block] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    pictures: list[tuple[str, int]] = field(default_factory=list)
    links: list[tuple[str, int]] = field(default_factory=list)
    own_pictures: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _noted: set[Finding] = field(default_factory=set, repr=False)

    def note(self, code: Code, place: int = 0, words: str = "") -> None:
        finding = Finding(code, place, short(words))
        if finding not in self._noted:
            self._noted.add(finding)
            self.findings.append(finding)

    @property
    def is_refused(self) -> bool:
        return any(finding.code in ERRORS for finding in self.findings)


def short(text: str, length: int = 80) -> str:
    """A stretch of a file as a report shows it: on one line, cut short, without what is not to be printed."""
    line = " ".join("".join(sign if sign.isprintable() or sign.isspace() else "\N{REPLACEMENT CHARACTER}"
                            for sign in text[: length * 4]).split())  # fmt: skip
    return line if len(line) <= length else line[: length - 1] + "…"
