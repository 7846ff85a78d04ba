"""That a page was opened: recorded by a picture on it, once more each time, for members."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.training import publish, section
from training.models import Change as MaterialChange
from training.models import ChangeAddressee, Reading
from training.services.reading import ReadingState, find_state, record_visit

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]


def seen(page, revision=None) -> str:
    address = reverse("training:seen", args=[page.translation_key])
    return f"{address}?revision={page.live_revision_id if revision is None else revision}"


class TestRecordingAVisit:
    def test_the_first_and_the_last_time_are_kept_and_each_is_counted(self, tree, member):
        doc, first = tree.add_doc(), timezone.now()
        for days in range(3):
            record_visit(member.user, member, doc, first + timedelta(days=days))
        row = Reading.objects.get()
        assert (row.first_read_at, row.last_read_at, row.times) == (first, first + timedelta(days=2), 3)

    def test_one_recorded_late_does_not_put_the_last_time_back(self, tree, member):
        doc, now = tree.add_doc(), timezone.now()
        record_visit(member.user, member, doc, now)
        record_visit(member.user, member, doc, now - timedelta(minutes=5))
        row = Reading.objects.get()
        assert (row.last_read_at, row.times) == (now, 2)

    def test_either_language_counts_as_the_same_material(self, tree, member):
        doc = tree.add_doc()
        russian = tree.add_doc("Звонки", language="ru", slug="zvonki", translation_of=doc)
        record_visit(member.user, member, doc, timezone.now())
        record_visit(member.user, member, russian, timezone.now())
        row = Reading.objects.get()
        assert (row.page_id, row.times) == (russian.pk, 2)

    def test_what_was_pinned_before_it_was_read_stays_pinned(self, tree, member):
        doc, now = tree.add_doc(), timezone.now()
        Reading.objects.create(user=member.user, material_key=doc.translation_key, page=doc, pinned_at=now)
        record_visit(member.user, member, doc, now)
        row = Reading.objects.get()
        assert (row.pinned_at, row.first_read_at, row.times) == (now, now, 1)

    def test_it_is_one_statement_and_one_for_the_changes_that_it_opens(
        self, tree, member, django_assert_max_num_queries
    ):
        doc = tree.add_doc()
        with django_assert_max_num_queries(4):  # with the savepoint and its release
            record_visit(member.user, member, doc, timezone.now())

    def test_staff_who_are_members_of_no_partner_are_not_readers(self, tree, staff):
        record_visit(staff, None, tree.add_doc(), timezone.now())
        assert not Reading.objects.exists()

    def test_a_change_that_was_addressed_to_the_reader_has_reached_them(self, tree, member):
        doc, now = tree.add_doc(), timezone.now()
        change = MaterialChange.objects.create(
            page=doc, material_key=doc.translation_key, is_material=True, line="New.", published_at=now
        )
        addressee = ChangeAddressee.objects.create(change=change, user=member.user)
        record_visit(member.user, member, doc, now + timedelta(seconds=1))
        addressee.refresh_from_db()
        assert addressee.opened_at is not None


class TestThePicture:
    def test_every_material_page_asks_for_it_without_a_script(self, tree, member, signed_in):
        doc = tree.add_doc("Calls")
        browser = signed_in(member)
        page = browser.get("/en/library/calls/").content.decode()
        address = re.search(r'<img src="([^"]*/seen/[^"]*)"[^>]*>', page)
        assert 'alt=""' in address[0]
        assert 'loading="lazy"' in address[0]
        response = browser.get(address[1])
        assert response["Content-Type"] == "image/gif"
        assert response["Cache-Control"] == "private, no-store"
        assert Reading.objects.get().page_id == doc.pk

    def test_opening_the_page_alone_records_nothing(self, tree, member, signed_in):
        tree.add_doc("Calls")
        signed_in(member).get("/en/library/calls/")
        assert not Reading.objects.exists()

    def test_a_text_that_is_no_longer_the_live_one_was_not_read(self, tree, member, signed_in):
        doc = tree.add_doc("Calls")
        shown = doc.live_revision_id
        doc.body = [section("first", "First things", "Recording is off.")]
        publish(doc)
        assert signed_in(member).get(seen(doc, shown)).status_code == 200
        assert not Reading.objects.exists()

    def test_the_translation_that_was_shown_is_the_one_that_was_read(self, tree, member, signed_in):
        doc = tree.add_doc()
        russian = tree.add_doc("Звонки", language="ru", slug="zvonki", translation_of=doc)
        signed_in(member).get(seen(russian))
        assert Reading.objects.get().page_id == russian.pk

    def test_what_is_closed_cannot_be_read(self, tree, member, signed_in, owners_only):
        doc = tree.add_doc(audience=owners_only)
        assert signed_in(member).get(seen(doc)).status_code == 403
        assert not Reading.objects.exists()

    def test_what_is_not_live_is_not_found(self, tree, member, signed_in):
        doc = tree.add_doc()
        doc.unpublish()
        assert signed_in(member).get(seen(doc)).status_code == 404

    def test_a_stranger_is_sent_to_sign_in(self, tree, client):
        assert client.get(seen(tree.add_doc())).status_code == 302


class TestTheState:
    def test_of_a_material_that_nobody_read_says_only_how_fresh_it_is(self, tree, member):
        state = find_state(tree.add_doc(), member.user_id, timezone.now())
        assert (state.pinned, state.seconds, state.last_read_at, state.change_id) == (False, 0, None, None)

    def test_is_asked_in_one_query(self, tree, member, django_assert_num_queries):
        doc = tree.add_doc()
        record_visit(member.user, member, doc, timezone.now())
        with django_assert_num_queries(1):
            find_state(doc, member.user_id, timezone.now())

    @pytest.mark.parametrize(
        ("days_ago", "fields", "told"),
        [
            (1, {"is_material": True}, True),
            (3, {"is_material": True}, False),
            (1, {"is_material": False}, False),
            (1, {"is_material": True, "is_first": True}, False),
        ],
    )
    def test_tells_the_latest_material_change_since_the_last_visit(self, tree, member, days_ago, fields, told):
        doc, now = tree.add_doc(), timezone.now()
        record_visit(member.user, member, doc, now - timedelta(days=2))
        MaterialChange.objects.create(
            page=doc, material_key=doc.translation_key, line="New.", published_at=now - timedelta(days=days_ago),
            **fields,
        )  # fmt: skip
        state = find_state(doc, member.user_id, now)
        assert (state.change_line == "New.") is told

    def test_tells_a_first_reader_of_no_change(self, tree, member):
        doc, now = tree.add_doc(), timezone.now()
        MaterialChange.objects.create(
            page=doc, material_key=doc.translation_key, line="New.", is_material=True, published_at=now
        )
        assert find_state(doc, member.user_id, now).change_id is None

    def test_looks_the_same_whenever_the_reader_came_last_unless_something_changed_since(self):
        now = timezone.now()
        assert ReadingState(last_read_at=now).face == ReadingState()
        changed = ReadingState(last_read_at=now, change_id=1, change_line="New.", change_at=now)
        assert changed.face == changed
