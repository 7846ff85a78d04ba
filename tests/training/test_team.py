"""The head's page: the own team only; who is where, who is late; and a reminder a day at most."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from portal.partners.models import JobRole, Membership
from tests.factories.training import check
from tests.training.test_paths import finish, make_path
from training.models import CourseDue, CoursePage, LessonPage, Nudge
from training.notices.courses import COURSE_NUDGE
from training.services.checks import answer_check
from training.services.coursework import find_medians, measure_course
from training.services.progress import complete_lesson, waive_lesson
from training.services.team import describe_team, nudge_person

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def head(add_member, rows) -> Membership:
    role = JobRole.objects.create(slug="head", name={"en": "Head"}, leads_team=True)
    return add_member(role=role)


@pytest.fixture
def seller(add_member, head) -> Membership:
    return add_member(partner=head.partner)


@pytest.fixture
def course(tree, rows) -> CoursePage:
    course = tree.add_course(lessons=3)
    make_path(rows.seller, course)
    return course


def owe(member, course, *, days) -> CourseDue:
    return CourseDue.objects.create(
        user=member.user, membership=member, course=course, course_key=course.translation_key,
        due_at=timezone.now() + days * DAY,
    )  # fmt: skip


def look(head) -> dict:
    team = describe_team(head, now=timezone.now(), language="en")
    return {learner.membership.pk: learner for learner in team.learners}


def nudge(head, person, course, *, now=None, by=None):
    return nudge_person(
        head, person=person, course_key=course.translation_key, by=by or head.user, now=now or timezone.now()
    )


class TestWhoIsWhere:
    @pytest.mark.embedded
    def test_each_course_of_the_path_with_how_far_it_is(self, head, seller, course):
        complete_lesson(seller, lesson=LessonPage.objects.child_of(course)[0], by=seller.user, now=timezone.now())
        [place] = look(head)[seller.pk].places
        assert (place.done, place.total, place.percent, place.is_late) == (1, 3, 33, False)
        assert place.next_lesson.title == "Lesson 2"

    def test_what_is_due_and_what_was_begun_belongs_there_too(self, tree, head, seller, course):
        due, begun = tree.add_course("Due", lessons=1), tree.add_course("Begun", lessons=2)
        tree.add_course("None of theirs")
        owe(seller, due, days=-1)
        complete_lesson(seller, lesson=LessonPage.objects.child_of(begun)[0], by=seller.user, now=timezone.now())
        learner = look(head)[seller.pk]
        assert [place.course.title for place in learner.places] == ["Due", "First steps", "Begun"]
        assert (learner.places[0].is_late, learner.late) == (True, 1)

    def test_who_is_late_comes_first(self, tree, head, seller, add_member, course):
        late = add_member(partner=head.partner)
        owe(late, course, days=-1)
        owe(seller, course, days=3)
        assert next(iter(look(head))) == late.pk

    def test_completed_is_not_late(self, head, seller, course):
        owe(seller, course, days=-1)
        finish(seller, course)
        learner = look(head)[seller.pk]
        assert (learner.late, learner.completed, learner.places[0].due_at) == (0, 1, None)

    def test_waived_is_shown_as_such(self, head, seller, course, now):
        waive_lesson(
            seller, lesson=LessonPage.objects.child_of(course)[0], evidence="diagnostic 7", by=None, now=timezone.now()
        )
        [place] = look(head)[seller.pk].places
        assert (place.done, place.waived) == (1, 1)

    def test_only_what_is_open_to_the_person_counts(self, tree, head, seller, course, owners_only):
        tree.add_lesson(course, "For owners", audience=owners_only)
        closed = tree.add_course("Closed", lessons=1, audience=owners_only)
        owe(seller, closed, days=1)
        [place] = look(head)[seller.pk].places
        assert (place.course.title, place.total) == ("First steps", 3)

    def test_other_partners_and_those_who_left_are_not_on_it(self, head, seller, add_member, course):
        left = add_member(partner=head.partner)
        Membership.objects.filter(pk=left.pk).update(ended_at=timezone.now() - DAY)
        add_member()
        assert set(look(head)) == {head.pk, seller.pk}

    def test_a_seller_does_not_see_it(self, seller):
        with pytest.raises(NotAllowed):
            look(seller)

    def test_costs_the_same_for_few_and_many_people_and_courses(self, tree, rows, head, seller, add_member, course):
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                describe_team(head, now=timezone.now(), language="en")
            return len(queries)

        owe(seller, course, days=1)
        nudge(head, seller, course)
        few = count()
        for number in range(4):
            person, more = add_member(partner=head.partner), tree.add_course(f"More {number}", lessons=2)
            owe(person, more, days=1)
            complete_lesson(person, lesson=LessonPage.objects.child_of(more)[0], by=person.user, now=timezone.now())
            nudge(head, person, more)
        assert count() == few <= 20


class TestNudging:
    def test_the_person_is_told_by_whom_and_of_what(self, head, seller, course, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            nudge(head, seller, course)
        notice = Notification.objects.get(type=COURSE_NUDGE.name)
        assert notice.user == seller.user
        wording = word(notice, person=seller.user)
        assert wording.subject == f"{head.user} reminds you of “First steps”"
        assert notice.url == course.url

    def test_once_a_day_for_a_person_and_a_course(self, tree, head, seller, add_member, course, facts):
        now = timezone.now()
        nudge(head, seller, course, now=now)
        with pytest.raises(Refusal) as refused:
            nudge(head, seller, course, now=now + timedelta(hours=23))
        assert refused.value.code == "nudged_already"
        assert refused.value.remedy
        assert Nudge.objects.count() == len(facts("people_nudged")) == 1
        other = tree.add_course("Other", lessons=1)
        owe(seller, other, days=1)
        nudge(head, seller, other, now=now)
        nudge(head, add_member(partner=head.partner), course, now=now)
        nudge(head, seller, course, now=now + DAY)
        assert Nudge.objects.count() == 4

    def test_two_heads_are_not_twice_a_day(self, head, seller, add_member, course):
        second = add_member(partner=head.partner, role=JobRole.objects.get(slug="head"))
        nudge(head, seller, course)
        with pytest.raises(Refusal):
            nudge(second, seller, course)

    @pytest.mark.parametrize(("why", "code"), [("done", "completed"), ("another", "not_theirs"), ("self", "self")])
    def test_where_there_is_nothing_to_remind_of_it_says_so(self, tree, head, seller, course, why, code):
        person, meant = seller, course
        if why == "done":
            finish(seller, course)
        elif why == "another":
            meant = tree.add_course("Of nobody")
        else:
            person = head
        with pytest.raises(Refusal) as refused:
            nudge(head, person, meant)
        assert refused.value.code == code
        assert not Nudge.objects.exists()

    def test_only_the_own_head_may(self, head, seller, add_member, course):
        stranger = add_member(role=JobRole.objects.get(slug="head"))
        for who, by in ((stranger, stranger.user), (seller, seller.user), (head, seller.user)):
            with pytest.raises(NotAllowed):
                nudge(who, seller, course, by=by)


class TestThePage:
    def test_shows_the_team_and_reminds_in_one_tap(self, head, seller, course, signed_in):
        owe(seller, course, days=-1)
        client = signed_in(head)
        page = client.get(reverse("training:team")).content.decode()
        assert str(seller.user) in page
        assert "Late: was due by" in page
        address = reverse("training:nudge", args=[seller.public_id, course.translation_key])
        assert f'action="{address}"' in page
        again = client.post(address, follow=True).content.decode()
        assert "has been reminded." in again
        assert "Reminded on" in again
        assert f'action="{address}"' not in again
        kindly = client.post(address, follow=True).content.decode()
        assert "was reminded of this course within the last day" in kindly
        assert Nudge.objects.count() == 1

    def test_can_be_narrowed_to_who_is_late(self, head, seller, add_member, course, signed_in):
        late = add_member(partner=head.partner)
        owe(late, course, days=-1)
        page = signed_in(head).get(reverse("training:team"), {"show": "late"}).content.decode()
        assert str(late.user) in page
        assert f'id="{seller.public_id}"' not in page

    def test_is_in_the_head_s_account_menu_and_in_no_other(self, tree, head, seller, course, signed_in):
        address = f'href="{reverse("training:team")}"'
        assert address in signed_in(head).get(course.url).content.decode()
        assert address not in signed_in(seller).get(course.url).content.decode()

    def test_another_partner_s_person_is_unknown_there(self, head, add_member, course, signed_in):
        address = reverse("training:nudge", args=[add_member().public_id, course.translation_key])
        assert signed_in(head).post(address).status_code == 404


class TestWhatStaffSee:
    """The report of a course."""

    @pytest.fixture
    def editor(self, staff) -> User:
        staff.groups.get().permissions.add(
            *Permission.objects.filter(
                content_type__app_label="training", codename__in=["view_enrolment", "add_lessoncompletion"]
            )
        )
        return User.objects.get(pk=staff.pk)

    @pytest.fixture
    def taken(self, tree, add_member):
        """Three people: one through, two stopped at the second lesson; a question that two of them missed at first."""
        course = tree.add_course("Taken", lessons=0)
        for number in range(3):
            tree.add_lesson(course, f"Lesson {number + 1}", checks=[check("Who speaks first?")] if number == 0 else [])
        people = [add_member() for _number in range(3)]
        lessons = list(LessonPage.objects.child_of(course).order_by("path"))
        began = timezone.now() - 4 * DAY
        for number, person in enumerate(people):
            answer_check(
                person, lesson=lessons[0], block_id=lessons[0].checks[0].id,
                chosen=["wrong" if number else "right"], by=person.user, now=began,
            )  # fmt: skip
            for place, lesson in enumerate(lessons[: 1 if number else 3]):
                complete_lesson(person, lesson=lesson, by=person.user, now=began + place * DAY)
        return course, people

    def test_where_people_stop_and_what_they_miss(self, taken):
        course, _people = taken
        figures = measure_course(course)
        assert (figures.enrolled, figures.completed, figures.percent, figures.median_days) == (3, 1, 33, 2.0)
        assert [(row.stage.reached, row.stage.completed) for row in figures.lessons] == [(3, 3), (3, 1), (1, 1)]
        assert figures.loses_most.lesson.title == "Lesson 2"
        assert [(row.question.text, row.answered, row.missed) for row in figures.missed] == [
            ("Who speaks first?", 3, 2)
        ]
        assert find_medians([course.translation_key]) == {course.translation_key: 2.0}

    def test_of_one_partner(self, taken):
        course, people = taken
        figures = measure_course(course, partner_id=people[1].partner_id)
        assert (figures.enrolled, figures.completed, figures.median_days) == (1, 0, None)
        assert [(row.stage.reached, row.stage.completed) for row in figures.lessons] == [(1, 1), (1, 0), (0, 0)]
        assert figures.missed[0].answered == 1

    def test_costs_the_same_for_few_and_many(self, taken, add_member):
        course, _people = taken

        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                measure_course(course)
            return len(queries)

        few = count()
        for _number in range(4):
            person = add_member()
            complete_lesson(person, lesson=LessonPage.objects.child_of(course)[0], by=person.user, now=timezone.now())
        assert count() == few <= 7

    def test_the_report_draws_it_and_says_it_beside(self, taken, editor, signed_in):
        course, people = taken
        client = signed_in(editor)
        listed = client.get(reverse("coursework:index")).content.decode()
        address = reverse("coursework:course", args=[course.translation_key])
        assert address in listed
        assert "33 %" in listed
        page = client.get(address).content.decode()
        assert "<svg" in page
        assert "Most people stop at “Lesson 2”: 2 people have come to it and not completed it." in page
        assert "loses most" in page
        assert "2 (67 %)" in page
        one = client.get(address, {"partner": people[1].partner_id}).content.decode()
        assert "1 person has come to it" in one
        assert client.get(reverse("coursework:index"), {"partner": people[1].partner_id}).status_code == 200
        sheet = client.get(reverse("coursework:index"), {"export": "csv"})
        assert b"Taken,3,1,2.0" in b"".join(sheet.streaming_content)

    def test_without_the_right_there_is_no_report(self, taken, staff, signed_in):
        client = signed_in(staff)
        address = reverse("coursework:course", args=[taken[0].translation_key])
        assert client.get(address).status_code in {302, 403}
        assert client.get(reverse("coursework:waive", args=[taken[0].translation_key])).status_code in {302, 403}

    def test_staff_let_somebody_off_a_lesson(self, taken, editor, signed_in, facts):
        course, people = taken
        lesson = LessonPage.objects.child_of(course)[1]
        address = reverse("coursework:waive", args=[course.translation_key])
        client = signed_in(editor)
        assert client.get(address).status_code == 200
        data = {"lesson": lesson.pk, "email": "nobody@example.com", "evidence": "ten years of it"}
        assert "No member of a partner has this address." in client.post(address, data).content.decode()
        response = client.post(address, data | {"email": people[1].user.email})
        assert response.url == reverse("coursework:course", args=[course.translation_key])
        assert people[1].user.lesson_completions.get(lesson=lesson).waived_by == "ten years of it"
        assert len(facts("lessons_waived")) == 1
