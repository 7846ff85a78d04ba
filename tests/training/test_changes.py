"""What was changed on a material: the editor's word, the blocks, and who is told of it."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from wagtail.models import GroupPagePermission, Revision
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield
from wagtail_localize.models import Translation, TranslationSource
from wagtail_localize.operations import translate_object

from portal.accounts.models import User
from portal.partners.models import Tier
from tests.factories.training import publish, section
from training.freshness import plan_review
from training.models import Change, PriceListDiscount, PriceListPage, ProductDocPage, Reading, Upkeep, Verification
from training.services.changes import record_publishing
from training.services.paragraphs import find_paragraph, list_paragraphs

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(staff, tree, client) -> User:
    """An editor who may edit and publish everything, signed in."""
    for kind in ("add", "change", "publish"):
        GroupPagePermission.objects.create(
            group=staff.groups.get(), page=tree.roots["en"].get_parent(), permission_type=kind
        )
    client.force_login(staff)
    return User.objects.get(pk=staff.pk)


@pytest.fixture
def doc(tree):
    return tree.add_doc("Calls", sections=[section("first", "First things", "Answer within two days.")])


def reword(page, text: str, *, material: str = "", user=None, **fields):
    """Publish the page with another text in its first section, as a material change if a line is given."""
    page = ProductDocPage.objects.get(pk=page.pk)
    page.body = [section("first", "First things", text)]
    page.change_is_material, page.change_line = bool(material), material
    for name, value in fields.items():
        setattr(page, name, value)
    page.save_revision(user=user).publish()
    page.refresh_from_db()
    return page


def last_change(page) -> Change:
    return Change.objects.filter(page=page).first()


@pytest.mark.embedded
class TestRecording:
    def test_the_first_publishing_is_a_change_of_nothing(self, doc, facts):
        change = Change.objects.get(page=doc)
        assert (change.is_first, change.is_material, change.blocks) == (True, False, [])
        assert change.revision == doc.live_revision
        assert facts("material_changed") == []

    def test_a_change_says_which_blocks_read_otherwise(self, doc):
        doc = reword(doc, "Answer within one day.")
        change = last_change(doc)
        assert (change.is_material, change.line) == (False, "")
        assert change.blocks == [
            {
                "id": "first-1",
                "kind": "changed",
                "label": "First things",
                "before": "Answer within two days.",
                "after": "Answer within one day.",
            }
        ]

    def test_publishing_without_a_change_leaves_no_trace_however_often(self, doc, facts):
        doc.live_revision.publish()
        for _again in range(3):
            publish(doc)
        assert Change.objects.filter(page=doc).count() == 1
        assert facts("material_changed") == []

    def test_after_a_publishing_without_a_change_the_next_is_still_compared(self, doc):
        """The earlier revision may be purged meanwhile: the later, with the same text, stands for it."""
        earlier = doc.live_revision_id
        publish(doc)
        Revision.objects.filter(pk=earlier).delete()
        doc = reword(doc, "Answer within one day.")
        assert [block["id"] for block in last_change(doc).blocks] == ["first-1"]

    def test_a_change_against_a_purged_text_is_still_recorded(self, doc):
        Revision.objects.filter(pk=doc.live_revision_id).delete()
        doc = reword(doc, "Answer within one day.", material="Faster answers")
        change = last_change(doc)
        assert (change.blocks, change.line) == ([], "Faster answers")

    def test_a_material_change_is_announced_with_page_revision_and_change(self, doc, facts):
        doc = reword(doc, "Answer within one day.", material="Answers within one day")
        change = last_change(doc)
        assert (change.is_material, change.line) == (True, "Answers within one day")
        assert facts("material_changed") == [
            {"page_ids": [doc.pk], "revision_ids": [doc.live_revision_id], "change_ids": [change.pk]}
        ]

    def test_a_program_that_publishes_again_does_not_repeat_the_editors_word(self, doc, facts):
        doc = reword(doc, "Answer within one day.", material="Answers within one day")
        doc.intro = "Another summary."
        publish(doc)
        assert last_change(doc).is_material is False
        assert len(facts("material_changed")) == 1

    def test_the_same_revision_published_again_is_recorded_once(self, doc, facts):
        doc = reword(doc, "Answer within one day.", material="Answers within one day")
        record_publishing(doc, revision=doc.live_revision, now=timezone.now())
        assert Change.objects.filter(page=doc).count() == 2
        assert len(facts("material_changed")) == 1

    def test_a_draft_changes_nothing(self, doc):
        doc.body = [section("first", "First things", "Not yet.")]
        doc.save_revision()
        assert Change.objects.filter(page=doc).count() == 1

    def test_what_comes_back_after_being_unpublished_is_no_first_publishing(self, doc):
        doc.unpublish()
        doc = reword(doc, "Answer within one day.", material="Back, and faster")
        assert (last_change(doc).is_first, last_change(doc).is_material) == (False, True)

    def test_the_change_outlives_the_person(self, doc, editor):
        doc = reword(doc, "Answer within one day.", material="Faster", user=editor)
        assert last_change(doc).by == editor
        editor.delete()
        assert last_change(doc).by is None

    def test_rows_of_a_price_list_are_compared_as_sentences(self, tree):
        tier = Tier.objects.create(slug="gold", name={"en": "Gold"}, rank=3)
        row = {"item": "Start", "unit": "user a month", "price": "9.00", "currency": "EUR", "market": "",
               "valid_from": "2026-01-01", "valid_until": None, "note": "", "shareable": True,
               "breaks": [{"type": "item", "id": "b", "value": {"from_quantity": 10, "price": "8"}}]}  # fmt: skip
        prices = tree.add(
            tree.libraries["en"], PriceListPage(title="Prices", rows=[{"type": "price", "id": "p", "value": row}])
        )
        prices.rows = [{"type": "price", "id": "p", "value": row | {"price": "9.50"}}]
        prices.discounts = [PriceListDiscount(tier=tier, percent=20)]
        publish(prices)
        blocks = last_change(prices).blocks
        assert [(block["kind"], block["after"]) for block in blocks] == [
            ("changed", "Start: 9.50 EUR, user a month; from 10: 8.00; valid from 2026-01-01"),
            ("added", "Gold, 20.00"),
        ]


class TestParagraphs:
    def test_a_passage_stands_under_the_heading_of_its_section(self, doc):
        found = {block.id: block for block in list_paragraphs(doc)}
        assert (found["first-1"].label, found["first-1"].text) == ("First things", "Answer within two days.")

    def test_a_section_is_found_whole_by_its_id(self, tree):
        more = {"type": "quote", "id": "said", "value": {"text": "Too late.", "by": "A customer"}}
        doc = tree.add_doc("Calls", sections=[section("first", "First things", "Answer.<br>At once.", more)])
        found = find_paragraph(doc, doc.body[0].id)
        assert found.text == "First things\n\nAnswer.\nAt once.\n\n“Too late.” — A customer"
        assert find_paragraph(doc, "said").text == "“Too late.” — A customer"
        assert find_paragraph(doc, "no-such-block") is None

    def test_names_of_other_pages_are_not_told(self, tree):
        """A reader of the card may not be let into its proof."""
        secret = tree.add_doc("The secret study")
        card = tree.add_card(tree.add_guide(), proof_page=secret)
        assert "secret" not in " ".join(block.text for block in list_paragraphs(card, name_files=True))

    def test_labels_are_in_the_language_of_the_page(self, tree):
        doc = tree.add_doc("Звонки", language="ru", slug="calls-ru", for_whom="Всем.")
        assert next(block for block in list_paragraphs(doc) if block.id == "title").label == "Заголовок"


class TestSchedules:
    def test_what_is_scheduled_is_recorded_when_its_time_comes(self, doc, editor, facts):
        soon = timezone.now() + timedelta(hours=1)
        reword(doc, "Answer within one day.", material="From now on within one day", user=editor, go_live_at=soon)
        assert Change.objects.filter(page=doc).count() == 1
        with time_machine.travel(soon + timedelta(minutes=1)):
            call_command("publish_scheduled")
        assert last_change(doc).line == "From now on within one day"
        assert len(facts("material_changed")) == 1

    def test_nobody_looks_a_text_through_when_the_clock_publishes_it(self, doc, editor):
        soon = timezone.now() + timedelta(hours=1)
        reword(doc, "Answer within one day.", material="Faster", user=editor, go_live_at=soon)
        with time_machine.travel(soon + timedelta(minutes=1)):
            call_command("publish_scheduled")
        assert not Verification.objects.exists()

    def test_a_page_that_is_to_go_live_later_is_not_yet_recorded(self, tree, editor):
        draft = tree.add_doc("Later", live=False)
        draft.go_live_at = timezone.now() + timedelta(hours=1)
        draft.save_revision(user=editor).publish(user=editor)
        assert not Change.objects.filter(page=draft).exists()
        assert not Upkeep.objects.filter(page=draft).exists()


class TestLookingThrough:
    def test_whoever_publishes_a_material_change_has_looked_it_through(self, doc, editor):
        doc = reword(doc, "Answer within one day.", material="Faster", user=editor)
        verification = Verification.objects.get()
        assert (verification.page_id, verification.by, verification.revision) == (doc.pk, editor, doc.live_revision)

    def test_a_minor_correction_is_no_look(self, doc, editor):
        reword(doc, "Answer within one day.", user=editor)
        assert not Verification.objects.exists()

    def test_nor_is_what_was_written_by_someone_who_may_not_publish(self, doc, editor, add_member):
        writer = add_member().user
        reword(doc, "Answer within one day.", material="Faster", user=writer)
        assert not Verification.objects.exists()


class TestTranslations:
    @pytest.fixture
    def catch_up(self, tree, doc, django_capture_on_commit_callbacks):
        """Bring the translation up to date with its source and publish it, as wagtail-localize does after commit."""

        def run(*texts: str) -> None:
            source = TranslationSource.objects.get(object_id=doc.translation_key)
            source.update_from_db()
            for segment, text in zip(source.stringsegment_set.order_by("pk"), texts, strict=False):
                segment.string.translations.update_or_create(
                    locale=tree.locales["ru"], context=segment.context, defaults={"data": text}
                )
            with django_capture_on_commit_callbacks(execute=True):
                Translation.objects.get(source=source).save_target(publish=True)

        return run

    @pytest.fixture
    def russian(self, tree, doc, catch_up):
        publish(tree.libraries["ru"])
        translate_object(doc, [tree.locales["ru"]])
        catch_up("Звонки", "Отвечайте за два дня.")
        return ProductDocPage.objects.get(translation_key=doc.translation_key, locale=tree.locales["ru"])

    def test_the_first_translation_announces_nothing(self, russian, facts):
        assert Change.objects.get(page=russian).is_first
        assert facts("material_changed") == []

    def test_a_translation_is_material_when_it_catches_up_with_a_material_change(self, doc, russian, catch_up, facts):
        doc = reword(doc, "Answer within one day.", material="Answers within one day")
        catch_up()
        change = last_change(russian)
        assert change.is_material
        assert change.line
        assert [fact["page_ids"] for fact in facts("material_changed")] == [[doc.pk], [russian.pk]]

    def test_publishing_it_once_more_tells_nobody_again(self, doc, russian, catch_up, facts):
        doc = reword(doc, "Answer within one day.", material="Answers within one day")
        for _again in range(3):
            catch_up()
        assert len(facts("material_changed")) == 2

    def test_a_minor_correction_of_the_source_is_minor_in_the_translation(self, doc, russian, catch_up, facts):
        doc = reword(doc, "Answer within one day.")
        catch_up()
        assert facts("material_changed") == []


def editor_form(**fields):
    return nested_form_data(
        {
            "title": "Calls",
            "slug": "calls",
            "intro": "",
            "for_whom": "",
            "body": streamfield(
                [("section", {
                    "heading": "First things", "anchor": "first", "shareable": "",
                    "body": streamfield([("text", rich_text("<p>Answer within one day.</p>"))]),
                })]
            ),
            "versions": streamfield([]),
            "audience": "",
            "review_interval_days": "90",
            "tags": "",
            "seo_title": "",
            "search_description": "",
            "comments": inline_formset([]),
            **fields,
        }
    )  # fmt: skip


class TestTheEditor:
    def ask(self, client, page):
        return client.get(reverse("wagtailadmin_pages:edit", args=[page.pk]))

    def send(self, client, page, **fields):
        return client.post(reverse("wagtailadmin_pages:edit", args=[page.pk]), editor_form(slug=page.slug, **fields))

    def test_the_first_publication_is_asked_nothing(self, tree, editor, client):
        draft = tree.add_doc("Draft", live=False)
        assert 'name="change_line"' not in self.ask(client, draft).content.decode()
        response = self.send(client, draft, **{"action-publish": "1"})
        assert response.status_code == 302, response.context["form"].errors
        assert last_change(draft).is_first

    def test_a_material_change_needs_a_line_and_says_so_at_the_field(self, doc, editor, client):
        response = self.send(client, doc, change_is_material="on", change_line="", **{"action-publish": "1"})
        assert response.context["form"].errors == {"change_line": ["Tell readers in one line what has changed."]}
        assert Change.objects.filter(page=doc).count() == 1

    def test_it_is_published_with_its_line(self, doc, editor, client):
        fields = {"change_is_material": "on", "change_line": "Within one day", "action-publish": "1"}
        assert self.send(client, doc, **fields).status_code == 302
        assert (last_change(doc).line, last_change(doc).by) == ("Within one day", editor)

    def test_a_draft_may_still_lack_its_line(self, doc, editor, client):
        assert self.send(client, doc, change_is_material="on", change_line="").status_code == 302

    def test_the_answer_travels_with_the_draft(self, doc, editor, client):
        self.send(client, doc, change_is_material="on", change_line="Within one day")
        form = self.ask(client, doc).context["form"]
        assert (form["change_is_material"].value(), form["change_line"].value()) == (True, "Within one day")

    def test_it_is_asked_anew_when_the_next_edit_begins(self, doc, editor, client):
        self.send(client, doc, change_is_material="on", change_line="Within one day", **{"action-publish": "1"})
        form = self.ask(client, doc).context["form"]
        assert (form["change_is_material"].value(), form["change_line"].value()) == (False, "")

    def test_a_version_brought_back_from_the_history_does_not_bring_its_answer(self, doc, editor, client):
        first = doc.live_revision
        self.send(client, doc, change_is_material="on", change_line="Within one day", **{"action-publish": "1"})
        second = ProductDocPage.objects.get(pk=doc.pk).live_revision
        self.send(client, doc, **{"action-publish": "1", "intro": "Another."})
        for revision in (first, second):
            page = client.get(reverse("wagtailadmin_pages:revisions_revert", args=[doc.pk, revision.pk]))
            form = page.context["form"]
            assert (form["change_is_material"].value(), form["change_line"].value()) == (False, "")

    def test_the_same_line_twice_is_refused_since_readers_could_not_tell_them_apart(self, doc, editor, client):
        fields = {"change_is_material": "on", "change_line": "Within one day", "action-publish": "1"}
        self.send(client, doc, **fields)
        response = self.send(client, doc, intro="Another.", **fields)
        assert "said the same" in response.context["form"].errors["change_line"][0]

    def test_the_question_stands_on_the_first_tab_above_the_button(self, doc, editor, client):
        page = self.ask(client, doc).content.decode()
        assert 'name="change_line"' in page.split('id="tab-for_whom"')[0]


class TestTheReader:
    def open(self, client, doc):
        return client.get(reverse("training:changes", args=[doc.translation_key]))

    def test_reads_which_words_are_gone_and_which_are_new(self, doc, member, signed_in):
        doc = reword(doc, "Answer within one day.", material="Answers within one day")
        page = self.open(signed_in(member), doc).content.decode()
        assert "Answers within one day" in page
        assert "two days</span>" not in page
        assert '<del><span class="visually-hidden">taken out: </span>two days' in page
        assert '<ins><span class="visually-hidden">new: </span>one day' in page

    def test_the_page_itself_tells_what_changed_since_the_last_visit(self, doc, member, signed_in):
        Reading.objects.create(
            user=member.user, material_key=doc.translation_key, page=doc, times=1,
            first_read_at=timezone.now() - timedelta(days=3), last_read_at=timezone.now() - timedelta(days=1),
        )  # fmt: skip
        doc = reword(doc, "Answer within one day.", material="Answers within one day")
        page = signed_in(member).get(doc.url).content.decode()
        assert "Answers within one day" in page
        assert reverse("training:changes", args=[doc.translation_key]) in page

    def test_who_never_read_it_is_told_of_no_change(self, doc, member, signed_in):
        doc = reword(doc, "Answer within one day.", material="Answers within one day")
        assert "since your last visit" not in signed_in(member).get(doc.url).content.decode()

    def test_a_closed_material_does_not_tell_its_changes(self, tree, owners_only, member, signed_in):
        doc = tree.add_doc("For owners", audience=owners_only)
        assert self.open(signed_in(member), doc).status_code == 403

    def test_an_unpublished_material_has_none(self, doc, member, signed_in):
        doc.unpublish()
        assert self.open(signed_in(member), doc).status_code == 404

    @pytest.mark.parametrize(
        ("days", "words"), [(80, "Checked"), (10, "To be checked again"), (-3, "Overdue for a check since")]
    )
    def test_sees_how_fresh_it_is_in_words(self, doc, member, signed_in, days, words):
        verified_at = timezone.now() + timedelta(days=days - 90)
        plan = plan_review(verified_at, days=90)
        Upkeep.objects.filter(page=doc).update(verified_at=verified_at, ask_from=plan.ask_from, due_at=plan.due_at)
        assert words in signed_in(member).get(doc.url).content.decode()
