"""How deals ended in which a card was used: counted, told from five on, and who hears when a card loses them."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.core.models import Fact
from portal.home.services.roles import EDITORS, set_up_roles
from portal.notifications.models import Notification
from tests.factories.accounts import UserFactory
from training.faring import AT_LEAST, DEALS_WINDOW, ENOUGH_DEALS, Deals
from training.models import CardUse
from training.notices.library import tell_keepers_of_losing_cards
from training.services.ratings import UNRATED, WEAK, list_cards_by_success
from training.services.uses import find_all_deals, find_deals, record_uses, take_uses_back

COUNTS = st.integers(0, 200)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_card_loses_deals_when_it_wins_less_than_half_of_the_common_share(used, won, others, others_won):
    deals, every = Deals(used, min(won, used)), Deals(others, min(others_won, others))
    expected = used >= ENOUGH_DEALS and others > 0 and deals.won / used < every.won / others / 2
    assert deals.loses(every) is expected or abs(deals.won * others * 2 - every.won * used) == 0


def test_of_few_deals_nothing_is_told():
    assert [Deals(count).may_be_told for count in (AT_LEAST - 1, AT_LEAST)] == [False, True]


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def cards(tree):
    guide = tree.add_guide()
    owner = UserFactory(staff=True)
    return [tree.add_card(guide, "Too dear", slug="dear", owner=owner), tree.add_card(guide, "Too slow", slug="slow")]


def use(card, pattern: str, *, now, about: str = "") -> None:
    """One deal for each sign: "+" won, "-" lost."""
    for number, sign in enumerate(pattern):
        record_uses([card.pk], about=f"{about}{card.pk}-{number}", won=sign == "+", now=now)


@pytest.mark.django_db
class TestUses:
    @pytest.mark.embedded
    def test_the_same_deal_counts_once_for_each_card(self, cards, now):
        for _time in range(2):
            record_uses([card.pk for card in cards], about="deal", won=True, now=now)
        assert CardUse.objects.count() == 2
        row = CardUse.objects.first()
        with pytest.raises(IntegrityError), transaction.atomic():
            CardUse.objects.create(card=row.card, card_key=row.card_key, about="deal", won=False, ended_at=now)

    @pytest.mark.embedded
    def test_a_deal_that_has_not_ended_after_all_counts_no_more_until_it_ends_again(self, cards, now):
        use(cards[0], "+", now=now, about="other")
        keys = [card.translation_key for card in cards]
        record_uses([card.pk for card in cards], about="deal", won=False, now=now)
        assert [take_uses_back(keys, about="deal"), take_uses_back(keys, about="deal")] == [2, 0]
        assert find_all_deals(now=now) == Deals(1, 1)
        record_uses([cards[0].pk], about="deal", won=True, now=now)
        assert find_all_deals(now=now) == Deals(2, 2)

    @pytest.mark.embedded
    def test_they_are_counted_over_a_year_in_all_languages(self, cards, now):
        use(cards[0], "++-", now=now)
        use(cards[0], "-----", now=now - DEALS_WINDOW, about="old")
        assert find_deals([cards[0].translation_key], now=now) == {cards[0].translation_key: Deals(3, 2)}
        assert find_all_deals(now=now) == Deals(3, 2)

    @pytest.mark.embedded
    def test_a_card_that_begins_to_lose_them_is_announced_once(self, cards, now):
        use(cards[1], "+" * 10, now=now)
        use(cards[0], "-" * 9, now=now)
        assert not Fact.objects.filter(name="cards_found_losing").exists()
        use(cards[0], "---", now=now, about="more")
        (fact,) = Fact.objects.filter(name="cards_found_losing")
        assert tell_keepers_of_losing_cards(fact.payload["use_ids"], now=now) == 1
        assert tell_keepers_of_losing_cards(fact.payload["use_ids"], now=now) == 0
        assert Notification.objects.get().context["used"] == 12

    def test_it_stands_among_the_weak_ones_of_the_report(self, cards, now):
        use(cards[1], "+" * 10, now=now)
        use(cards[0], "-" * 9, now=now)
        assert [card.place for card in list_cards_by_success(now=now)] == [UNRATED, UNRATED]
        use(cards[0], "+-", now=now, about="more")
        weak, other = list_cards_by_success(now=now)
        assert (weak.title, weak.place, weak.deals, weak.won) == ("Too dear", WEAK, 11, 1)
        assert (other.place, other.deals, other.won) == (UNRATED, 10, 10)

    def test_below_the_number_nothing_is_told_to_anybody(self, client, cards, now, member):
        set_up_roles()
        editor = UserFactory(staff=True)
        editor.groups.add(Group.objects.get(name=EDITORS))
        use(cards[0], "+" * (AT_LEAST - 1), now=now)
        (row,) = [card for card in list_cards_by_success(now=now) if card.title == "Too dear"]
        assert (row.deals, row.won) == (None, None)
        client.force_login(editor)
        report = reverse("card_ratings:index")
        assert "used in" not in client.get(report).content.decode()
        use(cards[0], "-", now=now, about="fifth")
        assert "used in 5 leads, 4 won" in client.get(report).content.decode()
        page = client.get(cards[0].get_url()).content.decode()
        assert "Used in 5 leads" in page
        client.force_login(member.user)
        assert "Used in 5 leads" not in client.get(cards[0].get_url()).content.decode()
