"""Whole pages, kept for readers to whom they look the same: nothing personal in them, and every change at once."""

import gc
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image as PillowImage

from portal.content.services.pages import name_content_version
from portal.core.localised import LocalisedText
from portal.core.memory import Memory
from portal.partners.models import Audience, Entitlement, Membership, Tier
from tests.factories.content import ImageFactory, ProductFactory
from tests.factories.notifications import NotificationFactory
from tests.factories.training import figure, price, publish, section
from training.models import Change, LibraryPage, Market, Reading
from training.views import kept

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

DOC = "/en/library/calls/"


def sign_in(membership) -> Client:
    browser = Client()
    browser.force_login(getattr(membership, "user", membership))
    return browser


def see(browser, address=DOC) -> str:
    response = browser.get(address)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def list_kept() -> list[bytes]:
    """What this process has kept, without the marks."""
    return [b"".join(pieces[::2]) for _until, pieces in kept._pages._values.values()]


def find_prices_of_today(page: str) -> str:
    return page.split('id="prices-now"')[1].split("</section>")[0]


def save_in_admin(root: Client, address: str, **changes: Any) -> None:
    """What an editor does: opens the form, changes something, saves."""
    details: dict[str, Any] = {}
    for bound in root.get(address).context["form"]:
        value, widget = bound.value(), bound.field.widget
        if hasattr(widget, "decompress"):
            texts = zip(widget.widgets_names, widget.decompress(value), strict=True)
            details |= {f"{bound.html_name}{name}": text for name, text in texts}
        elif value is not None and value is not False and not hasattr(value, "url"):
            details[bound.html_name] = value
    response = root.post(address, details | changes)
    assert response.status_code == 302, response.context["form"].errors


def forget() -> None:
    cache.clear()
    for memory in Memory.instances:
        memory.clear()


@pytest.fixture
def root(django_user_model) -> Client:
    """An administrator's browser."""
    return sign_in(django_user_model.objects.create_superuser("root@vendor.example", "a long password"))


@pytest.fixture
def pages(tree):
    """One page of every type that is kept, by its address."""
    guide = tree.add_guide()
    tree.add_doc("Calls")
    tree.add_card(guide)
    tree.add_standard()
    tree.add_case()
    tree.add_prices()
    tree.add_video(embed_url="https://www.youtube.com/watch?v=dQw4w9WgXcQ")
    names = ("calls", "objections", "objections/it-is-too-expensive", "how-we-answer", "nine-bakeries", "price-list",
             "a-day-with-it")  # fmt: skip
    return [f"/en/library/{name}/" for name in names]


def paint(colour: str, name: str = "photo.png") -> ContentFile:
    picture = BytesIO()
    PillowImage.new("RGB", (1600, 800), colour).save(picture, "PNG")
    return ContentFile(picture.getvalue(), name=name)


class TestNothingPersonal:
    def test_the_same_page_is_kept_for_two_people_with_the_same_rights(self, pages, add_member, rows):
        first, second = add_member(), add_member()
        for address in pages:
            both = []
            for membership in (first, second):
                forget()
                see(sign_in(membership), address)
                both.append(list_kept())
            assert len(both[0]) == 1, address
            assert both[0] == both[1], address

    def test_nothing_of_a_person_is_in_it(self, pages, add_member):
        membership = add_member()
        user, partner = membership.user, membership.partner
        user.first_name, user.last_name = "Wilhelmina", "Featherstonehaugh"
        user.save()
        partner.name = "Brothers Unmistakable"
        partner.save()
        browser = sign_in(membership)
        for address in pages:
            page = see(browser, address)
            assert "Wilhelmina Featherstonehaugh" in page
            assert user.email in page
            tokens = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page))
            personal = {
                "Wilhelmina", "Featherstonehaugh", user.email, partner.name, user.public_id, membership.public_id,
                partner.public_id, browser.session.session_key, browser.cookies["csrftoken"].value, *tokens,
            }  # fmt: skip
            for text in personal:
                assert not any(text.encode() in body for body in list_kept()), (address, text)
            assert len(tokens) == 1

    def test_a_second_reader_is_answered_what_was_kept_for_the_first(self, tree, add_member):
        tree.add_doc("Calls")
        first, second = add_member(), add_member()
        see(sign_in(first))
        response = sign_in(second).get(DOC)
        assert "training/product_doc_page.html" not in {template.name for template in response.templates}
        assert second.user.email in response.content.decode()
        assert first.user.email not in response.content.decode()
        assert len(list_kept()) == 1

    def test_another_process_finds_it_in_the_shared_cache(self, tree, member):
        tree.add_doc("Calls")
        browser = sign_in(member)
        see(browser)
        for memory in Memory.instances:
            memory.clear()
        response = browser.get(DOC)
        assert "training/product_doc_page.html" not in {template.name for template in response.templates}

    def test_a_token_from_a_kept_page_is_accepted(self, tree, member):
        tree.add_doc("Calls")
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(member.user)
        for _time in range(2):
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', see(browser))[1]
            details = {"csrfmiddlewaretoken": token, "theme": "dark", "next": DOC}
            assert browser.post(reverse("core:set_theme"), details).status_code == 302
        assert browser.post(reverse("core:set_theme"), {"theme": "dark"}).status_code == 403


class TestWhatIsNotKept:
    def test_a_page_with_anything_in_the_query_string(self, tree, member):
        tree.add_guide()
        see(sign_in(member), "/en/library/objections/?q=time")
        assert list_kept() == []

    def test_the_pages_of_staff(self, tree, staff):
        tree.add_doc("Calls")
        see(sign_in(staff))
        assert list_kept() == []

    def test_a_page_that_only_staff_may_read_seen_by_one_of_them_who_is_also_a_member(
        self, tree, staff, member, owners_only
    ):
        tree.add_doc("Calls", sections=[section("prices", "Prices", "For owners alone.")], audience=owners_only)
        Membership.objects.create(partner=member.partner, user=staff, started_at=member.started_at)
        assert "For owners alone." in see(sign_in(staff))
        refused = sign_in(member).get(DOC)
        assert refused.status_code == 403
        assert b"For owners alone." not in refused.content

    def test_courses_and_lessons_which_show_the_readers_own_progress(self, tree, member):
        tree.add_course(lessons=1)
        browser = sign_in(member)
        see(browser, "/en/courses/first-steps/")
        see(browser, "/en/courses/first-steps/lesson-1/")
        assert list_kept() == []

    def test_previews(self, tree):
        doc = tree.add_doc("Calls")
        doc.make_preview_request(RequestFactory().get("/"), doc.default_preview_mode)
        assert list_kept() == []

    def test_a_video_that_goes_on_from_where_the_viewer_stopped(self, tree, member):
        video = tree.add_video(embed_url="https://www.youtube.com/watch?v=dQw4w9WgXcQ")
        Reading.objects.create(user=member.user, material_key=video.translation_key, page=video, seconds=75)
        see(sign_in(member), "/en/library/a-day-with-it/")
        assert list_kept() == []


@pytest.fixture
def reader(tree, member) -> Client:
    """Has the page before them, kept."""
    tree.doc = tree.add_doc("Calls")
    browser = sign_in(member)
    see(browser)
    assert len(list_kept()) == 1
    return browser


class TestWhatEditorsChange:
    """Each shows at the next request."""

    def test_a_text(self, tree, reader):
        tree.doc.body = [section("first", "First things", "Recording is off.")]
        publish(tree.doc)
        assert "Recording is off." in see(reader)

    def test_a_page_that_is_withdrawn(self, tree, reader):
        tree.doc.unpublish()
        assert reader.get(DOC).status_code == 404

    def test_a_page_that_is_deleted(self, tree, reader, root):
        root.post(reverse("wagtailadmin_pages:delete", args=[tree.doc.pk]))
        assert reader.get(DOC).status_code == 404

    def test_a_page_that_has_moved(self, tree, reader):
        shelf = tree.add(tree.roots["en"], LibraryPage(title="Old shelf", slug="old-shelf"))
        tree.doc.move(shelf, "last-child")
        assert reader.get(DOC).status_code == 404
        assert "Old shelf" in see(reader, "/en/old-shelf/calls/")

    def test_the_title_of_the_page_above(self, tree, reader):
        library = tree.libraries["en"]
        library.title = "Reading room"
        publish(library)
        assert "Reading room" in see(reader)

    def test_a_library_that_has_moved_stands_at_its_new_address_in_the_navigation(self, tree, reader):
        library = tree.libraries["en"]
        library.slug = "reading-room"
        publish(library)
        assert 'class="nav-link" href="/en/reading-room/"' in see(reader, "/en/reading-room/calls/")

    def test_a_translation(self, tree, reader):
        tree.add_doc("Звонки", language="ru", slug="zvonki", translation_of=tree.doc)
        assert "/ru/library/zvonki/" in see(reader)

    def test_an_audience_given_to_the_page(self, tree, reader, owners_only):
        tree.doc.audience = owners_only
        publish(tree.doc)
        assert reader.get(DOC).status_code == 403

    def test_an_audience_given_to_a_translation(self, tree, reader, owners_only):
        tree.add_doc("Звонки", language="ru", slug="zvonki", translation_of=tree.doc, audience=owners_only)
        assert reader.get(DOC).status_code == 403

    def test_a_condition_of_an_audience(self, tree, member, rows):
        audience = Audience.objects.create(name="Sellers")
        audience.job_roles.add(rows.seller)
        tree.add_doc("Calls", audience=audience)
        browser = sign_in(member)
        see(browser)
        audience.job_roles.set([rows.owner])
        assert browser.get(DOC).status_code == 403

    def test_the_name_of_a_product(self, tree, reader, root):
        product = ProductFactory()
        tree.doc.products.add(product)
        publish(tree.doc)
        see(reader)
        save_in_admin(root, reverse("products:edit", args=[product.pk]), name_en="Harpsichord")
        assert "Harpsichord" in see(reader)

    def test_the_name_of_a_market(self, tree, member, root):
        market = Market.objects.create(slug="eu", name={"en": "Europe"})
        other = Market.objects.create(slug="uk", name={"en": "Isles"}, countries="GB")
        tree.add_prices(rows=[price("CRM", "24.00", market=market.slug), price("CRM", "20.00", market=other.slug)])
        browser = sign_in(member)
        see(browser, "/en/library/price-list/")
        save_in_admin(root, reverse("markets:edit", args=[other.pk]), name_en="Albion")
        assert "Albion" in see(browser, "/en/library/price-list/")

    # Wagtail leaves the temporary files of its renditions to the garbage collector.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_a_picture_that_is_replaced(self, tree, member, root):
        image = ImageFactory(file=paint("teal"))
        tree.add_doc("Calls", sections=[section("a", "A", "See:", figure(image))])
        browser = sign_in(member)
        before = set(re.findall(r"/files/images/[^ ,\"]+", see(browser)))
        save_in_admin(root, reverse("wagtailimages:edit", args=[image.pk]), file=paint("crimson", "another.png"))
        after = set(re.findall(r"/files/images/[^ ,\"]+", see(browser)))
        assert after
        assert not after & before
        gc.collect()

    def test_a_change_begun_before_another_and_committed_after_it(self):
        """Its row in the log then stands below the last; the version must change all the same."""
        assert name_content_version([(9,), (7,)], []) != name_content_version([(9,), (8,), (7,)], [])


class TestWhatAReaderLoses:
    """Each shows at the next request."""

    def test_an_entitlement_withdrawn_or_past_its_end(self, tree, member):
        tree.add_doc("Calls", audience=Audience.objects.create(name="Proved", entitlement="proved"))
        now = timezone.now()
        grant = Entitlement.objects.create(
            user=member.user, key="proved", evidence="e", granted_at=now, until=now + timedelta(hours=1)
        )
        browser = sign_in(member)
        see(browser)
        with time_machine.travel(now + timedelta(minutes=61)):
            assert browser.get(DOC).status_code == 403
        see(browser)
        grant.withdrawn_at = timezone.now()
        grant.save()
        assert browser.get(DOC).status_code == 403

    def test_a_tier(self, tree, member, rows):
        audience = Audience.objects.create(name="Silver")
        audience.tiers.add(rows.silver)
        tree.add_doc("Calls", audience=audience)
        browser = sign_in(member)
        see(browser)
        member.partner.tier = rows.gold
        member.partner.save()
        assert browser.get(DOC).status_code == 403

    def test_a_job_role(self, tree, member, rows):
        audience = Audience.objects.create(name="Sellers")
        audience.job_roles.add(rows.seller)
        tree.add_doc("Calls", audience=audience)
        browser = sign_in(member)
        see(browser)
        member.held_roles.update(ended_at=timezone.now())
        assert browser.get(DOC).status_code == 403

    @pytest.mark.parametrize("of", ["membership", "partner"])
    def test_the_membership_or_the_partnership(self, reader, member, of):
        if of == "membership":
            member.ended_at = timezone.now()
            member.save()
        else:
            member.partner.status = "ended"
            member.partner.save()
        assert reader.get(DOC).status_code == 403

    @pytest.mark.parametrize("how", ["signed out", "password", "deactivated"])
    def test_the_session(self, reader, member, how):
        if how == "signed out":
            reader.logout()
        elif how == "password":
            member.user.set_password("another long password")
            member.user.save()
        else:
            member.user.is_active = False
            member.user.save()
        assert reader.get(DOC).status_code == 302

    def test_what_is_closed_is_explained_as_ever(self, tree, member, owners_only):
        tree.add_doc("Calls", audience=owners_only)
        response = sign_in(member).get(DOC)
        assert response.status_code == 403
        assert "Owner" in response.content.decode()
        assert list_kept() == []


class TestTheReadersOwn:
    """What stands in the shell of a kept page is as it is at each request."""

    def test_name_and_counts(self, reader, member):
        member.user.first_name = "Wilhelmina"
        member.user.save()
        assert "Wilhelmina" in see(reader)
        NotificationFactory(user=member.user)
        assert "1 unread notice" in see(reader)
        NotificationFactory(user=member.user)
        assert "2 unread notices" in see(reader)

    def test_a_suspended_partnership(self, reader, member):
        member.partner.status = "suspended"
        member.partner.save()
        assert "Suspended" in see(reader)

    def test_the_choice_between_partners(self, reader, member, rows, add_member):
        other = add_member()
        other.user = member.user
        other.save()
        page = see(reader)
        assert other.partner.name in page
        assert other.public_id in page

    def test_a_message_is_shown_once(self, tree, reader, member):
        card = tree.add_card(tree.add_guide())
        address = "/en/library/objections/it-is-too-expensive/"
        see(reader, address)
        response = reader.post(reverse("training:rate", args=[card.translation_key]), {"worked": "yes"}, follow=True)
        assert "Thank you" in response.content.decode()
        assert "Thank you. It counts" not in see(reader, address)

    def test_day_or_night(self, reader):
        assert 'data-theme="auto"' in see(reader)
        reader.cookies["theme"] = "dark"
        assert 'data-theme="dark"' in see(reader)

    def test_the_time_zone(self, reader, member):
        assert "Asia/Almaty" not in see(reader)
        member.user.time_zone = "Asia/Almaty"
        member.user.save()
        assert "Asia/Almaty" in see(reader)

    def test_a_tiers_name_of_ones_own_is_not_another_readers(self, tree, rows, add_member):
        """Readers of two tiers have a page each."""
        tree.add_prices()
        for tier in (rows.silver, rows.gold):
            see(sign_in(add_member(tier=tier)), "/en/library/price-list/")
        assert len(list_kept()) == 2

    def test_the_day(self, tree, member):
        tree.add_prices(
            rows=[
                price("CRM", "24.00", valid_until="2026-11-24"),
                price("CRM", "31.00", valid_from="2026-11-25", key="later"),
            ]
        )
        member.user.time_zone = "Europe/Berlin"
        member.user.save()
        address, before = "/en/library/price-list/", datetime(2026, 11, 24, 22, 59, tzinfo=UTC)
        with time_machine.travel(before, tick=False) as clock:
            browser = sign_in(member)
            assert "24.00" in find_prices_of_today(see(browser, address))
            clock.shift(timedelta(minutes=2))
            tomorrow = find_prices_of_today(see(browser, address))
        assert "31.00" in tomorrow
        assert "24.00" not in tomorrow

    def test_what_changed_since_the_last_visit(self, tree, reader, member):
        doc, now = tree.doc, timezone.now()
        Reading.objects.create(
            user=member.user, material_key=doc.translation_key, page=doc, times=1,
            first_read_at=now - timedelta(days=2), last_read_at=now - timedelta(days=1),
        )  # fmt: skip
        Change.objects.create(
            page=doc, material_key=doc.translation_key, is_material=True, line="Recording is off.", published_at=now
        )
        assert "Recording is off." in see(reader)
        Reading.objects.update(last_read_at=timezone.now())
        assert "Recording is off." not in see(reader)

    def test_what_is_kept_at_hand(self, tree, member, add_member):
        card = tree.add_card(tree.add_guide())
        address = "/en/library/objections/it-is-too-expensive/"
        browser = sign_in(member)
        assert "Kept at hand" not in see(browser, address)
        Reading.objects.create(user=member.user, material_key=card.translation_key, page=card, pinned_at=timezone.now())
        assert "Kept at hand" in see(browser, address)
        assert "Kept at hand" not in see(sign_in(add_member()), address)


class TestWhatItCosts:
    @pytest.mark.parametrize("number", [1, 30])
    def test_two_round_trips_whatever_the_page_holds(self, tree, member, number):
        """The session; the person with their memberships; the page, the reader's audiences and the counts."""
        tree.add_doc("Calls", sections=[section(f"s{n}", f"Part {n}", "Text.") for n in range(number)])
        browser = sign_in(member)
        see(browser)
        with CaptureQueriesContext(connection) as queries:
            see(browser)
        # SQLite is asked each question by itself.
        assert len(queries) == (2 if connection.vendor == "postgresql" else 10)

    def test_head_is_answered_like_get(self, reader):
        response = reader.head(DOC)
        assert response.status_code == 200
        assert response.content == b""
        assert response["Cache-Control"] == "private, no-cache"
        assert "Content-Security-Policy" in response

    def test_only_reading_is_answered(self, reader):
        assert reader.post(DOC).status_code == 405


def test_a_tier_renamed_is_read_at_once_in_a_refusal(tree, member, rows, root):
    audience = Audience.objects.create(name="Gold")
    audience.tiers.add(rows.gold)
    tree.add_doc("Calls", audience=audience)
    browser = sign_in(member)
    assert "Gold" in browser.get(DOC).content.decode()
    Tier.objects.filter(pk=rows.gold.pk).update(name=LocalisedText(en="Topmost", ru="Высший"))
    assert "Topmost" in browser.get(DOC).content.decode()
