"""What the importer found, in words: each names what stands there, and what to do where something can be done."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from training.carrying.documents import CHANGED, ERRORS, LEFT_OUT, TO_DO, Code

#: The groups in which findings are shown, the gravest first: a status of Wagtail's, and a heading.
GROUPS: list[tuple[frozenset[Code], str, Any]] = [
    (ERRORS, "critical", _("Cannot be imported")),
    (LEFT_OUT, "warning", _("Is not carried over")),
    (CHANGED, "info", _("Is carried over in another form")),
    (TO_DO, "info", _("To be done before it is published")),
]

#: ``%(words)s`` is what stands in the file.
WORDS: dict[Code, Any] = {
    Code.EMPTY: _("The file is empty."),
    Code.TOO_LONG: _("The text is longer than 400,000 letters. Divide it."),
    Code.NOT_TEXT: _("This is no text that can be read. Save it as UTF-8."),
    Code.BROKEN_UTF8: _("The encoding is broken here: %(words)s. Save the file again as UTF-8."),
    Code.OLD_WORD: _("This is a Word file of the old kind (.doc). Save it as .docx."),
    Code.ENCRYPTED: _("The document is protected by a password. Save it without one."),
    Code.NOT_WORD: _("This is not a Word document, whatever its name says."),
    Code.BROKEN_WORD: _("The document is damaged: %(words)s. Open it in Word and save it again."),
    Code.UNPACKS_TOO_LARGE: _("The document unpacks to more than can be read. Divide it."),
    Code.TOO_DEEP: _("The text is nested too deeply to be read."),
    Code.FRONT_OPEN: _("The front matter begins here with +++ and is never closed."),
    Code.FRONT_SYNTAX: _("This line of the front matter cannot be read: %(words)s"),
    Code.FRONT_VALUE: _("This value of the front matter is not what its key wants: %(words)s"),
    Code.UNKNOWN_TYPE: _("There is no type “%(words)s”. There are: product doc, standard, case study, objection card."),
    Code.NOT_FROM_TEXT: _("“%(words)s” is not made from running text. Write it in the editor."),
    Code.WRONG_PLACE: _("This type does not stand there. Cards stand in a guide, everything else in the library."),
    Code.BAD_SLUG: _("No address can be made of “%(words)s”. Give the front matter a slug."),
    Code.SLUG_TWICE: _("Two files have one address, %(words)s. Rename one, or give it a slug."),
    Code.SLUG_TAKEN: _("The address belongs to a page of another type, %(words)s. Give the file another slug."),
    Code.UNKNOWN_AUDIENCE: _(
        "There is no audience “%(words)s”; without it the text would be open to every member. Correct the name."
    ),
    Code.LOCKED: _("“%(words)s” is locked, or you may not edit it."),
    Code.NO_ANSWER: _("The card has no answer. Head it “Answer”."),
    Code.RAW_HTML: _("HTML: %(words)s"),
    Code.EMBEDDED: _("An embedded object, a chart or a drawing, beside “%(words)s”"),
    Code.FORMULA: _("A formula in “%(words)s”"),
    Code.MACRO: _("Macros. They are not kept anywhere."),
    Code.COMMENT: _("A comment on “%(words)s”"),
    Code.HEADER: _("The header or footer of the sheets: %(words)s"),
    Code.ACROSS: _("A line drawn across the page"),
    Code.UNKNOWN_KEY: _("A key of the front matter that this type does not have: %(words)s"),
    Code.UNKNOWN_PRODUCT: _("There is no product “%(words)s”."),
    Code.UNKNOWN_ROLE: _("There is no job role “%(words)s”."),
    Code.UNKNOWN_INDUSTRY: _("There is no industry “%(words)s”."),
    Code.NO_CURRENCY: _("What was earned, %(words)s, has no currency of three capital letters."),
    Code.ATTRIBUTE: _("A mark behind the heading: %(words)s"),
    Code.BAD_LINK: _("A link that may not be followed; its words stay: %(words)s"),
    Code.DEAD_LINK: _("A link to what is not in the library; its words stay: %(words)s"),
    Code.EXTERNAL_PICTURE: _("A picture from elsewhere, which is not fetched: %(words)s. Put it into the folder."),
    Code.MISSING_PICTURE: _("The picture %(words)s is not among the files."),
    Code.BAD_PICTURE: _("A picture that cannot be taken. %(words)s"),
    Code.NO_RIGHT_TO_PICTURES: _("The picture %(words)s: you may not add pictures."),
    Code.SECOND_TITLE: _("A second title beside that of the front matter: %(words)s"),
    Code.LOST_SECTION: _("A card has no place for the section “%(words)s”."),
    Code.LINK_IN_PLAIN: _("A link in a table or quotation, which hold plain words: %(words)s"),
    Code.ENCODING: _("Read as %(words)s. Look whether the letters are right."),
    Code.OPENING: _("Text before the first heading stands under “%(words)s”."),
    Code.HEADING_JUMP: _("A heading skips a level: %(words)s"),
    Code.SUBHEADING: _("A heading inside a section becomes a bold line: %(words)s"),
    Code.CUT: _("Too long, so it is cut: %(words)s"),
    Code.ANCHOR: _("Another anchor than %(words)s, which is in use or is not one."),
    Code.NESTED_TABLE: _("A table inside a table stands in its cell as plain words: %(words)s"),
    Code.MERGED_CELLS: _("Merged cells: the first holds the words, the others are empty: %(words)s"),
    Code.IN_CELL: _("A list in a cell becomes plain words: %(words)s"),
    Code.IN_QUOTE: _("A list in a quotation or callout becomes lines: %(words)s"),
    Code.IN_LIST: _("A list holds what becomes plain lines: %(words)s"),
    Code.CODE: _("A block of code becomes lines in the type of code: %(words)s"),
    Code.MARKS: _("Underlined, struck through, raised or lowered letters become plain ones: %(words)s"),
    Code.TEXT_BOX: _("A text box is put in line, beside “%(words)s”"),
    Code.FOOTNOTES: _("A footnote stands at the end: %(words)s"),
    Code.TRACKED: _("Tracked changes are taken as accepted: %(words)s"),
    Code.PICTURE_MOVED: _("A picture within a line stands below its paragraph: %(words)s"),
    Code.LINK_TO_SECTION: _("A link to a section leads to the beginning of its page: %(words)s"),
    Code.RULES_ALWAYS: _("Each item under “%(words)s” becomes a rule. Look how binding each is."),
    Code.NO_ALT: _("A picture has no words for those who do not see it: %(words)s"),
    Code.EMPTY_SECTION: _("The section “%(words)s” has no text."),
    Code.NO_CUSTOMER: _("The case names no customer."),
    Code.NO_RULES: _("The standard has no rules: they stand in lists under the heading “Rules”."),
}

PLACES: dict[str, Any] = {
    "line": pgettext_lazy("place in a file", "line %(number)s"),
    "paragraph": pgettext_lazy("place in a file", "paragraph %(number)s"),
}
