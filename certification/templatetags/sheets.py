"""The questions of a sheet. A page has up to two hundred: what each of them repeats is written by functions, for which a
template would need ten times as long. What differs by type stays in the type's template. Every text is escaped here.
"""

from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from certification.models import Attempt
from certification.question_types.base import Option
from certification.services.sheets import Sheet, SheetQuestion

register = template.Library()

#: By whether a question is answered and whether it is flagged.
_STATES = {
    (False, False): "",
    (True, False): ' class="is-answered"',
    (False, True): ' class="is-flagged"',
    (True, True): ' class="is-answered is-flagged"',
}


@register.simple_tag
def question_head(question: SheetQuestion, open: bool) -> SafeString:
    """The beginning of the question's fieldset, with what is asked; locked where nothing can be given any more."""
    at, locked = question.position, "" if open and not question.withdrawn else " disabled"
    return SafeString(
        f'<fieldset class="question" id="q{at}" data-position="{at}"{locked}>'
        f"<legend><i>{at}.</i> {escape(question.stem)}</legend>"
    )


@register.simple_tag
def question_tools(question: SheetQuestion) -> SafeString:
    """What saves this question alone, and what marks it to be looked at again; where the page does not do it by itself."""
    at, flagged = question.position, question.flagged
    return SafeString(
        f'<button class="own-save" name="at" value="{at}">{escape(pgettext("answers", "Save"))}</button>'
        f'<button name="flag" value="{at}:{0 if flagged else 1}" aria-pressed="{"true" if flagged else "false"}">'
        f"{escape(gettext('Look at it again'))}</button>"
    )


@register.simple_tag
def numbers(sheet: Sheet, attempt: Attempt, position: int | None) -> SafeString:
    """Every question by its number: whether it is answered, and whether it is to be looked at again."""
    lines = []
    for question in sheet.questions:
        at = question.position
        alone = attempt.one_at_a_time
        address = reverse("certification:question", args=[attempt.public_id, at]) if alone else f"#q{at}"
        current = ' aria-current="step"' if at == position else ""
        state = _STATES[question.answered, question.flagged]
        lines.append(f'<li><a href="{escape(address)}"{current}{state}>{at}</a></li>')
    return SafeString("".join(lines))


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
    at, first = question.position, f'<option value="">{escape(empty or pgettext("blank", "Choose"))}</option>'
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
