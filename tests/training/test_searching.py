"""A search finds what the customer said, whatever was typed, and nothing that is closed to the reader."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.home.services.roles import set_up_roles
from tests.content.test_search_backend import NAUGHTY
from tests.factories.content import ProductFactory
from tests.factories.training import publish
from training.access import describe_reader
from training.models import ObjectionCardPage, Reading, SearchedWords, Synonym
from training.services.catalogue import Choice
from training.services.searching import (
    REMEMBERED,
    Loosening,
    find_recent,
    forget_searches,
    record_search,
    search_materials,
    suggest,
)
from training.tasks import forget_searches as forget_searches_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(member):
    return describe_reader(member.user, member, now=timezone.now())


@pytest.fixture
def guide(tree):
    return tree.add_guide("Objections")


def titles(pages) -> list[str]:
    return [page.title for page in pages]


class TestSearch:
    @pytest.mark.embedded
    def test_a_card_is_found_by_the_customers_words_and_by_its_answer(self, tree, reader, guide):
        tree.add_card(guide, "It is too expensive")
        for words in ("expensive", "too expensive", "missed calls"):
            assert titles(search_materials(reader, words, language="en").cards) == ["It is too expensive"]

    @pytest.mark.embedded
    def test_a_doc_is_found_by_the_text_of_its_sections_and_by_its_tags(self, tree, reader):
        doc = tree.add_doc("Calls", intro="About telephony")
        doc.tags.add("integrations")
        publish(doc)
        for words in ("recorded", "telephony", "integrations", "first things"):
            assert titles(search_materials(reader, words, language="en").materials) == ["Calls"]

    @pytest.mark.embedded
    def test_russian_words_are_found_in_any_form_and_not_in_the_english_library(self, tree, reader):
        tree.add_doc("Запись звонков", language="ru", slug="recording")
        for words in ("запись", "записи звонков"):
            assert titles(search_materials(reader, words, language="ru").materials) == ["Запись звонков"]
        assert search_materials(reader, "запись", language="en").total == 0

    @pytest.mark.embedded
    def test_what_is_not_translated_is_found_in_the_site_s_language(self, tree, reader):
        translated = tree.add_doc("Recording of calls")
        tree.add_doc("Запись звонков", language="ru", translation_of=translated, sections=[])
        tree.add_doc("Recording of meetings")
        assert titles(search_materials(reader, "recording", language="ru").materials) == ["Recording of meetings"]

    def test_courses_and_lessons_are_found_apart(self, tree, reader):
        course = tree.add_course("Telephony for beginners", lessons=0)
        tree.add_lesson(course, "Telephony in practice")
        found = search_materials(reader, "telephony", language="en")
        assert sorted(titles(found.studies)) == ["Telephony for beginners", "Telephony in practice"]

    def test_a_search_is_narrowed_by_kind_product_role_and_language(self, tree, reader, guide, rows):
        doc, card = tree.add_doc("Telephony"), tree.add_card(guide, "We need no telephony")
        tree.add_doc("Телефония", language="ru", translation_of=doc)
        doc.products.set([ProductFactory(slug="voice")])
        card.job_roles.set([rows.seller])
        publish(doc)
        publish(card)

        def found(**choice):
            everything = search_materials(reader, "telephony", language="en", choice=Choice(**choice))
            return titles([*everything.cards, *everything.materials])

        assert found() == ["We need no telephony", "Telephony"]
        assert found(kind="docs") == found(product="voice") == ["Telephony"]
        assert found(role="seller") == ["We need no telephony"]
        assert found(language="ru") == []
        there = search_materials(reader, "телефонии", language="en", choice=Choice(language="ru"))
        assert titles(there.materials) == ["Телефония"]


class TestLoosening:
    @pytest.mark.embedded
    def test_words_that_mean_the_same_are_found_and_said(self, tree, reader, guide):
        Synonym.objects.create(language="en", words="too expensive\npricey\ncosts too much")
        tree.add_card(guide, "It is too expensive")
        for words in ("pricey", "it costs too much", "Pricey!"):
            found = search_materials(reader, words, language="en")
            assert titles(found.cards) == ["It is too expensive"]
            assert found.loosening is Loosening.SYNONYMS
            assert "too expensive" in found.instead
        assert search_materials(reader, "too expensive", language="en").loosening is Loosening.NONE

    @pytest.mark.embedded
    def test_synonyms_count_in_their_language_and_from_the_moment_they_are_kept(self, tree, reader, guide):
        tree.add_card(guide, "It is too expensive")
        assert search_materials(reader, "pricey", language="en").total == 0
        row = Synonym.objects.create(language="ru", words="expensive\npricey")
        assert search_materials(reader, "pricey", language="en").total == 0
        row.language = "en"
        row.save()
        assert search_materials(reader, "pricey", language="en").total == 1
        row.delete()
        assert search_materials(reader, "pricey", language="en").total == 0

    @pytest.mark.embedded
    def test_misspelt_words_are_understood_and_it_is_said_how(self, tree, reader, guide):
        tree.add_card(guide, "It is too expensive")
        found = search_materials(reader, "expencive", language="en")
        assert titles(found.cards) == ["It is too expensive"]
        assert (found.loosening, found.instead) == (Loosening.MEANT, ("expensive",))

    @pytest.mark.embedded
    def test_a_misspelt_word_beside_others_that_nothing_has_still_finds_the_card(self, tree, reader, guide):
        tree.add_card(guide, "It is too expensive")
        tree.add_doc("Somebody right at the door")
        found = search_materials(reader, "it's too expencive for us right now", language="en")
        assert titles(found.cards) == ["It is too expensive"]
        assert found.loosening is Loosening.SOME

    @pytest.mark.embedded
    def test_russian_slips_are_understood(self, tree, reader):
        tree.add_card(tree.add_guide("Возражения", language="ru"), "Это слишком дорого")
        found = search_materials(reader, "слышком дорага", language="ru")
        assert titles(found.cards) == ["Это слишком дорого"]

    @pytest.mark.embedded
    def test_some_of_the_words_are_enough_when_nothing_has_them_all(self, tree, reader, guide):
        tree.add_card(guide, "It is too expensive")
        found = search_materials(reader, "expensive unicorns", language="en")
        assert found.loosening is Loosening.SOME
        assert (found.total, found.whole) == (1, 0)

    def test_the_page_says_what_was_loosened(self, tree, member, signed_in, guide):
        Synonym.objects.create(language="en", words="expensive\npricey")
        tree.add_card(guide, "It is too expensive")
        browser = signed_in(member)
        pages = {
            words: browser.get("/en/study/search/", {"q": words}).content.decode()
            for words in ("expensive", "pricey", "expencive", "expensive unicorns", "zzzzzz")
        }
        assert "this says the same in others: expensive" in pages["pricey"]
        assert "Shown is what has: expensive" in pages["expencive"]
        assert "these have some of them" in pages["expensive unicorns"]
        assert "Nothing here has these words" in pages["zzzzzz"]
        assert not any(words in pages["expensive"] for words in ("the same in others", "Shown is", "some of them"))


class TestRights:
    @pytest.fixture
    def closed(self, tree, guide, owners_only):
        return tree.add_card(guide, "Acquisition by a secret buyer", audience=owners_only)

    WORDS = ("acquisition", "acquisitoin", "secret", "buyer unicorns", "takeover")

    @pytest.mark.embedded
    def test_nothing_that_is_closed_is_found_by_any_way(self, reader, closed):
        Synonym.objects.create(language="en", words="acquisition\ntakeover")
        for words in self.WORDS:
            found = search_materials(reader, words, language="en")
            assert (found.total, found.instead) == (0, ()), words
            guesses = suggest(reader, words, language="en")
            assert (guesses.card, list(guesses.pages)) == (None, [])
        for typed in ("ac", "acqui", "acquisition by a sec"):
            assert not suggest(reader, typed, language="en").pages

    def test_it_is_found_by_those_it_is_open_to(self, closed, add_member, rows):
        owner = add_member(role=rows.owner)
        reader = describe_reader(owner.user, owner, now=timezone.now())
        for words in ("acquisition", "acquisitoin", "buyer unicorns"):
            assert titles(search_materials(reader, words, language="en").cards) == ["Acquisition by a secret buyer"]
        assert suggest(reader, "acqui", language="en").card == closed

    def test_what_was_closed_a_moment_ago_is_not_found_though_nothing_tells_of_it(self, reader, tree, owners_only):
        doc = tree.add_doc("Telephony")
        assert search_materials(reader, "telephony", language="en").total == 1
        type(doc).objects.filter(pk=doc.pk).update(audience=owners_only)  # beside Wagtail's log
        assert search_materials(reader, "telephony", language="en").total == 0
        assert not suggest(reader, "telep", language="en").pages

    def test_a_person_who_is_nobody_here_finds_nothing(self, tree, db):
        tree.add_doc("Telephony")
        user = User.objects.create_user("nobody@example.com", "a long password")
        nobody = describe_reader(user, None, now=timezone.now())
        assert search_materials(nobody, "telephony", language="en").total == 0
        assert not suggest(nobody, "telep", language="en").pages

    def test_suggestions_are_refused_to_those_who_may_not_search(self, client, tree):
        assert client.get("/en/study/search/suggestions/?q=telep").status_code == 302
        client.force_login(User.objects.create_user("nobody@example.com", "a long password"))
        assert client.get("/en/study/search/suggestions/?q=telep").status_code == 403


class TestWhateverIsTyped:
    @pytest.mark.parametrize("words", [words for words in NAUGHTY if "\0" not in words])
    def test_is_answered(self, tree, member, signed_in, words):
        tree.add_doc("Calls")
        browser = signed_in(member)
        assert browser.get("/en/study/search/", {"q": words}).status_code == 200
        assert browser.get("/en/study/search/suggestions/", {"q": words}).status_code == 200

    @pytest.mark.parametrize("name", ["kind", "product", "role", "language", "tag", "page"])
    @pytest.mark.parametrize("value", ["nonsense", "'", "9" * 500, "ы"])
    def test_is_answered_in_the_filters_too(self, tree, member, signed_in, name, value):
        browser = signed_in(member)
        assert browser.get("/en/study/search/", {"q": "calls", name: value}).status_code == 200
        assert browser.get("/en/library/", {name: value}).status_code == 200

    def test_what_was_typed_stands_in_the_field_and_harms_nothing(self, tree, member, signed_in):
        page = signed_in(member).get("/en/study/search/", {"q": '"><script>alert(1)</script>'}).content.decode()
        assert "&quot;&gt;&lt;script&gt;" in page
        assert "<script>alert" not in page


class TestTheSearchPage:
    def test_the_answer_of_a_card_stands_in_the_results(self, tree, member, signed_in, guide):
        tree.add_card(guide, "It is too expensive")
        page = signed_in(member).get("/en/study/search/?q=expensive").content.decode()
        assert "Count the missed calls first." in page

    def test_the_field_has_the_focus_until_something_was_searched_for(self, tree, member, signed_in):
        browser = signed_in(member)
        assert " autofocus" in browser.get("/en/study/search/").content.decode()
        assert " autofocus" not in browser.get("/en/study/search/?q=calls").content.decode()

    def test_what_is_chosen_stays_chosen(self, tree, member, signed_in):
        tree.add_doc("Calls")
        page = signed_in(member).get("/en/study/search/?q=calls&kind=docs").content.decode()
        assert '<option value="docs" selected>' in page
        assert '<details class="search-narrow" open>' in page

    def test_what_is_in_another_language_says_so_and_stays_in_the_reader_s_shell(self, tree, member, signed_in, guide):
        tree.add_card(guide, "It is too expensive", slug="dear")
        page = signed_in(member).get("/ru/study/search/?q=expensive").content.decode()
        assert 'href="/ru/library/objections/dear/"' in page
        assert '<article class="card objection" lang="en">' in page

    def test_queries_are_the_same_for_3_and_for_30(self, tree, member, signed_in, guide, django_assert_num_queries):
        browser = signed_in(member)
        asked = ["expensive", "expencive", "expensive unicorns"]
        counts = []
        for batch in (3, 27):
            for number in range(batch):
                tree.add_card(guide, f"Expensive {batch} {number}")
            for words in asked:
                for address in (f"/en/study/search/?q={words}", f"/en/study/search/suggestions/?q={words}"):
                    browser.get(address)
                    with django_assert_num_queries(24, exact=False) as queries:
                        assert browser.get(address).status_code == 200
                    counts.append(len(queries.captured_queries))
        half = len(counts) // 2
        assert counts[:half] == counts[half:]


class TestSuggestions:
    @pytest.mark.embedded
    def test_titles_come_while_a_word_is_typed_and_the_card_with_its_answer_first(self, tree, reader, guide):
        tree.add_doc("Expenses of a partner")
        card = tree.add_card(guide, "It is too expensive")
        found = suggest(reader, "expen", language="en")
        assert found.card == card
        assert titles(found.pages) == ["Expenses of a partner"]

    @pytest.mark.embedded
    def test_one_letter_suggests_nothing(self, tree, reader):
        tree.add_doc("Calls")
        assert not suggest(reader, "c", language="en").pages
        assert titles(suggest(reader, "ca", language="en").pages) == ["Calls"]

    @pytest.mark.embedded
    def test_the_russian_beginning_of_a_word_is_enough(self, tree, reader):
        tree.add_card(tree.add_guide("Возражения", language="ru"), "Это слишком дорого")
        for typed in ("доро", "слишком дорог", "это сл"):
            assert suggest(reader, typed, language="ru").card.title == "Это слишком дорого"

    @pytest.mark.embedded
    def test_a_slip_is_forgiven(self, tree, reader, guide):
        card = tree.add_card(guide, "It is too expensive")
        assert suggest(reader, "expencive", language="en").card == card

    def test_the_piece_of_a_page_is_a_list_box_that_nobody_keeps(self, tree, member, signed_in, guide):
        tree.add_card(guide, "It is too expensive", slug="dear")
        response = signed_in(member).get("/en/study/search/suggestions/?q=expen")
        assert response["Cache-Control"] == "private, no-store"
        page = response.content.decode()
        assert 'role="listbox"' in page
        assert 'data-url="/en/library/objections/dear/"' in page
        assert "Count the missed calls first." in page
        assert "<html" not in page

    def test_the_head_s_field_knows_where_to_ask(self, tree, member, signed_in):
        page = signed_in(member).get("/en/library/").content.decode()
        assert f'<search-suggest data-url="{reverse("training:suggest")}">' in page


class TestRecent:
    def read(self, member, page, hours_ago: int) -> None:
        moment = timezone.now() - timedelta(hours=hours_ago)
        Reading.objects.create(
            user=member.user, material_key=page.translation_key, page=page, first_read_at=moment, last_read_at=moment
        )

    def test_before_a_word_is_typed_stands_what_was_read_lately(self, tree, member, reader, signed_in, owners_only):
        old, new, unread = tree.add_doc("Old"), tree.add_doc("New"), tree.add_doc("Unread")
        closed = tree.add_doc("Closed since", audience=owners_only)
        for page, hours_ago in ((old, 5), (new, 1), (closed, 2)):
            self.read(member, page, hours_ago)
        assert titles(find_recent(reader, language="en")) == ["New", "Old"]
        page = signed_in(member).get("/en/study/search/").content.decode()
        assert page.index("New") < page.index("Old")
        assert unread.title not in page

    def test_it_stands_in_the_reader_s_language_as_far_as_it_is_translated(self, tree, member, reader):
        calls, letters = tree.add_doc("Calls"), tree.add_doc("Letters")
        tree.add_doc("Звонки", language="ru", translation_of=calls)
        self.read(member, calls, 1)
        self.read(member, letters, 2)
        assert titles(find_recent(reader, language="ru")) == ["Звонки", "Letters"]

    def test_what_others_read_is_theirs(self, tree, add_member, reader):
        self.read(add_member(), tree.add_doc("Theirs"), 1)
        assert find_recent(reader, language="en") == []


class TestCounting:
    @pytest.mark.embedded
    def test_searches_are_counted_in_one_statement_and_name_nobody(self, now, django_assert_num_queries):
        record_search("Too  EXPENSIVE!", language="en", found=0, now=now)
        with django_assert_num_queries(3):  # with the transaction's own two
            record_search("too expensive", language="en", found=2, now=now + timedelta(hours=1))
        row = SearchedWords.objects.get()
        assert (row.words, row.times, row.found, row.last_at) == ("too expensive", 2, 2, now + timedelta(hours=1))
        assert {field.name for field in SearchedWords._meta.get_fields()} == {
            "id", "language", "words", "times", "found", "last_at",
        }  # fmt: skip

    @pytest.mark.parametrize("words", [words for words in NAUGHTY if "\0" not in words])
    def test_whatever_was_typed_is_counted_or_left(self, now, words):
        record_search(words, language="en", found=0, now=now)
        assert SearchedWords.objects.count() <= 1

    def test_a_member_s_search_is_counted_and_a_narrowed_one_or_the_staff_s_is_not(
        self, tree, member, staff, signed_in
    ):
        browser = signed_in(member)
        browser.get("/en/study/search/?q=unicorns")
        browser.get("/en/study/search/?q=unicorns&kind=docs")
        browser.get("/en/study/search/suggestions/?q=unicorns")
        signed_in(staff).get("/en/study/search/?q=unicorns")
        assert list(SearchedWords.objects.values_list("words", "times", "found")) == [("unicorns", 1, 0)]

    def test_half_found_counts_as_not_found(self, tree, member, signed_in, guide):
        tree.add_card(guide, "It is too expensive")
        signed_in(member).get("/en/study/search/?q=expensive+unicorns")
        assert SearchedWords.objects.get().found == 0

    @pytest.mark.embedded
    def test_old_words_are_forgotten(self, now):
        for name, age in (("old", REMEMBERED + timedelta(days=1)), ("new", REMEMBERED - timedelta(days=1))):
            record_search(name, language="en", found=0, now=now - age)
        assert forget_searches(now=now) == 1
        assert [row.words for row in SearchedWords.objects.all()] == ["new"]

    def test_the_sweeper_runs_every_night(self, db):
        record_search("old", language="en", found=0, now=timezone.now() - REMEMBERED - timedelta(days=1))
        forget_searches_task()
        assert not SearchedWords.objects.exists()
        assert {"task": forget_searches_task.name}.items() <= settings.CELERY_BEAT_SCHEDULE[
            "forget words that nobody searches for"
        ].items()


class TestSynonymRows:
    def check(self, words: str, language: str = "en") -> Synonym:
        row = Synonym(language=language, words=words)
        row.full_clean()
        row.save()
        return row

    def test_expressions_are_kept_as_they_are_compared(self):
        assert self.check("Too expensive\r\n  PRICEY \n\npricey").words == "too expensive\npricey"

    @pytest.mark.parametrize("words", ["", "one", "\n \n", "same\nSame"])
    def test_fewer_than_two_are_refused(self, words):
        with pytest.raises(ValidationError) as refused:
            self.check(words)
        assert list(refused.value.message_dict) == ["words"]

    def test_a_sentence_is_refused_by_its_words(self):
        with pytest.raises(ValidationError, match="a b c d e f g h i"):
            self.check("a b c d e f g h i\npricey")

    def test_an_expression_stands_in_one_row_of_a_language(self):
        row = self.check("too expensive\npricey")
        with pytest.raises(ValidationError, match="“pricey” stands already in: too expensive, pricey"):
            self.check("Pricey\ndear")
        self.check("pricey\ndear", language="ru")
        row.words = "too expensive\npricey\ndear"
        row.full_clean()

    def test_staff_keep_them_and_what_was_typed_is_kept_when_it_is_refused(self, client, db):
        set_up_roles()
        editor = User.objects.create_superuser("root@vendor.example", "pass-word-42")
        client.force_login(editor)
        add = reverse("synonyms:add")
        refused = client.post(add, {"language": "en", "words": "alone"})
        assert "Give at least two expressions" in refused.content.decode()
        assert ">\nalone</textarea>" in refused.content.decode()
        client.post(add, {"language": "en", "words": "too expensive\npricey"})
        assert Synonym.objects.get().words == "too expensive\npricey"


class TestTheReport:
    @pytest.fixture
    def editor(self, db):
        set_up_roles()
        return User.objects.create_superuser("root@vendor.example", "pass-word-42")

    def test_what_found_nothing_stands_there_most_wanted_first(self, client, tree, guide, editor, now):
        for words, times, found in (("rare", 1, 0), ("wanted", 3, 0), ("found", 5, 2)):
            for _time in range(times):
                record_search(words, language="en", found=found, now=now)
        client.force_login(editor)
        page = client.get(reverse("searches:index")).content.decode()
        assert page.index("wanted") < page.index("rare")
        assert ">found<" not in page
        assert f"{reverse('searches:write_card', args=[guide.pk])}?title=Wanted" in page

    def test_the_link_opens_a_new_card_with_the_words_as_its_title(self, client, tree, guide, editor):
        client.force_login(editor)
        address = reverse("searches:write_card", args=[guide.pk])
        page = client.get(address, {"title": 'Too "dear" <b>'}).content.decode()
        assert 'value="Too &quot;dear&quot; &lt;b&gt;"' in page
        assert f'action="{reverse("wagtailadmin_pages:add", args=["training", "objectioncardpage", guide.pk])}"' in page
        assert not ObjectionCardPage.objects.exists()

    def test_only_staff_who_may_see_it_do(self, client, tree, guide, staff, editor):
        client.force_login(staff)
        assert client.get(reverse("searches:index")).status_code == 302
        assert client.get(reverse("searches:write_card", args=[guide.pk])).status_code in {302, 403}

    def test_queries_are_the_same_for_3_and_for_30(self, client, tree, guide, editor, now, django_assert_num_queries):
        client.force_login(editor)
        address = reverse("searches:index")
        counts = []
        for batch in (3, 27):
            for number in range(batch):
                record_search(f"wanted {batch} {number}", language="en", found=0, now=now)
            client.get(address)
            with django_assert_num_queries(60, exact=False) as queries:
                client.get(address)
            counts.append(len(queries.captured_queries))
        assert counts[0] == counts[1]


def test_the_index_is_made_anew_by_wagtails_command(tree, reader):
    tree.add_doc("Telephony")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM wagtailsearch_indexentry")
    assert search_materials(reader, "telephony", language="en").total == 0
    call_command("update_index", verbosity=0)
    assert search_materials(reader, "telephony", language="en").total == 1
