"""Learning paths: one's own first, in order; what comes next; and what stands in the way."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from tests.factories.training import publish
from training.models import CourseDue, CoursePrerequisite, LearningPath, LessonPage
from training.services.paths import find_next_lessons, survey_courses
from training.services.progress import complete_lesson

pytestmark = pytest.mark.django_db


def make_path(role, *courses, title="For sellers") -> LearningPath:
    return LearningPath.objects.create(
        job_role=role,
        title={"en": title, "ru": f"{title} (ru)"},
        intro={"en": "From the first call on."},
        course_keys=[str(course.translation_key) for course in courses],
    )


def finish(member, course):
    for lesson in LessonPage.objects.child_of(course).order_by("path"):
        complete_lesson(member, lesson=lesson, by=member.user, now=timezone.now())


def survey(member):
    study = survey_courses(member, now=timezone.now(), language="en")
    return (
        {str(way.path): [stop.course.title for stop in way.stops] for way in study.ways},
        [stop.course.title for stop in study.others],
    )


def next_titles(member) -> list[str]:
    found = find_next_lessons(member, now=timezone.now(), language="en")
    return [f"{one.stop.course.title}: {one.lesson.title}" for one in found]


class TestOwnPaths:
    @pytest.mark.embedded
    def test_come_first_and_in_their_own_order(self, tree, rows, member):
        one, two, three = (tree.add_course(title) for title in ("One", "Two", "Three"))
        make_path(rows.seller, three, one)
        make_path(rows.owner, two, title="For owners")
        assert survey(member) == ({"For sellers": ["Three", "One"]}, ["Two"])

    def test_of_several_roles_in_the_order_of_the_roles_each_course_once(self, tree, rows, member):
        one, two = tree.add_course("One"), tree.add_course("Two")
        make_path(rows.seller, one, two)
        rows.owner.order = 9
        rows.owner.save()
        make_path(rows.owner, two, title="For owners")
        member.held_roles.create(role=rows.owner, started_at=member.started_at)
        assert survey(member) == ({"For sellers": ["One", "Two"]}, [])

    def test_name_only_what_is_published_and_open(self, tree, rows, member, owners_only):
        gone, closed, here = (tree.add_course(title) for title in ("Gone", "Closed", "Here"))
        make_path(rows.seller, gone, closed, here)
        gone.unpublish()
        closed.audience = owners_only
        publish(closed)
        assert survey(member) == ({"For sellers": ["Here"]}, [])

    def test_stand_in_the_reader_s_language(self, tree, rows, member):
        course = tree.add_course("One")
        tree.add_course("Один", language="ru", lessons=0, translation_of=course)
        make_path(rows.seller, course)
        study = survey_courses(member, now=timezone.now(), language="ru")
        assert [stop.course.title for stop in study.ways[0].stops] == ["Один"]

    def test_of_the_others_those_for_the_member_s_role_come_first(self, tree, rows, member):
        tree.add_course("For all")
        meant = tree.add_course("For my role")
        meant.job_roles.set([rows.seller])
        publish(meant)
        assert survey(member)[1] == ["For my role", "For all"]


class TestNextLesson:
    def test_the_path_s_order_then_what_was_begun_then_the_rest(self, tree, rows, member):
        rest, begun, second, first = (
            tree.add_course(title, lessons=2) for title in ("Rest", "Begun", "Second", "First")
        )
        make_path(rows.seller, first, second)
        complete_lesson(member, lesson=LessonPage.objects.child_of(begun).first(), by=member.user, now=timezone.now())
        assert next_titles(member) == ["First: Lesson 1", "Second: Lesson 1", "Begun: Lesson 2", "Rest: Lesson 1"]
        finish(member, first)
        assert next_titles(member)[0] == "Second: Lesson 1"
        assert rest.title == "Rest"

    def test_a_course_that_waits_for_another_is_not_offered(self, tree, rows, member):
        basics, advanced = tree.add_course("Basics", lessons=1), tree.add_course("Advanced", lessons=1)
        CoursePrerequisite.objects.create(course=advanced, required=basics)
        make_path(rows.seller, advanced, basics)
        assert next_titles(member) == ["Basics: Lesson 1"]
        finish(member, basics)
        assert next_titles(member) == ["Advanced: Lesson 1"]

    def test_is_the_same_on_every_device_and_in_every_language(self, tree, rows, member, client):
        course = tree.add_course("One", lessons=0)
        russian = tree.add_course("Один", language="ru", lessons=0, translation_of=course)
        for number, word in ((1, "Первый"), (2, "Второй")):
            lesson = tree.add_lesson(course, f"Lesson {number}")
            tree.add_lesson(russian, word, translation_of=lesson)
        client.force_login(member.user)
        client.post(reverse("training:complete", args=[LessonPage.objects.child_of(course)[0].translation_key]))
        other_device = type(client)()
        other_device.force_login(member.user)
        assert other_device.get(russian.url).context["resume"] == LessonPage.objects.child_of(russian)[1].url

    def test_tells_which_lesson_of_how_many(self, tree, member):
        tree.add_course("One", lessons=3)
        [found] = find_next_lessons(member, now=timezone.now(), language="en")
        assert (found.number, found.stop.progress.total, found.path) == (1, 3, None)


class TestQueries:
    def test_cost_the_same_for_few_and_many(self, tree, rows, member):
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                find_next_lessons(member, now=timezone.now(), language="en")
            return len(queries)

        assert member.job_roles
        courses = [tree.add_course("One", lessons=1), tree.add_course("Two", lessons=1)]
        CoursePrerequisite.objects.create(course=courses[1], required=courses[0])
        path = make_path(rows.seller, *courses)
        due_at = timezone.now() + timedelta(days=9)

        def owe(course):
            CourseDue.objects.create(
                user=member.user, membership=member, course=course, course_key=course.translation_key, due_at=due_at
            )

        owe(courses[0])
        few = count()
        for number in range(4):
            course = tree.add_course(f"More {number}", lessons=2)
            CoursePrerequisite.objects.create(course=course, required=courses[0])
            owe(course)
            path.course_keys.append(str(course.translation_key))
        path.save()
        assert count() == few <= 13


class TestTheList:
    def test_shows_the_path_with_the_next_lesson_and_the_due_date(self, tree, rows, member, signed_in):
        course, other = tree.add_course("One", lessons=2), tree.add_course("Another", lessons=1)
        make_path(rows.seller, course)
        finish(member, other)
        CourseDue.objects.create(
            user=member.user, membership=member, course=course, course_key=course.translation_key,
            due_at=timezone.now() + timedelta(days=9),
        )  # fmt: skip
        page = signed_in(member).get(tree.course_lists["en"].url).content.decode()
        assert page.index("For sellers") < page.index("Other courses") < page.index("Another")
        assert "From the first call on." in page
        assert f'href="{LessonPage.objects.child_of(course)[0].url}"' in page
        assert "Due by" in page
        assert "0 of 1 course completed" in page

    def test_says_what_is_late_and_what_comes_first(self, tree, rows, member, signed_in):
        basics, advanced = tree.add_course("Basics", lessons=1), tree.add_course("Advanced", lessons=1)
        CoursePrerequisite.objects.create(course=advanced, required=basics)
        make_path(rows.seller, basics, advanced)
        CourseDue.objects.create(
            user=member.user, membership=member, course=basics, course_key=basics.translation_key,
            due_at=timezone.now() - timedelta(days=1),
        )  # fmt: skip
        page = signed_in(member).get(tree.course_lists["en"].url).content.decode()
        assert "Late: was due by" in page
        assert "First complete:" in page

    def test_staff_see_every_course(self, tree, rows, staff, owners_only, signed_in):
        tree.add_course("Closed", audience=owners_only)
        assert "Closed" in signed_in(staff).get(tree.course_lists["en"].url).content.decode()


class TestStaffEditThem:
    @pytest.fixture
    def editor(self, staff) -> User:
        staff.groups.get().permissions.add(
            *Permission.objects.filter(content_type__app_label="training", content_type__model="learningpath")
        )
        return User.objects.get(pk=staff.pk)

    def save(self, client, rows, places, *, address=None):
        data = {"job_role": rows.seller.pk, "title_en": "For sellers", "title_ru": "", "intro_en": "", "intro_ru": ""}
        data |= {f"course_keys-{course.translation_key}": place for course, place in places.items()}
        return client.post(address or reverse("learning_paths:add"), data)

    def test_by_numbering_the_courses_that_there_are(self, tree, rows, editor, signed_in):
        one, two, three = (tree.add_course(title, lessons=0) for title in ("One", "Two", "Three"))
        client = signed_in(editor)
        page = client.get(reverse("learning_paths:add")).content.decode()
        assert all(f'name="course_keys-{course.translation_key}"' in page for course in (one, two, three))
        response = self.save(client, rows, {one: "20", two: "", three: "3"})
        assert response.status_code == 302
        path = LearningPath.objects.get()
        assert path.course_keys == [str(three.translation_key), str(one.translation_key)]
        page = client.get(reverse("learning_paths:edit", args=[path.pk])).content.decode()
        assert page.index(f'id="id_course_keys-{three.translation_key}"') < page.index(
            f'id="id_course_keys-{one.translation_key}"'
        )
        assert client.get(reverse("learning_paths:index")).status_code == 200

    @pytest.mark.parametrize(
        ("places", "message"),
        [
            (("1", "1"), "“One” and “Two” have the same place."),
            (("first", ""), "The place of “One” is to be a number such as 1, 2 or 3."),
            (("0", ""), "The place of “One” is to be a number such as 1, 2 or 3."),
            (("", ""), "Give at least one course a place."),
        ],
    )
    def test_what_is_wrong_is_named_and_what_was_typed_stays(self, tree, rows, editor, signed_in, places, message):
        courses = [tree.add_course(title, lessons=0) for title in ("One", "Two")]
        response = self.save(signed_in(editor), rows, dict(zip(courses, places, strict=True)))
        page = response.content.decode()
        assert message in page
        assert "For sellers" in page
        assert not LearningPath.objects.exists()

    def test_a_course_that_is_not_published_just_now_keeps_its_place(self, tree, rows, editor, signed_in):
        one, two = tree.add_course("One", lessons=0), tree.add_course("Two", lessons=0)
        path = make_path(rows.seller, one, two)
        one.unpublish()
        client = signed_in(editor)
        address = reverse("learning_paths:edit", args=[path.pk])
        assert "One (not published)" in client.get(address).content.decode()
        self.save(client, rows, {one: "2", two: "1"}, address=address)
        path.refresh_from_db()
        assert [uuid.UUID(key) for key in path.course_keys] == [two.translation_key, one.translation_key]
