"""The library is narrowed and searched in the reader's language."""

import pytest
from django.utils import timezone

from tests.factories.content import ProductFactory
from tests.factories.training import publish
from training.access import describe_reader
from training.services.catalogue import Choice, find_facets, list_materials, search_materials

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(member):
    return describe_reader(member.user, member, now=timezone.now())


def titles(pages) -> list[str]:
    return [page.title for page in pages]


class TestLists:
    def test_cards_are_listed_when_the_library_is_narrowed_and_not_before(self, tree, reader):
        tree.add_doc("Calls")
        tree.add_card(tree.add_guide("Objections"), "Too expensive")
        assert titles(list_materials(reader, Choice(), language="en")) == ["Calls", "Objections"]
        assert titles(list_materials(reader, Choice(kind="cards"), language="en")) == ["Too expensive"]

    def test_the_list_is_narrowed_by_product_and_by_tag(self, tree, reader):
        voice = ProductFactory(slug="voice")
        about, tagged = tree.add_doc("About voice"), tree.add_doc("Tagged")
        about.products.set([voice])
        tagged.tags.add("telephony")
        publish(about)
        publish(tagged)
        assert titles(list_materials(reader, Choice(product="voice"), language="en")) == ["About voice"]
        assert titles(list_materials(reader, Choice(tag="telephony"), language="en")) == ["Tagged"]
        facets = find_facets(reader, language="en")
        assert facets.products == [("voice", "Product voice")]
        assert facets.tags == [("telephony", "telephony")]

    @pytest.mark.parametrize("page", ["0", "-1", "one", "²", "9" * 30, "9" * 5000])
    def test_a_page_that_there_is_not_is_the_first(self, tree, reader, page):
        tree.add_doc("Calls")
        assert titles(list_materials(reader, Choice(), language="en", page=page)) == ["Calls"]

    def test_each_language_has_its_own_list(self, tree, reader):
        english = tree.add_doc("Calls")
        tree.add_doc("Звонки", language="ru", translation_of=english)
        assert titles(list_materials(reader, Choice(), language="ru")) == ["Звонки"]

    def test_queries_are_the_same_for_3_and_for_30(self, tree, member, signed_in, django_assert_num_queries):
        browser = signed_in(member)
        for number in range(3):
            tree.add_doc(f"Doc {number}")
        browser.get("/en/library/")
        with django_assert_num_queries(12, exact=False) as few:
            browser.get("/en/library/")
        count = len(few.captured_queries)
        for number in range(27):
            tree.add_doc(f"More {number}")
        browser.get("/en/library/")
        with django_assert_num_queries(count):
            browser.get("/en/library/")


class TestSearch:
    @pytest.mark.embedded
    def test_a_card_is_found_by_the_customers_words_and_by_its_answer(self, tree, reader):
        tree.add_card(tree.add_guide("Objections"), "It is too expensive")
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
    def test_russian_words_are_found_in_the_russian_tree_alone(self, tree, reader):
        tree.add_doc("Запись звонков", language="ru", slug="recording")
        assert titles(search_materials(reader, "запись", language="ru").materials) == ["Запись звонков"]
        assert search_materials(reader, "запись", language="en").total == 0

    def test_some_of_the_words_are_enough_when_nothing_has_them_all(self, tree, reader):
        tree.add_card(tree.add_guide("Objections"), "It is too expensive")
        found = search_materials(reader, "expensive unicorns", language="en")
        assert found.loosened
        assert found.total == 1

    def test_courses_and_lessons_are_found_apart(self, tree, reader):
        course = tree.add_course("Telephony for beginners", lessons=0)
        tree.add_lesson(course, "Telephony in practice")
        found = search_materials(reader, "telephony", language="en")
        assert sorted(titles(found.studies)) == ["Telephony for beginners", "Telephony in practice"]

    @pytest.mark.parametrize("words", ["", "   ", "'", '"', ":*", "& | !", "<script>", "a" * 5000, "\\", "%"])
    def test_whatever_is_typed_is_answered(self, tree, member, signed_in, words):
        assert signed_in(member).get("/en/study/search/", {"q": words}).status_code == 200

    def test_the_answer_of_a_card_stands_in_the_results(self, tree, member, signed_in):
        tree.add_card(tree.add_guide("Objections"), "It is too expensive")
        page = signed_in(member).get("/en/study/search/?q=expensive").content.decode()
        assert "Count the missed calls first." in page

    def test_queries_are_the_same_for_3_and_for_30(self, tree, reader, django_assert_num_queries):
        guide = tree.add_guide("Objections")
        counts = []
        for batch in (3, 27):
            for number in range(batch):
                tree.add_card(guide, f"Expensive {batch} {number}")
            with django_assert_num_queries(5, exact=False) as queries:
                found = search_materials(reader, "expensive", language="en")
            counts.append(len(queries.captured_queries))
            assert found.total >= batch
        assert counts[0] == counts[1]
