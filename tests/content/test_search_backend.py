"""A page is indexed in its own language and asked in the reader's, on either database."""

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from wagtail.models import Page
from wagtail.search.backends import get_search_backend

from portal.content.search.question import Match, Question
from portal.content.words import split_words
from tests.factories.training import publish
from training.models import MaterialPage

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

postgres_only = pytest.mark.skipif(
    not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"),
    reason="SQLite knows no languages and no likeness",
)

NAUGHTY = [
    "", " ", "'", '"', "\\", "%", "%s", "{title}", ":*", "& | !", "a & | b", "NOT", "AND OR", "NEAR(a b)", "title:x",
    "^a", "a*", "-a", "--", "<script>alert(1)</script>", "'; DROP TABLE x; --", "\0", "a\0b", "😀", "👩‍👩‍👧", "مرحبا",
    "‮txet", "e\u0301\u0301\u0301", "ﷺ" * 50, "x" * 10_000, "word " * 2_000, "_", "__", "1,200.00", "..", "'a'b'",
]  # fmt: skip


@pytest.fixture
def backend():
    return get_search_backend()


def ask(backend, words: str, language: str = "en", match: Match = Match.ALL, **options) -> list[str]:
    terms = options.pop("terms", None) or tuple((word,) for word in split_words(words))
    among = backend.gather(MaterialPage.objects.all())
    hits = backend.find(Question(terms, language, match, **options), model=MaterialPage, among=among, limit=10)
    titles = dict(MaterialPage.objects.values_list("pk", "title"))
    return [titles[hit.pk] for hit in hits]


class TestLanguages:
    @pytest.mark.parametrize("words", ["дорого", "дорогой", "дорогие", "ДОРОГО"])
    def test_russian_forms_of_a_word_find_each_other(self, tree, backend, words):
        guide = tree.add_guide("Возражения", language="ru")
        tree.add_card(guide, "Это слишком дорого")
        assert ask(backend, words, "ru") == ["Это слишком дорого"]

    @pytest.mark.parametrize("words", ["integration", "integrations", "Integrated"])
    def test_english_forms_of_a_word_find_each_other(self, tree, backend, words):
        tree.add_doc("Integrations with bookkeeping")
        assert ask(backend, words) == ["Integrations with bookkeeping"]

    @postgres_only
    def test_unimportant_words_of_the_language_are_not_asked_for(self, tree, backend):
        tree.add_doc("Price of a seat")
        assert ask(backend, "the price") == ["Price of a seat"]
        tree.add_doc("Цена места", language="ru")
        assert ask(backend, "а какая же цена", "ru") == ["Цена места"]

    def test_letters_that_people_type_for_others_count_as_these(self, tree, backend):
        tree.add_doc("Résumé of the year")
        tree.add_doc("Отчёт за год", language="ru")
        assert ask(backend, "resume") == ["Résumé of the year"]
        assert ask(backend, "отчет", "ru") == ["Отчёт за год"]

    def test_english_words_are_found_in_a_russian_question(self, tree, backend):
        tree.add_doc("Webhooks for developers")
        assert ask(backend, "webhooks", "ru") == ["Webhooks for developers"]

    def test_staff_find_pages_of_every_language_in_the_administration(self, tree):
        tree.add_doc("Integrations with bookkeeping")
        tree.add_doc("Связь с бухгалтерией", language="ru")
        assert [page.title for page in Page.objects.search("bookkeeping")] == ["Integrations with bookkeeping"]
        assert [page.title for page in Page.objects.search("бухгалтерией")] == ["Связь с бухгалтерией"]
        assert [page.title for page in Page.objects.autocomplete("integr")] == ["Integrations with bookkeeping"]


class TestAsking:
    def test_the_title_counts_more_than_the_answer_and_the_answer_more_than_the_rest(self, tree, backend):
        guide = tree.add_guide("Objections")
        plain = [{"type": "text", "id": "a", "value": "<p>Nothing about it.</p>"}]
        tree.add_card(guide, "Rest", answer=plain, behind="telephony telephony telephony")
        said = [{"type": "text", "id": "a", "value": "<p>Our telephony.</p>"}]
        tree.add_card(guide, "Answer", answer=said)
        tree.add_card(guide, "Telephony", answer=plain)
        found = ask(backend, "telephony")
        assert found[0] == "Telephony"
        assert set(found) == {"Telephony", "Answer", "Rest"}
        if connection.vendor == "postgresql":
            assert found == ["Telephony", "Answer", "Rest"]

    def test_all_words_or_any_of_them(self, tree, backend):
        tree.add_doc("Calls and mail")
        assert ask(backend, "mail unicorns") == []
        assert ask(backend, "mail unicorns", match=Match.ANY) == ["Calls and mail"]

    def test_what_stands_for_a_word_is_found_after_the_word_itself(self, tree, backend):
        tree.add_doc("Costly")
        tree.add_doc("High fee")
        tree.add_doc("The fee is not high")
        found = ask(backend, "", terms=(("costly", "high fee"),))
        assert set(found) == {"Costly", "High fee"}
        if connection.vendor == "postgresql":
            assert found[0] == "Costly"

    def test_whether_a_place_has_the_words_themselves_is_told(self, tree, backend):
        pricey, expensive = tree.add_doc("Pricey"), tree.add_doc("Too expensive")
        among = backend.gather(MaterialPage.objects.all())
        question = Question((("pricey", "too expensive"),), "en")
        hits = backend.find(question, model=MaterialPage, among=among, limit=10)
        assert {(hit.pk, hit.exact) for hit in hits} == {(pricey.pk, True), (expensive.pk, False)}

    def test_a_word_that_is_still_typed_finds_titles_that_have_a_word_so_begun(self, tree, backend):
        tree.add_doc("Telephony for beginners")
        tree.add_doc("Другое", language="ru")
        for typed in ("te", "telepho", "begin te", "telephony for beg"):
            assert ask(backend, typed, unfinished=True) == ["Telephony for beginners"]
        assert ask(backend, "telep") == [] or connection.vendor == "sqlite"

    def test_pages_beside_those_named_take_no_part(self, tree, backend):
        one = tree.add_doc("Calls")
        tree.add_doc("Calls again")
        question = Question((("calls",),), "en")
        hits = backend.find(question, model=MaterialPage, among=str(one.pk), limit=10)
        assert [hit.pk for hit in hits] == [one.pk]
        assert backend.find(question, model=MaterialPage, among="", limit=10) == []

    def test_the_number_of_queries_is_one(self, tree, backend, django_assert_num_queries):
        pages = [tree.add_doc(f"Calls {number}") for number in range(5)]
        among = ",".join(str(page.pk) for page in pages)
        question = Question((("calls", "talks"), ("mail",)), "en", Match.ANY, unfinished=True)
        backend.find(question, model=MaterialPage, among=among, limit=3)
        with django_assert_num_queries(1):
            backend.find(question, model=MaterialPage, among=among, limit=3)


class TestLikeness:
    def like(self, backend, *words: str, language: str = "en") -> list[str]:
        among = backend.gather(MaterialPage.objects.all())
        return backend.find_titles_like(words, language=language, model=MaterialPage, among=among, limit=10)

    def test_a_misspelt_word_finds_titles_with_the_word_that_was_meant(self, tree, backend):
        tree.add_doc("It is too expensive")
        tree.add_doc("Calls")
        assert self.like(backend, "expencive") == ["it is too expensive"]

    def test_the_same_in_russian(self, tree, backend):
        tree.add_doc("Это слишком дорого", language="ru")
        assert self.like(backend, "дорага", language="ru") == ["это слишком дорого"]

    @postgres_only
    def test_titles_are_not_looked_through_for_a_word_that_one_of_them_has(self, tree, backend):
        tree.add_doc("It is too expensive")
        assert self.like(backend, "expensive") == []

    def test_pages_beside_those_named_take_no_part(self, tree, backend):
        tree.add_doc("It is too expensive")
        other = tree.add_doc("Calls")
        asked = {"language": "en", "model": MaterialPage, "limit": 10}
        assert backend.find_titles_like(["expencive"], among=str(other.pk), **asked) == []

    @postgres_only
    def test_without_the_extension_nothing_is_like_anything_and_nothing_fails(self, tree, backend, monkeypatch):
        tree.add_doc("It is too expensive")
        from portal.content.search import postgres  # noqa: PLC0415 -- cannot be imported on SQLite

        monkeypatch.setattr(postgres, "tells_similarity", lambda: False)
        assert self.like(backend, "expencive") == []


class TestWhateverIsTyped:
    @pytest.mark.parametrize("words", NAUGHTY)
    def test_is_answered(self, tree, backend, words):
        tree.add_doc("Calls")
        for match in Match:
            for unfinished in (False, True):
                ask(backend, words, match=match, unfinished=unfinished)
        if typed := " ".join(split_words(words)[:20]):
            ask(backend, "", terms=((typed, typed),))
        list(Page.objects.search(words))
        list(Page.objects.autocomplete(words))
        backend.find_titles_like(split_words(words), language="en", model=MaterialPage, among="1", limit=10)

    @how(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(words=st.text(max_size=40))
    def test_is_answered_also_when_nobody_thought_of_it(self, backend, words):
        ask(backend, words, unfinished=True)
        list(Page.objects.search(words))


class TestTheIndex:
    def test_a_new_title_takes_the_place_of_the_old(self, tree, backend):
        page = tree.add_doc("Calls", sections=[])
        page.title = "Letters"
        publish(page)
        assert ask(backend, "calls") == []
        assert ask(backend, "letters") == ["Letters"]

    def test_wagtails_command_makes_it_anew(self, tree, backend):
        tree.add_doc("Звонки клиентам", language="ru")
        call_command("update_index", verbosity=0)
        assert ask(backend, "клиентам", "ru") == ["Звонки клиентам"]

    def test_a_very_long_text_is_indexed_as_far_as_the_database_can(self, tree, backend):
        words = " ".join(f"word{number}" for number in range(60_000))
        tree.add_doc("Long", intro=words)
        assert ask(backend, "word1") == ["Long"]
