"""An answer to a check question is right when all the right options were chosen and none besides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.checking import Option, Question, UnanswerableError, mark_answer


def ask(*rights: bool) -> Question:
    options = tuple(Option(f"o{place}", f"Option {place}", right) for place, right in enumerate(rights))
    return Question("q", "Which?", options)


@st.composite
def questions(draw) -> Question:
    rights = draw(st.lists(st.booleans(), min_size=2, max_size=8).filter(lambda found: any(found) and not all(found)))
    return ask(*rights)


def test_the_one_right_option_is_right():
    assert mark_answer(ask(False, True, False), ["o1"]).is_right


def test_another_is_wrong_and_one_is_missing():
    marking = mark_answer(ask(False, True, False), ["o2"])
    assert (marking.is_right, marking.missing, [option.id for option in marking.chosen]) == (False, 1, ["o2"])


def test_part_of_several_is_not_enough():
    marking = mark_answer(ask(True, True, False), ["o0"])
    assert (marking.is_right, marking.missing) == (False, 1)


def test_all_of_several_and_one_besides_is_too_much():
    marking = mark_answer(ask(True, True, False), ["o2", "o1", "o0"])
    assert (marking.is_right, marking.missing) == (False, 0)


@pytest.mark.parametrize(
    ("chosen", "why"), [([], "nothing"), (["o9"], "unknown"), (["o1", "o9"], "unknown"), (["o0", "o1"], "several")]
)
def test_what_is_no_answer_is_refused(chosen, why):
    with pytest.raises(UnanswerableError, match=why):
        mark_answer(ask(False, True), chosen)


@given(questions(), st.data())
def test_an_answer_is_right_exactly_when_it_is_the_key(question, data):
    ids = [option.id for option in question.options]
    size = len(ids) if question.takes_several else 1
    chosen = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=size, unique=True))
    key = {option.id for option in question.options if option.is_right}
    assert mark_answer(question, chosen).is_right == (set(chosen) == key)


@given(questions(), st.data())
def test_neither_order_nor_repetition_matters(question, data):
    key = [option.id for option in question.options if option.is_right]
    shuffled = data.draw(st.permutations(key + key[:1]))
    assert mark_answer(question, shuffled) == mark_answer(question, key)
