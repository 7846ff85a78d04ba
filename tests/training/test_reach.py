"""Whom a material change addresses, whom it reaches, and whom an editor has reminded."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.content.models import Product
from portal.core.errors import NotAllowed, Refusal
from portal.notifications.models import Notification, Preference
from portal.notifications.services.wording import word
from portal.partners.models import Audience, Entitlement, Membership
from tests.factories.training import publish, section
from training.models import Change, ChangeAddressee, ObjectionCardPage, ProductDocPage, Reading
from training.notices.library import MATERIAL_CHANGED, tell_readers
from training.services.changes import Missed, Reach, list_missed, measure_reach, open_change, remind_readers

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def keeper(staff) -> User:
    staff.groups.get().permissions.add(
        *Permission.objects.filter(content_type__app_label="training", codename="view_change")
    )
    return User.objects.get(pk=staff.pk)


@pytest.fixture
def doc(tree):
    return tree.add_doc("Calls")


def read(person, page, *, at=None) -> Reading:
    moment = at or timezone.now() - DAY
    return Reading.objects.create(
        user=getattr(person, "user", person), material_key=page.translation_key, page=page, times=1,
        first_read_at=moment, last_read_at=moment,
    )  # fmt: skip


def change(page, line: str = "Within one day", *, now=None) -> Change:
    """Publish a material change and tell its readers, as the receiver does."""
    page = type(page).objects.get(pk=page.pk)
    if isinstance(page, ObjectionCardPage):
        page.behind = line
    else:
        page.body = [section("first", "First things", line)]
    page.change_is_material, page.change_line = True, line
    publish(page)
    made = Change.objects.filter(page=page).first()
    tell_readers([made.pk], now=now or timezone.now())
    return made


def addressed(made: Change) -> set[int]:
    return set(made.addressees.values_list("user_id", flat=True))


def reach(made: Change) -> Reach:
    return measure_reach([made.pk]).get(made.pk, Reach(0, 0, 0))


@pytest.mark.embedded
class TestAddressing:
    def test_those_who_have_read_it_are_addressed_and_told(self, doc, add_member):
        reader, other = add_member(), add_member()
        read(reader, doc)
        made = change(doc)
        assert addressed(made) == {reader.user_id}
        assert made.addressees.get().membership == reader
        notice = Notification.objects.get(type=MATERIAL_CHANGED.name)
        assert (notice.user, notice.url) == (reader.user, doc.url)
        assert word(notice, person=reader.user).subject == "“Calls” has changed"
        assert other.user_id not in addressed(made)

    def test_publishing_tells_them_by_itself(self, doc, member, django_capture_on_commit_callbacks):
        read(member, doc)
        with django_capture_on_commit_callbacks(execute=True):
            doc.change_is_material, doc.change_line, doc.intro = True, "Shorter", "Short."
            publish(doc)
        assert Notification.objects.filter(type=MATERIAL_CHANGED.name, user=member.user).exists()

    def test_told_again_nothing_is_new(self, doc, member):
        read(member, doc)
        made = change(doc)
        assert tell_readers([made.pk], now=timezone.now()) == 0
        assert made.addressees.count() == 1

    def test_who_has_pinned_it_unread_is_not_addressed(self, doc, member):
        Reading.objects.create(user=member.user, material_key=doc.translation_key, page=doc, pinned_at=timezone.now())
        assert addressed(change(doc)) == set()

    def test_who_has_left_is_not_addressed(self, doc, member):
        read(member, doc)
        Membership.objects.filter(pk=member.pk).update(ended_at=timezone.now() - DAY)
        assert addressed(change(doc)) == set()

    def test_nor_who_is_switched_off(self, doc, member):
        read(member, doc)
        User.objects.filter(pk=member.user_id).update(is_active=False)
        assert addressed(change(doc)) == set()

    def test_nor_to_whom_it_is_closed_by_now(self, tree, owners_only, rows, add_member):
        doc = tree.add_doc("For owners")
        seller, owner = add_member(), add_member(role=rows.owner)
        read(seller, doc)
        read(owner, doc)
        doc.audience = owners_only
        publish(doc)
        assert addressed(change(doc)) == {owner.user_id}

    def test_a_card_obeys_its_guide(self, tree, owners_only, rows, add_member):
        card = tree.add_card(tree.add_guide(audience=owners_only))
        seller, owner = add_member(), add_member(role=rows.owner)
        read(seller, card)
        read(owner, card)
        assert addressed(change(card)) == {owner.user_id}

    def test_whoever_reads_it_in_another_language_is_addressed_when_that_page_changes(self, tree, doc, add_member):
        russian = tree.add_doc("Звонки", language="ru", translation_of=doc)
        one, other = add_member(), add_member(language="ru")
        read(one, doc)
        read(other, russian)
        assert addressed(change(doc)) == {one.user_id}
        assert addressed(change(russian)) == {other.user_id}

    def test_unless_that_page_is_no_longer_there(self, tree, doc, add_member):
        russian = tree.add_doc("Звонки", language="ru", translation_of=doc)
        reader = add_member(language="ru")
        read(reader, russian)
        russian.unpublish()
        assert addressed(change(doc)) == {reader.user_id}

    def test_nobody_is_told_of_their_own_work(self, doc, member):
        read(member, doc)
        doc.change_is_material, doc.change_line, doc.intro = True, "Shorter", "Short."
        doc.save_revision(user=member.user).publish()
        made = Change.objects.filter(page=doc).first()
        tell_readers([made.pk], now=timezone.now())
        assert addressed(made) == set()

    def test_a_page_that_was_withdrawn_meanwhile_addresses_nobody(self, doc, member):
        read(member, doc)
        doc.change_is_material, doc.change_line, doc.intro = True, "Shorter", "Short."
        publish(doc)
        doc.unpublish()
        made = Change.objects.filter(page=doc).first()
        assert tell_readers([made.pk], now=timezone.now()) == 0

    def test_a_person_in_two_partners_is_told_once(self, doc, add_member):
        member, other = add_member(), add_member()
        Membership.objects.create(partner=other.partner, user=member.user, started_at=timezone.now() - 9 * DAY)
        read(member, doc)
        made = change(doc)
        assert made.addressees.get().membership == member

    def test_the_queries_do_not_grow_with_the_readers(self, tree, owners_only, rows, add_member):
        def count(many: int) -> int:
            doc = tree.add_doc(f"Doc {many}", audience=owners_only)
            for _one in range(many):
                read(add_member(role=rows.owner), doc)
            doc.change_is_material, doc.change_line, doc.intro = True, "Shorter", "Short."
            publish(doc)
            made = Change.objects.filter(page=doc).first()
            with CaptureQueriesContext(connection) as queries:
                assert tell_readers([made.pk], now=timezone.now()) == many
            return len(queries)

        count(1)  # what is asked once in a process is asked here
        assert count(2) == count(12)


@pytest.mark.embedded
@pytest.mark.parametrize("narrowed", ["nothing", "tier", "kind", "role", "product", "language", "entitlement", "ended"])
def test_the_rule_of_audience_reads_the_same_from_both_ends(rows, add_member, narrowed):
    """``Audience.objects.open_to(member)`` and ``Membership.objects.admitted_to(audience)`` never disagree."""
    now = timezone.now()
    product = Product.objects.create(slug="voice", name={"en": "Voice"})
    members = [
        add_member(),
        add_member(tier=rows.gold),
        add_member(kind=rows.integrator),
        add_member(role=rows.owner),
        add_member(language="ru"),
        add_member(),
        add_member(),
        add_member(),
    ]
    members[5].partner.products.add(product)
    Entitlement.objects.create(user=members[6].user, key="voice", evidence="credential 1", granted_at=now - DAY)
    Entitlement.objects.create(
        user=members[0].user, key="voice", evidence="credential 2", granted_at=now - 2 * DAY, until=now - DAY
    )
    Membership.objects.filter(pk=members[7].pk).update(ended_at=now - DAY)
    audience = Audience.objects.create(
        name="Some",
        language="ru" if narrowed == "language" else "",
        entitlement="voice" if narrowed == "entitlement" else "",
    )
    named = {"tier": ("tiers", rows.gold), "kind": ("kinds", rows.integrator), "role": ("job_roles", rows.owner),
             "product": ("products", product)}  # fmt: skip
    if narrowed in named:
        getattr(audience, named[narrowed][0]).add(named[narrowed][1])
    fresh = [Membership.objects.select_related("partner", "user").get(pk=member.pk) for member in members]
    by_member = {member.pk for member in fresh if Audience.objects.open_to(member, now).filter(pk=audience.pk).exists()}
    assert set(Membership.objects.admitted_to(audience, now).values_list("pk", flat=True)) == by_member
    assert by_member
    assert members[7].pk not in by_member


@pytest.mark.embedded
class TestReach:
    def test_counts_whom_it_addressed_who_was_told_and_who_opened(self, doc, add_member):
        told, silent, opened = add_member(), add_member(), add_member()
        for member in (told, silent, opened):
            read(member, doc)
        Preference.objects.create(user=silent.user, type=MATERIAL_CHANGED.name, in_inbox=False, by_email=False)
        made = change(doc)
        open_change(opened.user_id, page_id=doc.pk, now=timezone.now())
        assert reach(made) == Reach(addressed=3, delivered=2, opened=1)

    def test_an_email_counts_when_it_was_sent(self, doc, member):
        read(member, doc)
        Preference.objects.create(user=member.user, type=MATERIAL_CHANGED.name, in_inbox=False, by_email=True)
        made = change(doc)
        assert reach(made).delivered == 0
        Notification.objects.filter(user=member.user).update(email_sent_at=timezone.now())
        assert reach(made).delivered == 1

    def test_opening_the_page_counts_once_and_for_all_its_changes(self, doc, member):
        read(member, doc)
        changes = [change(doc, "Within one day"), change(doc, "At once")]
        assert open_change(member.user_id, page_id=doc.pk, now=timezone.now()) == 2
        assert open_change(member.user_id, page_id=doc.pk, now=timezone.now()) == 0
        assert [reach(made).opened for made in changes] == [1, 1]

    def test_opening_is_one_update(self, doc, member):
        read(member, doc)
        change(doc)
        with CaptureQueriesContext(connection) as queries:
            open_change(member.user_id, page_id=doc.pk, now=timezone.now())
        assert len(queries) == 1

    def test_the_picture_on_the_page_tells_that_the_change_was_opened(self, doc, member, signed_in):
        read(member, doc)
        made = change(doc)
        doc.refresh_from_db()
        address = reverse("training:seen", args=[doc.translation_key])
        signed_in(member).get(f"{address}?revision={doc.live_revision_id}")
        assert reach(made).opened == 1

    def test_what_is_published_later_is_not_opened_by_an_earlier_visit(self, doc, member):
        read(member, doc)
        made = change(doc)
        assert open_change(member.user_id, page_id=doc.pk, now=made.published_at - DAY) == 0

    def test_a_person_who_is_deleted_is_counted_no_more(self, doc, staff, member):
        """People are blanked, not deleted; a foreign key is no reason to fail if one is."""
        read(member, doc)
        made = change(doc)
        ChangeAddressee.objects.create(change=made, user=staff)
        staff.delete()
        assert reach(made).addressed == 1


@pytest.mark.embedded
class TestWhoWasNotReached:
    def reasons(self, made: Change) -> dict[str, str]:
        return {row.user.email: row.reason for row in list_missed(made, now=timezone.now())}

    def test_each_is_listed_with_partner_and_reason(self, doc, rows, owners_only, add_member):
        told, silent, left, closed, opened = (add_member(role=rows.owner) for _number in range(5))
        for member in (told, silent, left, closed, opened):
            read(member, doc)
        Preference.objects.create(user=silent.user, type=MATERIAL_CHANGED.name, in_inbox=False, by_email=False)
        made = change(doc)
        open_change(opened.user_id, page_id=doc.pk, now=timezone.now())
        Membership.objects.filter(pk=left.pk).update(ended_at=timezone.now() - timedelta(seconds=5))
        closed.held_roles.update(role=rows.seller)
        ProductDocPage.objects.filter(pk=doc.pk).update(audience=owners_only)
        assert self.reasons(Change.objects.get(pk=made.pk)) == {
            told.user.email: Missed.UNOPENED,
            silent.user.email: Missed.UNTOLD,
            left.user.email: Missed.LEFT,
            closed.user.email: Missed.CLOSED,
        }
        assert {row.partner_name for row in list_missed(made, now=timezone.now())} == {
            member.partner.name for member in (told, silent, left, closed)
        }


class TestReminding:
    def test_those_who_have_not_opened_it_are_told_once_more(
        self, doc, add_member, keeper, django_capture_on_commit_callbacks
    ):
        missed, opened = add_member(), add_member()
        read(missed, doc)
        read(opened, doc)
        made = change(doc)
        open_change(opened.user_id, page_id=doc.pk, now=timezone.now())
        with django_capture_on_commit_callbacks(execute=True):
            assert remind_readers(made, by=keeper, now=timezone.now()) == 1
        again = Notification.objects.filter(type=MATERIAL_CHANGED.name).exclude(key=f"change:{made.pk}")
        assert [notice.user for notice in again] == [missed.user]
        assert word(again.get(), person=missed.user).subject == "Still to be read: “Calls” has changed"
        assert reach(made).addressed == 2

    def test_once_a_day_at_most(self, doc, member, keeper, now):
        read(member, doc, at=now - DAY)
        made = change(doc)
        later = timezone.now()
        remind_readers(made, by=keeper, now=later)
        with pytest.raises(Refusal) as refused:
            remind_readers(made, by=keeper, now=later + timedelta(hours=23))
        assert refused.value.code == "reminded_lately"
        assert remind_readers(made, by=keeper, now=later + DAY) == 1

    def test_nobody_is_reminded_of_what_is_closed_to_them_by_now(self, doc, member, keeper):
        read(member, doc)
        made = change(doc)
        doc.unpublish()
        with pytest.raises(Refusal) as refused:
            remind_readers(made, by=keeper, now=timezone.now())
        assert refused.value.code == "nobody_left"

    def test_it_takes_an_editor(self, doc, member, staff):
        read(member, doc)
        with pytest.raises(NotAllowed):
            remind_readers(change(doc), by=staff, now=timezone.now())


class TestTheScreens:
    def test_the_change_shows_its_figures_the_missed_and_one_button(self, doc, add_member, keeper, signed_in):
        missed = add_member()
        read(missed, doc)
        made = change(doc)
        client = signed_in(keeper)
        page = client.get(reverse("changes:inspect", args=[made.pk])).content.decode()
        assert missed.partner.name in page
        assert "Was told, and has not opened the page" in page
        remind = reverse("changes:remind", args=[made.pk])
        assert f'action="{remind}"' in page
        response = client.post(remind, follow=True)
        assert "1 person is reminded." in response.content.decode()
        assert "less than a day ago" in client.post(remind).content.decode()

    def test_the_list_costs_the_same_for_few_and_many(self, tree, member, keeper, signed_in):
        client = signed_in(keeper)

        def count(many: int) -> int:
            for number in range(many):
                doc = tree.add_doc(f"Doc {many} {number}")
                read(member, doc)
                change(doc)
            client.get(reverse("changes:index"))
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("changes:index"))
            return len(queries)

        assert count(2) == count(9)
