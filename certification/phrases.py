"""What pure rules say, put into the reader's language: texts that authors wrote, and sentences of the interface."""

from collections.abc import Mapping

from django.utils.translation import gettext, pgettext

from certification.question_types.parts import Message, Say, Words
from portal.core.localised import LocalisedText


def say(words: Words) -> str:
    """The words in the active language."""
    if isinstance(words, Mapping):
        return str(LocalisedText(words))
    return words.in_words(gettext, pgettext) if isinstance(words, Message) else gettext(words)


def say_as_read_in(language: str) -> Say:
    """:func:`say` with texts in the language in which a candidate reads them; the interface's words are in the reader's.

    For a sheet of hundreds of texts, while one language is active: which it is, and how a plain sentence is said in it, is
    not found out again for each.
    """
    said: dict[tuple[str, str], str] = {}

    def say_in(words: Words) -> str:
        if isinstance(words, Mapping):
            return words.get(language) or LocalisedText(words).in_language(language)
        if not isinstance(words, Message) or words.values:
            return say(words)
        named = words.context, words.pattern
        if named not in said:
            said[named] = say(words)
        return said[named]

    return say_in
