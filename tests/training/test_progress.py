"""Progress belongs to the person, counts once in whichever language, and is never lost by an edit."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone
from wagtail.management.commands.purge_revisions import purge_revisions

from portal.core.errors import NotAllowed, Refusal
from tests.factories.training import publish, section
from training.models import Enrolment, LessonCompletion, LessonPage
from training.services.progress import complete_lesson, course_progress, find_courses

pytestmark = pytest.mark.django_db


def lessons_of(course) -> list[LessonPage]:
    return list(LessonPage.objects.child_of(course).order_by("path"))


def complete(membership, lesson, **options):
    now = options.pop("now", timezone.now())
    return complete_lesson(membership, lesson=lesson, by=options.pop("by", membership.user), now=now)


class TestCompleting:
    @pytest.mark.embedded
    def test_the_revision_that_was_studied_is_pinned(self, tree, member):
        lesson = lessons_of(tree.add_course())[0]
        complete(member, lesson)
        completion = LessonCompletion.objects.get()
        assert completion.revision_id == lesson.live_revision_id
        assert completion.membership == member
        assert completion.lesson_key == lesson.translation_key

    def test_completing_twice_changes_nothing(self, tree, member):
        lesson = lessons_of(tree.add_course())[0]
        first = timezone.now()
        complete(member, lesson, now=first)
        complete(member, lesson, now=first + timedelta(days=1))
        assert LessonCompletion.objects.get().completed_at == first

    def test_the_last_lesson_completes_the_course_and_tells_it_once(self, tree, member, facts):
        course = tree.add_course(lessons=2)
        first, last = lessons_of(course)
        assert complete(member, first).completed_at is None
        assert facts("course_completed") == []
        progress = complete(member, last)
        enrolment = Enrolment.objects.get()
        assert progress.completed_at == enrolment.completed_at is not None
        complete(member, last)
        assert facts("course_completed") == [{"enrolment_ids": [enrolment.pk]}]

    def test_lessons_may_be_taken_in_any_order(self, tree, member):
        course = tree.add_course(lessons=3)
        for lesson in reversed(lessons_of(course)):
            progress = complete(member, lesson)
        assert progress.percent == 100

    def test_lessons_in_two_languages_count_as_one_course(self, tree, member, facts):
        english = tree.add_course("First steps", lessons=0)
        russian = tree.add_course("Первые шаги", language="ru", lessons=0, translation_of=english)
        one = tree.add_lesson(english, "One")
        two = tree.add_lesson(english, "Two")
        tree.add_lesson(russian, "Один", translation_of=one)
        dva = tree.add_lesson(russian, "Два", translation_of=two)
        complete(member, one)
        complete(member, dva)
        assert len(facts("course_completed")) == 1
        now = timezone.now()
        both = course_progress(member, courses=[english, russian], now=now)
        assert [both[course.pk].percent for course in (english, russian)] == [100, 100]

    def test_a_lesson_for_another_role_is_not_waited_for(self, tree, member, owners_only, facts):
        course = tree.add_course(lessons=1)
        tree.add_lesson(course, "For owners", audience=owners_only)
        complete(member, lessons_of(course)[0])
        assert len(facts("course_completed")) == 1

    def test_progress_goes_with_the_person_to_another_partner(self, tree, add_member):
        course = tree.add_course(lessons=2)
        first = add_member()
        complete(first, lessons_of(course)[0])
        second = add_member()
        second.user = first.user
        second.save()
        now = timezone.now()
        assert course_progress(second, courses=[course], now=now)[course.pk].done == 1


class TestRefusals:
    def test_nobody_completes_for_another(self, tree, add_member):
        lesson = lessons_of(tree.add_course())[0]
        with pytest.raises(NotAllowed):
            complete(add_member(), lesson, by=add_member().user)
        assert not LessonCompletion.objects.exists()

    def test_a_closed_lesson_is_not_completed(self, tree, member, owners_only):
        lesson = lessons_of(tree.add_course(audience=owners_only))[0]
        with pytest.raises(NotAllowed):
            complete(member, lesson)
        assert not Enrolment.objects.exists()

    def test_an_unpublished_lesson_is_not_completed(self, tree, member):
        lesson = lessons_of(tree.add_course())[0]
        lesson.unpublish()
        with pytest.raises(Refusal):
            complete(member, lesson)

    def test_an_ended_member_completes_nothing(self, tree, member):
        lesson = lessons_of(tree.add_course())[0]
        member.ended_at = timezone.now() - timedelta(minutes=1)
        member.save()
        with pytest.raises(NotAllowed):
            complete(member, lesson)


class TestEditsInTheMiddle:
    def test_an_edited_lesson_stays_completed_with_the_text_that_was_studied(self, tree, member):
        course = tree.add_course(lessons=1)
        lesson = lessons_of(course)[0]
        complete(member, lesson)
        studied = lesson.live_revision_id
        lesson.body = [section("what", "What to do", "Something else entirely.")]
        publish(lesson)
        completion = LessonCompletion.objects.get()
        assert completion.revision_id == studied != lesson.live_revision_id
        assert "Listen first." in str(completion.revision.as_object().body)

    def test_a_lesson_added_after_completion_leaves_the_course_completed(self, tree, member):
        course = tree.add_course(lessons=1)
        complete(member, lessons_of(course)[0])
        tree.add_lesson(course, "New")
        progress = course_progress(member, courses=[course], now=timezone.now())[course.pk]
        assert progress.percent == 100
        assert (progress.done, progress.total) == (1, 2)
        assert progress.next_lesson.title == "New"

    def test_a_lesson_added_before_completion_is_waited_for(self, tree, member, facts):
        course = tree.add_course(lessons=1)
        tree.add_lesson(course, "New")
        complete(member, lessons_of(course)[0])
        assert facts("course_completed") == []

    def test_an_unpublished_lesson_no_longer_counts(self, tree, member, facts):
        course = tree.add_course(lessons=2)
        first, second = lessons_of(course)
        second.unpublish()
        complete(member, first)
        assert len(facts("course_completed")) == 1

    def test_purging_revisions_keeps_what_progress_cites(self, tree, member):
        lesson = lessons_of(tree.add_course(lessons=1))[0]
        complete(member, lesson)
        cited = lesson.live_revision
        uncited = lesson.save_revision()
        publish(lesson)
        deleted, kept = purge_revisions()
        assert kept == 1
        assert deleted >= 1
        assert lesson.revisions.filter(pk=cited.pk).exists()
        assert not lesson.revisions.filter(pk=uncited.pk).exists()


class TestQueries:
    def test_progress_costs_the_same_for_few_and_many_courses(self, tree, member, django_assert_num_queries):
        few = [tree.add_course(f"Course {number}", lessons=3) for number in range(1)]
        many = few + [tree.add_course(f"More {number}", lessons=5) for number in range(4)]
        now = timezone.now()
        assert member.job_roles
        for courses in (few, many):
            with django_assert_num_queries(4):
                course_progress(member, courses=courses, now=now)

    def test_courses_for_the_members_role_come_first(self, tree, rows, member):
        tree.add_course("For all")
        meant = tree.add_course("For sellers")
        meant.job_roles.set([rows.seller])
        publish(meant)
        found = find_courses(member, language="en", now=timezone.now())
        assert [progress.course.title for progress in found] == ["For sellers", "For all"]


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    @pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite takes writers one by one")
    def test_the_last_two_lessons_completed_at_once_complete_the_course_once(self, tree, member, facts):
        course = tree.add_course(lessons=2)
        first, last = lessons_of(course)
        start = threading.Barrier(4)
        errors = []

        def run(lesson):
            try:
                start.wait()
                complete(member, lesson)
            except Exception as error:  # reported below, where the test can fail on it
                errors.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=(lesson,)) for lesson in (first, last, first, last)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert connection.vendor == "postgresql"
        assert LessonCompletion.objects.count() == 2
        assert Enrolment.objects.get().completed_at is not None
        assert len(facts("course_completed")) == 1
