"""Readers say that something is wrong; whoever keeps the material answers, and the reader is told the end."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.factories.training import publish, section
from training.models import Remark, RemarkOutcome
from training.notices.library import REMARK_CLOSED, REMARK_MADE
from training.receivers import tell_who_keeps_the_material
from training.services.remarks import DAILY, close_remark, make_remark

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(staff) -> User:
    """An editor who answers readers."""
    group = staff.groups.get()
    wanted = Permission.objects.filter(
        content_type__app_label="training", codename__in=["view_remark", "change_remark"]
    )
    group.permissions.add(*wanted)
    return User.objects.get(pk=staff.pk)


@pytest.fixture
def doc(tree, keeper):
    sections = [
        section("first", "First things", "Answer within two days."),
        section("then", "Then", "Write it down."),
    ]
    return tree.add_doc("Calls", owner=keeper, sections=sections)


def report(doc, member, *, block_id="first-1", kind="wrong", words="It is one day now.", now=None) -> Remark:
    return make_remark(
        doc, block_id=block_id, kind=kind, words=words, membership=member, by=member.user, now=now or timezone.now()
    )


def notices(kind) -> list[Notification]:
    return list(Notification.objects.filter(type=kind.name).order_by("pk"))


@pytest.mark.embedded
class TestMaking:
    def test_the_paragraph_is_quoted_as_it_reads_now(self, doc, member, now):
        remark = report(doc, member, now=now)
        doc.body = [section("first", "First things", "Answer within one day.")]
        publish(doc)
        remark.refresh_from_db()
        assert (remark.quoted, remark.membership, remark.made_at) == ("Answer within two days.", member, now)

    def test_a_whole_section_may_be_meant(self, doc, member):
        assert report(doc, member, block_id=doc.body[0].id).quoted == "First things\n\nAnswer within two days."

    def test_or_the_material_as_a_whole(self, doc, member):
        assert report(doc, member, block_id="").quoted == ""

    def test_it_reaches_the_owner_with_the_paragraph(self, doc, member, keeper, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            report(doc, member)
        notice = notices(REMARK_MADE)[0]
        assert notice.user == keeper
        wording = word(notice, person=keeper)
        assert wording.subject == "A reader says: something is wrong in “Calls”"
        assert "The paragraph:\nAnswer within two days." in wording.paragraphs
        assert "In the reader’s words:\nIt is one day now." in wording.paragraphs

    def test_told_twice_it_reaches_the_owner_once(self, doc, member, facts):
        report(doc, member)
        fact = type("Fact", (), {"payload": facts("remarks_made")[0], "announced_at": timezone.now()})
        for _again in range(2):
            tell_who_keeps_the_material(fact)
        assert len(notices(REMARK_MADE)) == 1

    def test_a_paragraph_that_is_gone_is_refused_with_what_to_do(self, doc, member):
        with pytest.raises(Refusal) as refused:
            report(doc, member, block_id="no-such-block")
        assert refused.value.code == "paragraph_gone"
        assert not Remark.objects.exists()

    @pytest.mark.parametrize(("field", "value", "code"), [("kind", "rude", "kind"), ("words", "x" * 1001, "too_long")])
    def test_what_cannot_be_kept_is_refused(self, doc, member, field, value, code):
        with pytest.raises(Refusal) as refused:
            report(doc, member, **{field: value})
        assert refused.value.code == code

    def test_the_same_is_not_reported_twice_while_it_is_open(self, doc, member, keeper, now):
        remark = report(doc, member, now=now)
        with pytest.raises(Refusal) as refused:
            report(doc, member, now=now)
        assert refused.value.code == "made_already"
        close_remark(remark, outcome="mended", answer="", by=keeper, now=now)
        assert report(doc, member, now=now).pk != remark.pk

    def test_a_person_makes_so_many_remarks_a_day_and_no_more(self, tree, doc, member, now):
        for number in range(DAILY):
            report(tree.add_doc(f"Doc {number}"), member, block_id="", now=now)
        with pytest.raises(Refusal) as refused:
            report(doc, member, now=now)
        assert refused.value.code == "too_many"
        assert report(doc, member, now=now + timedelta(days=1, seconds=1))

    def test_one_persons_limit_is_not_anothers(self, tree, doc, add_member, now):
        for number in range(DAILY):
            report(tree.add_doc(f"Doc {number}"), add_member(), block_id="", now=now)
        assert report(doc, add_member(), now=now)

    def test_a_closed_material_takes_no_remark(self, tree, owners_only, member):
        with pytest.raises(NotAllowed):
            report(tree.add_doc("For owners", audience=owners_only), member)

    def test_nor_does_an_unpublished_one(self, doc, member):
        doc.unpublish()
        with pytest.raises(Refusal) as refused:
            report(doc, member)
        assert refused.value.code == "gone"

    def test_nor_from_somebody_who_is_a_member_no_more(self, doc, member, now):
        member.ended_at = now - timedelta(days=1)
        with pytest.raises(NotAllowed):
            report(doc, member, now=now)


class TestClosing:
    def test_the_reader_is_told_the_end_with_the_answer(
        self, doc, member, keeper, now, django_capture_on_commit_callbacks
    ):
        remark = report(doc, member, now=now)
        with django_capture_on_commit_callbacks(execute=True):
            close_remark(remark, outcome="kept", answer="Two days hold for letters.", by=keeper, now=now)
        notice = notices(REMARK_CLOSED)[0]
        assert notice.user == member.user
        wording = word(notice, person=member.user)
        assert wording.subject == "Your remark on “Calls” has been answered"
        assert "It stays as it is.\nTwo days hold for letters." in wording.paragraphs

    def test_that_it_stays_needs_a_reason(self, doc, member, keeper, now):
        with pytest.raises(Refusal) as refused:
            close_remark(report(doc, member, now=now), outcome="kept", answer=" ", by=keeper, now=now)
        assert refused.value.code == "reason_missing"

    def test_the_second_who_closes_it_is_told_who_was_first(self, doc, member, keeper, now):
        remark = report(doc, member, now=now)
        close_remark(remark, outcome="mended", answer="", by=keeper, now=now)
        with pytest.raises(Refusal) as refused:
            close_remark(remark, outcome="kept", answer="No.", by=keeper, now=now)
        assert refused.value.code == "closed_already"
        assert Remark.objects.get().outcome == RemarkOutcome.MENDED

    def test_only_those_who_answer_readers_may(self, doc, member, django_user_model, now):
        with pytest.raises(NotAllowed):
            close_remark(report(doc, member, now=now), outcome="mended", answer="", by=member.user, now=now)

    def test_the_answer_outlives_the_editor_who_gave_it(self, doc, member, keeper, now):
        remark = close_remark(report(doc, member, now=now), outcome="mended", answer="", by=keeper, now=now)
        keeper.delete()
        remark.refresh_from_db()
        assert (remark.outcome, remark.closed_by) == (RemarkOutcome.MENDED, None)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_close_a_remark_at_once_one_is_told_so(tree, doc, member, keeper, now):
    remark = report(doc, member, now=now)
    barrier, outcomes = threading.Barrier(2), []

    def close(outcome: str) -> None:
        barrier.wait()
        try:
            close_remark(remark, outcome=outcome, answer="Because.", by=keeper, now=now)
            outcomes.append("closed")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=close, args=[outcome]) for outcome in RemarkOutcome.values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["closed", "closed_already"]


class TestThePages:
    def address(self, doc) -> str:
        return reverse("training:remark", args=[doc.translation_key])

    def test_the_material_leads_there_as_a_whole_and_from_each_section(self, doc, member, signed_in):
        page = signed_in(member).get(doc.url).content.decode()
        assert f'href="{self.address(doc)}"' in page
        assert f'href="{self.address(doc)}?block={doc.body[0].id}"' in page

    def test_without_a_choice_the_paragraphs_are_listed(self, doc, member, signed_in):
        page = signed_in(member).get(self.address(doc)).content.decode()
        assert "First things: Answer within two days." in page
        assert 'value="then-1"' in page

    def test_a_section_that_was_pointed_at_is_chosen_and_quoted(self, doc, member, signed_in):
        response = signed_in(member).get(self.address(doc), {"block": doc.body[1].id})
        assert response.context["form"]["block"].value() == doc.body[1].id
        assert "Write it down." in response.content.decode()

    def test_what_was_sent_stands_among_ones_own_remarks(self, doc, member, signed_in):
        client = signed_in(member)
        data = {"block": "first-1", "kind": "failed", "words": "They laughed."}
        response = client.post(self.address(doc), data, follow=True)
        page = response.content.decode()
        assert "They laughed." in page
        assert "Answer within two days." in page
        assert "Being looked into" in page

    def test_what_was_typed_is_kept_when_something_is_missing(self, doc, member, signed_in):
        response = signed_in(member).post(self.address(doc), {"block": "first-1", "words": "They laughed."})
        assert response.status_code == 200
        assert "They laughed." in response.content.decode()
        assert "kind" in response.context["form"].errors
        assert not Remark.objects.exists()

    def test_a_refusal_keeps_what_was_typed(self, doc, member, signed_in):
        report(doc, member)
        data = {"block": "first-1", "kind": "wrong", "words": "Once more."}
        page = signed_in(member).post(self.address(doc), data).content.decode()
        assert "You have reported this already" in page
        assert "Once more." in page

    def test_the_outcome_and_the_answer_are_shown(self, doc, member, keeper, signed_in, now):
        close_remark(report(doc, member), outcome="mended", answer="Thank you.", by=keeper, now=timezone.now())
        page = signed_in(member).get(reverse("training:remarks")).content.decode()
        assert "Mended" in page
        assert "Thank you." in page

    def test_another_partners_member_sees_nothing_of_it(self, doc, add_member, signed_in):
        report(doc, add_member())
        page = signed_in(add_member()).get(reverse("training:remarks")).content.decode()
        assert "It is one day now." not in page
        assert "You have reported nothing yet" in page

    def test_the_list_costs_the_same_for_few_and_many(self, tree, doc, member, signed_in):
        client = signed_in(member)

        def count() -> int:
            client.get(reverse("training:remarks"))
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("training:remarks"))
            return len(queries)

        report(doc, member)
        few = count()
        for number in range(9):
            report(tree.add_doc(f"Doc {number}"), member, block_id="")
        assert count() == few


class TestTheEditorsScreens:
    def test_lists_what_is_open_and_shows_the_paragraph_then_and_now(self, doc, member, keeper, signed_in):
        remark = report(doc, member)
        doc.body = [section("first", "First things", "Answer within one day.")]
        publish(doc)
        client = signed_in(keeper)
        listed = {
            value: list(client.get(reverse("remarks:index"), {"open": value}).context["object_list"])
            for value in ("open", "mended")
        }
        assert listed == {"open": [remark], "mended": []}
        page = client.get(reverse("remarks:inspect", args=[remark.pk])).content.decode()
        assert "<del>two days</del><ins>one day</ins>" in page
        assert f"{doc.url}#" not in page  # a passage has no anchor of its own

    def test_closing_is_one_form_and_goes_back_to_the_remark(self, doc, member, keeper, signed_in):
        remark = report(doc, member)
        client = signed_in(keeper)
        address = reverse("remarks:close", args=[remark.pk])
        assert client.get(address).status_code == 200
        response = client.post(address, {"outcome": "mended", "answer": "Thank you."})
        assert response.url == reverse("remarks:inspect", args=[remark.pk])
        remark.refresh_from_db()
        assert remark.closed_by == keeper

    def test_a_refusal_stands_in_the_form_with_what_was_typed(self, doc, member, keeper, signed_in):
        remark = report(doc, member)
        page = signed_in(keeper).post(reverse("remarks:close", args=[remark.pk]), {"outcome": "kept", "answer": ""})
        assert "Tell the reader why it stays as it is." in page.content.decode()

    def test_staff_without_the_right_do_not_see_them(self, doc, member, staff, signed_in):
        staff.groups.get().permissions.remove(*Permission.objects.filter(codename__in=["view_remark", "change_remark"]))
        remark = report(doc, member)
        client = signed_in(User.objects.get(pk=staff.pk))
        for name, args in (("index", []), ("inspect", [remark.pk]), ("close", [remark.pk])):
            assert client.get(reverse(f"remarks:{name}", args=args)).status_code == 302  # Wagtail's way of refusing
