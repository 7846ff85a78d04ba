from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from certification.drawing import Paper, PaperQuestion, PaperSection
from certification.grading import Result, grade, reaches, whole_percent
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
    return {item.position: sorted(get_type(item.type).key(contents[item.version])) for item in paper.questions}


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
    assert result.marks == tuple(Fraction(sorted(responses[p]) == right[p]) for p in sorted(right))
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


@given(graded_papers())
def test_a_result_survives_storage(made):
    paper, contents = made
    result = grade(paper, contents, right_answers(paper, contents))
    assert Result.from_json(result.to_json()) == result


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
