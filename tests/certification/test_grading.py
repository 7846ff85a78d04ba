from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.drawing import Paper, PaperQuestion, PaperSection
from certification.grading import QuestionMark, Result, SectionMark, grade, reaches, whole_percent
from certification.question_types import get_type
from tests.certification.strategies import asked_versions


@st.composite
def graded_papers(draw):
    asked = draw(st.lists(asked_versions(), min_size=1, max_size=8))
    sections = draw(st.integers(1, 3))
    questions = tuple(
        PaperQuestion(position, draw(st.integers(1, sections)), position, kind, get_type(kind).options(content))
        for position, (kind, content) in enumerate(asked, 1)
    )
    used = sorted({question.section for question in questions})
    paper = Paper(
        tuple(PaperSection(number, {"en": str(number)}, draw(st.integers(0, 100))) for number in used),
        questions,
        draw(st.integers(0, 100)),
    )
    return paper, {position: content for position, (_kind, content) in enumerate(asked, 1)}


def right_answers(paper, contents):
    return {item.position: get_type(item.type).right(contents[item.version]) for item in paper.questions}


@given(graded_papers())
def test_all_the_right_answers_earn_everything_and_pass(made):
    paper, contents = made
    result = grade(paper, contents, right_answers(paper, contents))
    assert result.earned == result.possible == len(paper.questions)
    assert result.percent == 100
    assert result.passed


@given(graded_papers(), st.data())
def test_marks_are_full_for_the_right_answers_alone(made, data):
    paper, contents = made
    responses = {
        item.position: data.draw(st.lists(st.sampled_from(item.order), unique=True)) for item in paper.questions
    }
    result = grade(paper, contents, responses)
    right = right_answers(paper, contents)
    assert [mark.share for mark in result.marks] == [Fraction(sorted(responses[p]) == right[p]) for p in sorted(right)]
    assert [mark.version for mark in result.marks] == [item.version for item in paper.questions]
    assert 0 <= result.earned <= result.possible
    assert sum(part.earned for part in result.sections) == result.earned
    assert sum(part.possible for part in result.sections) == result.possible


@given(graded_papers())
def test_an_empty_paper_earns_nothing(made):
    paper, contents = made
    assert grade(paper, contents, {}).earned == 0


@given(graded_papers(), st.data())
def test_one_more_right_answer_never_lowers_anything(made, data):
    paper, contents = made
    right = right_answers(paper, contents)
    some = data.draw(st.sets(st.sampled_from(sorted(right))))
    more = some | {data.draw(st.sampled_from(sorted(right)))}
    less = grade(paper, contents, {position: right[position] for position in some})
    better = grade(paper, contents, {position: right[position] for position in more})
    assert better.earned >= less.earned
    assert better.passed >= less.passed


def test_a_failed_section_is_not_bought_off_by_the_others():
    true = {"stem": {"en": "So."}, "answer": True}
    order = ("true", "false")
    paper = Paper(
        (PaperSection(1, {}, 50), PaperSection(2, {}, 50)),
        tuple(
            PaperQuestion(position, 1 if position < 10 else 2, position, "true_false", order)
            for position in range(1, 11)
        ),
        60,
    )
    result = grade(paper, dict.fromkeys(range(1, 11), true), {position: ["true"] for position in range(1, 10)})
    assert result.percent == 90
    assert not result.passed


@given(st.integers(0, 200), st.integers(1, 200), st.integers(0, 100))
def test_the_shown_percentage_never_contradicts_the_decision(earned, possible, percent):
    marks = Fraction(min(earned, possible))
    assert reaches(marks, possible, percent) == (whole_percent(marks, possible) >= percent)


def test_two_of_three_is_exactly_at_a_pass_mark_of_66_and_below_67():
    assert reaches(Fraction(2), 3, 66)
    assert not reaches(Fraction(2), 3, 67)


# --- Points, people's marks, withdrawn questions ---------------------------------------------------------------------

shares = st.fractions(min_value=-1, max_value=1, max_denominator=4)


class Told:
    """A type of question whose answers say what they are worth; None: people mark it."""

    def is_answered(self, response):
        return bool(response)

    def mark(self, content, response):
        return response[0]


@pytest.fixture(autouse=True)
def _told(monkeypatch):
    known = get_type
    monkeypatch.setattr("certification.grading.get_type", lambda name: Told() if name == "told" else known(name))


def told(*shares, sections=None, points=None, percents=(50, 50), overall=50):
    """A paper and the responses that make its questions worth these shares; ``""`` is no answer."""
    sections, points = sections or [1] * len(shares), points or [1] * len(shares)
    questions = tuple(
        PaperQuestion(position, section, position + 100, "told", (), Fraction(worth))
        for position, (section, worth) in enumerate(zip(sections, points, strict=True), 1)
    )
    parts = tuple(PaperSection(number, {}, percents[number - 1]) for number in sorted(set(sections)))
    responses = {position: [share] for position, share in enumerate(shares, 1) if share != ""}
    return Paper(parts, questions, overall), {question.version: {} for question in questions}, responses


@st.composite
def told_papers(draw):
    given_shares = draw(st.lists(st.one_of(shares, st.none(), st.just("")), min_size=1, max_size=8))
    size = len(given_shares)
    made = told(
        *given_shares,
        sections=draw(st.lists(st.integers(1, 2), min_size=size, max_size=size)),
        points=draw(st.lists(st.sampled_from([1, 2, Fraction(1, 2)]), min_size=size, max_size=size)),
        percents=(draw(st.integers(0, 100)), draw(st.integers(0, 100))),
        overall=draw(st.integers(0, 100)),
    )
    withdrawn = draw(st.sets(st.sampled_from([question.version for question in made[0].questions])))
    return made, withdrawn


@given(told_papers())
def test_points_are_shares_of_what_each_question_is_worth(made):
    (paper, contents, responses), withdrawn = made
    result = grade(paper, contents, responses, withdrawn=withdrawn)
    for part in result.sections:
        asked = [q for q in paper.questions if q.section == part.section and q.version not in withdrawn]
        marked = [(q.points, responses.get(q.position, [0])[0]) for q in asked]
        assert part.possible == sum(points for points, _share in marked)
        assert part.net == sum(points * share for points, share in marked if share is not None)
        assert part.pending == sum(points for points, share in marked if share is None)
        assert part.earned == max(part.net, 0) <= part.best_possible <= part.possible
    assert result.earned == sum(part.earned for part in result.sections)


@given(told_papers(), st.data())
def test_what_people_give_ends_between_the_bounds_that_were_told_before(made, data):
    (paper, contents, responses), withdrawn = made
    before = grade(paper, contents, responses, withdrawn=withdrawn)
    by_hand = {position: data.draw(st.fractions(0, 1, max_denominator=4)) for position in before.awaiting}
    after = grade(paper, contents, responses, withdrawn=withdrawn, by_hand=by_hand)
    assert after.complete
    assert before.earned <= after.earned <= before.best_possible
    assert after.passed <= before.can_pass
    assert before.passed <= before.complete
    assert before.passed <= after.passed


@given(told_papers())
def test_a_result_survives_storage(made):
    (paper, contents, responses), withdrawn = made
    result = grade(paper, contents, responses, withdrawn=withdrawn)
    assert Result.from_json(result.to_json()) == result


@given(told_papers())
def test_stored_marks_are_rows_of_version_and_share(made):
    (paper, contents, responses), withdrawn = made
    rows = grade(paper, contents, responses, withdrawn=withdrawn).to_json()["marks"]
    assert [row[0] for row in rows] == [item.version for item in paper.questions]
    assert [row[2:] for row in rows] == [["withdrawn"] * (item.version in withdrawn) for item in paper.questions]


def test_a_result_of_an_earlier_release_is_read():
    stored = {
        "pass_percent": 70,
        "marks": ["1", "1/2"],
        "sections": [{"section": 3, "title": {"en": "S"}, "earned": "3/2", "possible": 2, "pass_percent": 60}],
    }
    part = SectionMark(3, {"en": "S"}, Fraction(3, 2), Fraction(2), 60)
    halves = (Fraction(1), Fraction(1, 2))
    assert Result.from_json(stored) == Result(tuple(QuestionMark(0, share) for share in halves), (part,), 70)
    paper = told(0, 0)[0]
    assert [mark.version for mark in Result.from_json(stored, paper).marks] == [101, 102]


def test_nothing_is_passed_while_people_have_yet_to_mark():
    paper, contents, responses = told(1, 1, None)
    result = grade(paper, contents, responses)
    assert (result.complete, result.passed, result.can_pass, result.awaiting) == (False, False, True, (3,))
    assert result.sections[0].passed  # whatever people give
    assert grade(paper, contents, responses, by_hand={3: Fraction()}).passed


def test_that_a_paper_is_failed_may_be_known_before_people_have_marked_it():
    result = grade(*told(0, 0, None, sections=[1, 1, 2]))
    assert (result.complete, result.can_pass) == (False, False)


def test_an_essay_without_an_answer_is_put_before_nobody():
    result = grade(*told("", 1))
    assert (result.complete, result.percent) == (True, 50)


def test_what_people_give_stands_above_what_the_type_gives():
    paper, contents, responses = told(0)
    assert grade(paper, contents, responses, by_hand={1: Fraction(1)}).passed


@pytest.mark.parametrize("by_hand", [{1: Fraction(3, 2)}, {1: Fraction(-1, 4)}, {2: Fraction(1)}, {0: Fraction(1)}])
def test_marks_that_people_cannot_give_are_errors(by_hand):
    with pytest.raises(ValueError, match=r"share|position"):
        grade(*told(None), by_hand=by_hand)


def test_a_section_below_nothing_costs_the_others_nothing():
    result = grade(*told(-1, -1, 1, 1, sections=[1, 1, 2, 2], percents=(0, 100)))
    assert [part.earned for part in result.sections] == [0, 2]
    assert (result.earned, result.percent, result.passed) == (2, 50, True)


def test_a_section_below_nothing_has_to_make_up_for_it_first():
    """A wrong answer that cost a point is not forgiven by what people mark later."""
    part = grade(*told(-1, None, percents=(50,))).sections[0]
    assert (part.earned, part.best_possible, part.can_pass) == (0, 0, False)


def test_a_section_whose_questions_were_all_withdrawn_is_no_obstacle():
    paper, _contents, responses = told(0, 1, sections=[1, 2])
    result = grade(paper, {102: {}}, responses, withdrawn={101})
    assert [(part.passed, part.counts) for part in result.sections] == [(True, False), (True, True)]
    assert (result.passed, result.percent, result.possible) == (True, 100, 1)


def test_a_paper_whose_questions_were_all_withdrawn_proves_nothing():
    result = grade(*told(1, 1), withdrawn=[101, 102])
    assert (result.complete, result.passed, result.percent) == (True, False, 0)
