"""The questions of a sheet. A page has up to two hundred: what each of them repeats is written by functions, for which a
template would need ten times as long. What differs by type stays in the type's template. Every text is escaped here.
"""

from html import escape
from typing import Any

from django import template
from django.template.base import NodeList
from django.template.context import Context
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from certification.models import Attempt
from certification.question_types.base import Option
from certification.services.sheets import Sheet, SheetQuestion, SheetSection

register = template.Library()

#: By whether a question is answered and whether it is flagged.
_STATES = {
    (False, False): "",
    (True, False): ' class="is-answered"',
    (False, True): ' class="is-flagged"',
    (True, True): ' class="is-answered is-flagged"',
}


#: In place of the inputs of a question that was withdrawn.
WITHDRAWN = "certification/_withdrawn.html"


@register.simple_tag(takes_context=True)
def questions(context: Context, section: SheetSection, open: bool, only: int | None = None) -> SafeString:
    """The questions of a section, or the one at a position: what is asked, the inputs of its type, and its buttons.

    A question is locked where nothing can be given any more.
    """
    save, look = escape(pgettext("answers", "Save")), escape(gettext("Look at it again"))
    lines: list[str] = []
    drawn_by = _Drawings(context)
    with context.push():
        for question in section.questions:
            at = question.position
            if only and at != only:
                continue
            context["question"] = question
            is_open = open and not question.withdrawn
            lines += (
                question_head(question, is_open),
                drawn_by[WITHDRAWN if question.withdrawn else question.template].render(context),
            )
            if is_open:  # what saves it alone, and marks it to be looked at again, where the page does not by itself
                flagged = question.flagged
                lines.append(
                    f'<button class="own-save" name="at" value="{at}">{save}</button>'
                    f'<button name="flag" value="{at}:{0 if flagged else 1}"'
                    f' aria-pressed="{"true" if flagged else "false"}">{look}</button>'
                )
            lines.append("</fieldset>\n")
    return SafeString("".join(lines))


@register.simple_tag
def question_head(question: SheetQuestion, is_open: bool) -> SafeString:
    """The beginning of the question's fieldset, with what is asked.

    Whoever goes from field to field hears the stem, and what stands between it and the fields: what a customer has said
    belongs to the name of the group, how it counts describes it. A text with gaps describes its first gap.
    """
    at, shown, told = question.position, question.shown, ""
    if not question.withdrawn:
        if shown.quote:
            told += f' aria-labelledby="q{at}-stem q{at}-told"'
        if shown.many or (shown.blanks and (not shown.partial or question.template.endswith("/ordering.html"))):
            told += f' aria-describedby="q{at}-note"'
    return SafeString(
        f'<fieldset class="question" id="q{at}" data-position="{at}"{told}{"" if is_open else " disabled"}>'
        f'<legend id="q{at}-stem"><i>{at}.</i> {escape(question.stem)}</legend>'
    )


class _Drawings(dict[str, NodeList]):
    """Templates by name, each found once, which are given the context as it is: including one by a tag would cost as much
    as a question does."""

    def __init__(self, context: Context) -> None:
        around: Any = context.template
        self._engine = around.engine

    def __missing__(self, name: str) -> NodeList:
        found: NodeList = self._engine.get_template(name).nodelist
        self[name] = found
        return found


@register.simple_tag
def numbers(sheet: Sheet, attempt: Attempt, position: int | None) -> SafeString:
    """Every question by its number: whether it is answered, and whether it is to be looked at again; seen and spoken.

    The words of both states are always there, and the style sheet takes out what is not so: whoever changes the state
    changes a class and nothing else.
    """
    lines = []
    answered, flagged = pgettext("question", "answered"), pgettext("question", "to look at again")
    words = f"<i>, {escape(answered)}</i><b>, {escape(flagged)}</b>"
    for question in sheet.questions:
        at = question.position
        alone = attempt.one_at_a_time
        address = reverse("certification:question", args=[attempt.public_id, at]) if alone else f"#q{at}"
        current = ' aria-current="step"' if at == position else ""
        state = _STATES[question.answered, question.flagged]
        lines.append(f'<li><a href="{escape(address)}"{current}{state}>{at}{words}</a></li>')
    return SafeString("".join(lines))


@register.simple_tag
def choices_note(question: SheetQuestion) -> SafeString:
    """That several may be chosen, and what they earn; nothing where only one may be."""
    if not question.shown.many:
        return SafeString("")
    if question.shown.partial:
        return _note(question, gettext("Choose all that are right. Each right choice counts, and a wrong one costs."))
    return _note(
        question, gettext("Choose all that are right. It counts only if all of them, and no other, are chosen.")
    )


@register.simple_tag
def parts_note(question: SheetQuestion) -> SafeString:
    """That no part counts by itself, where it is so."""
    if question.shown.partial:
        return SafeString("")
    return _note(question, gettext("It counts only if all of it is right."))


def _note(question: SheetQuestion, words: str) -> SafeString:
    return SafeString(f'<p class="muted small" id="q{question.position}-note">{escape(words)}</p>\n')


@register.simple_tag
def options(question: SheetQuestion) -> SafeString:
    """What there is to choose from: one of them, or several."""
    kind, at = "checkbox" if question.shown.many else "radio", question.position
    return SafeString(
        "".join(
            f'<label class="option"><input type="{kind}" name="q{at}" value="{escape(option.value)}"'
            f"{' checked' if option.chosen else ''}><span>{escape(option.text)}</span></label>\n"
            for option in question.shown.options
        )
    )


@register.simple_tag
def blanks(question: SheetQuestion, empty: str = "") -> SafeString:
    """Lists to choose from, one for each thing; ``empty`` stands where nothing is chosen."""
    at, empty = question.position, empty or pgettext("blank", "Choose")
    first = f'<option value="">{escape(empty)}</option>'
    return SafeString(
        "".join(
            f'<label class="blank"><span>{escape(blank.label)}</span><select name="q{at}-{escape(blank.part)}">'
            f"{first}{choices(blank.options)}</select></label>\n"
            for blank in question.shown.blanks
        )
    )


@register.simple_tag
def choices(found: tuple[Option, ...]) -> SafeString:
    """The lines of a list to choose from."""
    return SafeString(
        "".join(
            f'<option value="{escape(option.value)}"{" selected" if option.chosen else ""}>{escape(option.text)}</option>'
            for option in found
        )
    )
