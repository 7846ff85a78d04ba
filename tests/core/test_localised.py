"""Texts in several languages are one value."""

import pytest
from django import forms
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from portal.core.localised import LocalisedFormField, LocalisedText


def test_the_text_is_the_active_language_s():
    text = LocalisedText(en="Seller", ru="Продавец")
    with translation.override("ru"):
        assert str(text) == "Продавец"
    with translation.override("en"):
        assert str(text) == "Seller"


def test_a_missing_language_falls_back_to_the_default_one_and_then_to_any():
    assert LocalisedText(en="Seller").in_language("ru") == "Seller"
    assert LocalisedText(ru="Продавец").in_language("en") == "Продавец"
    assert LocalisedText().in_language("en") == ""


@given(
    st.dictionaries(st.sampled_from(["en", "ru"]), st.text(min_size=1), min_size=1), st.sampled_from(["en", "ru", "fr"])
)
def test_some_text_is_always_found_where_there_is_one(texts, language):
    assert LocalisedText(texts).in_language(language) in texts.values()


def test_a_region_of_a_language_reads_the_language():
    assert LocalisedText(en="Colour", ru="Цвет").in_language("ru-RU") == "Цвет"


class NameForm(forms.Form):
    name = LocalisedFormField(label="Name")


def test_the_form_has_an_input_per_language_labelled_by_it():
    html = str(NameForm())
    assert 'name="name_en"' in html
    assert 'name="name_ru"' in html
    assert 'lang="ru"' in html


def test_the_default_language_is_needed_and_the_others_are_not():
    assert NameForm({"name_en": "Seller"}).is_valid()
    form = NameForm({"name_ru": "Продавец"})
    assert not form.is_valid()
    assert "English" in form.errors["name"][0]


def test_what_was_typed_is_kept_per_language():
    form = NameForm({"name_en": "Seller", "name_ru": "Продавец"})
    assert form.is_valid()
    assert form.cleaned_data["name"] == {"en": "Seller", "ru": "Продавец"}


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", '"><b>'])
def test_markup_in_a_text_is_escaped_in_the_form(typed):
    assert typed not in str(NameForm({"name_en": typed}))
