"""Whether an answer worked: rating a card, who is told when it becomes weak, and what staff see."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.core.models import Fact
from portal.home.services.roles import EDITORS, set_up_roles
from portal.notifications.models import Notification
from training.faring import ENOUGH, WINDOW, Faring
from training.models import CardRating
from training.notices.library import tell_keepers_of_weak_cards
from training.services.ratings import (
    LINES_SHOWN,
    RATED,
    UNRATED,
    WEAK,
    find_farings,
    find_lines,
    list_cards_by_success,
    rate_card,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def card(tree):
    return tree.add_card(tree.add_guide())


def rate_often(card, member, pattern: str, *, now, words: str = "") -> None:
    """One rating a minute, the last one now: "+" worked, "-" did not."""
    for index, sign in enumerate(pattern):
        moment = now - timedelta(minutes=len(pattern) - 1 - index)
        rate_card(card, membership=member, worked=sign == "+", words=words, now=moment)


@pytest.mark.embedded
class TestRating:
    def test_a_rating_keeps_the_words_the_person_and_the_card_in_whichever_language(self, card, member, now):
        rating = rate_card(card, membership=member, worked=False, words="  It is  still too much ", now=now)
        assert (rating.words, rating.worked, rating.rated_at) == ("It is still too much", False, now)
        assert (rating.user, rating.membership, rating.card_key) == (member.user, member, card.translation_key)

    def test_the_same_card_is_rated_on_many_calls_but_a_second_tap_is_the_same_call(self, card, member, now):
        first = rate_card(card, membership=member, worked=True, now=now)
        assert rate_card(card, membership=member, worked=True, now=now + timedelta(seconds=3)) == first
        rate_card(card, membership=member, worked=True, now=now + timedelta(minutes=5))
        assert CardRating.objects.count() == 2

    def test_a_card_closed_to_the_member_is_not_rated_and_the_reason_is_given(self, tree, member, owners_only, now):
        closed = tree.add_card(tree.add_guide(), audience=owners_only)
        with pytest.raises(NotAllowed, match="job roles"):
            rate_card(closed, membership=member, worked=True, now=now)
        assert not CardRating.objects.exists()

    def test_nor_one_whose_guide_is_closed_nor_after_the_membership_has_ended(self, tree, member, owners_only, now):
        closed = tree.add_card(tree.add_guide(audience=owners_only))
        with pytest.raises(NotAllowed):
            rate_card(closed, membership=member, worked=True, now=now)
        with pytest.raises(NotAllowed, match="ended"):
            rate_card(closed, membership=member, worked=True, now=member.started_at - timedelta(days=1))

    def test_a_card_that_was_withdrawn_is_not_rated(self, card, member, now):
        card.unpublish()
        with pytest.raises(Refusal, match="not in the library"):
            rate_card(card, membership=member, worked=True, now=now)

    def test_words_that_are_too_long_are_refused_rather_than_cut(self, card, member, now):
        with pytest.raises(Refusal, match="301"):
            rate_card(card, membership=member, worked=True, words="x" * 301, now=now)
        assert not CardRating.objects.exists()

    def test_a_card_fares_in_all_languages_together_and_by_the_last_ninety_days(self, tree, card, member, now):
        guide = tree.add_guide(language="ru")
        russian = tree.add(guide, type(card)(title="Дорого", answer=card.answer), translation_of=card)
        rate_card(card, membership=member, worked=True, now=now)
        rate_card(russian, membership=member, worked=False, now=now)
        member.started_at = now - 2 * WINDOW
        rate_card(card, membership=member, worked=True, now=now - WINDOW)
        assert find_farings([card.translation_key], now=now) == {card.translation_key: Faring(2, 1)}

    def test_a_constant_number_of_queries_whatever_was_rated_before(self, card, member, now, django_assert_num_queries):
        rate_often(card, member, "++", now=now - timedelta(days=1))
        with django_assert_num_queries(40, exact=False) as few:
            rate_card(card, membership=member, worked=True, now=now)
        cost = len(few.captured_queries)
        rate_often(card, member, "+" * 20, now=now - timedelta(hours=1))
        with django_assert_num_queries(cost):
            rate_card(card, membership=member, worked=True, now=now + timedelta(hours=1))


class TestAWeakCardComesToItsOwner:
    @pytest.fixture(autouse=True)
    def roles(self, db):
        set_up_roles()

    @pytest.fixture
    def owner(self, db):
        owner = User.objects.create_user("keeper@vendor.example", "pass-word-42")
        owner.groups.add(Group.objects.get(name=EDITORS))
        return owner

    def weak_facts(self):
        return Fact.objects.filter(name="cards_found_weak").order_by("pk")

    def test_it_is_announced_once_in_a_spell_and_again_in_the_next(self, card, member, now):
        rate_often(card, member, "-" * ENOUGH + "--", now=now - timedelta(days=1))
        assert self.weak_facts().count() == 1
        rate_often(card, member, "+" * 8, now=now - timedelta(hours=1))
        assert self.weak_facts().count() == 1
        rate_often(card, member, "--", now=now)
        assert self.weak_facts().count() == 2

    def test_the_owner_is_told_once_whatever_the_receiver_is_run(self, card, member, owner, now):
        card.owner = owner
        card.save()
        rate_often(card, member, "+----", words="Still too much", now=now)
        fact = self.weak_facts().get()
        for _again in range(2):
            tell_keepers_of_weak_cards(fact.payload["rating_ids"], now=now)
        notice = Notification.objects.get()
        assert notice.user == owner
        assert notice.context["failed"], notice.context["rated"] == (4, 5)
        assert notice.url == reverse("card_ratings:card", args=[card.translation_key])
        assert "Still too much" not in str(notice.context)

    def test_without_an_owner_or_when_the_owner_is_gone_the_editors_are_told(self, card, member, owner, now):
        gone = User.objects.create_user("gone@vendor.example", "pass-word-42", is_active=False)
        gone.groups.add(Group.objects.get(name=EDITORS))
        for keeper in (None, gone, member.user):
            card.owner = keeper
            card.save()
            rate_often(card, member, "-----", now=now)
            tell_keepers_of_weak_cards([CardRating.objects.order_by("pk").last().pk], now=now)
            assert set(Notification.objects.values_list("user", flat=True)) == {owner.pk}

    def test_the_notice_names_the_card_and_the_calls(self, card, member, owner, signed_in, now):
        rate_often(card, member, "+----", now=now)
        tell_keepers_of_weak_cards([CardRating.objects.order_by("pk").last().pk], now=now)
        inbox = signed_in(owner).get(reverse("notifications:inbox")).content.decode()
        assert "The answer to “It is too expensive” fails on calls" in inbox
        assert "5 calls" in inbox
        assert "on 4 it did not work" in inbox


class TestTheFormOnTheCard:
    def address(self, card):
        return reverse("training:rate", args=[card.translation_key])

    def test_a_member_finds_the_form_on_the_card_and_staff_who_hold_no_calls_do_not(
        self, card, member, staff, signed_in
    ):
        address = "/en/library/objections/it-is-too-expensive/"
        assert f'action="{self.address(card)}"' in signed_in(member).get(address).content.decode()
        assert self.address(card) not in signed_in(staff).get(address).content.decode()

    def test_a_rating_is_thanked_for_on_the_card(self, card, member, signed_in):
        form = {"worked": "no", "words": "We buy from others"}
        response = signed_in(member).post(self.address(card), form, follow=True)
        assert response.redirect_chain == [("/en/library/objections/it-is-too-expensive/", 302)]
        assert "Thank you." in response.content.decode()
        assert CardRating.objects.get().words == "We buy from others"

    def test_a_script_is_answered_in_place(self, card, member, signed_in):
        browser = signed_in(member)
        response = browser.post(self.address(card), {"worked": "yes"}, headers={"accept": "application/json"})
        assert response.json()["thanks"].startswith("Thank you.")
        wrong = browser.post(self.address(card), {"worked": "maybe"}, headers={"accept": "application/json"})
        assert (wrong.status_code, wrong["Content-Type"]) == (422, "application/problem+json")

    def test_words_that_are_too_long_come_back_as_they_were_typed(self, card, member, signed_in):
        response = signed_in(member).post(self.address(card), {"worked": "yes", "words": "y" * 301})
        assert response.status_code == 422
        assert "y" * 301 in response.content.decode()
        assert not CardRating.objects.exists()

    def test_without_a_button_pressed_it_says_what_to_do(self, card, member, signed_in):
        response = signed_in(member).post(self.address(card), {"words": "It is dear"})
        assert "press one of the two buttons" in response.content.decode()

    def test_every_refusal_says_why(self, card, tree, member, staff, signed_in, owners_only, client):
        card.audience = owners_only
        card.save_revision().publish()
        refused = signed_in(member).post(self.address(card), {"worked": "yes"})
        assert refused.status_code == 403
        assert "job roles" in refused.content.decode()
        in_place = signed_in(member).post(self.address(card), {"worked": "yes"}, headers={"accept": "application/json"})
        assert in_place.json()["code"] == "job_role"
        assert signed_in(staff).post(self.address(card), {"worked": "yes"}).status_code == 403
        client.logout()
        assert client.post(self.address(card), {"worked": "yes"}).status_code == 302
        assert not CardRating.objects.exists()

    @pytest.mark.parametrize(("pattern", "told"), [("++-+", False), ("++-++", True)])
    def test_the_card_tells_every_partner_how_it_fared_once_enough_calls_were_rated_but_no_words(
        self, card, member, add_member, signed_in, now, pattern, told
    ):
        rate_often(card, member, pattern, words="A secret of another partner", now=now)
        page = signed_in(add_member()).get("/en/library/objections/it-is-too-expensive/").content.decode()
        assert ("It worked on 4 of 5 calls in the last 90 days." in page) is told
        assert "A secret of another partner" not in page
        assert member.user.email not in page

    def test_only_a_form_rates(self, card, member, signed_in):
        assert signed_in(member).get(self.address(card)).status_code == 405


class TestTheReport:
    @pytest.fixture
    def editor(self, world_roles):
        user = User.objects.create_user("report@vendor.example", "pass-word-42")
        user.groups.add(Group.objects.get(name=EDITORS))
        return user

    @pytest.fixture
    def world_roles(self, db):
        set_up_roles()

    @pytest.fixture
    def cards(self, tree, member, now):
        guide = tree.add_guide()
        cards = {name: tree.add_card(guide, name) for name in ("Unrated", "Strong", "Weak", "Few", "Half")}
        for name, pattern in (("Strong", "+++++"), ("Weak", "+----"), ("Few", "--"), ("Half", "++---+")):
            rate_often(cards[name], member, pattern, words=f"Said about {name}", now=now)
        return cards

    @pytest.mark.embedded
    def test_the_weakest_stand_first_and_those_that_nobody_rated_last(self, cards, now):
        listed = list(list_cards_by_success(now=now))
        assert [card.title for card in listed] == ["Weak", "Few", "Half", "Strong", "Unrated"]
        assert [card.place for card in listed] == [WEAK, RATED, RATED, RATED, UNRATED]

    @pytest.mark.parametrize("pattern", ["-----", "+----", "++---", "+++--", "++--", "+-+-+-", "++----", "+++---", "-"])
    def test_the_database_calls_weak_what_the_rule_calls_weak(self, card, member, now, pattern):
        rate_often(card, member, pattern, now=now)
        listed = list_cards_by_success(now=now).get()
        faring = find_farings([card.translation_key], now=now)[card.translation_key]
        assert (listed.rated, listed.good) == (faring.rated, faring.worked)
        assert (listed.place == WEAK) is faring.is_weak

    @pytest.mark.embedded
    def test_by_language_only_the_ratings_given_in_it_count(self, tree, card, member, now):
        russian_guide = tree.add_guide("Возражения", language="ru", slug="vozrazheniya")
        russian = tree.add(russian_guide, type(card)(title="Дорого", answer=card.answer), translation_of=card)
        rate_often(card, member, "+++", now=now)
        rate_card(russian, membership=member, worked=False, words="Дорого", now=now)
        assert [(row.title, row.rated, row.good) for row in list_cards_by_success(now=now)] == [
            ("It is too expensive", 4, 3)
        ]
        only = list_cards_by_success(now=now, language="ru")
        assert [(row.title, row.rated, row.good) for row in only] == [("Дорого", 1, 0)]
        assert [line.words for line in find_lines([russian], language="en")[card.translation_key]] == []

    @pytest.mark.embedded
    def test_it_is_narrowed_to_a_guide(self, tree, cards, now):
        other = tree.add_guide("Prices", slug="prices")
        tree.add_card(other, "Alone")
        assert [row.title for row in list_cards_by_success(now=now, guide_key=other.translation_key)] == ["Alone"]

    def test_staff_see_the_words_with_the_partner_and_never_the_person(self, cards, member, editor, signed_in):
        page = signed_in(editor).get(reverse("card_ratings:index")).content.decode()
        assert "Said about Weak" in page
        assert member.partner.name in page
        assert member.user.email not in page
        assert reverse("wagtailadmin_pages:edit", args=[cards["Weak"].pk]) in page
        assert page.index("Said about Weak") < page.index("Said about Strong")

    @pytest.mark.embedded
    def test_the_latest_lines_are_shown_and_all_are_one_tap_away(self, card, member, editor, signed_in, now):
        for number in range(LINES_SHOWN + 1):
            moment = now - timedelta(minutes=10 - number)
            rate_card(card, membership=member, worked=True, words=f"Line {number}", now=moment)
        page = signed_in(editor).get(reverse("card_ratings:index")).content.decode()
        assert "Line 0" not in page
        assert f"Line {LINES_SHOWN}" in page
        every = signed_in(editor).get(reverse("card_ratings:card", args=[card.translation_key])).content.decode()
        assert "Line 0" in every
        assert member.user.email not in every

    def test_it_is_narrowed_in_the_browser_and_taken_along_as_a_table(self, cards, editor, signed_in):
        browser = signed_in(editor)
        address = reverse("card_ratings:index")
        assert "Said about Weak" not in browser.get(address, {"language": "ru"}).content.decode()
        sheet = b"".join(browser.get(address, {"export": "csv"}).streaming_content).decode()
        assert sheet.splitlines()[1].startswith("Weak,Objections,en,5,1")

    @pytest.mark.parametrize(
        ("words", "in_csv", "in_xlsx"),
        [
            ('=HYPERLINK("https://evil.example/")', """'=HYPERLINK("https://evil.example/")""", None),
            ("@SUM(1)", "'@SUM(1)", None),
            ("too\x01 dear", "too dear", "too dear"),
            ("No time - call later", "No time - call later", None),
        ],
    )
    def test_what_was_typed_is_words_in_a_spreadsheet_as_well(
        self, card, member, editor, signed_in, now, words, in_csv, in_xlsx
    ):
        rate_card(card, membership=member, worked=True, words=words, now=now)
        address = reverse("card_ratings:card", args=[card.translation_key])
        browser = signed_in(editor)
        sheet = b"".join(browser.get(address, {"export": "csv"}).streaming_content).decode()
        assert list(csv.reader(sheet.splitlines()))[1][2] == in_csv
        book = load_workbook(io.BytesIO(browser.get(address, {"export": "xlsx"}).getvalue()))
        cell = book.worksheets[0].cell(2, 3)
        assert (cell.value, cell.data_type) == (in_xlsx or words, "s")

    def test_a_card_that_is_not_there_has_no_ratings(self, editor, signed_in, member):
        address = reverse("card_ratings:card", args=["00000000-0000-4000-8000-000000000000"])
        assert signed_in(editor).get(address, follow=True).status_code == 404

    def test_partners_people_and_staff_of_other_duties_do_not_open_it(self, cards, member, staff, signed_in):
        for person in (member, staff):
            response = signed_in(person).get(reverse("card_ratings:index"))
            assert response.status_code == 302
            assert b"Said about" not in response.content

    def test_it_stands_in_the_menu_of_whoever_may_open_it(self, editor, staff, signed_in):
        address = reverse("card_ratings:index")
        assert address in signed_in(editor).get("/admin/").content.decode()
        assert address not in signed_in(staff).get("/admin/").content.decode()

    def test_it_costs_the_same_for_few_cards_and_for_many(
        self, tree, cards, member, editor, signed_in, now, django_assert_num_queries
    ):
        browser = signed_in(editor)
        browser.get(reverse("card_ratings:index"))
        with django_assert_num_queries(60, exact=False) as few:
            browser.get(reverse("card_ratings:index"))
        cost = len(few.captured_queries)
        guide = tree.add_guide("More", slug="more")
        for number in range(8):
            rate_often(tree.add_card(guide, f"Another {number}"), member, "+-", words="More words", now=now)
        with django_assert_num_queries(cost):
            browser.get(reverse("card_ratings:index"))
