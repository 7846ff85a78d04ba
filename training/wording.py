"""Figures of case studies in words: what each is called, and how its value is written."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from portal.core.money import format_money, format_number
from training.comparing import Figure, Figures


@dataclass(frozen=True, slots=True)
class FigureWords:
    """A figure as the page of a case, the list and its sorting name it; and what the best of several is called."""

    label: str | Promise
    head: str | Promise
    rising: str | Promise
    falling: str | Promise
    best: str | Promise = ""


WORDS = {
    Figure.DAYS: FigureWords(
        _("to the first sale"),
        _("First sale after"),
        _("First sale: quickest first"),
        _("First sale: slowest first"),
        pgettext_lazy("best of several cases", "quickest"),
    ),
    Figure.HOURS: FigureWords(
        _("of effort"),
        _("Effort"),
        _("Effort: least first"),
        _("Effort: most first"),
        pgettext_lazy("best of several cases", "least effort"),
    ),
    Figure.EARNED: FigureWords(
        _("earned in the first year"),
        _("Earned in the first year"),
        _("Earned: least first"),
        _("Earned: most first"),
        pgettext_lazy("best of several cases", "most earned"),
    ),
    Figure.HOURLY: FigureWords(
        _("earned per hour of effort"),
        _("Per hour of effort"),
        _("Per hour: least first"),
        _("Per hour: most first"),
        pgettext_lazy("best of several cases", "best hour"),
    ),
    Figure.PEOPLE: FigureWords(
        _("at the customer"),
        _("People at the customer"),
        _("Customer: smallest first"),
        _("Customer: largest first"),
    ),
}


def write_figure(figures: Figures, figure: Figure) -> str:
    """The figure with its unit: "38 days", "2,462 EUR"; empty where the case does not tell it.

    Sums are written in whole units of the currency: cases are compared by them, and cents would only hide the size.
    """
    value = figures.tell(figure)
    if value is None:
        return ""
    match figure:
        case Figure.DAYS:
            return ngettext("%(count)s day", "%(count)s days", value) % {"count": format_number(value)}
        case Figure.HOURS:
            return ngettext("%(count)s hour", "%(count)s hours", value) % {"count": format_number(value)}
        case Figure.PEOPLE:
            return ngettext("%(count)s person", "%(count)s people", value) % {"count": format_number(value)}
        case _:
            return format_money(value, figures.currency, whole=True)
