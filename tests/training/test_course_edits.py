"""Every kind of edit to a course in the middle of someone's progress: nothing is lost, and nothing is invented."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.core.errors import Refusal
from tests.factories.training import publish, section
from training.models import CoursePage, CoursePrerequisite, Enrolment, LessonCompletion, LessonPage
from training.services.certificates import find_certificate
from training.services.progress import complete_course, complete_lesson, course_progress

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(tree):
    return tree.add_course(lessons=3)


def lessons_of(course) -> list[LessonPage]:
    return list(LessonPage.objects.child_of(course).order_by("path"))


def complete(member, *lessons):
    for lesson in lessons:
        progress = complete_lesson(member, lesson=lesson, by=member.user, now=timezone.now())
    return progress


def progress_of(member, course):
    course = CoursePage.objects.get(pk=course.pk)
    return course_progress(member, courses=[course], now=timezone.now())[course.pk]


def told(progress) -> list[tuple[str, bool]]:
    return [(step.lesson.title, step.done) for step in progress.steps]


def rows() -> list[tuple]:
    """Everything that is written of progress: an edit may not touch it."""
    return [
        *Enrolment.objects.order_by("pk").values_list(),
        *LessonCompletion.objects.order_by("pk").values_list(),
    ]


class TestEdited:
    def test_it_stays_done_with_the_text_that_was_studied(self, member, course):
        lesson = lessons_of(course)[0]
        complete(member, lesson)
        before, studied = rows(), lesson.live_revision_id
        lesson.body = [section("what", "What to do", "Something else entirely.")]
        publish(lesson)
        assert rows() == before
        completion = LessonCompletion.objects.get()
        assert completion.revision_id == studied != lesson.live_revision_id
        assert "Listen first." in str(completion.revision.as_object().body)
        assert progress_of(member, course).done == 1


class TestAdded:
    def test_whoever_is_under_way_has_one_more_before_them(self, tree, member, course, facts):
        first, second, third = lessons_of(course)
        complete(member, first, second)
        tree.add_lesson(course, "New")
        progress = complete(member, third)
        assert (progress.done, progress.total, progress.completed_at) == (3, 4, None)
        assert progress.next_lesson.title == "New"
        assert facts("course_completed") == []

    def test_whoever_had_completed_the_course_has_completed_it(self, tree, member, course, facts):
        complete(member, *lessons_of(course))
        before = rows()
        tree.add_lesson(course, "New")
        progress = progress_of(member, course)
        assert (progress.percent, progress.done, progress.total) == (100, 3, 4)
        assert progress.next_lesson.title == "New"
        assert rows() == before
        complete(member, progress.next_lesson)
        assert len(facts("course_completed")) == 1
        assert Enrolment.objects.get().completed_at == before[0][-1]


class TestUnpublished:
    def test_it_counts_neither_as_done_nor_as_left_and_its_completion_stays(self, member, course):
        first, second, _third = lessons_of(course)
        complete(member, first)
        before = rows()
        first.unpublish()
        second.unpublish()
        assert told(progress_of(member, course)) == [("Lesson 3", False)]
        assert rows() == before

    def test_published_again_it_counts_as_it_did(self, member, course):
        first = lessons_of(course)[0]
        complete(member, first)
        first.unpublish()
        publish(first)
        assert told(progress_of(member, course))[0] == ("Lesson 1", True)

    def test_nobody_completes_a_course_by_an_edit(self, member, course, facts):
        first, second, third = lessons_of(course)
        complete(member, first, second)
        before = rows()
        third.unpublish()
        progress = progress_of(member, course)
        assert (progress.completed_at, progress.may_be_completed, progress.percent) == (None, True, 100)
        assert rows() == before
        assert facts("course_completed") == []

    def test_but_by_saying_so(self, member, course, facts, signed_in):
        first, second, third = lessons_of(course)
        complete(member, first, second)
        third.unpublish()
        client = signed_in(member)
        assert "You have done every lesson that there is." in client.get(course.url).content.decode()
        for _twice in range(2):
            response = client.post(reverse("training:complete_course", args=[course.translation_key]))
            assert response.url == course.url
        assert Enrolment.objects.get().completed_at is not None
        assert len(facts("course_completed")) == 1

    def test_and_not_while_something_is_left(self, member, course):
        complete(member, lessons_of(course)[0])
        with pytest.raises(Refusal) as refused:
            complete_course(member, course=course, by=member.user, now=timezone.now())
        assert refused.value.code == "lessons_left"
        assert Enrolment.objects.get().completed_at is None

    def test_a_course_without_lessons_is_not_completed_by_anyone(self, tree, member):
        with pytest.raises(Refusal):
            complete_course(member, course=tree.add_course(lessons=0), by=member.user, now=timezone.now())
        assert not Enrolment.objects.exists()

    def test_a_completed_course_stays_completed_with_all_its_lessons_gone(self, member, course):
        complete(member, *lessons_of(course))
        before = rows()
        for lesson in lessons_of(course):
            lesson.unpublish()
        assert progress_of(member, course).percent == 100
        assert rows() == before


class TestReordered:
    def test_only_the_order_and_the_next_lesson_change(self, member, course):
        first, _second, third = lessons_of(course)
        complete(member, first)
        before = rows()
        third.move(first, pos="left")
        progress = progress_of(member, course)
        assert told(progress) == [("Lesson 3", False), ("Lesson 1", True), ("Lesson 2", False)]
        assert progress.next_lesson.title == "Lesson 3"
        assert rows() == before

    def test_a_completed_course_stays_completed(self, member, course):
        complete(member, *lessons_of(course))
        first, _second, third = lessons_of(course)
        third.move(first, pos="left")
        progress = progress_of(member, course)
        assert (progress.percent, progress.done) == (100, 3)


class TestReplaced:
    def replace(self, tree, course, lesson, title="New"):
        new = tree.add_lesson(course, title, stands_for=lesson)
        lesson.unpublish()
        return new

    def test_whoever_has_done_the_old_one_has_done_the_new_one(self, tree, member, course):
        first = lessons_of(course)[0]
        complete(member, first)
        before = rows()
        self.replace(tree, course, first)
        progress = progress_of(member, course)
        assert told(progress) == [("Lesson 2", False), ("Lesson 3", False), ("New", True)]
        assert progress.steps[-1].how.instead
        assert rows() == before

    def test_whoever_has_not_has_not(self, tree, member, course):
        self.replace(tree, course, lessons_of(course)[0])
        assert progress_of(member, course).done == 0

    def test_it_works_backwards_for_nobody(self, tree, member, course):
        first = lessons_of(course)[0]
        complete(member, self.replace(tree, course, first))
        publish(first)
        assert dict(told(progress_of(member, course)))["Lesson 1"] is False

    def test_replaced_twice_it_still_counts(self, tree, member, course):
        first = lessons_of(course)[0]
        complete(member, first)
        newer = self.replace(tree, course, first)
        self.replace(tree, course, newer, "Newest")
        assert dict(told(progress_of(member, course)))["Newest"] is True

    def test_what_a_draft_says_counts_for_nothing(self, tree, member, course):
        first = lessons_of(course)[0]
        complete(member, first)
        draft = tree.add_lesson(course, "Draft", stands_for=first, live=False)
        tree.add_lesson(course, "Newest", stands_for=draft)
        assert dict(told(progress_of(member, course)))["Newest"] is False

    def test_said_in_one_language_it_holds_in_the_other(self, tree, member, course):
        russian = tree.add_course("Первые шаги", language="ru", lessons=0, translation_of=course)
        first = lessons_of(course)[0]
        complete(member, first)
        new = self.replace(tree, course, first)
        tree.add_lesson(russian, "Новый", translation_of=new)
        assert told(progress_of(member, russian)) == [("Новый", True), ("Lesson 2", False), ("Lesson 3", False)]

    def test_taken_back_nothing_was_invented(self, tree, member, course):
        first = lessons_of(course)[0]
        complete(member, first)
        new = self.replace(tree, course, first)
        new.stands_for = None
        publish(new)
        assert dict(told(progress_of(member, course)))["New"] is False

    def test_without_the_word_it_is_a_lesson_like_any_that_is_added(self, tree, member, course):
        first = lessons_of(course)[0]
        complete(member, first)
        first.unpublish()
        tree.add_lesson(course, "New")
        assert progress_of(member, course).done == 0

    def test_a_course_whose_last_lesson_is_replaced_stays_completed(self, tree, member, course):
        complete(member, *lessons_of(course))
        self.replace(tree, course, lessons_of(course)[2])
        progress = progress_of(member, course)
        assert (progress.percent, progress.done, progress.total) == (100, 3, 3)

    def test_with_the_rest_done_the_course_is_completed_on_the_person_s_word(self, tree, member, course, facts):
        first, second, third = lessons_of(course)
        complete(member, first)
        self.replace(tree, course, first)
        second.unpublish()
        progress = complete(member, third)
        assert progress.completed_at is not None
        assert len(facts("course_completed")) == 1


class TestMovedToAnotherCourse:
    @pytest.fixture
    def other(self, tree) -> CoursePage:
        other = tree.add_course("Second steps", lessons=0)
        tree.add_lesson(other, "Other")
        return CoursePage.objects.get(pk=other.pk)

    def test_it_is_done_there_and_counts_here_no_more(self, member, course, other):
        first = lessons_of(course)[0]
        complete(member, first)
        before = rows()
        first.move(other, pos="last-child")
        assert told(progress_of(member, course)) == [("Lesson 2", False), ("Lesson 3", False)]
        there = progress_of(member, other)
        assert told(there) == [("Other", False), ("Lesson 1", True)]
        assert there.started_at is None
        assert rows() == before

    def test_the_other_course_is_completed_with_what_is_left_in_it(self, member, course, other):
        complete(member, lessons_of(course)[0])
        lessons_of(course)[0].move(other, pos="last-child")
        other.refresh_from_db()
        complete(member, lessons_of(other)[0])
        assert Enrolment.objects.get(course_key=other.translation_key).completed_at is not None
        assert Enrolment.objects.get(course_key=course.translation_key).completed_at is None


class TestTheCourseItself:
    def test_unpublished_and_published_again_all_is_as_it_was(self, member, course):
        complete(member, lessons_of(course)[0])
        before = rows()
        course.unpublish()
        assert rows() == before
        publish(course)
        assert told(progress_of(member, course)) == [("Lesson 1", True), ("Lesson 2", False), ("Lesson 3", False)]
        assert rows() == before

    def test_while_it_is_unpublished_nothing_is_completed_in_it(self, member, course):
        lesson = lessons_of(course)[0]
        course.unpublish()
        with pytest.raises(Refusal) as refused:
            complete(member, lesson)
        assert refused.value.code == "not_live"

    def test_the_certificate_outlives_it(self, member, course):
        complete(member, *lessons_of(course))
        course.unpublish()
        found = find_certificate(member.user, course_key=course.translation_key, language="en")
        assert (found.course, found.minutes) == ("First steps", 30)

    def test_a_prerequisite_added_in_the_middle_takes_nothing_back(self, tree, member, course):
        first, second, third = lessons_of(course)
        complete(member, first)
        required = tree.add_course("Basics", lessons=1)
        CoursePrerequisite.objects.create(course=course, required=required)
        with pytest.raises(Refusal) as refused:
            complete(member, second)
        assert refused.value.code == "prerequisites"
        assert progress_of(member, course).done == 1
        complete(member, *lessons_of(required))
        assert complete(member, second, third).completed_at is not None

    def test_added_after_completion_it_stops_nobody(self, tree, member, course):
        complete(member, *lessons_of(course))
        CoursePrerequisite.objects.create(course=course, required=tree.add_course("Basics"))
        new = tree.add_lesson(course, "New")
        assert complete(member, new).percent == 100


def test_any_edits_in_a_row_leave_what_was_written(tree, member, course):
    complete(member, *lessons_of(course))
    before = rows()
    first, second, third = lessons_of(course)
    third.move(first, pos="left")
    publish(LessonPage.objects.get(pk=second.pk))
    LessonPage.objects.get(pk=first.pk).unpublish()
    tree.add_lesson(course, "New", stands_for=first)
    course.refresh_from_db()
    course.unpublish()
    publish(CoursePage.objects.get(pk=course.pk))
    assert rows() == before
    progress = progress_of(member, course)
    assert (progress.percent, progress.done, progress.total) == (100, 3, 3)
    assert progress.completed_at <= timezone.now() + timedelta(seconds=1)


class TestInAnotherLanguage:
    """A course is one course in all its languages: half of it translated is not all of it."""

    @pytest.fixture
    def russian(self, tree, course):
        """The same course with its first lesson alone translated."""
        page = tree.add_course("Первые шаги", language="ru", lessons=0, translation_of=course)
        tree.add(page, LessonPage(title="Урок 1"), translation_of=lessons_of(course)[0])
        return CoursePage.objects.get(pk=page.pk)

    def test_half_a_translation_completes_no_course(self, member, course, russian, facts):
        (translated,) = lessons_of(russian)
        progress = complete(member, translated)
        assert [(step.lesson.title, step.done) for step in progress.steps] == [
            ("Урок 1", True), ("Lesson 2", False), ("Lesson 3", False),
        ]  # fmt: skip
        assert Enrolment.objects.get().completed_at is None
        assert facts("course_completed") == []
        with pytest.raises(Refusal) as refused:
            complete_course(member, course=russian, by=member.user, now=timezone.now())
        assert refused.value.code == "lessons_left"

    def test_with_the_rest_in_the_language_that_there_is_it_does(self, member, course, russian, facts):
        complete(member, *lessons_of(russian), *lessons_of(course)[1:])
        assert progress_of(member, russian).completed_at == progress_of(member, course).completed_at is not None
        assert len(facts("course_completed")) == 1

    def test_the_rest_is_offered_there_and_says_its_language(self, member, course, russian, signed_in):
        member.user.language = "ru"
        member.user.save()
        complete(member, *lessons_of(russian))
        page = signed_in(member).get(russian.url).content.decode()
        assert "Lesson 2" in page
        assert " · На английском" in page
        answer = signed_in(member).post(reverse("training:complete", args=[lessons_of(course)[1].translation_key]))
        assert answer.status_code == 302

    def test_what_is_not_live_in_the_other_language_is_not_asked_for(self, member, course, russian):
        for lesson in lessons_of(course)[1:]:
            lesson.unpublish()
        assert complete(member, *lessons_of(russian)).completed_at is not None

    def test_nor_where_the_other_language_is_not_published(self, member, course, russian):
        course.unpublish()
        assert complete(member, *lessons_of(russian)).completed_at is not None

    def test_nor_what_was_replaced_here(self, tree, member, course, russian):
        second, third = lessons_of(course)[1:]
        for number, old in enumerate((second, third), 2):
            tree.add(russian, LessonPage(title=f"Новый урок {number}", stands_for=old))
        assert told(progress_of(member, russian)) == [
            ("Урок 1", False), ("Новый урок 2", False), ("Новый урок 3", False),
        ]  # fmt: skip

    def test_it_costs_the_same_for_few_and_many(self, tree, member, course, russian):
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                progress_of(member, russian)
            return len(queries)

        count()  # what is looked up once is
        few = count()
        for number in range(4, 12):
            tree.add(course, LessonPage(title=f"Lesson {number}"))
        assert count() == few


class TestTheTextThatWasStudied:
    def test_published_anew_while_it_was_read_the_old_one_is_cited(self, member, course, signed_in):
        lesson = lessons_of(course)[0]
        client = signed_in(member)
        assert f'name="revision" value="{lesson.live_revision_id}"' in client.get(lesson.url).content.decode()
        studied = lesson.live_revision_id
        lesson.body = [section("what", "What to do", "Something else entirely.")]
        publish(lesson)
        client.post(reverse("training:complete", args=[lesson.translation_key]), {"revision": studied})
        assert LessonCompletion.objects.get().revision_id == studied

    @pytest.mark.parametrize("said", ["draft", "another", "0", "-1", "9" * 30, "x", ""])
    def test_what_is_no_text_that_they_can_have_read_is_not(self, tree, member, course, signed_in, said):
        first, second, _third = lessons_of(course)
        if said == "draft":
            said = str(first.save_revision().pk)
        elif said == "another":
            said = str(second.live_revision_id)
        client = signed_in(member)
        client.post(reverse("training:complete", args=[first.translation_key]), {"revision": said})
        assert LessonCompletion.objects.get().revision_id == first.live_revision_id
