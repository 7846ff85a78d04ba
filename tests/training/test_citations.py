"""A citation leads to the very section, in the reader's language, for those who may read it."""

import pytest
from django.utils import timezone

from tests.factories.training import section
from training.services.citations import find_study_links

pytestmark = pytest.mark.django_db


def links(citations, membership, language="en"):
    return find_study_links(citations, membership=membership, language=language, now=timezone.now())


@pytest.mark.embedded
def test_a_section_is_found_by_its_block_id_and_by_its_anchor(tree, member):
    doc = tree.add_doc("Calls")
    key, block = str(doc.translation_key), section("first", "", "")["id"]
    for named in (block, "first"):
        (link,) = links([(key, named)], member)
        assert (link.title, link.section, link.url) == ("Calls", "First things", "/en/library/calls/#first")
        assert link.citation == (key, named)


def test_a_card_a_lesson_and_a_whole_doc_are_found_in_the_order_of_the_citations(tree, member):
    card = tree.add_card(tree.add_guide("Objections"), "It is too expensive")
    lesson = tree.add_lesson(tree.add_course(lessons=0), "Listen")
    doc = tree.add_doc("Calls")
    found = links(
        [(str(page.translation_key), block) for page, block in ((card, ""), (lesson, "what"), (doc, ""))], member
    )
    assert [link.url for link in found] == [
        "/en/library/objections/it-is-too-expensive/",
        "/en/courses/first-steps/listen/#what",
        "/en/library/calls/",
    ]


def test_the_readers_language_is_taken_and_another_one_where_it_is_missing(tree, member):
    english = tree.add_doc("Calls")
    tree.add_doc("Звонки", language="ru", slug="calls", translation_of=english)
    only_english = tree.add_doc("Reports")
    found = links([(str(english.translation_key), "first"), (str(only_english.translation_key), "")], member, "ru")
    assert [link.url for link in found] == ["/ru/library/calls/#first", "/en/library/reports/"]


def test_a_section_that_is_gone_leads_to_its_page(tree, member):
    doc = tree.add_doc("Calls")
    (link,) = links([(str(doc.translation_key), "no-such-section")], member)
    assert (link.section, link.url) == ("", "/en/library/calls/")


def test_a_page_that_is_gone_is_left_out(tree, member):
    doc = tree.add_doc("Calls")
    doc.unpublish()
    assert links([(str(doc.translation_key), "first")], member) == []


def test_each_place_is_named_once(tree, member):
    key = str(tree.add_doc().translation_key)
    assert len(links([(key, "first"), (key, "first")], member)) == 1


def test_queries_are_the_same_for_few_and_many(tree, member, django_assert_num_queries):
    docs = [tree.add_doc(f"Doc {number}") for number in range(12)]
    links([(str(docs[0].translation_key), "")], member)  # the site's roots are kept from here on
    for some in (docs[:2], docs):
        member.__dict__.pop("job_roles", None)
        with django_assert_num_queries(3):  # one type is cited
            assert len(links([(str(doc.translation_key), "first") for doc in some], member)) == len(some)
