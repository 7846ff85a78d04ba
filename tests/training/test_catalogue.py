"""The library is narrowed in the reader's language, and what is not translated stands in it, marked."""

import pytest
from django.utils import timezone

from tests.factories.content import ProductFactory
from tests.factories.training import publish
from training.access import describe_reader
from training.services.catalogue import Choice, find_facets, list_materials

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

    def test_the_list_is_narrowed_by_product_role_and_tag(self, tree, reader, rows):
        voice = ProductFactory(slug="voice")
        about, tagged, sellers = tree.add_doc("About voice"), tree.add_doc("Tagged"), tree.add_doc("For sellers")
        about.products.set([voice])
        tagged.tags.add("telephony")
        sellers.job_roles.set([rows.seller])
        for page in (about, tagged, sellers):
            publish(page)
        assert titles(list_materials(reader, Choice(product="voice"), language="en")) == ["About voice"]
        assert titles(list_materials(reader, Choice(tag="telephony"), language="en")) == ["Tagged"]
        assert titles(list_materials(reader, Choice(role="seller"), language="en")) == ["For sellers"]
        facets = find_facets(reader, language="en")
        assert facets.kinds == [("docs", "Product docs", 3)]
        assert facets.products == [("voice", "Product voice", 1)]
        assert facets.roles == [("seller", "Seller", 1)]
        assert facets.tags == [("telephony", "telephony")]

    @pytest.mark.parametrize("page", ["0", "-1", "one", "²", "9" * 30, "9" * 5000])
    def test_a_page_that_there_is_not_is_the_first(self, tree, reader, page):
        tree.add_doc("Calls")
        assert titles(list_materials(reader, Choice(), language="en", page=page)) == ["Calls"]

    def test_facets_do_not_tell_of_what_is_closed(self, tree, reader, owners_only, rows):
        closed = tree.add_doc("Closed", audience=owners_only)
        closed.products.set([ProductFactory(slug="secret")])
        closed.job_roles.set([rows.owner])
        closed.tags.add("secret")
        publish(closed)
        tree.add_doc("Закрытый", language="ru", translation_of=closed, audience=owners_only)
        facets = find_facets(reader, language="en")
        assert (facets.kinds, facets.products, facets.roles, facets.languages, facets.tags) == ([], [], [], [], [])

    def test_queries_are_the_same_for_3_and_for_30(self, tree, member, signed_in, django_assert_num_queries):
        browser = signed_in(member)
        for number in range(3):
            tree.add_doc(f"Doc {number}")
        browser.get("/ru/library/")
        with django_assert_num_queries(14, exact=False) as few:
            browser.get("/ru/library/")
        count = len(few.captured_queries)
        for number in range(27):
            tree.add_doc(f"More {number}")
        browser.get("/ru/library/")
        with django_assert_num_queries(count):
            browser.get("/ru/library/")


class TestLanguages:
    def test_a_translation_stands_for_its_source(self, tree, reader):
        english = tree.add_doc("Calls")
        tree.add_doc("Звонки", language="ru", translation_of=english)
        assert titles(list_materials(reader, Choice(), language="ru")) == ["Звонки"]
        assert titles(list_materials(reader, Choice(), language="en")) == ["Calls"]

    def test_what_is_not_translated_is_listed_in_the_site_s_language_after_the_rest(self, tree, reader):
        tree.add_doc("Letters")
        translated = tree.add_doc("Calls")
        tree.add_doc("Звонки", language="ru", translation_of=translated)
        assert titles(list_materials(reader, Choice(), language="ru")) == ["Звонки", "Letters"]

    def test_a_translation_that_is_not_live_is_none(self, tree, reader):
        english = tree.add_doc("Calls")
        tree.add_doc("Звонки", language="ru", translation_of=english, live=False)
        assert titles(list_materials(reader, Choice(), language="ru")) == ["Calls"]

    def test_what_is_only_in_another_language_is_not_listed_in_the_site_s(self, tree, reader):
        tree.add_doc("Звонки", language="ru")
        assert titles(list_materials(reader, Choice(), language="en")) == []

    def test_a_chosen_language_stands_for_itself(self, tree, reader):
        english = tree.add_doc("Calls")
        tree.add_doc("Звонки", language="ru", translation_of=english)
        tree.add_doc("Letters")
        assert titles(list_materials(reader, Choice(language="ru"), language="en")) == ["Звонки"]
        assert titles(list_materials(reader, Choice(language="en"), language="ru")) == ["Calls", "Letters"]

    def test_an_audience_of_the_source_closes_what_stands_in_too(self, tree, reader, owners_only):
        tree.add_doc("Letters", audience=owners_only)
        assert titles(list_materials(reader, Choice(), language="ru")) == []

    def test_the_list_says_which_language_an_entry_is_in(self, tree, member, signed_in):
        tree.add_doc("Letters", slug="letters")
        page = signed_in(member).get("/ru/library/").content.decode()
        assert 'href="/ru/library/letters/"' in page
        assert '<li lang="en">' in page
        assert "На английском" in page or "In English" in page
