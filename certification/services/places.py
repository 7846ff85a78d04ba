"""Places of the library that a question can cite, each by a name that a person finds by a word of it. Read only."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from training.models import MaterialPage

#: How many places are offered where what was typed names none.
MOST_LIKE = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A material, or a section of it.

    Attributes:
        key, block: as a citation stores them; ``block`` is empty for the whole material.
        name: the material and the section as they are called; no two places have the same.
    """

    key: str
    block: str
    name: str


def list_places(language: str) -> list[Place]:
    """Every material and each of its sections, by name; as many queries whatever their number.

    A material is called as it is in ``language``, and where it is not written in it, as in the portal's own.
    """
    wanted = (settings.LANGUAGE_CODE, language)
    pages = {}
    for page in MaterialPage.objects.filter(locale__language_code__in=wanted).select_related("locale").specific():
        if page.translation_key not in pages or page.locale.language_code == language:
            pages[page.translation_key] = page
    found = []
    for page in sorted(pages.values(), key=lambda page: page.title.casefold()):
        found.append((str(page.translation_key), "", page.title, page.slug))
        found += [
            (str(page.translation_key), part.block_id or part.anchor, f"{page.title} › {part.heading}", part.anchor)
            for part in page.sections
        ]
    names = Counter(name for *_place, name, _anchor in found)
    return [Place(key, block, f"{name} (#{anchor})" if names[name] > 1 else name) for key, block, name, anchor in found]


def find_place(places: Iterable[Place], name: str) -> Place | None:
    """The place of that name, however it is spaced and whatever its capitals; or one as a citation names it."""
    wanted = " ".join(name.split()).casefold()
    for place in places:
        if wanted in {place.name.casefold(), f"{place.key}#{place.block}"}:
            return place
    return None


def find_like(places: Iterable[Place], words: str) -> list[str]:
    """The names of a few places in which every word stands."""
    wanted = words.casefold().split()
    return [place.name for place in places if all(word in place.name.casefold() for word in wanted)][:MOST_LIKE]
