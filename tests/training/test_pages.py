"""The pages of the library and the courses, as a member meets them."""

import gc
import re
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django.urls import reverse
from PIL import Image as PillowImage
from wagtail.models import Page

from tests.factories.content import DocumentFactory, ImageFactory
from tests.factories.training import figure, publish, section
from training.models import LessonCompletion, LessonPage, LessonReading

pytestmark = pytest.mark.django_db


class TestMaterials:
    def test_a_doc_shows_its_contents_and_links_to_each_section(self, tree, member, signed_in):
        tree.add_doc("Calls", sections=[section("first", "First things", "a"), section("then", "Then this", "b")])
        page = signed_in(member).get("/en/library/calls/").content.decode()
        assert 'href="#then"' in page
        assert 'id="then"' in page

    def test_a_card_shows_the_answer_before_the_proof(self, tree, member, signed_in):
        proof = [{"type": "text", "id": "p", "value": "<p>Of 100 calls 12 were missed.</p>"}]
        doc = tree.add_doc("Figures")
        tree.add_card(
            tree.add_guide(),
            proof=proof,
            behind="Fear of waste.",
            next_question="How many?",
            proof_page=doc,
            proof_anchor="first",
        )
        page = signed_in(member).get("/en/library/objections/it-is-too-expensive/").content.decode()
        assert page.index("Count the missed calls first.") < page.index("Of 100 calls 12 were missed.")
        assert "How many?" in page
        assert "Fear of waste." in page
        assert "/en/library/figures/#first" in page
        assert "<copy-button" in page

    # Wagtail leaves the temporary files of its renditions to the garbage collector.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_a_photograph_is_shown_in_several_sizes_each_behind_the_door(self, tree, member, signed_in):
        picture = BytesIO()
        PillowImage.new("RGB", (1600, 800), "teal").save(picture, "PNG")
        image = ImageFactory(file=ContentFile(picture.getvalue(), name="photo.png"))
        tree.add_doc("Calls", sections=[section("a", "A", "See:", figure(image, alt="A teal field"))])
        page = signed_in(member).get("/en/library/calls/").content.decode()
        assert 'alt="A teal field"' in page
        sizes = re.findall(r"/files/images/[^ ,\"]+", page)
        assert len(set(sizes)) == 3
        response = signed_in(member).get(sizes[0])
        assert response.status_code == 200
        assert len(b"".join(response.streaming_content)) > 100
        gc.collect()

    def test_a_closed_proof_is_not_named_on_an_open_card(self, tree, member, signed_in, owners_only):
        secret = tree.add_doc("Secret margins", audience=owners_only)
        tree.add_card(tree.add_guide(), proof_page=secret)
        page = signed_in(member).get("/en/library/objections/it-is-too-expensive/").content.decode()
        assert "Secret margins" not in page

    def test_a_guide_lists_only_the_cards_that_are_open(self, tree, member, signed_in, owners_only):
        guide = tree.add_guide()
        tree.add_card(guide, "It is too expensive")
        tree.add_card(guide, "For owners", audience=owners_only)
        page = signed_in(member).get("/en/library/objections/").content.decode()
        assert "It is too expensive" in page
        assert "For owners" not in page

    def test_a_guide_is_searched_by_the_customers_words(self, tree, member, signed_in):
        guide = tree.add_guide()
        tree.add_card(guide, "It is too expensive")
        tree.add_card(guide, "We have no time")
        page = signed_in(member).get("/en/library/objections/?q=time").content.decode()
        assert "We have no time" in page
        assert "It is too expensive" not in page

    def test_the_language_switch_leads_to_the_translation(self, tree, member, signed_in):
        english = tree.add_doc("Calls")
        tree.add_doc("Звонки", language="ru", slug="zvonki", translation_of=english)
        response = signed_in(member).get("/en/library/calls/")
        assert response.context["alternates"] == {"ru": "/ru/library/zvonki/"}

    def test_a_change_is_seen_at_the_next_request(self, tree, member, signed_in):
        doc = tree.add_doc("Calls")
        browser = signed_in(member)
        browser.get("/en/library/calls/")
        doc.body = [section("first", "First things", "Recording is off.")]
        publish(doc)
        assert "Recording is off." in browser.get("/en/library/calls/").content.decode()

    def test_an_unpublished_page_is_gone_at_the_next_request(self, tree, member, signed_in):
        doc = tree.add_doc("Calls")
        browser = signed_in(member)
        browser.get("/en/library/calls/")
        doc.unpublish()
        assert browser.get("/en/library/calls/").status_code == 404

    def test_only_reading_is_answered(self, tree, member, signed_in):
        tree.add_doc("Calls")
        assert signed_in(member).post("/en/library/calls/").status_code == 405

    @pytest.mark.parametrize("number", [1, 8])
    def test_a_library_page_takes_three_queries_whatever_it_holds(
        self, tree, member, signed_in, django_assert_max_num_queries, number
    ):
        image, document, other = ImageFactory(), DocumentFactory(), tree.add_doc("Other")
        text = (
            f'See <a linktype="page" id="{other.pk}">that</a> and <a linktype="document" id="{document.pk}">this</a>.'
        )
        tree.add_doc("Calls", sections=[section(f"s{n}", f"Part {n}", text, figure(image)) for n in range(number)])
        browser = signed_in(member)
        browser.get("/en/library/calls/")
        with django_assert_max_num_queries(3):
            assert browser.get("/en/library/calls/").status_code == 200

    def test_the_library_itself_stays_within_twelve_queries(
        self, tree, member, signed_in, django_assert_max_num_queries
    ):
        tree.add_doc("Calls")
        browser = signed_in(member)
        browser.get("/en/library/")
        with django_assert_max_num_queries(12):
            browser.get("/en/library/")

    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_every_page_is_previewed_by_an_editor(self, tree, language):
        guide = tree.add_guide(language=language)
        course = tree.add_course(language=language, lessons=1)
        pages = [
            tree.libraries[language], tree.course_lists[language], guide, tree.add_card(guide), course,
            course.get_children().first().specific, tree.add_doc(language=language),
        ]  # fmt: skip
        for page in pages:
            request = RequestFactory().get("/")
            response = page.make_preview_request(request, page.default_preview_mode)
            assert response.status_code == 200
            if isinstance(response, TemplateResponse):
                response.render()
            assert page.title in response.content.decode()


class TestCourses:
    def test_the_list_shows_progress_and_the_course_the_next_lesson(self, tree, member, signed_in):
        course = tree.add_course(lessons=2)
        browser = signed_in(member)
        lesson = LessonPage.objects.child_of(course).first()
        browser.post(reverse("training:complete", args=[lesson.translation_key]))
        assert "1/2" in browser.get("/en/courses/").content.decode()
        response = browser.get("/en/courses/first-steps/")
        assert response.context["resume"] == "/en/courses/first-steps/lesson-2/"

    def test_completing_goes_on_to_the_next_lesson_and_from_the_last_to_the_course(self, tree, member, signed_in):
        course = tree.add_course(lessons=2)
        browser = signed_in(member)
        addresses = []
        for lesson in LessonPage.objects.child_of(course).order_by("path"):
            response = browser.post(reverse("training:complete", args=[lesson.translation_key]))
            addresses.append(response["Location"])
        assert addresses == ["/en/courses/first-steps/lesson-2/", "/en/courses/first-steps/"]
        assert LessonCompletion.objects.count() == 2

    def test_a_lesson_shows_what_to_read_as_far_as_it_is_open(self, tree, member, signed_in, owners_only):
        lesson = tree.add_lesson(tree.add_course(lessons=0), "Listen")
        lesson.reading.add(
            LessonReading(material=tree.add_doc("Calls"), anchor="first"),
            LessonReading(material=tree.add_doc("Closed", audience=owners_only)),
        )
        publish(lesson)
        page = signed_in(member).get("/en/courses/first-steps/listen/").content.decode()
        assert "/en/library/calls/#first" in page
        assert "Closed" not in page

    def test_staff_read_a_lesson_and_have_nothing_to_complete(self, tree, staff, signed_in):
        course = tree.add_course(lessons=1)
        lesson = course.get_children().first()
        browser = signed_in(staff)
        assert "Complete the lesson" not in browser.get("/en/courses/first-steps/lesson-1/").content.decode()
        assert browser.post(reverse("training:complete", args=[lesson.translation_key])).status_code == 403

    def test_a_stranger_completes_nothing(self, tree, client):
        lesson = tree.add_course(lessons=1).get_children().first()
        response = client.post(reverse("training:complete", args=[lesson.translation_key]))
        assert response.status_code == 302
        assert not LessonCompletion.objects.exists()

    def test_a_closed_lesson_is_refused_on_completing(self, tree, member, signed_in, owners_only):
        lesson = tree.add_course(lessons=1, audience=owners_only).get_children().first()
        response = signed_in(member).post(reverse("training:complete", args=[lesson.translation_key]))
        assert response.status_code == 403
        assert not LessonCompletion.objects.exists()

    def test_queries_of_the_list_are_the_same_for_1_and_for_6(self, tree, member, signed_in, django_assert_num_queries):
        browser = signed_in(member)
        tree.add_course("One")
        browser.get("/en/courses/")
        with django_assert_num_queries(20, exact=False) as few:
            browser.get("/en/courses/")
        count = len(few.captured_queries)
        for number in range(5):
            tree.add_course(f"More {number}", lessons=4)
        browser.get("/en/courses/")
        with django_assert_num_queries(count):
            browser.get("/en/courses/")


class TestKeepingWhatIsCited:
    @pytest.fixture
    def editor(self, django_user_model, client):
        client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
        return client

    @pytest.fixture
    def cited(self, tree, member, signed_in):
        lesson = tree.add_course(lessons=1).get_children().first()
        signed_in(member).post(reverse("training:complete", args=[lesson.translation_key]))
        return lesson

    def test_a_cited_lesson_is_not_deleted_and_the_editor_reads_why(self, cited, editor):
        response = editor.post(reverse("wagtailadmin_pages:delete", args=[cited.pk]), follow=True)
        assert "Unpublish it instead" in response.content.decode()
        assert Page.objects.filter(pk=cited.pk).exists()

    def test_nor_by_way_of_its_course(self, cited, editor):
        editor.post(reverse("wagtailadmin_pages:delete", args=[cited.get_parent().pk]))
        assert Page.objects.filter(pk=cited.pk).exists()

    def test_nor_among_many(self, cited, editor):
        address = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "delete"])
        response = editor.post(f"{address}?id={cited.pk}", follow=True)
        assert "Unpublish it instead" in response.content.decode()
        assert Page.objects.filter(pk=cited.pk).exists()

    def test_an_uncited_page_is_deleted(self, tree, editor):
        doc = tree.add_doc()
        editor.post(reverse("wagtailadmin_pages:delete", args=[doc.pk]))
        assert not Page.objects.filter(pk=doc.pk).exists()
