"""A material that is not translated stands in the reader's shell in another language; staff see what has fallen behind."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from wagtail_localize.models import TranslationSource

from portal.accounts.models import User
from portal.home.services.roles import set_up_roles
from tests.factories.training import publish
from training.models import Change, CoursePage, MaterialPage, ObjectionCardPage
from training.services.languages import describe_rows, list_sources, narrow_sources
from training.staleness import Edition, State, judge_translation

pytestmark = pytest.mark.django_db


def age(page: MaterialPage, days: int) -> None:
    """Put the last publishing of a page so many days back."""
    type(page).objects.filter(pk=page.pk).update(last_published_at=timezone.now() - timedelta(days=days))


class TestStandingIn:
    def test_a_material_without_a_translation_stands_in_the_reader_s_shell_and_says_so(self, tree, member, signed_in):
        tree.add_doc("Calls", slug="calls")
        response = signed_in(member).get("/ru/library/calls/")
        page = response.content.decode()
        assert response.status_code == 200
        assert '<html lang="ru"' in page
        assert '<div class="page-content" lang="en">' in page
        assert "How a call is recorded." in page
        assert "не переведен" in page or "It is not translated into your language yet." in page

    def test_the_pages_above_it_are_translated_as_far_as_they_can_be(self, tree, member, signed_in):
        guide = tree.add_guide("Objections", slug="objections")
        tree.add(tree.libraries["ru"], type(guide)(title="Возражения", slug="objections"), translation_of=guide)
        tree.add_card(guide, "Too expensive", slug="dear")
        page = signed_in(member).get("/ru/library/objections/dear/").content.decode()
        assert 'href="/ru/library/objections/"' in page
        assert "Возражения" in page
        assert 'href="/en/library/objections/"' not in page

    def test_the_guide_lists_cards_that_are_not_translated_beside_those_that_are(self, tree, member, signed_in):
        guide = tree.add_guide("Objections", slug="objections")
        russian = tree.add(
            tree.libraries["ru"], type(guide)(title="Возражения", slug="objections"), translation_of=guide
        )
        tree.add_card(guide, "Too expensive", slug="dear")
        done = tree.add_card(guide, "No time", slug="no-time")
        tree.add(russian, ObjectionCardPage(title="Нет времени", slug="no-time"), translation_of=done)
        page = signed_in(member).get("/ru/library/objections/").content.decode()
        assert "Нет времени" in page
        assert "Too expensive" in page
        assert "No time" not in page
        assert 'href="/ru/library/objections/dear/"' in page

    def test_a_course_and_its_lessons_stand_in_too(self, tree, member, signed_in):
        tree.add_course("First steps", slug="first-steps", lessons=1)
        browser = signed_in(member)
        courses = browser.get("/ru/courses/").content.decode()
        assert 'href="/ru/courses/first-steps/"' in courses
        course = browser.get("/ru/courses/first-steps/").content.decode()
        assert 'href="/ru/courses/first-steps/lesson-1/"' in course
        assert browser.get("/ru/courses/first-steps/lesson-1/").status_code == 200

    def test_a_translated_page_answers_for_itself(self, tree, member, signed_in):
        english = tree.add_doc("Calls", slug="calls")
        tree.add_doc("Звонки", slug="calls", language="ru", translation_of=english)
        page = signed_in(member).get("/ru/library/calls/").content.decode()
        assert "Звонки" in page
        assert '<div class="page-content">' in page

    def test_the_source_s_address_leads_to_a_translation_that_stands_elsewhere(self, tree, member, signed_in):
        english = tree.add_doc("Calls", slug="calls")
        tree.add_doc("Звонки", slug="zvonki", language="ru", translation_of=english)
        response = signed_in(member).get("/ru/library/calls/")
        assert (response.status_code, response["Location"]) == (302, "/ru/library/zvonki/")

    def test_what_is_only_in_another_language_stands_in_for_it_too(self, tree, member, signed_in):
        tree.add_doc("Звонки", slug="calls", language="ru")
        page = signed_in(member).get("/en/library/calls/").content.decode()
        assert "Звонки" in page
        assert '<div class="page-content" lang="ru">' in page

    def test_an_audience_closes_it_in_every_shell(self, tree, member, signed_in, owners_only):
        tree.add_doc("Calls", slug="calls", audience=owners_only)
        browser = signed_in(member)
        assert browser.get("/en/library/calls/").status_code == 403
        response = browser.get("/ru/library/calls/")
        assert response.status_code == 403
        assert "How a call is recorded." not in response.content.decode()

    def test_what_nobody_published_is_nowhere(self, tree, member, signed_in):
        tree.add_doc("Calls", slug="calls", live=False)
        assert signed_in(member).get("/ru/library/calls/").status_code == 404

    def test_nobody_stands_in_for_an_address_that_there_is_not(self, tree, member, signed_in):
        browser = signed_in(member)
        for address in ("/ru/library/nothing/", "/ru/library/nothing/at/all/", "/ru/%D1%8B/", "/ru/.well-known/"):
            assert browser.get(address).status_code == 404

    def test_the_switch_of_languages_leads_to_the_same_material_there_and_back(self, tree, member, signed_in):
        tree.add_doc("Calls", slug="calls")
        browser = signed_in(member)
        page = browser.get("/ru/library/calls/").content.decode()
        assert 'name="next" value="/en/library/calls/"' in page
        there = browser.post(reverse("core:set_language"), {"language": "ru", "next": "/en/library/calls/"})
        assert browser.get(there["Location"]).status_code == 200

    def test_it_costs_a_few_queries_more_and_no_more_for_a_larger_library(
        self, tree, member, signed_in, django_assert_num_queries
    ):
        tree.add_doc("Calls", slug="calls")
        browser = signed_in(member)
        counts = []
        for batch in (1, 12):
            for number in range(batch):
                tree.add_doc(f"More {batch} {number}")
            browser.get("/ru/library/calls/")
            with django_assert_num_queries(40, exact=False) as queries:
                browser.get("/ru/library/calls/")
            counts.append(len(queries.captured_queries))
        assert counts[0] == counts[1]


class TestTheRule:
    def test_the_source_is_the_page_in_the_site_s_language_or_the_only_one(self, tree):
        calls = tree.add_doc("Calls")
        tree.add_doc("Звонки", language="ru", translation_of=calls)
        alone = tree.add_doc("Письма", language="ru")
        assert {page.pk for page in list_sources()} == {calls.pk, alone.pk}

    def test_each_language_of_a_row_says_how_it_stands(self, tree):
        calls, letters, drafts = tree.add_doc("Calls"), tree.add_doc("Letters"), tree.add_doc("Drafts")
        russian = tree.add_doc("Звонки", language="ru", translation_of=calls)
        tree.add_doc("Черновики", language="ru", translation_of=drafts, live=False)
        rows = {row.source.pk: [one.standing.state for one in row.languages] for row in describe_rows(list_sources())}
        assert rows == {
            calls.pk: [State.SOURCE, State.CURRENT],
            letters.pk: [State.SOURCE, State.MISSING],
            drafts.pk: [State.SOURCE, State.DRAFT],
        }
        age(russian, 3)
        row = next(row for row in describe_rows(list_sources()) if row.source.pk == calls.pk)
        assert row.languages[1].standing.state is State.STALE
        assert row.languages[1].page_id == russian.pk

    def test_a_material_change_that_was_not_brought_over_is_told_with_its_day(self, tree):
        calls = tree.add_doc("Calls")
        russian = tree.add_doc("Звонки", language="ru", translation_of=calls)
        age(russian, 3)
        Change.objects.filter(page=calls).delete()
        moment = timezone.now() - timedelta(days=1)
        for days, material in ((5, True), (2, False), (1, True)):
            Change.objects.create(
                page=calls, material_key=calls.translation_key, is_material=material, line="New" if material else "",
                published_at=timezone.now() - timedelta(days=days),
            )  # fmt: skip
        [row] = describe_rows(list_sources())
        standing = row.languages[1].standing
        assert standing.material
        assert standing.since < moment
        assert standing.since > moment - timedelta(days=2)

    def test_the_list_and_the_rule_agree_on_every_pair(self, tree):
        for number, (source_days, translation_days) in enumerate([(1, 2), (2, 1), (1, None), (None, 1), (None, None)]):
            source = tree.add_doc(f"Doc {number}", live=source_days is not None)
            translation = tree.add_doc(
                f"Док {number}", language="ru", translation_of=source, live=translation_days is not None
            )
            for page, days in ((source, source_days), (translation, translation_days)):
                if days is not None:
                    age(page, days)
        tree.add_doc("Missing")
        for state in (State.STALE, State.MISSING, State.DRAFT, State.CURRENT):
            narrowed = {page.pk for page in narrow_sources(list_sources(), state=state, language="ru")}
            judged = set()
            for page in list_sources():
                other = MaterialPage.objects.filter(
                    translation_key=page.translation_key, locale__language_code="ru"
                ).first()
                edition = other and Edition(other.live, other.last_published_at)
                if judge_translation(Edition(page.live, page.last_published_at), edition).state is state:
                    judged.add(page.pk)
            assert narrowed == judged, state
            assert narrowed, state

    def test_what_somebody_has_to_do_something_about_comes_first(self, tree):
        fine, missing, behind = tree.add_doc("A fine"), tree.add_doc("B missing"), tree.add_doc("C behind")
        tree.add_doc("А", language="ru", translation_of=fine)
        age(tree.add_doc("В", language="ru", translation_of=behind), 5)
        assert [page.pk for page in list_sources()] == [behind.pk, missing.pk, fine.pk]
        wanting = narrow_sources(list_sources(), state="", language="ru")
        assert {page.pk for page in wanting} == {behind.pk, missing.pk}


class TestTheBoard:
    @pytest.fixture
    def editor(self, client, db):
        set_up_roles()
        client.force_login(User.objects.create_superuser("root@vendor.example", "pass-word-42"))
        return client

    def test_it_shows_each_language_with_the_way_to_mend_it(self, editor, tree):
        calls, letters = tree.add_doc("Calls"), tree.add_doc("Letters")
        russian = tree.add_doc("Звонки", language="ru", translation_of=calls)
        age(russian, 3)
        page = editor.get(reverse("material_languages:index")).content.decode()
        assert reverse("wagtail_localize:submit_page_translation", args=[letters.pk]) in page
        assert reverse("wagtailadmin_pages:edit", args=[russian.pk]) in page
        assert "Behind its source" in page

    def test_what_wagtail_localize_translates_is_brought_over_there(self, editor, tree):
        calls = tree.add_doc("Calls")
        age(tree.add_doc("Звонки", language="ru", translation_of=calls), 3)
        source, _created = TranslationSource.get_or_create_from_instance(calls)
        page = editor.get(reverse("material_languages:index")).content.decode()
        assert reverse("wagtail_localize:update_translations", args=[source.pk]) in page

    def test_it_is_narrowed_by_state_language_and_type(self, editor, tree):
        tree.add_doc("Calls")
        tree.add_course("First steps", lessons=0)
        address = reverse("material_languages:index")
        assert "Calls" in editor.get(address, {"state": "missing", "language": "ru"}).content.decode()
        assert "Calls" not in editor.get(address, {"state": "stale", "language": "ru"}).content.decode()
        kind = str(CoursePage.objects.get().content_type_id)
        narrowed = editor.get(address, {"content_type": kind}).content.decode()
        assert "First steps" in narrowed
        assert "Calls" not in narrowed
        assert editor.get(address, {"state": "nonsense"}).status_code == 200

    @pytest.mark.parametrize("form", ["csv", "xlsx"])
    def test_it_is_taken_along_as_a_spreadsheet(self, editor, tree, form):
        tree.add_doc("Calls")
        response = editor.get(reverse("material_languages:index"), {"export": form})
        content = b"".join(response.streaming_content) if response.streaming else response.content
        assert response.status_code == 200
        if form == "csv":
            assert "Calls,Product doc,Source,Missing" in content.decode()

    def test_it_costs_the_same_for_3_and_for_30(self, editor, tree, django_assert_num_queries):
        address = reverse("material_languages:index")
        counts = []
        for batch in (3, 27):
            for number in range(batch):
                page = tree.add_doc(f"Doc {batch} {number}")
                publish(tree.add_doc(f"Док {batch} {number}", language="ru", translation_of=page))
                publish(page)
            editor.get(address)
            with django_assert_num_queries(60, exact=False) as queries:
                editor.get(address)
            counts.append(len(queries.captured_queries))
        assert counts[0] == counts[1]

    def test_it_is_for_those_who_edit_pages(self, client, staff, tree):
        client.force_login(staff)
        assert client.get(reverse("material_languages:index")).status_code == 302
