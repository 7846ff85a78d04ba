"""Who may read what: on the page, in lists, in search, in citations."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.content.models import Product
from portal.core.localised import LocalisedText
from portal.partners.models import Audience, Entitlement
from tests.factories.training import publish
from training.access import describe_reader
from training.models import MaterialPage, ObjectionGuidePage
from training.services.catalogue import Choice, list_materials
from training.services.citations import find_study_links
from training.services.searching import search_materials

pytestmark = pytest.mark.django_db


def reads(page, membership) -> bool:
    """The answer by the rule for one page; it must be the answer by the rule for many, and for a few."""
    now = timezone.now()
    one = page.specific.may_be_read_by(membership.user, membership, now)
    reader = describe_reader(membership.user, membership, now=now)
    many = reader.filter_open(MaterialPage.objects.filter(pk=page.pk)).exists()
    few = reader.filter_few_open(MaterialPage.objects.filter(pk=page.pk)).exists()
    assert one == many == few
    return one


def audience(**named) -> Audience:
    made = Audience.objects.create(
        name=f"Audience {Audience.objects.count()}",
        entitlement=named.pop("entitlement", ""),
        language=named.pop("language", ""),
    )
    for relation, rows in named.items():
        getattr(made, relation).set(rows)
    return made


class TestEachConditionOfAnAudience:
    def test_a_material_without_an_audience_is_open_to_every_member(self, tree, add_member):
        doc = tree.add_doc()
        assert reads(doc, add_member())
        assert reads(doc, add_member())

    def test_a_job_role_opens_it(self, tree, rows, add_member):
        doc = tree.add_doc(audience=audience(job_roles=[rows.owner]))
        assert reads(doc, add_member(role=rows.owner))
        assert not reads(doc, add_member(role=rows.seller))

    def test_a_tier_opens_it(self, tree, rows, add_member):
        doc = tree.add_doc(audience=audience(tiers=[rows.gold]))
        assert reads(doc, add_member(tier=rows.gold))
        assert not reads(doc, add_member(tier=rows.silver))

    def test_a_kind_of_partner_opens_it(self, tree, rows, add_member):
        doc = tree.add_doc(audience=audience(kinds=[rows.integrator]))
        assert reads(doc, add_member(kind=rows.integrator))
        assert not reads(doc, add_member(kind=rows.reseller))

    def test_a_product_of_the_partner_opens_it(self, tree, add_member):
        product = Product.objects.create(slug="voice", name=LocalisedText(en="Voice"))
        doc = tree.add_doc(audience=audience(products=[product]))
        with_it, without_it = add_member(), add_member()
        with_it.partner.products.add(product)
        assert reads(doc, with_it)
        assert not reads(doc, without_it)

    def test_an_entitlement_opens_it_until_it_is_withdrawn(self, tree, member):
        doc = tree.add_doc(audience=audience(entitlement="sales-pro"))
        assert not reads(doc, member)
        granted = Entitlement.objects.create(
            user=member.user, membership=member, key="sales-pro", granted_at=timezone.now() - timedelta(hours=1)
        )
        assert reads(doc, member)
        granted.withdrawn_at = timezone.now()
        granted.save()
        assert not reads(doc, member)

    def test_a_language_opens_it(self, tree, add_member):
        doc = tree.add_doc(audience=audience(language="ru"))
        assert reads(doc, add_member(language="ru"))
        assert not reads(doc, add_member(language="en"))

    def test_an_ended_membership_opens_nothing(self, tree, member):
        doc = tree.add_doc()
        member.ended_at = timezone.now() - timedelta(minutes=1)
        member.save()
        assert not reads(doc, member)

    def test_a_draft_is_open_to_nobody(self, tree, member):
        assert not reads(tree.add_doc(live=False), member)


class TestInheritance:
    def test_a_card_obeys_its_guide(self, tree, rows, add_member, owners_only):
        card = tree.add_card(tree.add_guide(audience=owners_only))
        assert reads(card, add_member(role=rows.owner))
        assert not reads(card, add_member(role=rows.seller))

    def test_a_card_obeys_its_own_audience_in_an_open_guide(self, tree, rows, add_member, owners_only):
        card = tree.add_card(tree.add_guide(), audience=owners_only)
        assert not reads(card, add_member(role=rows.seller))

    def test_a_lesson_obeys_its_course(self, tree, rows, add_member, owners_only):
        course = tree.add_course(audience=owners_only, lessons=1)
        assert not reads(course.get_children().first(), add_member(role=rows.seller))

    def test_both_audiences_must_admit(self, tree, rows, add_member, owners_only):
        card = tree.add_card(tree.add_guide(audience=owners_only), audience=audience(tiers=[rows.gold]))
        assert not reads(card, add_member(role=rows.owner, tier=rows.silver))
        assert reads(card, add_member(role=rows.owner, tier=rows.gold))


class TestTranslations:
    """An editor who closes a page in one language has closed what it says."""

    def test_an_audience_holds_in_every_language(self, tree, rows, add_member, owners_only):
        english = tree.add_doc("Margins", slug="margins", audience=owners_only)
        russian = tree.add_doc("Маржа", language="ru", slug="margins", translation_of=english)
        assert not reads(russian, add_member(role=rows.seller))
        assert reads(russian, add_member(role=rows.owner))

    def test_a_card_obeys_its_guide_in_the_other_language(self, tree, rows, add_member, owners_only):
        guide = tree.add_guide(audience=owners_only)
        russian = tree.add(tree.libraries["ru"], ObjectionGuidePage(title="Возражения"), translation_of=guide)
        card = tree.add_card(russian, "Дорого", slug="dorogo")
        assert not reads(card, add_member(role=rows.seller))
        assert reads(card, add_member(role=rows.owner))

    def test_a_translation_that_is_not_published_yet_closes_nothing(self, tree, rows, add_member, owners_only):
        english = tree.add_doc("Margins", slug="margins")
        tree.add_doc("Маржа", language="ru", slug="margins", translation_of=english, audience=owners_only, live=False)
        assert reads(english, add_member(role=rows.seller))


class TestListsSearchAndCitations:
    def test_a_closed_material_is_not_listed(self, tree, member, owners_only):
        tree.add_doc("Open")
        tree.add_doc("Closed", audience=owners_only)
        reader = describe_reader(member.user, member, now=timezone.now())
        listed = list_materials(reader, Choice(), language="en")
        assert [material.title for material in listed] == ["Open"]

    @pytest.mark.embedded
    def test_a_closed_material_is_not_found(self, tree, rows, add_member, owners_only):
        tree.add_doc("Recording of calls", audience=owners_only)
        tree.add_card(tree.add_guide(audience=owners_only), "We have no time for recording")
        seller, owner = add_member(role=rows.seller), add_member(role=rows.owner)
        now = timezone.now()
        assert search_materials(describe_reader(seller.user, seller, now=now), "recording", language="en").total == 0
        assert search_materials(describe_reader(owner.user, owner, now=now), "recording", language="en").total == 2

    def test_a_citation_of_a_closed_material_is_left_out(self, tree, member, owners_only):
        doc = tree.add_doc(audience=owners_only)
        now = timezone.now()
        cited = [(str(doc.translation_key), "first")]
        assert find_study_links(cited, membership=member, language="en", now=now) == []

    def test_tags_and_counts_tell_nothing_of_what_is_closed(self, tree, member, signed_in, owners_only):
        doc = tree.add_doc("Closed", audience=owners_only)
        doc.tags.add("secret margin")
        publish(doc)
        page = signed_in(member).get("/en/library/").content.decode()
        assert "secret margin" not in page


class TestTheAnswerOnTheWeb:
    def test_a_member_reads(self, tree, member, signed_in):
        tree.add_doc("Calls")
        response = signed_in(member).get("/en/library/calls/")
        assert response.status_code == 200
        assert "How a call is recorded." in response.content.decode()

    def test_a_stranger_is_led_to_the_sign_in(self, tree, client):
        tree.add_doc("Calls")
        for address in ("/en/library/", "/en/library/calls/", "/en/courses/", "/en/study/search/?q=calls"):
            response = client.get(address)
            assert response.status_code == 302
            assert "/sign-in/" in response["Location"]

    def test_a_refused_member_reads_for_whom_it_is_and_what_would_change_that(
        self, tree, member, signed_in, owners_only
    ):
        tree.add_doc("Calls", audience=owners_only)
        response = signed_in(member).get("/en/library/calls/")
        text = response.content.decode()
        assert response.status_code == 403
        assert "for people in these job roles: Owner." in text
        assert "The owner of your organisation can give you such a role." in text
        assert "How a call is recorded." not in text

    def test_a_body_kept_for_one_reader_is_not_shown_to_the_next(self, tree, rows, add_member, signed_in, owners_only):
        tree.add_doc("Calls", audience=owners_only)
        assert signed_in(add_member(role=rows.owner)).get("/en/library/calls/").status_code == 200
        assert signed_in(add_member(role=rows.seller)).get("/en/library/calls/").status_code == 403

    def test_a_lost_audience_closes_the_page_at_the_next_request(self, tree, rows, add_member, signed_in, owners_only):
        tree.add_doc("Calls", audience=owners_only)
        owner = add_member(role=rows.owner)
        browser = signed_in(owner)
        assert browser.get("/en/library/calls/").status_code == 200
        owner.held_roles.update(ended_at=timezone.now())
        assert browser.get("/en/library/calls/").status_code == 403

    def test_staff_read_what_is_closed_to_members(self, tree, staff, signed_in, owners_only):
        tree.add_doc("Calls", audience=owners_only)
        assert signed_in(staff).get("/en/library/calls/").status_code == 200

    def test_a_person_of_no_partner_reads_why_the_library_is_closed(self, tree, signed_in, django_user_model):
        nobody = django_user_model.objects.create_user("nobody@example.com", "a long password")
        response = signed_in(nobody).get("/en/library/")
        assert response.status_code == 403
        assert "you are a member of none now" in response.content.decode()

    @pytest.mark.parametrize(
        ("condition", "says"),
        [
            ({"tiers": ["gold"]}, "for partners of these tiers: Gold."),
            ({"kinds": ["integrator"]}, "for partners of another kind: Integrator."),
            ({"entitlement": "sales-pro"}, "for those who hold this now"),
            ({"language": "ru"}, "for readers of another language"),
        ],
    )
    def test_each_condition_has_a_refusal_of_its_own(self, tree, rows, member, signed_in, condition, says):
        named = {
            key: [getattr(rows, slug) for slug in value] if isinstance(value, list) else value
            for key, value in condition.items()
        }
        tree.add_doc("Calls", audience=audience(**named))
        assert says in signed_in(member).get("/en/library/calls/").content.decode()
