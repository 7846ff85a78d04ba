"""Case studies, and the list in which they are sorted and compared by their figures."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.content.services.languages import find_address_here
from training.access import Reader, find_reader
from training.comparing import Figure
from training.models import CaseStudyPage
from training.services.cases import FEWEST, MOST, SIZES, CaseChoice, CaseList, describe_figures, list_cases
from training.services.languages import name_language
from training.wording import WORDS, write_figure

#: A figure before whose name this stands is sorted from the most to the least.
FALLING = "-"


def describe(page: CaseStudyPage, request: HttpRequest, reader: Reader) -> dict[str, Any]:  # noqa: ARG001
    return {}


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: where it leads, and how the list is sorted by it now ("", ascending or descending)."""

    label: str | Promise
    sort: str
    sorted: str


@dataclass(frozen=True, slots=True)
class Row:
    """A case in the list, with a cell for each head; ``foreign`` names its language where it is another's."""

    case: CaseStudyPage
    url: str
    foreign: str
    cells: list[tuple[Head, str]]
    chosen: bool


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """The cases that the reader may read, narrowed, sorted, and two to four of them side by side."""
    reader = find_reader(request)
    choice = _read_choice(request)
    listed = list_cases(reader, choice, language=get_language() or "")
    heads = [_head(figure, choice) for figure in Figure]
    return render(
        request,
        "training/cases.html",
        {
            "choice": choice,
            "listed": listed,
            "sizes": SIZES,
            "sort": _name_sort(choice.figure, descending=choice.descending) if choice.figure else "",
            "sorts": _list_sorts(),
            "heads": heads,
            "groups": [
                (group.currency, [_row(case, heads, choice, request) for case in group.cases])
                for group in listed.groups
            ],
            "by_money": choice.figure in {Figure.EARNED, Figure.HOURLY},
            "comparison": _compare(listed, request),
            "kept": _find_kept(listed),
            "problem": _find_problem(choice, listed),
        },
    )


def _read_choice(request: HttpRequest) -> CaseChoice:
    sort = request.GET.get("sort", "")
    figure = next((figure for figure in Figure if figure == sort.removeprefix(FALLING)), None)
    keys = dict.fromkeys(key for value in request.GET.getlist("case") if (key := _read_key(value)))
    return CaseChoice(
        **{name: request.GET.get(name, "")[:80] for name in ("industry", "size", "product")},
        figure=figure,
        descending=sort.startswith(FALLING),
        # One more than can be compared, so that it can be said that there are too many.
        keys=tuple(list(keys)[: MOST + 1]),
    )


def _read_key(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        return ""


def _name_sort(figure: Figure, *, descending: bool) -> str:
    return f"{FALLING if descending else ''}{figure}"


def _list_sorts() -> list[tuple[str, str | Promise]]:
    """Every figure both ways, for those who see no heads of columns."""
    return [
        (_name_sort(figure, descending=descending), WORDS[figure].falling if descending else WORDS[figure].rising)
        for figure in Figure
        for descending in (False, True)
    ]


def _head(figure: Figure, choice: CaseChoice) -> Head:
    """A press sorts by the column, a second press the other way; money begins with the most."""
    first = figure in {Figure.EARNED, Figure.HOURLY}
    now = choice.figure == figure
    order = ("descending" if choice.descending else "ascending") if now else ""
    return Head(WORDS[figure].head, _name_sort(figure, descending=not choice.descending if now else first), order)


def _row(case: CaseStudyPage, heads: list[Head], choice: CaseChoice, request: HttpRequest) -> Row:
    figures = describe_figures(case)
    cells = [(head, write_figure(figures, figure)) for head, figure in zip(heads, Figure, strict=True)]
    code = case.locale.language_code
    return Row(
        case,
        find_address_here(case, request),
        "" if code == get_language() else name_language(code),
        cells,
        chosen=str(case.translation_key) in choice.keys,
    )


def _compare(listed: CaseList, request: HttpRequest) -> dict[str, Any] | None:
    """The chosen cases as columns and their figures as rows, what is best marked in words."""
    if not FEWEST <= len(listed.chosen) <= MOST:
        return None
    rows = []
    for figure in Figure:
        cells = [
            (
                case.title,
                write_figure(figures, figure),
                WORDS[figure].best if figures.key in listed.best[figure] else "",
            )
            for case, figures in listed.chosen
        ]
        if any(value for _title, value, _best in cells):
            rows.append((WORDS[figure].head, cells))
    return {
        "heads": [(case, find_address_here(case, request)) for case, _figures in listed.chosen],
        "rows": rows,
        "one_currency": listed.one_currency,
    }


def _find_kept(listed: CaseList) -> list[str]:
    """The chosen cases that the narrowed list does not show: they stay chosen."""
    shown = {case.pk for group in listed.groups for case in group.cases}
    return [figures.key for case, figures in listed.chosen if case.pk not in shown]


def _find_problem(choice: CaseChoice, listed: CaseList) -> str:
    if len(listed.chosen) > MOST:
        return _("At most %(most)d cases stand side by side. Take one away.") % {"most": MOST}
    if choice.keys and len(listed.chosen) < FEWEST:
        return _("Choose one more case to compare this one with.")
    return ""
