"""Staff write, translate and publish in Wagtail's admin."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from wagtail.models import Page
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield
from wagtail_localize.models import Translation, TranslationSource
from wagtail_localize.operations import translate_object

from portal.content.models import Document, Image, Product
from tests.factories.content import PLAIN_SVG
from tests.factories.training import publish, section
from training.models import ObjectionCardPage, ProductDocPage

pytestmark = pytest.mark.django_db

SCRIPTED = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>alert(1)</script></svg>'


@pytest.fixture
def editor(django_user_model, client):
    client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
    return client


def test_every_type_has_a_form_to_add_and_to_edit(tree, editor):
    guide, course, doc = tree.add_guide(), tree.add_course(lessons=1), tree.add_doc()
    card, lesson = tree.add_card(guide), course.get_children().first()
    library, courses = tree.libraries["en"], tree.course_lists["en"]
    for parent, model in (
        (library, "productdocpage"), (library, "objectionguidepage"), (guide, "objectioncardpage"),
        (courses, "coursepage"), (course, "lessonpage"),
    ):  # fmt: skip
        assert editor.get(reverse("wagtailadmin_pages:add", args=["training", model, parent.pk])).status_code == 200
    for page in (library, courses, guide, course, doc, card, lesson):
        assert editor.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).status_code == 200


def test_pages_are_added_only_where_they_belong(tree):
    assert {model.__name__ for model in type(tree.libraries["en"]).allowed_subpage_models()} == {
        "ProductDocPage",
        "CallScriptPage",
        "ObjectionGuidePage",
        "StandardPage",
        "PriceListPage",
        "CaseStudyPage",
        "VideoPage",
    }
    assert ObjectionCardPage.allowed_subpage_models() == []


def test_an_objection_card_is_written_and_published_in_one_form(tree, editor, member, signed_in):
    guide = tree.add_guide()
    form = nested_form_data(
        {
            "title": "It is too expensive",
            "slug": "too-expensive",
            "answer": streamfield([("text", rich_text("<p>Let us count.</p>"))]),
            "proof": streamfield([]),
            "proof_page": "",
            "proof_anchor": "",
            "behind": "",
            "next_question": "How many calls?",
            "audience": "",
            "review_interval_days": "90",
            "tags": "price, calls",
            "seo_title": "",
            "search_description": "",
            "action-publish": "1",
            "comments": inline_formset([]),
        }
    )
    address = reverse("wagtailadmin_pages:add", args=["training", "objectioncardpage", guide.pk])
    response = editor.post(address, form)
    assert response.status_code == 302, response.context["form"].errors
    card = ObjectionCardPage.objects.get(slug="too-expensive")
    assert card.live
    assert card.answer[0].id
    page = signed_in(member).get("/en/library/objections/too-expensive/").content.decode()
    assert "Let us count." in page
    found = signed_in(member).get("/en/study/search/?q=price").content.decode()
    assert "It is too expensive" in found


def test_a_section_keeps_its_block_id_through_the_editors_form(tree):
    doc = tree.add_doc()
    before = doc.body[0].id
    doc.body[0].value["heading"] = "Another heading"
    assert publish(doc).body[0].id == before


def test_a_translation_keeps_anchors_and_block_ids_and_takes_the_words_of_a_table(tree):
    table = {
        "type": "table",
        "id": "prices",
        "value": {"data": [["Plan", "Price"], ["Start", "9"]], "table_caption": "Plans", "table_header_choice": "row"},
    }
    doc = tree.add_doc("Prices", sections=[section("plans", "Plans", "All of them.", table)])
    publish(tree.libraries["ru"])
    translate_object(doc, [tree.locales["ru"]])
    translation = Translation.objects.get(source__object_id=doc.translation_key, target_locale=tree.locales["ru"])
    source = TranslationSource.objects.get(object_id=doc.translation_key)
    strings = {segment.string.data: segment for segment in source.stringsegment_set.all()}
    assert {"Prices", "Plans", "All of them.", "Start"} <= set(strings)
    for english, russian in (("Start", "Старт"), ("All of them.", "Все.")):
        segment = strings[english]
        segment.string.translations.create(locale=tree.locales["ru"], context=segment.context, data=russian)
    translation.save_target(publish=True)
    russian_doc = ProductDocPage.objects.get(translation_key=doc.translation_key, locale=tree.locales["ru"])
    part = russian_doc.body[0]
    assert part.id == doc.body[0].id
    assert part.value["anchor"] == "plans"
    assert part.value["body"][1].value["data"][1][0] == "Старт"
    assert "Все." in str(part.value["body"][0].value)
    assert russian_doc.slug == "prices"


class TestUploads:
    def test_a_drawing_with_a_script_is_refused_in_the_form_and_nothing_is_kept(self, editor):
        trap = SimpleUploadedFile("trap.svg", SCRIPTED, content_type="image/svg+xml")
        response = editor.post(reverse("wagtailimages:add"), {"title": "Trap", "file": trap})
        assert "&lt;script&gt;" in response.content.decode()
        assert not Image.objects.exists()

    def test_also_when_many_are_uploaded_at_once(self, editor):
        trap = SimpleUploadedFile("trap.svg", SCRIPTED, content_type="image/svg+xml")
        response = editor.post(reverse("wagtailimages:add_multiple"), {"title": "Trap", "files[]": trap})
        assert response.json()["success"] is False
        assert not Image.objects.exists()

    def test_a_plain_drawing_is_kept(self, editor):
        drawing = SimpleUploadedFile("fine.svg", PLAIN_SVG, content_type="image/svg+xml")
        assert editor.post(reverse("wagtailimages:add"), {"title": "Fine", "file": drawing}).status_code == 302
        assert Image.objects.get().uploaded_by_user.email == "root@example.com"

    def test_a_document_is_kept_and_looked_into(self, editor):
        trap = SimpleUploadedFile("trap.txt", SCRIPTED, content_type="text/plain")
        editor.post(reverse("wagtaildocs:add"), {"title": "Trap", "file": trap})
        assert not Document.objects.exists()


def test_products_are_kept_in_the_admin(editor):
    assert editor.get(reverse("products:index")).status_code == 200
    form = {"name_en": "Voice", "name_ru": "Голос", "summary_en": "", "summary_ru": "", "slug": "voice", "order": "1"}
    response = editor.post(reverse("products:add"), form)
    assert response.status_code == 302, response.context["form"].errors
    assert Product.objects.get().name == {"en": "Voice", "ru": "Голос"}


def test_a_course_is_unpublished_and_its_address_is_gone(tree, editor, member, signed_in):
    course = tree.add_course(lessons=1)
    editor.post(reverse("wagtailadmin_pages:unpublish", args=[course.pk]), {"include_descendants": "on"})
    assert not Page.objects.get(pk=course.pk).live
    assert signed_in(member).get("/en/courses/first-steps/").status_code == 404
