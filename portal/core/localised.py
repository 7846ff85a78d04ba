"""Short texts kept in several languages at once: names of rows that the vendor adds, and texts of questions.

Pages have a tree per language (wagtail-localize). A tier, a job role or an exam question is one row whatever the
reader's language, so its texts live together: a translation can never drift from its key.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext as _


class LocalisedText(dict[str, str]):
    """Texts by language code. As a string it is the text in the active language, else in the default one, else any."""

    def __str__(self) -> str:
        return self.in_language(get_language() or settings.LANGUAGE_CODE)

    def in_language(self, language: str) -> str:
        """The text in ``language`` ("ru" or "ru-RU"), falling back to the default language and then to any."""
        for code in (language, language.split("-")[0], settings.LANGUAGE_CODE):
            if self.get(code):
                return self[code]
        return next((text for text in self.values() if text), "")

    def __html__(self) -> str:
        raise TypeError("Escape the string, not the mapping")  # guards against marking a whole mapping safe

    def __hash__(self) -> int:  # type: ignore[override]  # options of choosers are hashed by their label
        return hash(tuple(sorted(self.items())))


class LocalisedWidget(forms.MultiWidget):
    """One input per language, each named and labelled by its language."""

    template_name = "core/widgets/localised.html"

    def __init__(self, widget: type[forms.Widget] = forms.TextInput, attrs: dict[str, Any] | None = None) -> None:
        size = {"rows": 3} if issubclass(widget, forms.Textarea) else {}
        super().__init__({code: widget(attrs=size) for code, _name in settings.LANGUAGES}, attrs)

    def decompress(self, value: Mapping[str, str] | None) -> list[str]:
        return [(value or {}).get(code, "") for code, _name in settings.LANGUAGES]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        for subwidget, (code, language) in zip(context["widget"]["subwidgets"], settings.LANGUAGES, strict=True):
            subwidget["attrs"].update({"lang": code, "aria-label": str(language)})
            subwidget["language"] = language
        return context


class LocalisedFormField(forms.MultiValueField):
    """A form field for :class:`LocalisedTextField`; the default language is required where the field is."""

    def __init__(self, *, multiline: bool = False, required: bool = True, **options: Any) -> None:
        options.pop("encoder", None)
        options.pop("decoder", None)
        options.pop("max_length", None)
        widget = forms.Textarea if multiline else forms.TextInput
        fields = [forms.CharField(required=False) for _language in settings.LANGUAGES]
        options["widget"] = LocalisedWidget(widget)
        super().__init__(fields, require_all_fields=False, required=required, **options)

    def compress(self, data_list: list[str]) -> LocalisedText:
        codes = [code for code, _name in settings.LANGUAGES]
        return LocalisedText({code: text for code, text in zip(codes, data_list, strict=False) if text})

    def clean(self, value: Any) -> LocalisedText:
        text = super().clean(value) or LocalisedText()
        if self.required and not text.get(settings.LANGUAGE_CODE):
            language = dict(settings.LANGUAGES)[settings.LANGUAGE_CODE]
            raise ValidationError(_("The text in %(language)s is needed.") % {"language": language})
        return text

    def has_changed(self, initial: Any, data: Any) -> bool:
        return dict(initial or {}) != dict(self.compress(list(data or [])))


class LocalisedTextField(models.JSONField):
    """A JSON object of language code to text, read as :class:`LocalisedText`."""

    def __init__(self, *args: Any, multiline: bool = False, **options: Any) -> None:
        options.setdefault("default", LocalisedText)
        self.multiline = multiline
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        if self.multiline:
            options["multiline"] = True
        return name, path, args, options

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> LocalisedText:
        return LocalisedText(super().from_db_value(value, expression, connection) or {})

    def to_python(self, value: Any) -> Any:
        return LocalisedText(value) if isinstance(value, Mapping) else value

    def formfield(self, **options: Any) -> Any:
        options.pop("form_class", None)
        options.pop("choices_form_class", None)
        options.pop("widget", None)
        return models.Field.formfield(self, form_class=LocalisedFormField, multiline=self.multiline, **options)
