"""Importing materials: read and shown first, then all drafts or none."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import GroupCollectionPermission, GroupPagePermission, Page, PageLogEntry

from portal.accounts.models import User
from portal.content.models import Image, Product
from portal.core.errors import NotAllowed, Refusal
from portal.core.localised import LocalisedText
from portal.home.services.demo.files import FOLDER, LANGUAGES
from portal.home.services.roles import EDITORS, set_up_roles
from portal.partners.models import Audience
from tests.factories.content import PLAIN_SVG
from tests.factories.training import publish
from tests.training.word import PIXEL, document, pack, paragraph, picture
from training.carrying import folders
from training.carrying.folders import open_folder
from training.models import CaseStudyPage, Industry, MaterialImport, ObjectionCardPage, ProductDocPage, StandardPage
from training.services import importing, texts
from training.services.importing import (
    KEEP,
    describe_import,
    drop_import,
    find_places,
    forget_imports,
    import_materials,
    read_materials,
)
from training.services.texts import AGAIN, BESIDE, LEAVE, NEW, Choices
from training.tasks import forget_imports as forget_task
from training.viewsets import imports

pytestmark = pytest.mark.django_db

CALLS = """+++
title = "Calls"
intro = "All on calls."
tags = ["calls", "voice"]
products = ["crm"]
+++

## First things {#first .shareable}

A call is **recorded**. See [voice](doc:voice#line).

![A dot](images/dot.png "The dot")

## Second {#second}

- one
- two
"""
VOICE = "# Voice\n\n## The line {#line}\n\nSee [calls](calls.md).\n\n## More\n\nWords.\n"


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def editor(tree) -> User:
    set_up_roles()
    russian = tree.libraries["ru"]
    russian.translation_key = tree.libraries["en"].translation_key
    russian.save()
    editor = User.objects.create_user("writer@example.com", "a long password", first_name="Wren", last_name="Writer")
    editor.groups.add(Group.objects.get(name=EDITORS))
    Product.objects.create(slug="crm", name={"en": "CRM", "ru": "CRM"})
    return editor


@pytest.fixture
def read(tree, editor, now):
    """``read({"a.md": text}, ...)``: what waits for confirmation, read into the English library."""

    def read(files, *, parent=None, kind="doc", audience=None, by=editor, owner=None):
        uploads = [(name, data.encode() if isinstance(data, str) else data) for name, data in files.items()]
        return read_materials(
            uploads,
            parent=parent or tree.libraries["en"],
            choices=Choices(kind, owner or by, audience),
            by=by,
            now=now,
        )

    return read


@pytest.fixture
def make(read, editor, now):
    """``make({"a.md": text}, ...)``: read and confirmed at once; the drafts."""

    def make(files, fates=None, **options):
        return import_materials(read(files, **options), fates=fates or {}, by=editor, now=now)

    return make


def folder(**more) -> bytes:
    return pack({"texts/calls.md": CALLS, "texts/voice.md": VOICE, "texts/images/dot.png": PIXEL, **more})


def codes(draft) -> list[str]:
    return [code for code, _place, _words in draft.findings]


def stored_files(settings) -> list[str]:
    return [path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


# --- Step one ---------------------------------------------------------------------------------------------------------


def test_reading_writes_one_row_and_nothing_else(read, settings):
    before = Page.objects.count()
    waiting = read({"folder.zip": folder()})
    assert (Page.objects.count(), Image.objects.count(), MaterialImport.objects.count()) == (before, 0, 1)
    assert stored_files(settings) == []
    calls, voice = describe_import(waiting)
    assert (calls.title, calls.slug, calls.fate, calls.findings) == ("Calls", "calls", NEW, [
        ("link_to_section", 10, "doc:voice#line")
    ])  # fmt: skip
    assert (voice.title, voice.findings) == ("Voice", [])


def test_a_file_that_cannot_be_read_leaves_the_others(read):
    bad, good = describe_import(read({"bad.md": b"\x98\x99\x9a", "good.md": VOICE}))
    assert (bad.is_refused, bad.fates, codes(bad)) == (True, [LEAVE], ["not_text"])
    assert not good.is_refused


@pytest.mark.parametrize(
    ("uploads", "code", "name"),
    [
        ([("f.zip", b"no zip")], "broken_zip", "f.zip"),
        ([("f.zip", pack({"../x.md": "x"}))], "outside", "../x.md"),
        ([("big.md", b"x" * (50 * 1024 * 1024))], "too_much_upload", "big.md"),
        ([("big.md", b"x" * (21 * 1024 * 1024))], "too_much_file", "big.md"),
        ([("f.zip", pack({f"{one}.md": b" " * (19 * 1024 * 1024) for one in range(6)}))], "too_much_unpacked", "f.zip"),
        ([("x.pdf", b"x")], "no_texts", ".docx"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_as_a_whole_is_refused_by_its_name(tree, editor, now, uploads, code, name):
    with pytest.raises(Refusal) as refused:
        read_materials(uploads, parent=tree.libraries["en"], choices=Choices("doc", editor, None), by=editor, now=now)
    assert refused.value.code == code
    assert name in str(refused.value.message)
    assert str(refused.value.remedy)
    assert not MaterialImport.objects.exists()


def test_a_sign_that_no_database_keeps_refuses_its_file_alone(read):
    waiting = read({"a.md": '+++\ntitle = "a\\u0000b"\n+++\nwords\n', "b.md": VOICE})
    bad, good = describe_import(waiting)
    assert (bad.is_refused, codes(bad), good.is_refused) == (True, ["front_value"], False)


def test_two_files_of_one_address_are_both_refused_and_name_each_other(read):
    one, other = describe_import(read({"f.zip": pack({"a/calls.md": VOICE, "b/calls.md": VOICE})}))
    assert codes(one)[0] == codes(other)[0] == "slug_twice"
    assert "b/calls.md" in one.findings[0][2]


def test_an_audience_that_is_not_known_refuses_the_file_since_it_would_be_open_to_all(read, owners_only):
    (draft,) = describe_import(read({"a.md": f"---\naudience: Nobody\n---\n{VOICE}"}))
    assert codes(draft)[0] == "unknown_audience"
    (draft,) = describe_import(read({"a.md": f"---\naudience: owners\n---\n{VOICE}"}))
    assert (draft.findings, draft.audience_id) == ([("dead_link", 8, "calls.md")], owners_only.pk)


def test_what_a_file_does_not_say_of_itself_is_what_was_chosen(read, owners_only, staff):
    (draft,) = describe_import(read({"a.md": VOICE}, audience=owners_only, owner=staff))
    assert (draft.audience_id, draft.owner_id, draft.kind) == (owners_only.pk, staff.pk, "doc")


def test_names_that_are_not_known_are_left_out_and_named(read):
    text = '+++\nproducts = ["crm", "desk"]\nroles = ["juggler"]\nindustry = "circus"\n+++\n## A\n\nx\n'
    (draft,) = describe_import(read({"a.md": text}, kind="case"))
    assert codes(draft) == ["no_customer", "unknown_industry", "unknown_product", "unknown_role"]
    assert len(draft.product_ids) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dot.png", b"no picture"),
        ("dot.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("dot.jpg", PIXEL),
    ],
)
def test_a_picture_that_cannot_be_taken_is_left_out_and_named_with_its_line(read, name, content):
    text = f"## A\n\nx\n\n![A dot]({name})\n"
    (draft,) = describe_import(read({"a.md": text, name: content}))
    code, place, words = draft.findings[0]
    assert (code, place) == ("bad_picture", 5)
    assert words.startswith(f"{name}: ")
    assert [block["type"] for block in draft.fields["body"][0]["value"]["body"]] == ["text"]


def test_a_picture_that_is_not_there_is_named(read):
    (draft,) = describe_import(read({"a.md": "## A\n\nx ![d](far/dot.png)\n"}))
    assert ("missing_picture", 3, "far/dot.png") in draft.findings


def test_cards_stand_in_a_guide_and_nothing_else_does(tree, read):
    guide = tree.add_guide()
    (draft,) = describe_import(read({"a.md": "---\ntype: card\n---\n## Answer\n\nx\n"}))
    assert codes(draft) == ["wrong_place"]
    (draft,) = describe_import(read({"a.md": "---\ntype: standard\n---\n## A\n\nx\n"}, parent=guide, kind="card"))
    assert "wrong_place" in codes(draft)
    with pytest.raises(Refusal, match="do not stand there"):
        read({"a.md": VOICE}, parent=guide, kind="doc")


def test_who_may_not_add_pages_may_not_import(tree, read, now):
    stranger = User.objects.create_user("stranger@example.com", "a long password")
    with pytest.raises(NotAllowed):
        read({"a.md": VOICE}, by=stranger)
    assert find_places(stranger) == []
    assert not MaterialImport.objects.exists()


def test_an_editor_of_one_part_imports_there_only(tree, read):
    part = User.objects.create_user("part@example.com", "a long password")
    group = Group.objects.create(name="Russian editors")
    permissions = Permission.objects.filter(content_type__app_label="wagtailcore")
    GroupPagePermission.objects.create(
        group=group, page=tree.libraries["ru"], permission=permissions.get(codename="add_page")
    )
    part.groups.add(group)
    assert [place.pk for place in find_places(part)] == [tree.libraries["ru"].pk]
    with pytest.raises(NotAllowed):
        read({"a.md": VOICE}, by=part)
    # Pages are theirs to add, pictures are not.
    files = {"a.md": "## A\n\nx\n\n![d](dot.png)\n", "dot.png": PIXEL}
    (draft,) = describe_import(read(files, by=part, parent=tree.libraries["ru"]))
    assert codes(draft) == ["no_right_to_pictures"]


# --- Step two ---------------------------------------------------------------------------------------------------------


def test_what_was_read_becomes_drafts_that_link_to_each_other(make, tree, editor, settings, staff):
    calls, voice = make({"folder.zip": folder()}, owner=staff)
    for page in (calls, voice):
        page.refresh_from_db()
        assert (page.live, page.has_unpublished_changes, page.owner) == (False, True, staff)
        assert page.latest_revision.user == editor
        assert page.get_parent().pk == tree.libraries["en"].pk
    calls = ProductDocPage.objects.get(slug="calls")
    assert (calls.title, calls.intro, set(calls.tags.names())) == ("Calls", "All on calls.", {"calls", "voice"})
    assert [product.slug for product in calls.products.all()] == ["crm"]
    section = calls.body.raw_data[0]["value"]
    assert (section["anchor"], section["shareable"]) == ("first", True)
    assert section["body"][0]["value"] == (
        f'<p>A call is <b>recorded</b>. See <a id="{voice.pk}" linktype="page">voice</a>.</p>'
    )
    assert f'<a id="{calls.pk}" linktype="page">calls</a>' in str(voice.body.raw_data[0])
    image = Image.objects.get()
    assert (section["body"][1]["value"]["image"], image.title, image.uploaded_by_user) == (image.pk, "A dot", editor)
    assert image.file_hash
    assert len(stored_files(settings)) == 1
    revision = calls.latest_revision.as_object()
    assert revision.body.raw_data[0]["id"] == calls.body.raw_data[0]["id"]
    assert set(revision.tags.names()) == {"calls", "voice"}


def test_each_draft_is_logged_as_the_editor_s(make, editor):
    (page,) = make({"a.md": VOICE})
    entries = PageLogEntry.objects.filter(page=page.pk).values_list("action", "user")
    assert set(entries) == {("wagtail.create", editor.pk), ("wagtail.edit", editor.pk)}


def test_the_ids_of_the_preview_are_those_of_the_draft(read, editor, now):
    waiting = read({"a.md": VOICE})
    shown = [section["id"] for section in describe_import(waiting)[0].fields["body"]]
    (page,) = import_materials(waiting, fates={}, by=editor, now=now)
    assert [section.block_id for section in page.sections] == shown


def test_a_draft_can_be_published_as_it_is(make, member, signed_in):
    files = {"calls.md": CALLS.replace("images/dot.png", "dot.svg"), "voice.md": VOICE, "dot.svg": PLAIN_SVG}
    calls, voice = make(files)
    publish(voice)
    publish(calls)
    answer = signed_in(member).get(calls.url)
    assert answer.status_code == 200
    assert "A call is <b>recorded</b>" in answer.content.decode()


def test_the_demo_s_own_folder_is_imported_in_both_languages_without_loss(tree, editor, now, rows, owners_only):
    for slug in ("ringwell-crm", "ringwell-voice", "ringwell-desk"):
        Product.objects.create(slug=slug, name={"en": slug})
    audiences = set()
    for path in FOLDER.glob("*/*/**/*.md"):
        audiences |= set(re.findall(r'^audience = "(.*)"', path.read_text(), flags=re.M))
    for name in audiences:
        Audience.objects.create(name=name)
    for slug in ("food", "manufacturing", "health", "transport", "logistics", "healthcare", "services", "retail"):
        Industry.objects.get_or_create(slug=slug, defaults={"name": LocalisedText(en=slug)})
    names = {path.name: path.read_bytes() for path in (FOLDER / "images").glob("*.svg")}
    for language in LANGUAGES:
        files = {f"materials/{path.name}": path.read_bytes() for path in (FOLDER / "materials" / language).glob("*.md")}
        images = {f"materials/images/{name}": data for name, data in names.items()}
        waiting = read_materials(
            [("folder.zip", pack({**files, **images}))],
            parent=tree.libraries[language],
            choices=Choices("doc", editor, None),
            by=editor,
            now=now,
        )
        drafts = describe_import(waiting)
        # Links to cases and prices wait for those; nothing else is to be said.
        assert {code for draft in drafts for code in codes(draft)} <= {"link_to_section", "dead_link"}
        pages = import_materials(waiting, fates={}, by=editor, now=now)
        assert len(pages) == len(files)
    english, russian = (
        ProductDocPage.objects.get(slug="crm-overview", locale=tree.locales[code]) for code in LANGUAGES
    )
    assert english.translation_key == russian.translation_key
    assert [one.block_id for one in english.sections] == [one.block_id for one in russian.sections]
    assert Image.objects.count() == len(set(Image.objects.values_list("file_hash", flat=True)))


def test_every_type_is_made_with_its_own_fields(tree, make):
    guide = tree.add_guide()
    proof = tree.add_doc("Prices", slug="prices")
    Industry.objects.create(slug="food", name=LocalisedText(en="Food"))
    standard, case = make(
        {
            "a.md": '+++\ntype = "standard"\napplies_to = "All"\n[[rules]]\nanchor = "r"\nstatement = "Call."\n+++\n'
            "## B\n\nx\n",
            "b.md": '+++\ntype = "case"\ncustomer = "N"\npartner = "P"\nindustry = "Food"\nemployees = 9\nearned = 100\n'
            'currency = "EUR"\n+++\n## B\n\nx\n',
        }
    )
    standard, case = StandardPage.objects.get(pk=standard.pk), CaseStudyPage.objects.get(pk=case.pk)
    assert (standard.applies_to, standard.rules[0].value["statement"]) == ("All", "Call.")
    assert (case.customer, case.partner_name, str(case.industry), case.earned_minor, case.currency) == (
        "N", "P", "Food", 100, "EUR",
    )  # fmt: skip
    (card,) = make(
        {"c.md": '+++\nobjection = "Dear"\nbehind = "Fear"\nproof_link = "doc:prices#first"\nshare_answer = true\n+++\n'
                 "## answer\n\nCount.\n\n## proof\n\nSums.\n"},
        parent=guide, kind="card",
    )  # fmt: skip
    card = ObjectionCardPage.objects.get(pk=card.pk)
    assert (card.title, card.behind, card.proof_page_id, card.proof_anchor) == ("Dear", "Fear", proof.pk, "first")
    assert (card.share_answer, card.answer[0].value.source) == (True, "<p>Count.</p>")


def test_a_word_document_becomes_a_draft_with_its_pictures(make):
    (page,) = make({"all on calls.docx": document(
        paragraph("All on calls", style="Title"), paragraph("First", style="heading 1"), paragraph("Words."),
        paragraph(inner=picture(alt="A dot")),
    )})  # fmt: skip
    page = ProductDocPage.objects.get(pk=page.pk)
    assert (page.title, page.slug) == ("All on calls", "all-on-calls")
    assert page.body[0].value["body"][1].value["image"] == Image.objects.get()


def test_a_picture_that_the_site_has_is_not_made_again(make):
    make({"folder.zip": folder()})
    (page,) = make({"b.md": "## A\n\nx\n\n![d](dot.png)\n", "dot.png": PIXEL})
    assert page.body[0].value["body"][1].value["image"] == Image.objects.get()


def test_a_file_that_was_left_out_is_not_made_and_links_to_it_are_words(read, editor, now):
    waiting = read({"folder.zip": folder()})
    (page,) = import_materials(waiting, fates={1: LEAVE}, by=editor, now=now)
    assert page.slug == "calls"
    assert "See voice." in page.body.raw_data[0]["value"]["body"][0]["value"]


def test_if_one_draft_fails_nothing_remains_not_even_a_file(read, editor, now, monkeypatch, settings):
    waiting = read({"folder.zip": folder()})
    count = Page.objects.count()
    save = ProductDocPage.save_revision

    def fail_on_the_second(page, *args, **kwargs):
        if page.slug == "voice":
            raise OSError("the disk is full")
        return save(page, *args, **kwargs)

    monkeypatch.setattr(ProductDocPage, "save_revision", fail_on_the_second)
    with pytest.raises(OSError, match="disk is full"):
        import_materials(waiting, fates={}, by=editor, now=now)
    assert (Page.objects.count(), Image.objects.count()) == (count, 0)
    assert stored_files(settings) == []
    waiting.refresh_from_db()
    assert waiting.imported_at is None
    monkeypatch.undo()
    assert len(import_materials(waiting, fates={}, by=editor, now=now)) == 2


def test_an_import_confirmed_twice_is_carried_out_once(read, editor, now):
    waiting = read({"a.md": VOICE})
    import_materials(waiting, fates={}, by=editor, now=now)
    with pytest.raises(Refusal, match="already"):
        import_materials(waiting, fates={}, by=editor, now=now)
    assert ProductDocPage.objects.filter(slug="a").count() == 1


def test_a_right_lost_between_the_steps_is_lost(read, editor, now):
    waiting = read({"a.md": VOICE})
    editor.groups.clear()
    with pytest.raises(NotAllowed):
        import_materials(waiting, fates={}, by=User.objects.get(pk=editor.pk), now=now)
    assert not ProductDocPage.objects.filter(slug="a").exists()


def test_a_right_to_pictures_lost_between_the_steps_is_lost(read, editor, now, settings):
    waiting = read({"folder.zip": folder()})
    GroupCollectionPermission.objects.filter(group__name=EDITORS).delete()
    with pytest.raises(NotAllowed):
        import_materials(waiting, fates={}, by=User.objects.get(pk=editor.pk), now=now)
    assert stored_files(settings) == []


def test_an_address_taken_between_the_steps_refuses_the_whole(tree, read, editor, now):
    waiting = read({"a.md": VOICE, "b.md": VOICE})
    tree.add_doc("Another", slug="b")
    with pytest.raises(Refusal) as refused:
        import_materials(waiting, fates={}, by=editor, now=now)
    assert refused.value.code == "changed_meanwhile"
    assert not ProductDocPage.objects.filter(slug="a").exists()


@pytest.mark.parametrize("fates", [{0: AGAIN}, {0: BESIDE}, {0: "publish"}])
def test_only_what_was_offered_can_be_chosen(read, editor, now, fates):
    with pytest.raises(Refusal):
        import_materials(read({"a.md": VOICE}), fates=fates, by=editor, now=now)


def test_leaving_everything_out_imports_nothing(read, editor, now):
    with pytest.raises(Refusal, match="Nothing is left"):
        import_materials(read({"a.md": VOICE}), fates={0: LEAVE}, by=editor, now=now)


# --- Again ------------------------------------------------------------------------------------------------------------


class TestComingAgain:
    def test_the_same_file_again_changes_nothing_and_is_left_out(self, make, read):
        make({"folder.zip": folder()})
        for draft in describe_import(read({"folder.zip": folder()})):
            assert (draft.differences, draft.fate, draft.is_unchanged) == ([], LEAVE, True)

    def test_a_changed_file_becomes_a_draft_of_the_live_page_that_keeps_its_citations(self, make, read, editor, now):
        (page,) = make({"calls.md": CALLS, "dot.png": PIXEL})
        publish(page)
        ids = {section.anchor: section.block_id for section in page.sections}
        changed = CALLS.replace("- two", "- three").replace("## Second {#second}", "## The second thing {#second}")
        waiting = read({"calls.md": changed, "dot.png": PIXEL})
        (draft,) = describe_import(waiting)
        assert (draft.fate, draft.differences) == (AGAIN, [("changed", "The second thing")])
        (again,) = import_materials(waiting, fates={}, by=editor, now=now)
        assert again.pk == page.pk
        live = ProductDocPage.objects.get(pk=page.pk)
        assert (live.live, live.has_unpublished_changes) == (True, True)
        assert live.body[1].value["heading"] == "Second"
        revision = live.get_latest_revision_as_object()
        assert {section.anchor: section.block_id for section in revision.sections} == ids
        assert revision.body[1].value["heading"] == "The second thing"
        assert revision.latest_revision.user == editor

    def test_what_the_file_does_not_name_stays_on_the_page(self, make, read, editor, now, owners_only, staff):
        make({"calls.md": CALLS, "dot.png": PIXEL}, audience=owners_only, owner=staff)
        waiting = read({"calls.md": "# Calls\n\n## First things {#first}\n\nNew.\n\n## B\n\nx\n"})
        (again,) = import_materials(waiting, fates={}, by=editor, now=now)
        assert (again.audience, again.owner, again.intro) == (owners_only, staff, "All on calls.")
        assert set(again.tags.names()) == {"calls", "voice"}

    def test_a_corrected_text_alone_keeps_the_pictures_of_its_page(self, make, read):
        make({"calls.md": CALLS, "dot.png": PIXEL})
        (draft,) = describe_import(read({"calls.md": CALLS.replace("- two", "- three")}))
        assert "missing_picture" not in codes(draft)
        assert draft.differences == [("changed", "Second")]
        (other,) = describe_import(read({"other.md": CALLS}))
        assert "missing_picture" in codes(other)

    def test_what_an_editor_wrote_in_the_editor_is_no_difference(self, make, read):
        (page,) = make({"voice.md": VOICE})
        raw = [dict(block) for block in page.body.raw_data]
        first = raw[0]["value"]["body"][0]
        first["value"] = first["value"].replace("<p>", '<p data-block-key="k3x9z">')
        page.body = raw
        page.save_revision()
        (draft,) = describe_import(read({"voice.md": VOICE}))
        assert draft.is_unchanged

    def test_a_page_beside_it_has_another_address_and_ids_of_its_own(self, make, read, editor, now):
        (page,) = make({"voice.md": VOICE})
        waiting = read({"voice.md": VOICE.replace("Words.", "Other words.")})
        (beside,) = import_materials(waiting, fates={0: BESIDE}, by=editor, now=now)
        assert (beside.slug, beside.live) == ("voice-2", False)
        assert not {one.block_id for one in beside.sections} & {one.block_id for one in page.sections}

    def test_a_page_of_another_type_keeps_its_address(self, tree, read):
        tree.add_guide("Objections", slug="calls")
        (draft,) = describe_import(read({"calls.md": VOICE}))
        assert codes(draft)[-1] == "slug_taken"
        assert draft.is_refused

    def test_a_page_that_another_has_locked_is_not_written(self, tree, read, staff):
        page = tree.add_doc("Calls", slug="calls")
        page.locked, page.locked_by, page.locked_at = True, staff, timezone.now()
        page.save()
        (draft,) = describe_import(read({"calls.md": VOICE}))
        assert "locked" in codes(draft)

    def test_an_edit_between_the_steps_refuses_the_whole(self, make, read, editor, now):
        (page,) = make({"voice.md": VOICE})
        waiting = read({"voice.md": VOICE.replace("Words.", "Other words."), "new.md": VOICE})
        page.save_revision()
        with pytest.raises(Refusal) as refused:
            import_materials(waiting, fates={}, by=editor, now=now)
        assert refused.value.code == "changed_meanwhile"
        assert not ProductDocPage.objects.filter(slug="new").exists()

    def test_a_text_that_was_imported_in_another_language_is_its_translation(self, tree, make):
        (english,) = make({"voice.md": VOICE})
        (russian,) = make(
            {"voice.md": "# Голос\n\n## Линия {#line}\n\nСлова.\n\n## Ещё\n\nСлова.\n"}, parent=tree.libraries["ru"]
        )
        assert (russian.translation_key, russian.locale) == (english.translation_key, tree.locales["ru"])
        assert russian.sections[0].block_id == english.sections[0].block_id
        assert russian.sections[1].block_id != english.sections[1].block_id


# --- Forgetting -------------------------------------------------------------------------------------------------------


def test_what_nobody_confirmed_in_a_day_is_forgotten(read, now):
    waiting = read({"a.md": VOICE})
    assert forget_imports(now=now + KEEP - timedelta(minutes=1)) == 0
    assert forget_imports(now=now + KEEP + timedelta(minutes=1)) == 1
    assert not MaterialImport.objects.filter(pk=waiting.pk).exists()


def test_the_sweeper_forgets_and_may_run_twice(read, now):
    waiting = read({"a.md": VOICE})
    MaterialImport.objects.filter(pk=waiting.pk).update(uploaded_at=now - KEEP - timedelta(hours=1))
    forget_task()
    forget_task()
    assert not MaterialImport.objects.exists()


def test_a_dropped_import_is_gone_at_once(read):
    drop_import(read({"a.md": VOICE}))
    assert not MaterialImport.objects.exists()


# --- The screens ------------------------------------------------------------------------------------------------------


def upload(name: str, content: str | bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


@pytest.fixture
def screen(client, editor, tree):
    """``screen({"a.md": text})``: the answer to the first step, posted."""
    client.force_login(editor)

    def post(files, **chosen):
        data = {
            "uploads": [upload(name, content) for name, content in files.items()],
            "parent": tree.libraries["en"].pk, "kind": "doc", "owner": editor.pk, "audience": "",
        }  # fmt: skip
        return client.post(reverse("material_imports:index"), {**data, **chosen})

    return post


class TestScreens:
    def test_the_way_from_files_to_drafts(self, screen, client, tree):
        answer = screen({"folder.zip": folder(), "notes.txt": b"x"})
        waiting = MaterialImport.objects.get()
        address = reverse("material_imports:preview", args=[waiting.public_id])
        assert answer.url == address
        page = client.get(address).content.decode()
        for words in ("Calls", "First things", "A call is <b>recorded</b>", "may be sent to a customer", "notes.txt",
                      "line 10", "doc:voice#line", "2 drafts will be made"):  # fmt: skip
            assert words in page
        digest = re.search(r'src="([^"]*/pictures/[0-9a-f]{40}/)"', page)[1]
        shown = client.get(digest)
        assert (shown.content, shown["Content-Type"]) == (PIXEL, "image/png")
        assert "sandbox" in shown["Content-Security-Policy"]
        answer = client.post(address, {"confirm": "1", "fate-0": "new", "fate-1": "leave"})
        assert answer.url == address
        done = client.get(address).content.decode()
        made = ProductDocPage.objects.get(slug="calls")
        assert reverse("wagtailadmin_pages:edit", args=[made.pk]) in done
        assert not ProductDocPage.objects.filter(slug="voice").exists()
        assert bytes(MaterialImport.objects.get().pictures) == b""

    def test_a_drawing_is_shown_without_the_right_to_run(self, screen, client):
        screen({"a.md": "## A\n\nx\n\n![d](d.svg)\n", "d.svg": PLAIN_SVG})
        waiting = MaterialImport.objects.get()
        page = client.get(reverse("material_imports:preview", args=[waiting.public_id])).content.decode()
        shown = client.get(re.search(r'src="([^"]*/pictures/[^"]*)"', page)[1])
        assert shown["Content-Type"] == "image/svg+xml"
        assert "sandbox" in shown["Content-Security-Policy"]

    def test_a_refused_upload_keeps_what_was_chosen(self, screen, editor, owners_only):
        answer = screen({"f.zip": b"no zip"}, kind="standard", audience=owners_only.pk)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "f.zip" in page
        assert '<option value="standard" selected>' in page
        assert f'<option value="{owners_only.pk}" selected>' in page

    def test_no_more_is_read_than_is_looked_at(self, screen, monkeypatch):
        sizes: list[int] = []

        def watch(uploads):
            return open_folder((name, data) for name, data in uploads if sizes.append(len(data)) is None)

        monkeypatch.setattr(imports, "MAX_UPLOAD", 10)
        monkeypatch.setattr(folders, "MAX_UPLOAD", 10)
        monkeypatch.setattr(texts, "open_folder", watch)
        assert "All files together are larger" in screen({"a.md": "x" * 99, "b.md": "y" * 99}).content.decode()
        assert sizes == [11]

    def test_without_a_file_the_form_says_so(self, screen):
        assert "This field is required" in screen({}).content.decode()

    def test_an_error_is_named_with_its_place_and_the_rest_can_be_imported(self, screen, client):
        screen({"bad.md": '+++\ntitle = "x\n+++\n', "good.md": VOICE})
        address = reverse("material_imports:preview", args=[MaterialImport.objects.get().public_id])
        page = client.get(address).content.decode()
        assert "line 2" in page
        assert "Make the drafts, without the 1 file" in page
        client.post(address, {"confirm": "1"})
        assert ProductDocPage.objects.filter(slug="good").exists()

    def test_a_refusal_at_the_confirmation_shows_the_preview_with_what_was_chosen(self, screen, client, tree):
        screen({"a.md": VOICE, "b.md": VOICE})
        address = reverse("material_imports:preview", args=[MaterialImport.objects.get().public_id])
        tree.add_doc("Another", slug="a")
        answer = client.post(address, {"confirm": "1", "fate-0": "new", "fate-1": "leave"})
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "Nothing was imported" in page
        assert re.search(r'id="fate-1".*?<option value="leave" selected>', page, flags=re.S)

    def test_numbers_that_no_file_has_are_passed_over(self, screen, client):
        screen({"a.md": VOICE})
        address = reverse("material_imports:preview", args=[MaterialImport.objects.get().public_id])
        posted = urlencode({"confirm": "1", f"fate-{'9' * 5000}": "new", "fate-٣": "new"})
        answer = client.post(address, posted, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 302
        assert ProductDocPage.objects.filter(slug="a").exists()

    def test_dropping_goes_back_to_the_beginning(self, screen, client):
        screen({"a.md": VOICE})
        answer = client.post(
            reverse("material_imports:preview", args=[MaterialImport.objects.get().public_id]), {"drop": "1"}
        )
        assert answer.url == reverse("material_imports:index")
        assert not MaterialImport.objects.exists()

    def test_another_s_import_does_not_exist(self, screen, client):
        screen({"folder.zip": folder()})
        waiting = MaterialImport.objects.get()
        other = User.objects.create_user("other@example.com", "a long password")
        other.groups.add(Group.objects.get(name=EDITORS))
        client.force_login(other)
        address = reverse("material_imports:preview", args=[waiting.public_id])
        assert client.get(address).url == reverse("material_imports:index")
        assert client.post(address, {"confirm": "1"}).url == reverse("material_imports:index")
        digest = next(iter(importing._unpack(bytes(waiting.pictures))))
        picture = reverse("material_imports:picture", args=[waiting.public_id, digest])
        assert client.get(picture, follow=True).status_code == 404
        assert not ProductDocPage.objects.filter(slug="calls").exists()

    def test_the_screens_are_for_those_who_may_add_pages(self, client, tree, staff, member):
        index = reverse("material_imports:index")
        for person in (staff, member.user):
            client.force_login(person)
            assert client.get(index).status_code == 302
            assert client.post(index, {"kind": "doc"}).status_code == 302
        assert not MaterialImport.objects.exists()

    def test_the_library_leads_to_importing_into_it(self, client, editor, tree, staff):
        client.force_login(editor)
        page = client.get(reverse("wagtailadmin_explore", args=[tree.libraries["en"].pk])).content.decode()
        address = f"{reverse('material_imports:index')}?parent={tree.libraries['en'].pk}"
        assert address in page
        form = client.get(address).content.decode()
        assert f'<option value="{tree.libraries["en"].pk}" selected>' in form

    def test_the_queries_of_a_preview_do_not_grow_with_the_files(self, screen, client):
        counts = []
        for number in (2, 12):
            MaterialImport.objects.all().delete()
            screen({f"{one}.md": CALLS for one in range(number)})
            address = reverse("material_imports:preview", args=[MaterialImport.objects.get().public_id])
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            counts.append(len(queries))
        assert counts[0] == counts[1]
