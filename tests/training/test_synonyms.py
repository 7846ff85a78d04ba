"""What may stand for the words that were typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.content.words import split_words
from training.synonyms import MOST_MEANT, correct, expand, put_right, read_group

DEAR = read_group("too expensive\npricey\ncosts too much\nPricey\n\n")
DOROGO = read_group("дорого\nне по карману")
WORDS = st.lists(st.text(st.sampled_from("abcd"), min_size=1, max_size=6), max_size=8)
GROUPS = st.lists(st.lists(st.lists(st.text(st.sampled_from("abcd"), min_size=1, max_size=6), min_size=1, max_size=3)))


class TestGroups:
    def test_lines_are_expressions_each_once(self):
        assert DEAR == [["too", "expensive"], ["pricey"], ["costs", "too", "much"]]


class TestExpanding:
    def test_a_word_is_followed_by_what_means_the_same(self):
        assert expand(["pricey", "crm"], [DEAR]) == (("pricey", "too expensive", "costs too much"), ("crm",))

    def test_an_expression_of_several_words_is_one_term(self):
        assert expand(["it", "costs", "too", "much"], [DEAR]) == (
            ("it",),
            ("costs too much", "too expensive", "pricey"),
        )

    def test_the_longest_expression_is_taken(self):
        groups = [[["call"], ["ring"]], [["call", "centre"], ["contact", "centre"]]]
        assert expand(["call", "centre"], groups) == (("call centre", "contact centre"),)

    def test_inflected_forms_count(self):
        assert expand(["дорогая", "система"], [DOROGO]) == (("дорогая", "не по карману"), ("система",))

    @given(WORDS, GROUPS)
    def test_every_word_stays_once_and_in_its_place(self, words, groups):
        typed = [word for term in expand(words, groups) for word in term[0].split()]
        assert typed == words

    @given(WORDS)
    def test_without_synonyms_each_word_is_a_term(self, words):
        assert expand(words, []) == tuple((word,) for word in words)


class TestCorrecting:
    def test_a_misspelt_word_becomes_the_word_of_a_title(self):
        assert correct(["expencive", "crm"], ["it is too expensive"]) == {"expencive": ("expensive",)}

    def test_a_word_that_a_title_has_is_right_in_any_form(self):
        assert correct(["prices"], ["the price of a seat"]) == {}

    def test_the_nearest_word_comes_first(self):
        assert correct(["integratoin"], ["migrations", "integration"])["integratoin"][0] == "integration"

    def test_what_means_the_same_as_the_word_that_was_meant_is_looked_for_too(self):
        terms = put_right(["priecy", "crm"], {"priecy": ("pricey", "prices")}, [DEAR])
        assert terms == (("pricey", "too expensive", "costs too much", "prices"), ("crm",))

    @given(WORDS, st.lists(st.text(max_size=30), max_size=5))
    def test_only_words_of_the_titles_are_offered(self, words, titles):
        vocabulary = {word for title in titles for word in split_words(title)}
        for word, meant in correct(words, titles).items():
            assert word not in vocabulary
            assert set(meant) <= vocabulary
            assert len(meant) <= MOST_MEANT


@pytest.mark.parametrize("words", ["", "one", "\n\n", "One\none\nONE"])
def test_a_row_of_fewer_than_two_expressions_reads_as_such(words):
    assert len(read_group(words)) < 2
