"""Writing materials: previews as a seller, the way to each form, and what choosers and menus say."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from wagtail.blocks.base import BlockField
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from portal.accounts.models import User
from portal.core.localised import LocalisedText
from portal.home.services.roles import EDITORS, set_up_roles
from portal.partners.models import Audience, PartnerKind, Tier
from tests.factories.training import price, section
from training.access import imagine_seller
from training.models import (
    CallScriptPage,
    CaseStudyPage,
    LibraryPage,
    MaterialPage,
    ObjectionCardPage,
    ObjectionGuidePage,
    PriceListDiscount,
    PriceListPage,
    ProductDocPage,
    StandardPage,
    VideoPage,
)
from training.viewsets.authoring import WritePanel

pytestmark = pytest.mark.django_db

MATERIALS = [
    ProductDocPage, CallScriptPage, ObjectionGuidePage, ObjectionCardPage, StandardPage, PriceListPage, CaseStudyPage,
    VideoPage,
]  # fmt: skip


@pytest.fixture
def editor(tree, client) -> User:
    set_up_roles()
    editor = User.objects.create_user("writer@example.com", "a long password", first_name="Wren", last_name="Writer")
    editor.groups.add(Group.objects.get(name=EDITORS))
    client.force_login(editor)
    return editor


def preview(client, page, mode: str = ""):
    address = reverse("wagtailadmin_pages:view_draft", args=[page.pk])
    return client.get(address, {"mode": mode} if mode else {})


class TestPreviews:
    def test_there_is_one_for_each_tier_and_the_second_from_below_is_the_first_shown(self, tree, rows):
        Tier.objects.create(slug="registered", name=LocalisedText(en="Registered"), rank=1)
        page = tree.add_doc()
        assert [mode for mode, _label in page.preview_modes] == ["tier-registered", "tier-silver", "tier-gold"]
        assert page.default_preview_mode == "tier-silver"
        assert "Silver" in dict(page.preview_modes)["tier-silver"]

    def test_it_opens_on_a_phone(self, tree):
        assert tree.add_doc().default_preview_size == "mobile"

    def test_it_is_the_reader_s_own_page_with_the_draft_s_words(self, tree, rows, client, editor):
        page = tree.add_doc("Calls")
        page.body = [section("first", "First things", "Not yet published.")]
        page.save_revision()
        answer = preview(client, page)
        written = answer.content.decode()
        assert answer.status_code == 200
        assert "Not yet published." in written
        assert "Preview: a seller of a partner at the tier “Gold”" in written
        assert "Not yet published." not in client.get(page.url).content.decode()

    def test_a_page_closed_to_the_tier_says_so_at_its_head_and_is_shown(self, tree, rows, client, editor):
        audience = Audience.objects.create(name="Gold")
        audience.tiers.add(rows.gold)
        page = tree.add_doc("Calls", audience=audience)
        closed, opened = (preview(client, page, f"tier-{slug}").content.decode() for slug in ("silver", "gold"))
        assert "Closed to them." in closed
        assert "partners of these tiers: Gold" in closed
        assert "How a call is recorded." in closed
        assert "Closed to them." not in opened

    def test_a_card_obeys_its_guide_in_the_preview_too(self, tree, rows, owners_only, editor):
        card = tree.add_card(tree.add_guide(audience=owners_only))
        assert "job roles" in imagine_seller(card, rows.gold, now=timezone.now()).closed

    def test_what_nobody_knows_of_an_imagined_partner_is_told_as_a_condition(self, tree, rows, editor):
        audience = Audience.objects.create(name="Narrow", entitlement="crm-certified")
        audience.kinds.add(PartnerKind.objects.get(slug="reseller"))
        seller = imagine_seller(tree.add_doc(audience=audience), rows.silver, now=timezone.now())
        assert seller.closed == ""
        assert [line.rstrip(".") for line in seller.conditions] == [
            "Only for partners of this kind: Reseller", "Only for those who hold this now: crm-certified",
        ]  # fmt: skip

    def test_a_reader_of_another_language_is_named(self, tree, rows, editor):
        audience = Audience.objects.create(name="Russian", language="ru")
        page = tree.add_doc(audience=audience)
        assert "another language" in imagine_seller(page, rows.silver, now=timezone.now()).closed

    def test_the_preview_speaks_the_page_s_language(self, tree, rows, client, editor):
        page = tree.add_doc("Звонки", language="ru", slug="calls")
        assert 'lang="ru"' in preview(client, page).content.decode()

    def test_a_price_list_shows_the_discount_of_the_tier(self, tree, rows, client, editor):
        page = tree.add_prices(rows=[price("CRM", "24.00")])
        page.discounts = [
            PriceListDiscount(tier=rows.silver, percent=15), PriceListDiscount(tier=rows.gold, percent=20),
        ]  # fmt: skip
        page.save_revision()
        silver, gold = (preview(client, page, f"tier-{slug}").content.decode() for slug in ("silver", "gold"))
        # Ten of 24.00, less 15 and 20 per cent.
        assert "204.00" in silver
        assert "192.00" not in silver
        assert "192.00" in gold

    def test_it_is_not_taken_for_a_visit_and_no_reader_s_page_is_kept_from_it(self, tree, rows, client, editor):
        page = tree.add_doc("Calls")
        assert reverse("training:seen", args=[page.translation_key]) not in preview(client, page).content.decode()

    def test_without_tiers_there_is_one_preview(self, tree, client, editor):
        page = tree.add_doc("Calls")
        assert [mode for mode, _label in page.preview_modes] == ["tier-"]
        assert "Preview: a seller of a partner" in preview(client, page).content.decode()

    def test_every_type_can_be_previewed_before_it_is_first_saved(self, tree, rows, client, editor):
        guide = tree.add_guide()
        for model in MATERIALS:
            parent = guide if model is ObjectionCardPage else tree.libraries["en"]
            address = reverse("wagtailadmin_pages:preview_on_add", args=["training", model._meta.model_name, parent.pk])
            form = client.get(reverse("wagtailadmin_pages:add", args=["training", model._meta.model_name, parent.pk]))
            assert form.status_code == 200, model
            data = empty_form(model)
            answer = client.post(address, data)
            assert answer.json()["is_valid"], model
            shown = client.get(address, {"mode": "tier-silver"})
            assert shown.status_code == 200, model
            assert "Preview: a seller of a partner at the tier “Silver”" in shown.content.decode(), model


def empty_form(model) -> dict:
    """The form of a type with nothing in it but what it cannot do without."""
    form = model.get_edit_handler().get_form_class()
    blocks = {name: streamfield([]) for name, field in form.base_fields.items() if isinstance(field, BlockField)}
    rows = {name: inline_formset([]) for name in form.formsets}
    plain = {name: field.initial for name, field in form.base_fields.items() if field.initial not in (None, "")}
    return nested_form_data({**plain, "title": "A title", "slug": "a-title", **blocks, **rows})


def test_every_type_says_what_it_is_for_where_pages_are_added(tree, client, editor):
    for model in MATERIALS:
        assert model.get_page_description(), model
    page = client.get(reverse("wagtailadmin_pages:add_subpage", args=[tree.libraries["en"].pk])).content.decode()
    for model in LibraryPage.allowed_subpage_models():
        assert str(model.get_page_description()) in page.replace("&#x27;", "'").replace("&quot;", '"')


class TestTheFirstPage:
    def test_each_type_is_one_click_away_and_a_card_goes_straight_to_its_guide(self, tree, client, editor):
        guide, library = tree.add_guide(), tree.libraries["en"]
        page = client.get(reverse("wagtailadmin_home")).content.decode()
        for model in MATERIALS:
            parent = guide if model is ObjectionCardPage else library
            address = reverse("wagtailadmin_pages:add", args=["training", model._meta.model_name, parent.pk])
            assert f'href="{address}"' in page, model
        assert f"{reverse('material_imports:index')}?parent={library.pk}" in page

    def test_the_library_of_one_s_own_language_comes_first(self, tree, editor, rf):
        request = rf.get("/")
        request.user = editor
        with translation.override("ru"):
            shelves = WritePanel(request).get_context_data(None)["shelves"]
        assert [(shelf.title, shelf.is_first) for shelf in shelves] == [("Библиотека", True), ("Library", False)]

    def test_several_guides_are_told_apart(self, tree, client, editor):
        tree.add_guide("Price", slug="price")
        tree.add_guide("Trust", slug="trust")
        page = client.get(reverse("wagtailadmin_home")).content.decode()
        assert "Objection card in “Price”" in page
        assert "Objection card in “Trust”" in page

    def test_one_s_own_drafts_are_there_and_nobody_else_s(self, tree, client, editor, staff):
        mine, theirs, published = (tree.add_doc(title, slug=title) for title in ("mine", "theirs", "published"))
        mine.save_revision(user=editor)
        theirs.save_revision(user=staff)
        published.save_revision(user=editor).publish()
        page = client.get(reverse("wagtailadmin_home")).content.decode()
        drafts = page[page.index("Your drafts") :].partition("</table>")[0]
        assert reverse("wagtailadmin_pages:edit", args=[mine.pk]) in drafts
        assert reverse("wagtailadmin_pages:edit", args=[theirs.pk]) not in drafts
        assert reverse("wagtailadmin_pages:edit", args=[published.pk]) not in drafts

    def test_who_may_not_write_is_not_invited_to(self, tree, client, staff):
        client.force_login(staff)
        assert 'id="write' not in client.get(reverse("wagtailadmin_home")).content.decode()

    def test_many_drafts_and_guides_cost_no_more_queries_than_few(self, tree, client, editor):
        counts = []
        for number in range(2):
            for one in range(3):
                guide = tree.add_guide(f"Guide {number}{one}", slug=f"guide-{number}{one}")
                guide.save_revision(user=editor)
            client.get(reverse("wagtailadmin_home"))
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("wagtailadmin_home"))
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestTheForms:
    def test_the_proof_of_a_card_is_chosen_among_materials_only(self):
        form = ObjectionCardPage.get_edit_handler().get_form_class()
        assert form.base_fields["proof_page"].widget.target_models == [MaterialPage]

    def test_a_picture_is_uploaded_where_it_is_chosen(self, tree, client, editor):
        chooser = client.get(reverse("wagtailimages_chooser:choose")).json()["html"]
        assert "tab-upload" in chooser
        assert 'type="file"' in chooser

    def test_the_listing_of_the_library_shows_type_and_state(self, tree, client, editor):
        tree.add_doc("Calls")
        tree.add_guide("Objections").unpublish()
        page = client.get(reverse("wagtailadmin_explore", args=[tree.libraries["en"].pk])).content.decode()
        for words in ("Product doc", "Objection guide", "live", "draft"):
            assert words in page

    def test_a_card_is_written_and_published_by_an_editor_in_one_form(self, tree, client, editor):
        guide = tree.add_guide()
        data = empty_form(ObjectionCardPage) | nested_form_data(
            {
                "answer": streamfield([("text", rich_text("<p>Let us count.</p>"))]),
                "owner": editor.pk,
                "action-publish": "1",
            }
        )
        client.post(reverse("wagtailadmin_pages:add", args=["training", "objectioncardpage", guide.pk]), data)
        card = ObjectionCardPage.objects.get(slug="a-title")
        assert (card.live, card.owner) == (True, editor)
