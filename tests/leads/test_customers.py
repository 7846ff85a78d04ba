"""What customers are written and what they answer: once, in their language, with nothing that others wrote."""

import re
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.core.errors import Refusal
from portal.core.models import Fact
from portal.leads.hearing import Hearing
from portal.leads.models import (
    CustomerAnswer,
    CustomerLetter,
    DropReason,
    Lead,
    LeadContact,
    LeadRules,
    LetterState,
    LostReason,
    Offer,
    PartnerTerms,
    Stage,
    UnwantedAddress,
)
from portal.leads.services import customers
from portal.leads.services.customers import (
    ANSWERABLE,
    CORRECTABLE,
    LEASE,
    claim_due,
    find_letter,
    find_question_path,
    find_refuse_path,
    find_satisfaction,
    list_contrary,
    list_satisfaction,
    make_token,
    record_answer,
    refuse_letters,
    send_due_letters,
    want_letters_again,
)
from portal.leads.services.desk import read_desk
from portal.leads.services.distribution import distribute
from portal.leads.services.offers import accept_offer
from portal.leads.services.outcomes import close_lead, lose_lead
from portal.leads.services.overrides import pull_back
from portal.leads.services.working import plan_step
from tests.factories.accounts import UserFactory
from tests.factories.leads import make_market

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

DAY = timedelta(days=1)


@pytest.fixture
def market(now):
    """One partner that promises a call within 4 hours; the customer is told, and asked three days later."""
    return make_market(now, partners=1, first_contact_hours=4, tells_customer=True, asks_after_days=3)


def take(market, now, *, place=0, **lead) -> Lead:
    market.add_leads(1, **lead)
    distribute(market.route, now=now)
    offer = Offer.objects.open().latest("pk")
    accept_offer(offer, by=market.person(place), now=now)
    return Lead.objects.get(pk=offer.lead_id)


def ask(market, now, **lead) -> CustomerLetter:
    """A lead whose customer was asked, three days after ``now``."""
    taken = take(market, now, **lead)
    send_due_letters(now=now)
    send_due_letters(now=now + 3 * DAY)
    return CustomerLetter.objects.get(lead=taken, kind="asked")


class TestBeingTold:
    def test_names_vendor_partner_person_and_time_to_the_lead_s_address_alone(self, market, now):
        partner = market.partners[0]
        partner.time_zone = "Europe/Berlin"
        partner.save()
        lead = take(market, now)
        assert lead.contact_due_at == now + timedelta(hours=4)
        assert send_due_letters(now=now) == 1
        (message,) = mail.outbox
        assert message.to == [lead.contact.email]
        assert message.recipients() == [lead.contact.email]
        text = message.body
        for part in (settings.VENDOR_NAME, partner.name, market.person().get_full_name(), "14:00 CET"):
            assert part in text.replace("\u00a0", " ")
        assert message.reply_to == [market.person().email]
        assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def test_repeats_nothing_that_came_with_the_request(self, market, now):
        """Somebody could have our letters say what they like, to whomever they like."""
        lead = take(market, now, company="Buy now at http://bad.example")
        send_due_letters(now=now)
        letter = mail.outbox[0].body + mail.outbox[0].subject + str(mail.outbox[0].alternatives)
        for part in (lead.company, lead.contact.name, lead.contact.message, "bad.example"):
            assert part not in letter

    def test_is_in_the_lead_s_language(self, market, now):
        take(market, now, language="ru")
        take(market, now, language="fi")
        send_due_letters(now=now)
        in_russian, in_finnish = (message.alternatives[0][0] for message in mail.outbox)
        assert '<html lang="ru">' in in_russian
        assert "/ru/leads/unwanted/" in in_russian
        assert '<html lang="en">' in in_finnish

    def test_happens_once_however_often_it_is_tried(self, market, now):
        take(market, now)
        assert [send_due_letters(now=now + timedelta(seconds=wait)) for wait in (0, 1, 60)] == [1, 0, 0]
        letter = CustomerLetter.objects.get(kind="told")
        assert (letter.state, letter.sent_at) == (LetterState.SENT, now)
        with pytest.raises(IntegrityError), transaction.atomic():
            CustomerLetter.objects.create(lead=letter.lead, offer=letter.offer, kind="told", due_at=now)

    def test_comes_after_commit_by_the_fact(self, market, now, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            take(market, timezone.now())
        assert len(mail.outbox) == 1

    def test_survives_a_sender_that_was_killed_with_its_claim(self, market, now):
        take(market, now)
        (pk,) = claim_due("of-one-that-died", now=now, limit=10)
        held = CustomerLetter.objects.get(pk=pk)
        assert send_due_letters(now=now + timedelta(minutes=1)) == 0
        assert send_due_letters(now=now + LEASE) == 1
        # The dead one's outcome, were it to come after all, changes nothing.
        customers._settle(held, state=LetterState.DROPPED, drop_reason=DropReason.FAILED)
        assert CustomerLetter.objects.get(kind="told").state == LetterState.SENT
        assert f"lead-letter.{held.public_id}@" in mail.outbox[0].extra_headers["Message-ID"]

    def test_is_tried_again_and_given_up_in_the_end(self, market, now, settings, caplog):
        lead = take(market, now)
        settings.EMAIL_BACKEND = "tests.leads.test_customers.Down"
        moment = now
        for wait in (*customers.WAITS, DAY):
            send_due_letters(now=moment)
            moment += wait
        letter = CustomerLetter.objects.get(kind="told")
        assert letter.state == LetterState.DROPPED
        assert letter.drop_reason in (DropReason.FAILED, DropReason.LATE)
        assert "ConnectionRefusedError" in caplog.text
        assert lead.contact.email not in caplog.text

    def test_in_working_hours_where_the_policy_counts_so(self, now):
        market = make_market(now, partners=1, first_contact_hours=10, tells_customer=True, in_working_hours=True)
        partner = market.partners[0]
        PartnerTerms.objects.create(partner=partner, has_hours=True, changed_at=now)
        partner.time_zone = "UTC"
        partner.save()
        lead = take(market, now)
        assert lead.contact_due_at == now + timedelta(hours=25)  # nine hours today, one tomorrow from nine on

    @pytest.mark.parametrize(
        ("happens", "reason"),
        [
            (lambda lead, by, now: LeadContact.objects.update(email="none at all"), DropReason.NO_ADDRESS),
            (lambda lead, by, now: LeadContact.objects.all().delete(), DropReason.NO_ADDRESS),
            (lambda lead, by, now: refuse_letters(lead.letters.first(), now=now), DropReason.REFUSED),
            (lambda lead, by, now: pull_back(lead, reason="No", by=by, now=now), DropReason.TAKEN_BACK),
            (lambda lead, by, now: close_lead(lead, note="No", by=by, now=now), DropReason.CLOSED),
            (lambda lead, by, now: lose_lead(lead, reason=LostReason.INVALID, by=by, now=now), DropReason.INVALID),
        ],
    )
    def test_does_not_happen_where_it_would_be_wrong_nor_does_asking(self, market, now, happens, reason):
        lead = take(market, now)
        happens(lead, UserFactory(staff=True), now)
        assert send_due_letters(now=now) == 0
        assert send_due_letters(now=now + 4 * DAY) == 0
        assert {letter.drop_reason for letter in CustomerLetter.objects.all()} == {reason}
        assert mail.outbox == []

    def test_does_not_happen_after_the_call_or_after_its_time(self, market, now):
        called, late = take(market, now), take(market, now)
        plan_step(called, stage=Stage.CONTACTED, next_step="", on=None, by=market.person(), now=now)
        send_due_letters(now=now + timedelta(hours=5))
        found = dict(CustomerLetter.objects.filter(kind="told").values_list("lead", "drop_reason"))
        assert found == {called.pk: DropReason.CALLED, late.pk: DropReason.LATE}

    def test_happens_again_when_another_partner_takes_the_lead(self, now):
        market = make_market(now, partners=2, first_contact_hours=4, tells_customer=True)
        lead = take(market, now)
        send_due_letters(now=now)
        first = lead.partner
        pull_back(lead, reason="Nobody called", by=UserFactory(staff=True), now=now)
        assert Lead.objects.get().contact_due_at is None
        distribute(market.route, now=now)
        offer = Offer.objects.open().get()
        accept_offer(offer, by=market.person(market.partners.index(offer.partner)), now=now + DAY / 24)
        send_due_letters(now=now + DAY / 24)
        assert [first.name in mail.outbox[0].body, offer.partner.name in mail.outbox[1].body] == [True, True]

    def test_is_not_planned_where_the_policy_does_not_say_so(self, now):
        take(make_market(now, partners=1), now)
        assert not CustomerLetter.objects.exists()


class Down:
    """A mail server that is away."""

    def __init__(self, *args, **kwargs):
        pass

    def send_messages(self, messages):
        raise ConnectionRefusedError

    def close(self):
        pass


class TestTheQuestion:
    def test_comes_some_days_later_with_a_link_and_a_reply_path_to_the_vendor(self, market, now):
        LeadRules.objects.update_or_create(pk=1, defaults={"reply_to": "care@vendor.example"})
        letter = ask(market, now)
        message = mail.outbox[1]
        assert message.reply_to == ["care@vendor.example"]
        (token,) = set(re.findall(r"/en/leads/heard/(\S+?)/", message.body))
        assert find_letter(token) == letter
        assert find_letter(token[:-1]) is None

    def test_is_answered_without_signing_in_and_only_by_sending_it(self, client, market, now):
        letter = ask(market, timezone.now() - 3 * DAY)
        path = find_question_path(letter)
        page = client.get(path)
        assert page.status_code == 200
        assert not CustomerAnswer.objects.exists()
        assert (page["Cache-Control"], page["X-Robots-Tag"], page["Referrer-Policy"]) == (
            "private, no-store", "noindex, nofollow", "no-referrer",
        )  # fmt: skip
        assert not page.cookies
        lead = letter.lead
        shown = page.content.decode()
        for part in (lead.company, lead.contact.name, lead.contact.email, lead.contact.message, lead.public_id):
            assert part not in shown
        answer = client.post(path, {"called": "yes", "rating": "4", "words": "Friendly <b>", "wish": "A demo"})
        assert answer.status_code == 302
        row = CustomerAnswer.objects.get()
        assert (row.called, row.rating, row.words, row.wish, row.partner) == (
            True, 4, "Friendly <b>", "A demo", market.partners[0],
        )  # fmt: skip
        assert "your answer is kept" in client.get(answer["Location"]).content.decode()

    def test_needs_no_token_of_a_browser_since_none_of_it_is_trusted(self, market, now):
        client = Client(enforce_csrf_checks=True)
        letter = ask(market, timezone.now() - 3 * DAY)
        headers = {"Origin": "null"}
        assert client.post(find_question_path(letter), {"called": "no"}, headers=headers).status_code == 302

    @pytest.mark.parametrize(
        ("given", "status"),
        [({}, 422), ({"called": "perhaps"}, 422), ({"called": "yes", "rating": "6"}, 422),
         ({"called": "yes", "called_on": "2020-01-01"}, 409)],
    )  # fmt: skip
    def test_keeps_what_was_typed_where_it_cannot_be(self, client, market, now, given, status):
        letter = ask(market, timezone.now() - 3 * DAY)
        answer = client.post(find_question_path(letter), {**given, "words": "Typed words"})
        assert answer.status_code == status
        assert "Typed words" in answer.content.decode()
        assert not CustomerAnswer.objects.exists()

    def test_can_be_corrected_for_some_days(self, market, now):
        letter = ask(market, now)
        then = now + 3 * DAY
        record_answer(letter, called=False, now=then)
        corrected = record_answer(letter, called=True, called_on=date(2026, 11, 25), rating=5, now=then + DAY)
        assert (CustomerAnswer.objects.count(), corrected.answered_at, corrected.changes) == (1, then, 1)
        with pytest.raises(Refusal, match="not open any more"):
            record_answer(letter, called=False, now=then + CORRECTABLE + DAY)

    def test_is_not_open_for_ever_nor_before_it_was_asked(self, market, now):
        lead = take(market, now)
        asked = lead.letters.get(kind="asked")
        with pytest.raises(Refusal, match="not open any more"):
            record_answer(asked, called=True, now=now)
        send_due_letters(now=now + 3 * DAY)
        asked.refresh_from_db()
        with pytest.raises(Refusal, match="not open any more"):
            record_answer(asked, called=True, now=now + 3 * DAY + ANSWERABLE + DAY)

    def test_is_closed_with_the_contact(self, client, market, now):
        letter = ask(market, timezone.now() - 3 * DAY)
        LeadContact.objects.all().delete()
        page = client.get(find_question_path(letter))
        assert page.status_code == 410
        assert market.partners[0].name not in page.content.decode()

    def test_tells_whoever_guesses_nothing(self, client, market, now):
        letter = ask(market, timezone.now() - 3 * DAY)
        assert client.get(reverse("leads:heard", args=[letter.public_id])).status_code == 404
        told = letter.lead.letters.get(kind="told")
        assert client.get(reverse("leads:heard", args=[make_token(told)])).status_code == 410

    def test_leaves_nothing_of_the_customer_in_facts(self, market, now):
        letter = ask(market, now)
        record_answer(letter, called=True, words="Secret words", now=now + 3 * DAY)
        assert Fact.objects.filter(name="customers_answered", payload={"lead_ids": [letter.lead_id]}).exists()
        rows = str(list(Fact.objects.values()))
        assert "Secret" not in rows
        assert "@customer.example" not in rows

    def test_can_be_erased_without_touching_what_was_decided(self, market, now):
        letter = ask(market, now)
        record_answer(letter, called=True, rating=4, words="I am Ann", now=now + 3 * DAY)
        CustomerAnswer.objects.update(words="", wish="")
        LeadContact.objects.all().delete()
        CustomerAnswer.objects.all().delete()
        assert Offer.objects.filter(pk=letter.offer_id, state="accepted").exists()


class TestNotWanting:
    def test_is_said_by_a_button_not_by_looking(self, client, market, now):
        letter = ask(market, timezone.now() - 3 * DAY)
        path = find_refuse_path(letter)
        assert "Do not write to me" in client.get(path).content.decode()
        assert not UnwantedAddress.objects.exists()
        assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 302
        assert "We do not write to you" in client.get(path).content.decode()
        client.post(path, {"again": "1"})
        assert not UnwantedAddress.objects.exists()

    def test_holds_for_the_address_in_whatever_lead_and_outlives_the_contact(self, market, now):
        first = take(market, now)
        refuse_letters(first.letters.first(), now=now)
        first.contact.delete()
        LeadContact.objects.filter(lead=take(market, now)).update(email="Buyer@Customer.example")
        assert send_due_letters(now=now) == 0
        assert "buyer" not in UnwantedAddress.objects.get().digest

    def test_holds_when_the_secret_was_changed(self, market, now, settings):
        letter = take(market, now).letters.first()
        refuse_letters(letter, now=now)
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another-secret-" * 4
        assert customers.is_unwanted("buyer@customer.example")
        want_letters_again(letter)
        assert not customers.is_unwanted("buyer@customer.example")


class TestWhatIsMadeOfIt:
    def test_the_partner_reads_whether_and_the_wish_but_neither_mark_nor_words(self, client, market, now):
        start = timezone.now() - 3 * DAY
        letter = ask(market, start)
        record_answer(letter, called=False, rating=1, words="Useless", wish="Call me", now=start + 3 * DAY)
        client.force_login(market.person())
        page = client.get(reverse("leads:lead", args=[letter.lead.public_id])).content.decode()
        assert "The customer says" in page
        assert "Nobody has called." in page
        assert "Call me" in page
        assert "Useless" not in page

    def test_staff_read_all_of_it_on_the_lead(self, client, market, now):
        start = timezone.now() - 3 * DAY
        letter = ask(market, start)
        record_answer(letter, called=False, rating=1, words="Useless", now=start + 3 * DAY)
        client.force_login(UserFactory(staff=True, is_superuser=True))
        page = client.get(reverse("leads_admin:inspect", args=[letter.lead_id])).content.decode()
        assert "Useless" in page
        assert "1 of 5" in page
        assert "not as promised" in page

    def test_what_is_contrary_stands_on_the_desk_and_decides_nothing(self, market, now):
        letter = ask(market, now)
        plan_step(letter.lead, stage=Stage.CONTACTED, next_step="", on=None, by=market.person(), now=now + DAY)
        record_answer(letter, called=False, now=now + 3 * DAY)
        (found,) = read_desk(now=now + 3 * DAY).contrary
        assert found.hearing is Hearing.PARTNER_ONLY
        lead = Lead.objects.get()
        assert (lead.status, lead.first_contact_at) == ("accepted", now + DAY)
        record_answer(letter, called=True, now=now + 3 * DAY)
        assert list_contrary(now=now + 3 * DAY) == []

    def test_a_call_that_came_after_the_answer_is_compared_with_the_corrected_one(self, market, now):
        letter = ask(market, now)
        record_answer(letter, called=False, now=now + 3 * DAY)
        plan_step(letter.lead, stage=Stage.CONTACTED, next_step="", on=None, by=market.person(), now=now + 4 * DAY)
        assert list_contrary(now=now + 4 * DAY) == []
        answer = record_answer(letter, called=True, called_on=(now + 4 * DAY).date(), now=now + 5 * DAY)
        assert list_contrary(now=now + 5 * DAY) == []
        assert answer.kept is False  # within four hours was promised

    def test_the_desk_counts_late_calls_by_the_promise(self, market, now):
        lead = take(market, now)
        assert read_desk(now=now + timedelta(hours=3)).uncalled == ()
        assert read_desk(now=now + timedelta(hours=4)).uncalled == (lead,)

    def test_figures_are_told_from_five_answers_on(self, market, now):
        letters = [ask(market, now) for _number in range(6)]
        partner = market.partners[0]
        for place, letter in enumerate(letters):
            if place == 4:
                assert list_satisfaction() == []
                assert find_satisfaction(partner) is None
            record_answer(letter, called=place != 0, rating=5 if place < 5 else 1, now=now + (4 + place) * DAY)
        (row,) = list_satisfaction()
        assert (row.answers, row.called, row.rated) == (6, 5, 6)
        assert (row.promised, row.kept) == (1, 0)  # nobody else noted or named a day
        # The partner's own figure grows by whole groups: the sixth mark does not show by itself.
        own = find_satisfaction(partner)
        assert (own.answers, own.called, own.kept, own.rating) == (5, 4, 0, 5.0)

    def test_figures_stand_for_heads_and_for_staff(self, client, market, now):
        for letter in [ask(market, now) for _number in range(5)]:
            record_answer(letter, called=True, rating=4, now=now + 3 * DAY)
        client.force_login(market.person())
        assert "the mean of 5 marks" in client.get(reverse("leads:turns")).content.decode()
        client.force_login(UserFactory(staff=True, is_superuser=True))
        assert "4.0 (5)" in client.get(reverse("leads_admin:fairness")).content.decode()

    def test_reading_them_costs_the_same_for_few_and_many(self, now):
        counts = []
        for size in (1, 3):
            market = make_market(now, partners=size, first_contact_hours=4, tells_customer=True, asks_after_days=3)
            for place in range(size * 5):
                lead = market.add_leads(1)[0]
                distribute(market.route, now=now)
                offer = Offer.objects.open().get(lead=lead)
                accept_offer(offer, by=market.person(market.partners.index(offer.partner)), now=now)
                CustomerAnswer.objects.create(
                    offer=offer, lead=lead, partner=offer.partner, called=place % 2 == 0, rating=3, answered_at=now,
                    changed_at=now,
                )  # fmt: skip
            with CaptureQueriesContext(connection) as queries:
                list_satisfaction()
                list_contrary(now=now)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestTheRoute:
    def test_says_a_promise_if_the_customer_is_told(self, market):
        market.route.first_contact_hours = 0
        with pytest.raises(IntegrityError), transaction.atomic():
            market.route.save()
