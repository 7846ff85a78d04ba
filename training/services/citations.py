"""From a citation to the place to study: what an exam's result links to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from portal.content.blocks import Section
from portal.content.services.pages import find_address
from portal.partners.models import Membership
from training.access import describe_reader
from training.models import LessonPage, MaterialPage, ObjectionGuidePage, ProductDocPage


@dataclass(frozen=True, slots=True)
class StudyLink:
    """A place in the library: the material, its section where one is cited, and its address.

    ``citation`` is what was asked for, so that the caller can put each link with its question.
    """

    title: str
    section: str
    url: str
    citation: tuple[str, str]


#: The types that have sections to cite, each with the field that holds them.
SECTIONED = (ProductDocPage, ObjectionGuidePage, LessonPage)


def find_study_links(
    citations: Iterable[tuple[str, str]], *, membership: Membership | None, language: str, now: datetime
) -> list[StudyLink]:
    """Where to study what the citations name, in their order, each once, in a constant number of queries (at most 6).

    A citation is ``(translation_key, block_id)``; the block may be named by its id or its anchor, and an empty one
    means the whole material. The page in ``language`` is taken, else the one in another language. What the reader may
    not read, or is not there any more, is silently left out: its title would tell what it says.
    """
    wanted = list(dict.fromkeys((str(key), block) for key, block in citations))
    if not wanted or membership is None:
        return []
    reader = describe_reader(membership.user, membership, now=now)
    materials = reader.filter_open(MaterialPage.objects.filter(translation_key__in={key for key, _block in wanted}))
    chosen: dict[str, MaterialPage] = {}
    for material in materials.select_related("locale"):
        key = str(material.translation_key)
        if key not in chosen or material.locale.language_code == language:
            chosen[key] = material
    sections = _find_sections([material.pk for material in chosen.values()])
    holder = next(iter(chosen.values()), None)
    links = []
    for key, block in wanted:
        found = chosen.get(key)
        if found is None:
            continue
        section = next(
            (part for part in sections.get(found.pk, []) if block and block in {part.block_id, part.anchor}), None
        )
        address = find_address(found, holder)
        links.append(
            StudyLink(
                title=found.title,
                section=section.heading if section else "",
                url=f"{address}#{section.anchor}" if section else address,
                citation=(key, block),
            )
        )
    return links


def _find_sections(page_ids: list[int]) -> dict[int, list[Section]]:
    return {page.pk: page.sections for model in SECTIONED for page in model.objects.filter(pk__in=page_ids)}
