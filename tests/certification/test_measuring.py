"""What candidates made of each question: its mean mark and its usual time, from graded attempts alone."""

from datetime import timedelta

import pytest

from certification.models import Attempt, Question
from certification.services.attempts import save_answers, start_attempt, submit_attempt
from certification.services.measuring import LONGEST_SECONDS, find_paces, measure_questions
from tests.certification.test_attempts import right_places
from tests.factories.certification import ExamFactory
from tests.factories.partners import MembershipFactory, PartnerFactory

SECOND = timedelta(seconds=1)


class TestPaces:
    def test_are_the_seconds_since_the_answer_before(self, now):
        answers = [(2, now + 10 * SECOND), (1, now + 35 * SECOND), (2, now + 40 * SECOND)]
        assert find_paces(now, answers) == {2: 10, 1: 25}  # a second answer to a question tells nothing

    def test_of_answers_that_came_together_are_not_known_but_time_passes(self, now):
        answers = [(1, now + 10 * SECOND), (2, now + 10 * SECOND), (3, now + 17 * SECOND)]
        assert find_paces(now, answers) == {3: 7}

    def test_leave_long_pauses_out(self, now):
        late = now + (LONGEST_SECONDS + 1) * SECOND
        assert find_paces(now, [(1, late), (2, late + 5 * SECOND)]) == {2: 5}


@pytest.mark.django_db
@pytest.mark.embedded
class TestQuestions:
    def sit(self, exam, seconds, *, now, right):
        member = MembershipFactory(partner=PartnerFactory(agreed=True))
        attempt = start_attempt(member, exam=exam, seed=7, now=now)
        places = right_places(attempt)
        for number, position in enumerate(sorted(places), 1):
            if right:
                moment = now + number * seconds * SECOND
                save_answers(
                    attempt.public_id,
                    answers={position: places[position]},
                    client_seq=number,
                    by=member.user,
                    now=moment,
                )
        submit_attempt(attempt, by=member.user, now=now + timedelta(minutes=20))

    def test_are_measured_by_mean_mark_and_usual_time(self, now):
        exam = ExamFactory(questions=1)
        self.sit(exam, 20, now=now, right=True)
        self.sit(exam, 40, now=now, right=False)
        assert measure_questions() > 0
        names = ("measured_from", "measured_permille", "measured_seconds")
        measured = list(Question.objects.filter(measured_from__gt=0).values_list(*names))
        asked = [item for attempt in Attempt.objects.all() for item in attempt.drawn.questions]
        assert sum(count for count, _permille, _seconds in measured) == len(asked)
        # Whoever answered, answered rightly and after twenty seconds; whoever did not earned nothing.
        assert set(measured) <= {
            (1, 1000, 20), (1, 0, None), (2, 500, 20),
        }  # fmt: skip
        assert sum(count * permille for count, permille, _seconds in measured) == 1000 * len(asked) // 2
        assert measure_questions() == 0  # nothing has changed since

    def test_previews_and_what_is_not_graded_tell_nothing(self, now):
        exam = ExamFactory(questions=1)
        start_attempt(MembershipFactory(partner=PartnerFactory(agreed=True)), exam=exam, seed=7, now=now)
        assert measure_questions() == 0
