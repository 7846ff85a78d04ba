"""What pure rules say, put into the reader's language: texts that authors wrote, and sentences of the interface."""

from collections.abc import Mapping

from django.utils.translation import gettext, pgettext

from certification.question_types.parts import Message, Words
from portal.core.localised import LocalisedText


def say(words: Words) -> str:
    """The words in the active language."""
    if isinstance(words, Mapping):
        return str(LocalisedText(words))
    return words.in_words(gettext, pgettext) if isinstance(words, Message) else gettext(words)
