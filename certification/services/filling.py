"""Whether the bank can fill an exam, in words for examiners. Read only."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, ngettext, pgettext

from certification.drawing import Shortfall, find_shortfalls
from certification.models import Exam, Question
from certification.services.plans import find_exam_subtrees, load_bank, plan_exam
from portal.core.localised import LocalisedText


def describe_lacks(exam: Exam) -> list[str]:
    """What keeps an exam from being filled, as sentences; empty when nothing does.

    Args:
        exam: with its sections in memory, saved or not. Languages that lack the same are named together.
    """
    sections = list(exam.sections.all())
    if not sections:
        return [gettext("An exam without sections cannot be opened.")]
    empty = [str(section) for section in sections if not section.question_count]
    if empty:
        return [
            gettext("“%(section)s” asks nothing: say what it draws, or which questions it always asks.")
            % {"section": name}
            for name in empty
        ]
    blueprint = plan_exam(exam, find_exam_subtrees([exam]))
    lacking: dict[tuple[Shortfall, ...], list[str]] = {}
    for language in exam.languages or [""]:
        bank = load_bank([blueprint], language=language)
        if shortfalls := tuple(find_shortfalls(blueprint, bank)):
            lacking.setdefault(shortfalls, []).append(language)
    names = _Names(exam, blueprint, [short for found in lacking for short in found])
    return [
        sentence if not where else f"{where}: {sentence}"
        for shortfalls, languages in lacking.items()
        for where in [_name_languages(languages, exam.languages)]
        for sentence in [names.describe(short) for short in shortfalls]
    ]


def _name_languages(languages: list[str], every: Iterable[str]) -> str:
    names = dict(settings.LANGUAGES)
    if len(list(every)) < 2:
        return ""
    if set(languages) == set(every):
        return pgettext("an exam", "In every language")
    return pgettext("an exam", "In %(languages)s") % {
        "languages": ", ".join(str(names.get(code, code)) for code in languages)
    }


class _Names:
    """How sections, quotas and questions of one exam are called."""

    def __init__(self, exam: Exam, blueprint: Any, shortfalls: list[Shortfall]) -> None:
        self._sections = {rule.section: str(LocalisedText(rule.title)) for rule in blueprint.sections}
        self._quotas = {
            (rule.section, quota): row
            for rule, section in zip(blueprint.sections, exam.sections.all(), strict=True)
            if rule.quotas  # one that always asks the same draws nothing
            for quota, row in zip(rule.quotas, section.quotas.all(), strict=True)
        }
        fixed = {place.question for short in shortfalls for place in short.places if place.question is not None}
        self._codes = dict(Question.objects.filter(pk__in=fixed).values_list("pk", "slug")) if fixed else {}

    def describe(self, short: Shortfall) -> str:
        places = "; ".join(self._name(place) for place in short.places)
        if len(short.places) == 1 and short.places[0].question is not None:
            return gettext("%(place)s has no approved version.") % {"place": places}
        return gettext("%(places)s. %(asked)s, and the bank has %(available)d.") % {
            "places": places,
            "asked": ngettext(
                "%(count)d approved question is asked", "%(count)d approved questions are asked", short.wanted
            )
            % {"count": short.wanted},
            "available": short.available,
        }

    def _name(self, place: Any) -> str:
        section = self._sections.get(place.section, "")
        if place.question is not None:
            return gettext("“%(section)s”, question %(code)s") % {
                "section": section,
                "code": self._codes.get(place.question, place.question),
            }
        row = self._quotas.get((place.section, place.quota))
        return gettext("“%(section)s”, %(count)d of %(what)s") % {
            "section": section,
            "count": place.count,
            "what": describe_quota(row) if row is not None else "–",
        }


def describe_quota(quota: Any) -> str:
    """What a quota draws, in words: “Prices”, hard, tagged “vat”."""
    parts = []
    if quota.topic_id:
        parts.append(gettext("“%(topic)s”") % {"topic": quota.topic})
    if quota.tag_id:
        parts.append(gettext("tagged “%(tag)s”") % {"tag": quota.tag})
    if quota.difficulty:
        parts.append(str(quota.get_difficulty_display()).lower())
    return ", ".join(parts) or gettext("the whole bank")
