"""Objection cards: what the editor is told, and what the seller meets in mid-call."""

import pytest
from django.urls import reverse
from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield

from tests.factories.training import section
from tests.training.forms import page_form
from training.models import ObjectionCardPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def guide(tree):
    return tree.add_guide()


class TestTheEditor:
    @pytest.fixture
    def editor(self, django_user_model, client):
        client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
        return client

    def send(self, guide, editor, **fields):
        given = {
            "answer": streamfield([("text", rich_text("<p>Let us count.</p>"))]), "proof": streamfield([]),
            "proof_page": "", "proof_anchor": "", "behind": "", "next_question": "", **fields,
        }  # fmt: skip
        address = reverse("wagtailadmin_pages:add", args=["training", "objectioncardpage", guide.pk])
        return editor.post(address, nested_form_data(page_form("Too expensive", **given)))

    def test_the_customers_words_and_an_answer_are_enough(self, guide, editor):
        response = self.send(guide, editor)
        assert response.status_code == 302, response.context["form"].errors
        card = ObjectionCardPage.objects.get()
        assert card.live
        assert not card.share_answer

    def test_a_new_card_begins_with_a_paragraph_to_write_the_answer_into(self, guide, editor):
        address = reverse("wagtailadmin_pages:add", args=["training", "objectioncardpage", guide.pk])
        form = editor.get(address).context["form"]
        assert [block.block_type for block in form["answer"].value()] == ["text"]
        assert 'placeholder="What the customer says' in editor.get(address).content.decode()

    def test_a_proof_is_linked_to_the_section_that_holds_it(self, tree, guide, editor):
        doc = tree.add_doc(sections=[section("figures", "Figures", "12 of 100.")])
        response = self.send(guide, editor, proof_page=str(doc.pk), proof_anchor="figures")
        assert response.status_code == 302, response.context["form"].errors
        assert ObjectionCardPage.objects.get().proof_page_id == doc.pk

    def test_a_section_that_the_proof_does_not_have_is_refused_with_those_it_has(self, tree, guide, editor):
        doc = tree.add_doc(sections=[section("figures", "Figures", "x"), section("terms", "Terms", "y")])
        response = self.send(guide, editor, proof_page=str(doc.pk), proof_anchor="numbers")
        message = str(response.context["form"].errors["proof_anchor"])
        assert "no section “numbers”" in message
        assert "figures, terms" in message
        assert not ObjectionCardPage.objects.exists()

    def test_a_section_without_its_page_is_refused(self, guide, editor):
        response = self.send(guide, editor, proof_anchor="figures")
        assert "figures" in str(response.context["form"].errors["proof_page"])

    def test_a_rule_of_a_standard_is_a_section_that_can_be_the_proof(self, tree, guide, editor):
        response = self.send(guide, editor, proof_page=str(tree.add_standard().pk), proof_anchor="call-back")
        assert response.status_code == 302, response.context["form"].errors

    def test_a_card_whose_proof_has_lost_its_section_can_still_be_saved_by_a_program(self, tree, guide):
        doc = tree.add_doc()
        card = tree.add_card(guide, proof_page=doc, proof_anchor="gone")
        card.save()
        assert card.pk


class TestInMidCall:
    def test_the_customers_words_find_the_answer_ready_to_be_copied(self, tree, guide, member, signed_in):
        tree.add_card(guide, "It is too expensive for us")
        page = signed_in(member).get("/en/study/search/?q=too+expensive").content.decode()
        assert "Count the missed calls first." in page
        assert "<copy-button" in page

    def test_answer_proof_next_question_and_rating_stand_in_this_order(self, tree, guide, member, signed_in):
        proof = [{"type": "text", "id": "p", "value": "<p>Of 100 calls 12 were missed.</p>"}]
        tree.add_card(guide, proof=proof, next_question="How many do you miss?", behind="Fear of waste.")
        page = signed_in(member).get("/en/library/objections/it-is-too-expensive/").content.decode()
        parts = (
            "Count the missed",
            "Of 100 calls",
            "How many do you miss?",
            "Fear of waste.",
            "Did it work on the call?",
        )
        places = [page.index(part) for part in parts]
        assert places == sorted(places)

    @pytest.mark.parametrize("number", [1, 12])
    def test_a_card_costs_the_same_however_often_it_was_rated(
        self, tree, guide, member, signed_in, django_assert_max_num_queries, number
    ):
        card = tree.add_card(guide)
        browser = signed_in(member)
        for index in range(number):
            browser.post(reverse("training:rate", args=[card.translation_key]), {"worked": "yes", "words": f"{index}"})
        browser.get("/en/library/objections/it-is-too-expensive/")
        with django_assert_max_num_queries(12):
            browser.get("/en/library/objections/it-is-too-expensive/")
