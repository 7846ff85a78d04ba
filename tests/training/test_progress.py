"""Progress belongs to the person and counts once in whichever language; what comes first, what is waived, what is shown.

What becomes of it when a course is edited is in ``test_course_edits``.
"""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone
from wagtail.management.commands.purge_revisions import purge_revisions

from portal.core.errors import NotAllowed, Refusal
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.factories.training import publish
from training.models import CoursePrerequisite, Enrolment, LessonCompletion, LessonPage
from training.notices.courses import LESSON_WAIVED
from training.services.certificates import find_certificate
from training.services.progress import complete_lesson, course_progress, waive_lesson

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


class TestRequiredFirst:
    @pytest.fixture
    def basics(self, tree):
        return tree.add_course("Basics", lessons=1)

    @pytest.fixture
    def advanced(self, tree, basics):
        advanced = tree.add_course("Advanced", lessons=1)
        CoursePrerequisite.objects.create(course=advanced, required=basics)
        return advanced

    def test_no_lesson_is_completed_before_and_the_refusal_names_the_course(self, member, basics, advanced):
        [lesson] = lessons_of(advanced)
        with pytest.raises(Refusal) as refused:
            complete(member, lesson)
        assert refused.value.code == "prerequisites"
        assert "“Basics”" in str(refused.value.message)
        assert refused.value.remedy
        assert not Enrolment.objects.exists()
        complete(member, *lessons_of(basics))
        assert complete(member, lesson).completed_at is not None

    def test_reading_is_open_and_leads_to_what_comes_first(self, member, basics, advanced, signed_in):
        client = signed_in(member)
        for page in (advanced, *lessons_of(advanced)):
            shown = client.get(page.url).content.decode()
            assert "To be completed first" in shown
            assert f'href="{basics.url}"' in shown
        assert reverse("training:complete", args=[lessons_of(advanced)[0].translation_key]) not in shown
        complete(member, *lessons_of(basics))
        assert "To be completed first" not in client.get(advanced.url).content.decode()

    def test_an_editor_s_preview_shows_it_too(self, basics, advanced):
        page = advanced.make_preview_request(None, advanced.default_preview_mode).content.decode()
        assert "To be completed first" in page

    def test_completed_in_another_language_it_counts(self, tree, member, basics, advanced):
        russian = tree.add_course("Основы", language="ru", lessons=0, translation_of=basics)
        complete(member, tree.add_lesson(russian, "Урок", translation_of=lessons_of(basics)[0]))
        assert complete(member, *lessons_of(advanced)).percent == 100

    @pytest.mark.parametrize("why", ["unpublished", "closed"])
    def test_what_nobody_can_take_is_asked_of_nobody(self, member, basics, advanced, owners_only, why):
        if why == "unpublished":
            basics.unpublish()
        else:
            basics.audience = owners_only
            publish(basics)
        assert complete(member, *lessons_of(advanced)).percent == 100


class TestInACircle:
    """An editor may not make a course require itself."""

    def form(self, course, *required, editor):
        """The editor's form of a course, sent with these prerequisites."""
        handler = course.get_edit_handler()
        kind = handler.get_form_class()
        blank = kind(instance=course, for_user=editor)
        data = {"slug": course.slug, "title": course.title, "review_interval_days": "90", "minutes": "0", "tags": ""}
        for name in blank.formsets:
            data |= {f"{name}-TOTAL_FORMS": "0", f"{name}-INITIAL_FORMS": "0", f"{name}-MIN_NUM_FORMS": "0"}
        data |= {"comments-TOTAL_FORMS": "0", "comments-INITIAL_FORMS": "0"}
        data["prerequisites-TOTAL_FORMS"] = str(len(required))
        for place, other in enumerate(required):
            data |= {f"prerequisites-{place}-required": other.pk, f"prerequisites-{place}-ORDER": place + 1}
        return kind(data, instance=course, for_user=editor, parent_page=course.get_parent())

    def errors(self, form) -> str:
        assert not form.is_valid()
        return " ".join(str(found) for found in form.formsets["prerequisites"].errors)

    @pytest.fixture
    def editor(self, django_user_model):
        return django_user_model.objects.create_superuser("root@example.com", "a long password")

    @pytest.fixture
    def one(self, tree):
        return tree.add_course("One", lessons=0)

    @pytest.fixture
    def two(self, tree):
        return tree.add_course("Two", lessons=0)

    def test_what_does_not_come_back_is_accepted(self, one, two, editor):
        form = self.form(one, two, editor=editor)
        assert form.is_valid(), (form.errors, form.formsets["prerequisites"].errors)

    def test_not_by_itself(self, one, editor):
        assert "The course “One” cannot require itself." in self.errors(self.form(one, one, editor=editor))

    def test_not_by_its_own_translation(self, tree, one, editor):
        russian = tree.add_course("Один", language="ru", lessons=0, translation_of=one)
        assert "cannot require itself" in self.errors(self.form(one, russian, editor=editor))

    def test_not_in_a_circle_which_is_named(self, tree, one, two, editor):
        three = tree.add_course("Three", lessons=0)
        CoursePrerequisite.objects.create(course=two, required=three)
        CoursePrerequisite.objects.create(course=three, required=one)
        found = self.errors(self.form(one, two, editor=editor))
        assert "“One” → “Two” → “Three” → “One”" in found

    def test_not_by_way_of_a_translation(self, tree, one, two, editor):
        russian = tree.add_course("Два", language="ru", lessons=0, translation_of=two)
        CoursePrerequisite.objects.create(course=russian, required=one)
        assert "“One” → “Two” → “One”" in self.errors(self.form(one, two, editor=editor))

    def test_not_by_what_waits_in_a_draft(self, one, two, editor):
        two.prerequisites.add(CoursePrerequisite(required=one))
        two.save_revision()
        assert not CoursePrerequisite.objects.exists()
        assert "“One” → “Two” → “One”" in self.errors(self.form(one, two, editor=editor))

    def test_nor_twice_the_same(self, one, two, editor):
        assert "This course is named twice." in self.errors(self.form(one, two, two, editor=editor))


class TestWaiving:
    def waive(self, member, lesson, *, evidence="diagnostic 7", by=None):
        return waive_lesson(member, lesson=lesson, evidence=evidence, by=by, now=timezone.now())

    def test_counts_as_done_and_says_by_what(self, tree, member, facts, signed_in):
        course = tree.add_course(lessons=2)
        first, second = lessons_of(course)
        progress = self.waive(member, first)
        assert (progress.done, progress.waived, progress.next_lesson) == (1, 1, second)
        completion = LessonCompletion.objects.get()
        assert (completion.waived_by, completion.revision_id) == ("diagnostic 7", first.live_revision_id)
        assert facts("lessons_waived") == [{"completion_ids": [completion.pk]}]
        client = signed_in(member)
        for page in (course, first):
            assert "Waived: diagnostic 7" in client.get(page.url).content.decode()
        assert "1 lesson was waived" in client.get(course.url).content.decode()

    def test_the_last_one_completes_the_course(self, tree, member, facts):
        first, second = lessons_of(tree.add_course(lessons=2))
        complete(member, first)
        assert self.waive(member, second).completed_at is not None
        assert len(facts("course_completed")) == 1

    def test_what_was_studied_stays_studied_and_twice_is_once(self, tree, member, facts):
        first, second = lessons_of(tree.add_course(lessons=2))
        complete(member, first)
        self.waive(member, first)
        assert LessonCompletion.objects.get().waived_by == ""
        for _again in range(2):
            self.waive(member, second)
        assert LessonCompletion.objects.count() == 2
        assert len(facts("lessons_waived")) == 1

    def test_what_the_course_requires_does_not_stand_in_the_way(self, tree, member):
        course = tree.add_course(lessons=1)
        CoursePrerequisite.objects.create(course=course, required=tree.add_course("Basics"))
        assert self.waive(member, lessons_of(course)[0]).percent == 100

    @pytest.mark.parametrize(("evidence", "code"), [(" ", "evidence"), ("x" * 121, "too_long")])
    def test_it_needs_evidence_that_can_be_kept(self, tree, member, evidence, code):
        with pytest.raises(Refusal) as refused:
            self.waive(member, lessons_of(tree.add_course())[0], evidence=evidence)
        assert refused.value.code == code

    def test_neither_the_person_nor_any_other_member_may(self, tree, member, add_member):
        lesson = lessons_of(tree.add_course())[0]
        for by in (member.user, add_member().user):
            with pytest.raises(NotAllowed):
                self.waive(member, lesson, by=by)
        assert not LessonCompletion.objects.exists()

    def test_the_person_is_told(self, tree, member, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            self.waive(member, lessons_of(tree.add_course())[0])
        notice = Notification.objects.get(type=LESSON_WAIVED.name)
        assert notice.user == member.user
        wording = word(notice, person=member.user)
        assert wording.subject == "You need not study “Lesson 1”"
        assert "diagnostic 7" in wording.paragraphs[0]


class TestCertificate:
    @pytest.fixture
    def course(self, tree, member):
        course = tree.add_course(lessons=2)
        complete(member, lessons_of(course)[0])
        return course

    def address(self, course, name="certificate") -> str:
        return reverse(f"training:{name}", args=[course.translation_key])

    def test_says_who_what_when_where_how_long_and_that_it_is_no_credential(self, course, member, signed_in):
        complete(member, lessons_of(course)[1])
        client = signed_in(member)
        assert self.address(course) in client.get(course.url).content.decode()
        page = client.get(self.address(course)).content.decode()
        for words in (str(member.user), "First steps", member.partner.name, "20 minutes", "It is not a credential"):
            assert words in page

    def test_the_pdf_is_one(self, course, member, signed_in):
        complete(member, lessons_of(course)[1])
        response = signed_in(member).get(self.address(course, "certificate_pdf"))
        assert response["Content-Type"] == "application/pdf"
        assert response.content.startswith(b"%PDF")
        assert response["Cache-Control"] == "private, no-store"

    def test_the_minutes_are_those_of_the_text_that_was_studied_and_waived_ones_do_not_count(self, course, member):
        first, second = lessons_of(course)
        first.minutes = 90
        publish(first)
        waive_lesson(member, lesson=second, evidence="diagnostic 7", by=None, now=timezone.now())
        found = find_certificate(member.user, course_key=course.translation_key, language="en")
        assert found.minutes == 10

    def test_there_is_none_before_completion(self, course, member, signed_in):
        client = signed_in(member)
        assert self.address(course) not in client.get(course.url).content.decode()
        assert client.get(self.address(course)).status_code == 409

    def test_nor_where_all_was_waived(self, tree, member, signed_in):
        course = tree.add_course("Known", lessons=1)
        waive_lesson(member, lesson=lessons_of(course)[0], evidence="diagnostic 7", by=None, now=timezone.now())
        client = signed_in(member)
        assert self.address(course) not in client.get(course.url).content.decode()
        assert client.get(self.address(course)).status_code == 409

    def test_another_s_is_not_shown(self, course, member, add_member, signed_in):
        complete(member, lessons_of(course)[1])
        for name in ("certificate", "certificate_pdf"):
            assert signed_in(add_member()).get(self.address(course, name)).status_code == 404


class TestPurging:
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
            with django_assert_num_queries(5):
                course_progress(member, courses=courses, now=now)


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
