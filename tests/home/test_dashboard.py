"""The home page: what it says to whom, in how many queries, and what stays hidden."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.models import Credential
from certification.services.credentials import revoke_credential
from certification.services.qualifications import review_qualification
from portal.leads.models import LeadStatus
from portal.partners.models import Partner
from portal.partners.services.agreements import withdraw_acceptance
from tests.factories.certification import CredentialFactory, ExamFactory, ProgrammeFactory, qualify
from tests.factories.leads import LeadFactory, OfferFactory, RouteFactory
from tests.factories.training import Tree
from tests.world import World, build_people
from training.models import LessonPage
from training.services.progress import complete_lesson

pytestmark = pytest.mark.django_db

#: Session, user, memberships, job roles, the bell, leads in the navigation, and one reading each for what is shown.
MOST_QUERIES = 22


@pytest.fixture
def world() -> World:
    return build_people(timezone.now())


@pytest.fixture
def programme(world):
    """Two exams, both after a course of three lessons, on a site with a library."""
    course = Tree().add_course(lessons=3)
    return ProgrammeFactory(
        exams=[
            ExamFactory(slug="product", letter="P", course=course),
            ExamFactory(slug="sales", letter="S", course=course),
        ]
    )


def offer_leads(world: World, programme, count: int) -> None:
    route = RouteFactory(programme=programme, products=[world.product])
    for _number in range(count):
        lead = LeadFactory(status=LeadStatus.OFFERED, route=route, product=world.product, region=world.region)
        OfferFactory(lead=lead, partner=world.partner, made_at=world.now)


def text_of(client, world: World, persona: str) -> str:
    client.force_login(world.people[persona])
    answer = client.get(reverse("home:dashboard"))
    assert answer.status_code == 200
    return answer.content.decode()


def count_queries(client, world: World, persona: str) -> int:
    client.force_login(world.people[persona])
    client.get(reverse("home:dashboard"))  # warm
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(reverse("home:dashboard")).status_code == 200
    return len(queries)


def test_a_seller_who_begins_is_led_to_the_first_lesson(client, world, programme):
    page = text_of(client, world, "seller")
    assert "Lesson 1 of 3" in page
    assert "No leads yet" in page


def test_a_seller_who_has_studied_is_led_to_the_first_exam(client, world, programme):
    for lesson in LessonPage.objects.all():
        complete_lesson(world.memberships["seller"], lesson=lesson, by=world.people["seller"], now=world.now)
    page = text_of(client, world, "seller")
    assert "You have studied: now show it" in page
    assert "Every lesson is done" in page


def test_an_open_offer_comes_first(client, world, programme):
    qualify(world.memberships["owner"], programme, world.now)
    offer_leads(world, programme, 2)
    page = text_of(client, world, "seller")
    assert "2 leads wait for your answer" in page
    assert "buyer@customer.example" not in page
    assert "Customer " not in page


def test_an_engineer_sees_no_offers(client, world, programme):
    qualify(world.memberships["owner"], programme, world.now)
    offer_leads(world, programme, 1)
    assert "/leads/offers/" not in text_of(client, world, "engineer")


def test_another_partner_s_member_sees_none_of_it(client, world, programme):
    qualify(world.memberships["owner"], programme, world.now)
    offer_leads(world, programme, 1)
    page = text_of(client, world, "stranger")
    assert "/leads/offers/" not in page
    assert "Ours" not in page


def test_what_the_organisation_lacks_is_said_by_name(client, world, programme):
    exam = programme.programme_exams.first().exam
    CredentialFactory(membership=world.memberships["seller"], exam=exam, issued_at=world.now - timedelta(days=1))
    page = text_of(client, world, "head")
    assert "Seller Person still needs" in page


@pytest.mark.parametrize("cause", ["revoked", "suspended", "withdrawn"])
def test_the_badge_of_qualification_goes_at_once_with_its_cause(client, world, programme, cause):
    qualify(world.memberships["owner"], programme, world.now)
    assert "badge-good" in text_of(client, world, "seller")
    if cause == "revoked":
        revoke_credential(Credential.objects.first(), reason="Sat by another", by=None, now=timezone.now())
    elif cause == "suspended":
        Partner.objects.filter(pk=world.partner.pk).update(status="suspended")
    else:
        withdraw_acceptance(world.partner.acceptances.get(), by=None, now=timezone.now())
    assert "badge-good" not in text_of(client, world, "seller")


def test_the_page_costs_the_same_for_few_and_many_rows_and_at_most_twenty_two_queries(client, world, programme):
    qualify(world.memberships["owner"], programme, world.now)
    offer_leads(world, programme, 3)
    few = count_queries(client, world, "seller")
    offer_leads(world, programme, 40)
    for _number in range(20):
        CredentialFactory(membership=world.memberships["head"], exam=ExamFactory(questions=1), issued_at=world.now)
    review_qualification(world.partner, programme=programme, now=timezone.now())
    assert count_queries(client, world, "seller") == few
    assert few <= MOST_QUERIES


def test_staff_without_a_membership_get_their_ways_in(client, world):
    page = text_of(client, world, "editor")
    assert reverse("wagtailadmin_home") in page


def test_a_person_without_a_membership_reads_why_and_what_to_do(client, world):
    client.force_login(world.people["lone"])
    answer = client.get(reverse("home:dashboard"))
    assert answer.status_code == 403
    assert "invite" in answer.content.decode()


def test_whoever_comes_to_the_bare_address_is_led_to_their_own_language_after_signing_in(client):
    """No page to come back to is named: the browser's language would go with it."""
    answer = client.get("/en/")
    assert answer.status_code == 302
    assert answer["Location"].endswith("/sign-in/login/")
