"""A question's form, built from the parts that its type declares: a new type needs no line here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.functional import lazy
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, Panel
from wagtail.images.widgets import AdminImageChooser

from certification.phrases import say
from certification.question_types.parts import (
    Choice,
    Exact,
    Flag,
    Lines,
    Message,
    Number,
    Part,
    Picture,
    Plain,
    Rows,
    Share,
    Text,
    find,
    gettext_noop,
    parse_share,
    read_share,
    row_of,
    write_share,
)
from portal.content.models import Image
from portal.core.localised import LocalisedFormField, LocalisedText

say_lazy = lazy(say, str)


class ShareField(forms.CharField):
    """A share of the mark, as a percentage or a fraction."""

    def prepare_value(self, value: Any) -> Any:
        share = parse_share(value)
        return value if share is None else write_share(share)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        share = read_share(text)
        if share is None:
            raise forms.ValidationError(say(NOT_A_SHARE))
        return str(share)


NOT_A_SHARE = gettext_noop("Write a percentage, such as 50, or a fraction of the whole, such as 1/3.")


def name_of(part: Part, *row: Any) -> str:
    """The form field of a part: ``scoring_floor``; in a row of a table ``options_3_text``."""
    return "_".join([*(str(step) for step in row), part.name.replace(".", "_")])


def make_fields(parts: Sequence[Part]) -> dict[str, forms.Field]:
    """A form field for each part, for each place of each table."""
    fields: dict[str, forms.Field] = {}
    for part in parts:
        if isinstance(part, Rows):
            for place in range(1, part.most + 1):
                for number, column in enumerate(part.columns):
                    # What is missing in a row keeps nobody from saving a draft: the approval says so.
                    field = _make_field(column, required=False)
                    if number == 0:  # a row is called by its number
                        field.label = say_lazy(row_of(part.label, place))
                    fields[name_of(column, part.name, place)] = field
        else:
            fields[name_of(part)] = _make_field(part, required=part.required)
    return fields


def _make_field(part: Part, *, required: bool) -> forms.Field:
    common: dict[str, Any] = {
        "label": say_lazy(part.label), "help_text": say_lazy(part.help) if part.help else "", "required": required,
    }  # fmt: skip
    match part:
        case Text():
            return LocalisedFormField(multiline=part.multiline, **common)
        case Lines(localised=True):
            return LocalisedFormField(multiline=True, **common)
        case Lines():
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), **common)
        case Flag():
            return forms.BooleanField(**{**common, "required": False})
        case Choice():
            empty = [("", "—")] if part.kept else []
            return forms.ChoiceField(
                choices=[*empty, *((_code(value), say_lazy(label)) for value, label in part.choices)], **common
            )
        case Number():
            return forms.IntegerField(min_value=part.least, max_value=part.most, **common)
        case Share():
            return ShareField(**common)
        case Picture():
            return forms.ModelChoiceField(Image.objects.all(), widget=AdminImageChooser, **common)
        case Plain() | Exact():
            return forms.CharField(**common)
    raise TypeError(f"No form field for {part!r}")


def _code(value: str | bool) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def fill_form(parts: Sequence[Part], content: Mapping[str, Any]) -> dict[str, Any]:
    """What the form's fields begin with."""
    initial: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Rows):
            for place, row in enumerate((find(content, part.name) or [])[: part.most], 1):
                for column in part.columns:
                    initial[name_of(column, part.name, place)] = _to_form(column, find(row, column.name))
        else:
            initial[name_of(part)] = _to_form(part, find(content, part.name))
    return initial


def _to_form(part: Part, value: Any) -> Any:
    match part:
        case Flag():
            return part.default if value is None else value
        case Choice():
            return ("" if part.kept else _code(part.choices[0][0])) if value is None else _code(value)
        case Lines(localised=True):
            codes = {code for item in value or [] for code in item["text"]}
            return LocalisedText({code: part.write(value, code) for code in codes})
        case Lines():
            return part.write(value or [], None)
    return value


class Unreadable(Exception):
    """What an author wrote cannot be read; ``faults`` says what, by field."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(faults)
        self.faults = faults


def read_content(parts: Sequence[Part], data: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The content that a form's clean data says.

    Args:
        before: the content that the form was filled with. Rows keep their ids by their place; a row that is emptied is
            taken out; a new one gets a new id.

    Raises:
        Unreadable: naming each field.
    """
    content: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for part in parts:
        if isinstance(part, Rows):
            rows = list(_read_rows(part, data, find(before, part.name) or [], faults))
            if rows:
                content[part.name] = rows
            continue
        _keep(content, part, _read_part(part, name_of(part), data, faults))
    if faults:
        raise Unreadable(faults)
    return content


def _read_rows(
    part: Rows, data: Mapping[str, Any], before: Sequence[Mapping[str, Any]], faults: dict[str, str]
) -> Iterator[dict[str, Any]]:
    ids = [row["id"] for row in before]
    used = set(ids)
    for place in range(1, part.most + 1):
        row: dict[str, Any] = {"id": ""}
        for column in part.columns:
            _keep(row, column, _read_part(column, name_of(column, part.name, place), data, faults))
        said = [column for column in part.columns if not isinstance(column, Flag | Choice)]
        if all(column.is_empty(find(row, column.name)) for column in said):
            continue
        row["id"] = ids[place - 1] if place <= len(ids) else _new_id(part.prefix, used)
        yield row


def _new_id(prefix: str, used: set[str]) -> str:
    found = next(f"{prefix}{number}" for number in range(1, 1000) if f"{prefix}{number}" not in used)
    used.add(found)
    return found


def _read_part(part: Part, name: str, data: Mapping[str, Any], faults: dict[str, str]) -> Any:
    value = data.get(name)
    match part:
        case Text():
            return dict(value or {})
        case Flag():
            return bool(value)
        case Choice():
            return next((known for known, _label in part.choices if _code(known) == value), None)
        case Picture():
            return value.pk if value else None
        case Lines():
            texts = dict(value or {}) if part.localised else {"en": value or ""}
            try:
                return part.read(texts)
            except ValueError as error:
                faults[name] = say(error.args[0])
                return None
        case Plain() | Exact():
            return (value or "").strip()
    return value


def _keep(content: dict[str, Any], part: Part, value: Any) -> None:
    """Put a value in its place, unless it is what its part has by default."""
    kept = isinstance(part, Flag) and part.kept
    if value is None or (part.is_empty(value) and not kept):
        return
    *steps, last = part.name.split(".")
    for step in steps:
        content = content.setdefault(step, {})
    content[last] = value


#: How many rows of a table are open to begin with; the others unfold.
OPEN_ROWS = 5


def make_panels(parts: Sequence[Part]) -> list[Panel]:
    """The form's panels, in the order of the parts."""
    panels: list[Panel] = []
    for part in parts:
        if not isinstance(part, Rows):
            panels.append(FieldPanel(name_of(part)))
            continue
        rows = [list(_make_row(part, place)) for place in range(1, part.most + 1)]
        panels += [
            MultiFieldPanel(
                [panel for row in rows[:OPEN_ROWS] for panel in row],
                heading=say_lazy(part.label),
                help_text=say_lazy(part.help) if part.help else "",
            ),
            MultiFieldPanel(
                [panel for row in rows[OPEN_ROWS:] for panel in row],
                heading=say_lazy(Message(gettext_noop("%(part)s: more"), part=Message(part.label))),
                classname="collapsed",
            ),
        ]
    return panels


def _make_row(part: Rows, place: int) -> Iterator[Panel]:
    """Texts side by side, two to a line; under them what is short."""
    wide = [column for column in part.columns if isinstance(column, Text | Lines)]
    short: list[Any] = [column for column in part.columns if column not in wide]
    groups: list[list[Any]] = [wide[start : start + 2] for start in range(0, len(wide), 2)]
    # What comes first names the row.
    ordered: list[list[Any]] = [short, *groups] if part.columns[0] in short else [*groups, short]
    for group in ordered:
        if group:
            yield FieldRowPanel([FieldPanel(name_of(column, part.name, place)) for column in group])
