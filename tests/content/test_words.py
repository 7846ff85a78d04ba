"""Words are compared by what people mean, not by how they type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.content.words import count_slips, cut_ending, fold, is_misspelt, is_same_word, split_words

TEXT = st.text(max_size=60)
WORD = st.text(st.sampled_from("abcdeабвгд"), min_size=1, max_size=12)


class TestFolding:
    @pytest.mark.parametrize(
        ("typed", "folded"),
        [
            ("It’s", "it's"),
            ("Ёлка", "елка"),
            ("Café", "cafe"),
            ("й", "й"),
            ("и\u0306", "й"),
            ("STRAẞE", "strasse"),
            ("so\u00adft", "soft"),
            ("nul\0l", "nul l"),
            ("CRM/Voice", "crm voice"),
        ],
    )
    def test_what_looks_the_same_is_the_same(self, typed, folded):
        assert fold(typed) == folded

    @given(TEXT)
    def test_folding_twice_changes_nothing_more(self, text):
        assert fold(fold(text)) == fold(text)

    @given(TEXT)
    def test_what_the_databases_would_stumble_over_is_in_no_word(self, text):
        assert not any(sign in word for word in split_words(text) for sign in '\0"\\()*:&|!<>')

    def test_signs_within_a_word_belong_to_it_and_those_around_do_not(self):
        assert split_words("(“v2.1”, e-mail!) — it's «дорого»…") == ["v2.1", "e-mail", "it's", "дорого"]


class TestForms:
    @pytest.mark.parametrize(("one", "other"), [("дорого", "дорогой"), ("цена", "цены"), ("call", "calls")])
    def test_forms_of_a_word_are_the_same_word(self, one, other):
        assert is_same_word(one, other)
        assert is_same_word(other, one)

    @pytest.mark.parametrize(("one", "other"), [("price", "private"), ("crm", "crs"), ("дорого", "дом"), ("", "a")])
    def test_other_words_are_not(self, one, other):
        assert not is_same_word(one, other)

    @given(WORD)
    def test_the_beginning_is_a_beginning_and_never_empty(self, word):
        assert word.startswith(cut_ending(word))
        assert cut_ending(word)

    @pytest.mark.parametrize(
        ("word", "beginning"),
        [("дорогой", "дорог"), ("цена", "цен"), ("integrated", "integrat"), ("calls", "call"), ("pricey", "pricey")],
    )
    def test_endings_are_cut_off(self, word, beginning):
        assert cut_ending(word) == beginning

    def test_numbers_are_never_cut(self):
        assert cut_ending("12400") == "12400"


class TestSlips:
    @pytest.mark.parametrize(
        ("word", "right"),
        [("expencive", "expensive"), ("integratoin", "integration"), ("telefony", "telephony"), ("дарога", "дорога")],
    )
    def test_one_or_two_slips_are_forgiven(self, word, right):
        assert is_misspelt(word, right)

    @pytest.mark.parametrize(("word", "right"), [("price", "private"), ("crm", "arm"), ("cost", "dust")])
    def test_other_words_and_short_ones_are_not(self, word, right):
        assert not is_misspelt(word, right)

    @given(WORD, WORD)
    def test_the_quick_look_refuses_nothing_that_is_near_enough(self, one, other):
        near = count_slips(one, other) <= (1 if len(one) <= 5 else 2)
        assert is_misspelt(one, other) == (near and len(one) >= 4)

    @given(WORD, WORD)
    def test_slips_count_alike_both_ways_and_none_between_equals(self, one, other):
        assert count_slips(one, other) == count_slips(other, one)
        assert (count_slips(one, other) == 0) == (one == other)
        assert abs(len(one) - len(other)) <= count_slips(one, other) <= max(len(one), len(other))
