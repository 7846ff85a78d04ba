"""Send me that: what a customer sees, what they never see, and for how long."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from portal.content.models import Image
from portal.core.errors import NotAllowed, Refusal
from portal.core.models import Fact
from portal.core.services.outbox import hand_on
from portal.notifications.models import Notification
from portal.partners.models import Audience, Entitlement
from tests.factories.content import PLAIN_SVG
from tests.factories.training import publish, section
from training.models import CallScriptPage, CaseStudyPage, PriceListPage, Share, StandardPage
from training.services import sharing
from training.services.leaflets import list_parts, make_leaflet
from training.services.sharing import NoLongerShared, find_shared, record_opening, share_material, withdraw_share

pytestmark = pytest.mark.django_db

#: Stands in every field that is for partners only. If it is ever in what a customer gets, a test fails.
SECRET = "SECRETMARGIN"


def shareable(anchor, heading, text, *more):
    made = section(anchor, heading, text, *more)
    made["value"]["shareable"] = True
    return made


@pytest.fixture
def doc(tree):
    aside = {"type": "callout", "id": "c1", "value": {"kind": "internal", "text": f"<p>{SECRET} thirty per cent</p>"}}
    tip = {"type": "callout", "id": "c2", "value": {"kind": "tip", "text": "<p>Ask for the file first.</p>"}}
    link = {"type": "text", "id": "l1", "value": f'<p>See <a href="/en/library/{SECRET}/">margins</a>.</p>'}
    return tree.add_doc(
        "Calls in one list",
        intro=f"{SECRET} intro",
        for_whom=f"{SECRET} whom",
        sections=[
            shareable("what", "What it does", "Every call is kept.", aside, tip, link),
            section("margins", f"{SECRET} heading", f"{SECRET} text"),
            shareable("limits", "Its limits", "Fifty users."),
        ],
    )


def send(page, membership, now=None, **options):
    now = now or timezone.now()
    parts = [part.block_id for part in list_parts(page, today=timezone.localdate(now))]
    options = {"blocks": parts, "days": 14} | options
    return share_material(page, membership=membership, by=membership.user, now=now, **options)


def shown(client, share, suffix=""):
    client.logout()
    return client.get(f"/en/study/shared/{share.public_id}/{suffix}")


def read_pdf(content: bytes) -> str:
    reader = PdfReader(io.BytesIO(content))
    return " ".join([*(page.extract_text() for page in reader.pages), str(reader.metadata)])


class TestWhatACustomerSees:
    def test_the_shareable_sections_with_the_partner_s_name_and_without_signing_in(self, doc, member, client):
        page = shown(client, send(doc, member)).content.decode()
        assert "Every call is kept." in page
        assert "Fifty users." in page
        assert "Ask for the file first." in page
        assert member.partner.name in page

    def test_only_what_was_chosen(self, doc, member, client):
        limits = list_parts(doc, today=timezone.localdate())[1]
        page = shown(client, send(doc, member, blocks=[limits.block_id])).content.decode()
        assert "Fifty users." in page
        assert "Every call is kept." not in page

    def test_no_internal_field_is_in_the_bytes_of_the_page_or_of_the_pdf(self, doc, member, client):
        share = send(doc, member, note=f"{SECRET} note")
        page = shown(client, share)
        paper = shown(client, share, "pdf/")
        assert SECRET.encode() not in page.content
        assert SECRET not in str(page.headers)
        assert "Every call is kept." in read_pdf(paper.content)
        assert SECRET not in read_pdf(paper.content)
        assert SECRET.encode() not in paper.content

    def test_nothing_leads_back_into_the_portal_but_its_own_address(self, doc, member, client):
        share = send(doc, member)
        article = re.search(r"<article.*?</article>", shown(client, share).content.decode(), re.S).group(0)
        assert "<a " not in article
        assert "margins" in article  # the words stay

    def test_the_sharer_s_own_name_and_address_are_nowhere(self, doc, member, client):
        page = shown(client, send(doc, member)).content.decode()
        assert member.user.email not in page

    def test_pictures_come_along_as_data(self, tree, member, client):
        image = Image.objects.create(title="Plan", file=ContentFile(PLAIN_SVG, name="plan.svg"))
        figure = {"type": "figure", "id": "f1", "value": {"image": image.pk, "caption": "A plan", "alt": "Three steps"}}
        doc = tree.add_doc("With a picture", sections=[shareable("plan", "The plan", "As drawn.", figure)])
        page = shown(client, send(doc, member)).content.decode()
        assert 'src="data:image/svg+xml;base64,' in page
        assert "/files/" not in page

    def test_script_that_slipped_into_a_text_is_gone(self, tree, member, client):
        doc = tree.add_doc(
            "Odd", sections=[shareable("odd", "Odd", '<img src=x onerror="alert(1)"><script>x()</script>Fine.')]
        )
        article = re.search(r"<article.*?</article>", shown(client, send(doc, member)).content.decode(), re.S).group(0)
        assert "onerror" not in article
        assert "<script" not in article
        assert "Fine." in article

    def test_it_is_kept_by_nobody_and_found_by_no_search_engine(self, doc, member, client):
        page = shown(client, send(doc, member))
        assert page["Cache-Control"] == "private, no-store"
        assert "noindex" in page["X-Robots-Tag"]
        assert page["Referrer-Policy"] == "no-referrer"

    def test_it_speaks_the_language_of_the_material(self, tree, member, client):
        doc = tree.add_doc("Звонки", language="ru", sections=[shareable("a", "Что умеет", "Хранит каждый звонок.")])
        share = send(doc, member)
        client.logout()
        page = client.get(f"/ru/study/shared/{share.public_id}/").content.decode()
        assert f"От {member.partner.name}" in page or f"от {member.partner.name}" in page

    def test_a_card_is_sent_without_the_customer_s_own_words_as_its_heading(self, tree, member, client):
        card = tree.add_card(
            tree.add_guide(), f"{SECRET} too expensive", behind=f"{SECRET} b", next_question=f"{SECRET} q",
            proof=[{"type": "text", "id": "p", "value": f"<p>{SECRET} proof</p>"}], share_answer=True,
        )  # fmt: skip
        share = send(card, member)
        page, paper = shown(client, share), shown(client, share, "pdf/")
        assert "Count the missed calls first." in page.content.decode()
        assert SECRET not in page.content.decode() + str(paper.headers) + read_pdf(paper.content)

    def test_a_standard_s_rules_and_a_case_s_figures_stay_inside(self, tree, member, client):
        rule = {"anchor": "r", "level": "must", "statement": f"{SECRET} rule", "why": SECRET, "measure": SECRET}
        standard = tree.add(
            tree.libraries["en"],
            StandardPage(
                title="Answering", applies_to=SECRET, rules=[{"type": "rule", "id": "r1", "value": rule}],
                body=[shareable("promise", "What we promise", "An answer within the hour.")],
            ),
        )  # fmt: skip
        case = tree.add(
            tree.libraries["en"],
            CaseStudyPage(
                title="A bakery", customer=f"{SECRET} Ltd", partner_name=SECRET, earned_minor=777_777, currency="EUR",
                body=[shareable("situation", "The situation", "Twelve shops.")],
            ),
        )  # fmt: skip
        for page in (standard, case):
            sent = shown(client, send(page, member)).content.decode()
            assert SECRET not in sent
            assert "777" not in sent

    def test_prices_go_without_discount_note_and_rows_for_partners_only(self, tree, member, client, rows):
        def price(number, item, **fields):
            value = {"item": item, "unit": "user a month", "price": "24.00", "currency": "EUR", "market": "",
                     "valid_from": "2020-01-01", "valid_until": None, "breaks": [], "note": f"{SECRET} n",
                     "shareable": True} | fields  # fmt: skip
            return {"type": "price", "id": f"p{number}", "value": value}

        prices = PriceListPage(
            title="Prices",
            rows=[price(1, "Team"), price(2, SECRET, shareable=False), price(3, "Old", valid_until="2021-01-01")],
        )
        prices = tree.add(tree.libraries["en"], prices)
        prices.discounts.create(tier=rows.silver, percent=37)
        publish(prices)
        page = shown(client, send(prices, member)).content.decode()
        assert "Team" in page
        assert "24\u00a0EUR" in page
        assert SECRET not in page
        assert "37" not in re.search(r"<article.*?</article>", page, re.S).group(0)
        assert "Old" not in page

    def test_a_script_is_internal_whole(self, tree):
        assert list_parts(CallScriptPage(title="Call"), today=timezone.localdate()) == []


class TestForHowLong:
    def test_it_closes_at_its_end(self, doc, member):
        now = timezone.now()
        share = send(doc, member, now, days=7)
        assert find_shared(share.public_id, now=now + timedelta(days=6, hours=23))
        with pytest.raises(NoLongerShared):
            find_shared(share.public_id, now=now + timedelta(days=7))

    def test_the_sharer_takes_it_back_and_nobody_else_does(self, doc, member, add_member):
        now = timezone.now()
        share = send(doc, member)
        with pytest.raises(NotAllowed):
            withdraw_share(share, by=add_member().user, now=now)
        withdraw_share(share, by=member.user, now=now)
        withdraw_share(share, by=member.user, now=now + timedelta(hours=1))
        share.refresh_from_db()
        assert share.withdrawn_at == now
        with pytest.raises(NoLongerShared):
            find_shared(share.public_id, now=now)

    def test_it_closes_with_the_page_the_membership_and_the_sharer_s_right(self, doc, member):
        now = timezone.now() + timedelta(minutes=1)
        share = send(doc, member)
        audience = Audience.objects.create(name="Certified", entitlement="certified")
        doc.audience = audience
        publish(doc)
        with pytest.raises(NoLongerShared):
            find_shared(share.public_id, now=now)
        Entitlement.objects.create(user=member.user, key="certified", evidence="x", granted_at=now - timedelta(days=1))
        assert find_shared(share.public_id, now=now)
        doc.unpublish()
        with pytest.raises(NoLongerShared):
            find_shared(share.public_id, now=now)
        publish(doc)
        member.ended_at = now - timedelta(seconds=1)
        member.save()
        with pytest.raises(NoLongerShared):
            find_shared(share.public_id, now=now)

    def test_what_became_internal_since_is_gone_and_an_empty_page_is_closed(self, doc, member):
        now = timezone.now()
        share = send(doc, member)
        doc.body[0].value["shareable"] = False
        publish(doc)
        assert [heading for heading, _markup in find_shared(share.public_id, now=now).leaflet.sections] == [
            "Its limits"
        ]
        doc.body[2].value["shareable"] = False
        publish(doc)
        with pytest.raises(NoLongerShared):
            find_shared(share.public_id, now=now)

    def test_a_closed_page_says_whom_to_ask(self, client):
        answer = client.get("/en/study/shared/nothing-here/")
        assert answer.status_code == 410
        assert "Ask whoever sent it to you" in answer.content.decode()
        assert client.get("/en/study/shared/nothing-here/pdf/").status_code == 410
        assert client.get("/en/study/shared/nothing-here/seen.gif").status_code == 404


class TestWhoMaySend:
    def test_a_part_for_partners_only_cannot_be_chosen_by_a_forged_form(self, doc, member):
        inside = doc.body[1].id
        with pytest.raises(Refusal, match="for partners only"):
            send(doc, member, blocks=[inside])
        assert list(make_leaflet(doc, [inside], today=timezone.localdate()).sections) == []

    def test_not_a_reader_to_whom_it_is_closed(self, doc, member, owners_only):
        doc.audience = owners_only
        publish(doc)
        with pytest.raises(NotAllowed):
            send(doc, member)

    def test_not_with_another_s_membership(self, doc, member, add_member):
        with pytest.raises(NotAllowed):
            share_material(doc, membership=member, blocks=[], days=7, by=add_member().user, now=timezone.now())

    @pytest.mark.parametrize(
        ("change", "words"), [({"days": 365}, "7, 14 or 30"), ({"blocks": []}, "Nothing is chosen")]
    )
    def test_bad_choices_are_refused_in_words(self, doc, member, change, words):
        with pytest.raises(Refusal, match=words):
            send(doc, member, **change)

    def test_nobody_makes_a_mailing_of_it(self, doc, member, monkeypatch):
        monkeypatch.setattr("training.services.sharing.PER_DAY", 2)
        send(doc, member)
        send(doc, member)
        with pytest.raises(Refusal, match="within a day"):
            send(doc, member)


class TestTheSharerSees:
    def test_that_it_was_opened_once_told_and_then_counted(self, doc, member, client):
        share = send(doc, member, note="For Mrs Lang")
        for _time in range(3):
            shown(client, share, "seen.gif")
        shown(client, share, "pdf/")
        for fact in Fact.objects.filter(name="shares_opened"):
            hand_on(fact.pk, now=timezone.now())
            hand_on(fact.pk, now=timezone.now())
        assert Notification.objects.filter(user=member.user, type="training.share_opened").count() == 1
        client.force_login(member.user)
        page = client.get(reverse("training:shares")).content.decode()
        assert "Opened 4 times" in page
        assert "1 time as PDF" in page
        assert "For Mrs Lang" in page

    def test_but_not_their_own_look_nor_a_question_for_the_head(self, doc, member, client):
        share = send(doc, member)
        client.force_login(member.user)
        client.get(f"/en/study/shared/{share.public_id}/seen.gif")
        client.logout()
        client.head(f"/en/study/shared/{share.public_id}/seen.gif")
        client.get(f"/en/study/shared/{share.public_id}/")  # a messenger that looks at the link asks for no picture
        assert share.openings.count() == 0

    def test_two_openings_in_one_moment_are_one_piece_of_news(self, doc, member):
        share = send(doc, member)
        for _time in range(2):
            record_opening(share, by_user_id=None, as_pdf=False, now=timezone.now())
        assert Fact.objects.filter(name="shares_opened").count() == 1

    def test_whoever_asks_for_it_without_end_fills_no_table(self, doc, member, client, monkeypatch):
        monkeypatch.setattr(sharing, "MOST_OPENINGS", 3)
        share = send(doc, member)
        for _time in range(5):
            shown(client, share, "seen.gif")
        shown(client, share, "pdf/")
        assert share.openings.count() == 3

    def test_nobody_else_sees_or_takes_back_what_a_member_sent(self, doc, member, add_member, signed_in):
        share = send(doc, member, note="For Mrs Lang")
        other = signed_in(add_member(partner=member.partner))
        assert "Mrs Lang" not in other.get(reverse("training:shares")).content.decode()
        assert other.post(reverse("training:withdraw_share", args=[share.public_id])).status_code == 404


class TestTheForm:
    def test_makes_a_page_and_shows_its_link(self, doc, member, signed_in):
        client = signed_in(member)
        address = reverse("training:share", args=[doc.translation_key])
        asked = client.get(address).content.decode()
        assert asked.count("checked") == 2
        assert SECRET not in asked
        blocks = [part.block_id for part in list_parts(doc, today=timezone.localdate())]
        answer = client.post(address, {"blocks": blocks, "days": "7", "note": ""}, follow=True)
        share = Share.objects.get()
        assert share.public_id in answer.content.decode()
        assert (share.expires_at - share.created_at).days == 7

    def test_keeps_what_was_typed_when_nothing_is_ticked(self, doc, member, signed_in):
        address = reverse("training:share", args=[doc.translation_key])
        answer = signed_in(member).post(address, {"days": "30", "note": "For Mrs Lang"})
        assert answer.status_code == 200
        assert "For Mrs Lang" in answer.content.decode()
        assert not Share.objects.exists()

    def test_says_so_where_nothing_may_be_sent(self, tree, member, signed_in):
        doc = tree.add_doc("Margins")
        page = signed_in(member).get(reverse("training:share", args=[doc.translation_key])).content.decode()
        assert "Nothing here may be sent" in page

    def test_refuses_a_reader_to_whom_it_is_closed(self, doc, member, owners_only, signed_in):
        doc.audience = owners_only
        publish(doc)
        assert signed_in(member).get(reverse("training:share", args=[doc.translation_key])).status_code == 403


def test_a_list_of_many_costs_as_much_as_one_of_few(doc, member, signed_in):
    client = signed_in(member)
    send(doc, member)
    client.get(reverse("training:shares"))
    costs = []
    for more in (0, 8):
        for _time in range(more):
            send(doc, member)
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("training:shares"))
        costs.append(len(asked))
    assert costs[0] == costs[1]
