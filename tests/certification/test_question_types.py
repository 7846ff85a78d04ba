from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.question_types import BadResponse, get_type, type_names
from tests.certification.strategies import asked_versions, choice_contents


def test_the_three_types_are_found_in_the_order_an_author_tries_them():
    assert [name for name, _label in type_names()] == ["single", "multiple", "true_false"]


@given(asked_versions())
def test_the_key_earns_the_whole_mark(asked):
    name, content = asked
    kind = get_type(name)
    assert kind.problems(content) == ()
    assert kind.mark(content, sorted(kind.key(content))) == 1


@given(asked_versions(), st.data())
def test_anything_but_the_key_earns_nothing(asked, data):
    name, content = asked
    kind = get_type(name)
    given_ids = data.draw(st.lists(st.sampled_from(kind.options(content)), unique=True))
    assert kind.mark(content, given_ids) == Fraction(set(given_ids) == kind.key(content))


@given(choice_contents(many=True))
def test_ticking_everything_in_a_multiple_response_earns_nothing(content):
    kind = get_type("multiple")
    assert kind.mark(content, list(kind.options(content))) == 0


@given(asked_versions(), st.data())
def test_reading_places_and_showing_them_again_are_inverse(asked, data):
    name, content = asked
    kind = get_type(name)
    order = data.draw(st.permutations(kind.options(content)))
    most = len(order) if kind.many else 1
    places = data.draw(st.sets(st.integers(1, len(order)), max_size=most))
    response = kind.read(order, [str(place) for place in places])
    assert kind.places(order, response) == places
    assert kind.is_answered(response) == bool(places)


@pytest.mark.parametrize("given_places", [["0"], ["4"], ["-1"], ["a"], [""], ["1", "2"], ["²"], ["1 "], ["9" * 5000]])
def test_what_the_page_could_not_have_sent_is_refused(given_places):
    with pytest.raises(BadResponse):
        get_type("single").read(("x", "y", "z"), given_places)


def test_several_places_are_read_for_a_multiple_response():
    assert get_type("multiple").read(("z", "y", "x"), ["1", "3", "3"]) == ["x", "z"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("single", {"stem": {"en": " "}, "options": []}, "The question has no text."),
        ("single", {"stem": {"en": "Q"}, "options": []}, "There are too few options."),
        (
            "single",
            {
                "stem": {"en": "Q"},
                "options": [
                    {"id": "a", "text": {"en": "A"}, "correct": True},
                    {"id": "b", "text": {"en": "B"}, "correct": True},
                ],
            },
            "Exactly one option must be right.",
        ),
        (
            "single",
            {
                "stem": {"en": "Q"},
                "options": [{"id": "a", "text": {"en": "A"}, "correct": True}, {"id": "a", "text": {"en": "B"}}],
            },
            "Two options have the same id.",
        ),
        (
            "single",
            {
                "stem": {"en": "Q"},
                "options": [{"id": "a", "text": {"en": "Yes"}, "correct": True}, {"id": "b", "text": {"en": "yes "}}],
            },
            "Two options say the same.",
        ),
        (
            "multiple",
            {
                "stem": {"en": "Q"},
                "options": [{"id": key, "text": {"en": key}, "correct": True} for key in "abc"],
            },
            "At least one option must be right, and at least one wrong.",
        ),
        ("true_false", {"stem": {"en": "Q"}}, "Say whether the statement is true."),
    ],
)
def test_an_unsound_question_says_what_is_wrong_with_it(name, content, problem):
    assert problem in get_type(name).problems(content)
