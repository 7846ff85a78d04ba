"""From a citation to the place to study: what an exam's result links to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from portal.content.blocks import Section
from portal.content.services.pages import find_address
from portal.partners.models import Membership
from training.access import describe_reader
from training.models import (
    CallScriptPage,
    CaseStudyPage,
    LessonPage,
    MaterialPage,
    ObjectionGuidePage,
    ProductDocPage,
    StandardPage,
    VideoPage,
)


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
SECTIONED = (
    ProductDocPage,
    CallScriptPage,
    ObjectionGuidePage,
    StandardPage,
    CaseStudyPage,
    VideoPage,
    LessonPage,
)


def find_study_links(
    citations: Iterable[tuple[str, str]], *, membership: Membership | None, language: str, now: datetime
) -> list[StudyLink]:
    """Where to study what the citations name, in their order, each once, in a constant number of
    queries: four, and one for each type that is cited.

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
    sections = _find_sections(chosen.values())
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


def _find_sections(materials: Iterable[MaterialPage]) -> dict[int, list[Section]]:
    """The sections of each material by its id; one query for each type that is cited."""
    by_type: dict[type[MaterialPage], list[int]] = {}
    for material in materials:
        if material.specific_class in SECTIONED:
            by_type.setdefault(material.specific_class, []).append(material.pk)
    return {page.pk: page.sections for model, ids in by_type.items() for page in model.objects.filter(pk__in=ids)}
