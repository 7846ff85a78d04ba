"""Pages at hand: who may keep what, what a phone is told to keep, and what the copy holds."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Audience, Entitlement
from tests.factories.training import publish
from training.access import describe_reader
from training.models import Reading
from training.services.pins import list_pins, pin_material, unpin_material

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(tree):
    return tree.add_card(tree.add_guide(), next_question="Compared with what?", slug="too-expensive")


def pin(page, membership, now=None):
    return pin_material(page, membership=membership, by=membership.user, now=now or timezone.now())


def at_hand(membership):
    return [kept.page for kept in list_pins(describe_reader(membership.user, membership, now=timezone.now()))]


class TestKeeping:
    def test_twice_is_once_and_taking_away_twice_is_once(self, card, member):
        first = pin(card, member)
        assert pin(card, member, timezone.now() + timedelta(hours=1)).pinned_at == first.pinned_at
        assert at_hand(member) == [card.materialpage_ptr]
        unpin_material(card, by=member.user)
        unpin_material(card, by=member.user)
        assert at_hand(member) == []

    def test_what_was_read_of_it_stays_when_it_is_taken_away(self, card, member):
        now = timezone.now()
        Reading.objects.create(user=member.user, material_key=card.translation_key, page=card, first_read_at=now,
                               last_read_at=now, times=3)  # fmt: skip
        pin(card, member)
        unpin_material(card, by=member.user)
        assert Reading.objects.get().times == 3

    def test_only_types_used_on_a_call_and_only_where_their_editor_allows_it(self, tree, card, member):
        with pytest.raises(Refusal, match="not saved"):
            pin(tree.add_doc(), member)
        card.may_be_saved = False
        publish(card)
        with pytest.raises(Refusal, match="not saved"):
            pin(card, member)

    def test_an_editor_who_forbids_it_later_takes_it_off_every_phone(self, card, member):
        pin(card, member)
        card.may_be_saved = False
        publish(card)
        assert at_hand(member) == []

    def test_not_what_is_closed_nor_with_another_s_membership(self, card, member, add_member, owners_only):
        with pytest.raises(NotAllowed):
            pin_material(card, membership=member, by=add_member().user, now=timezone.now())
        card.audience = owners_only
        publish(card)
        with pytest.raises(NotAllowed):
            pin(card, member)

    def test_as_many_as_a_phone_holds(self, tree, card, member, monkeypatch):
        monkeypatch.setattr("training.services.pins.MOST", 1)
        pin(card, member)
        pin(card, member)
        with pytest.raises(Refusal, match="1 pages at hand"):
            pin(tree.add_card(card.get_parent().specific, "We need to think"), member)

    def test_a_lost_entitlement_takes_it_off_at_once(self, card, member):
        card.audience = Audience.objects.create(name="Certified", entitlement="certified")
        publish(card)
        now = timezone.now()
        held = Entitlement.objects.create(user=member.user, key="certified", evidence="x", granted_at=now)
        pin(card, member, now + timedelta(seconds=1))
        assert len(at_hand(member)) == 1
        held.withdrawn_at = timezone.now()
        held.save()
        assert at_hand(member) == []


class TestWhatAPhoneIsTold:
    def test_its_pages_with_the_address_of_the_copy(self, card, member, signed_in):
        pin(card, member)
        answer = signed_in(member).get("/offline.json")
        assert answer["Cache-Control"] == "private, no-store"
        told = answer.json()
        assert told["pins"] == [
            {
                "page": "/en/library/objections/too-expensive/",
                "copy": f"/en/study/at-hand/{card.translation_key}/copy/",
                "version": f"{card.pk}-{card.live_revision_id}",
            }
        ]

    def test_nothing_for_nobody_and_for_a_former_member(self, card, member, client):
        assert client.get("/offline.json").status_code == 401
        pin(card, member)
        client.force_login(member.user)
        member.ended_at = timezone.now()
        member.save()
        assert client.get("/offline.json").status_code == 401

    def test_another_person_on_the_same_phone_is_another_owner(self, member, add_member, client):
        owners = set()
        for person in (member, add_member()):
            client.force_login(person.user)
            owners.add(client.get("/offline.json").json()["owner"])
        assert len(owners) == 2

    def test_the_worker_stands_at_the_root_and_is_short(self, client):
        answer = client.get("/worker.js")
        text = answer.content.decode()
        assert answer["Content-Type"].startswith("text/javascript")
        assert len(text.splitlines()) < 150

    def test_many_pins_cost_as_many_queries_as_one(self, tree, card, member, django_assert_num_queries):
        pin(card, member)
        guide = card.get_parent().specific

        def cost():
            reader = describe_reader(member.user, member, now=timezone.now())
            with django_assert_num_queries(2):
                return len(list_pins(reader))

        assert cost() == 1
        for number in range(5):
            pin(tree.add_card(guide, f"Card {number}"), member)
        assert cost() == 6


class TestTheCopy:
    def copy(self, client, card):
        return client.get(reverse("training:saved", args=[card.translation_key]))

    def test_holds_the_page_the_time_it_was_saved_and_nobody_s_name(self, card, member, signed_in):
        answer = self.copy(signed_in(member), card)
        page = answer.content.decode()
        assert "Count the missed calls first." in page
        assert "Compared with what?" in page
        assert "Saved on" in page
        for word in (member.user.email, member.partner.name, "csrfmiddlewaretoken"):
            assert word not in page
        gone_in = int(answer["X-Gone-At"]) / 1000 - timezone.now().timestamp()
        assert 23.9 * 3600 < gone_in <= 24 * 3600
        assert answer["X-Version"] == f"{card.pk}-{card.live_revision_id}"

    def test_is_refused_with_the_page(self, card, member, owners_only, signed_in):
        card.audience = owners_only
        publish(card)
        assert self.copy(signed_in(member), card).status_code == 403

    def test_is_not_made_of_what_is_not_to_be_saved(self, card, member, signed_in):
        card.may_be_saved = False
        publish(card)
        assert self.copy(signed_in(member), card).status_code == 403


class TestThePage:
    def test_offers_to_keep_it_and_then_to_take_it_away(self, card, member, signed_in):
        client = signed_in(member)
        address = "/en/library/objections/too-expensive/"
        assert "Keep at hand" in client.get(address).content.decode()
        client.post(reverse("training:pin", args=[card.translation_key]))
        assert "Kept at hand" in client.get(address).content.decode()
        assert card.title in client.get(reverse("training:pins")).content.decode()
        client.post(reverse("training:pin", args=[card.translation_key]), {"keep": "no"})
        assert "Keep at hand" in client.get(address).content.decode()
