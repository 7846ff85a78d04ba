"""The thread and the next step."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.home.journey import Advice, ExamPlace, NextStep, Place, Point, advise, find_point

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=20)

exams = st.builds(
    ExamPlace,
    slug=st.sampled_from(["product", "sales"]),
    held=st.booleans(),
    running=st.booleans(),
    closed_until=st.sampled_from([None, NOW - timedelta(days=1), LATER]),
)
places = st.builds(
    Place,
    lessons_done=st.integers(0, 5),
    lessons_total=st.integers(0, 5),
    exams=st.lists(exams, max_size=3).map(tuple),
    qualified=st.booleans(),
    may_work_leads=st.booleans(),
    may_accept_agreement=st.booleans(),
    agreement_current=st.booleans(),
    offers_open=st.integers(0, 2),
    leads_to_work=st.integers(0, 2),
)


def place(**fields) -> Place:
    given = {
        "lessons_done": 5,
        "lessons_total": 5,
        "exams": (ExamPlace("product"), ExamPlace("sales")),
        "qualified": False,
    }
    return Place(**{**given, **fields})


BOTH = (ExamPlace("product", held=True), ExamPlace("sales", held=True))


@pytest.mark.parametrize(
    ("standing", "point"),
    [
        (place(lessons_done=0), Point.STUDY),
        (place(), Point.EXAM),
        (place(exams=(ExamPlace("product", held=True), ExamPlace("sales"))), Point.CREDENTIAL),
        (place(exams=BOTH), Point.QUALIFICATION),
        (place(exams=BOTH, qualified=True), Point.LEAD),
    ],
)
def test_the_thread_stands_at_the_first_thing_that_is_not_done(standing, point):
    assert find_point(standing) == point


@pytest.mark.parametrize(
    ("standing", "advice"),
    [
        (place(lessons_done=2), Advice(NextStep.GO_ON_STUDYING)),
        (place(), Advice(NextStep.SIT_EXAM, "product")),
        (place(exams=(ExamPlace("product", running=True), ExamPlace("sales")), offers_open=1, may_work_leads=True),
         Advice(NextStep.FINISH_EXAM, "product")),
        (place(exams=BOTH, qualified=True, offers_open=2, may_work_leads=True), Advice(NextStep.ANSWER_OFFER)),
        (place(agreement_current=False, may_accept_agreement=True), Advice(NextStep.ACCEPT_AGREEMENT)),
        (place(exams=(ExamPlace("product", held=True, renewable=True), BOTH[1]), qualified=True),
         Advice(NextStep.RENEW_CREDENTIAL, "product")),
        (place(exams=(ExamPlace("product", closed_until=LATER), BOTH[1])), Advice(NextStep.STUDY_AGAIN, "product", LATER)),
        (place(exams=(ExamPlace("product", closed_until=LATER), ExamPlace("sales"))), Advice(NextStep.SIT_EXAM, "sales")),
        (place(exams=BOTH), Advice(NextStep.HELP_TEAM)),
        (place(exams=BOTH, qualified=True, leads_to_work=1, may_work_leads=True), Advice(NextStep.WORK_LEAD)),
        (place(exams=BOTH, qualified=True, may_work_leads=True), Advice(NextStep.WAIT_FOR_LEAD)),
        (place(exams=BOTH, qualified=True), Advice(NextStep.READ_LIBRARY)),
    ],
)  # fmt: skip
def test_the_next_step(standing, advice):
    assert advise(standing, now=NOW) == advice


@given(places)
def test_there_is_always_one_next_step_and_it_can_be_taken(standing):
    advice = advise(standing, now=NOW)
    by_slug = [exam for exam in standing.exams if exam.slug == advice.exam]
    match advice.step:
        case NextStep.SIT_EXAM:
            assert any(not exam.held and not (exam.closed_until and exam.closed_until > NOW) for exam in by_slug)
        case NextStep.ANSWER_OFFER | NextStep.WORK_LEAD | NextStep.WAIT_FOR_LEAD:
            assert standing.may_work_leads
        case NextStep.ACCEPT_AGREEMENT:
            assert standing.may_accept_agreement
        case NextStep.STUDY_AGAIN:
            assert advice.closed_until is not None
            assert advice.closed_until > NOW


@given(places)
def test_the_lead_point_is_reached_only_by_a_qualified_partner_s_certified_member(standing):
    if find_point(standing) == Point.LEAD:
        assert standing.qualified
        assert standing.all_held
