"""Materials are kept true: by whom, when they are due, who is reminded."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import GroupPagePermission

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from tests.factories.training import publish
from training.freshness import plan_review
from training.models import CaseStudyPage, Change, MaterialPage, ProductDocPage, Reading, Remark, Upkeep, Verification
from training.notices.library import REVIEW_DUE, remind_owners
from training.services.upkeep import verify_material

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def publisher(staff, tree) -> User:
    """An editor who may edit and publish everything below the root."""
    for kind in ("change", "publish"):
        GroupPagePermission.objects.create(
            group=staff.groups.get(), page=tree.roots["en"].get_parent(), permission_type=kind
        )
    return User.objects.get(pk=staff.pk)


@pytest.fixture
def doc(tree, publisher):
    return tree.add_doc("Calls", owner=publisher)


def put_due(page, now, *, in_days: float, interval: int = 90) -> Upkeep:
    """As if the page had been looked through long ago, so that it is due in so many days from now."""
    verified_at = now + timedelta(days=in_days - interval)
    schedule = plan_review(verified_at, days=interval)
    Upkeep.objects.filter(page=page).update(
        verified_at=verified_at, ask_from=schedule.ask_from, due_at=schedule.due_at, remind_at=schedule.remind_at
    )
    return Upkeep.objects.get(page=page)


def told(user=None) -> list[dict]:
    found = Notification.objects.filter(type=REVIEW_DUE.name).order_by("pk")
    return [notice.context for notice in (found.filter(user=user) if user else found)]


class TestBeginning:
    def test_upkeep_begins_when_a_material_is_first_published(self, doc):
        assert doc.upkeep.verified_at == doc.first_published_at
        assert doc.upkeep.due_at == doc.first_published_at + 90 * DAY

    def test_a_draft_is_not_asked_after(self, tree):
        draft = tree.add_doc("Draft", live=False)
        assert not Upkeep.objects.filter(page=draft).exists()

    def test_courses_and_lessons_are_materials_too(self, tree):
        course = tree.add_course(lessons=1)
        assert Upkeep.objects.filter(page__path__startswith=course.path).count() == 2

    def test_publishing_again_does_not_begin_it_anew(self, doc):
        began = doc.upkeep.verified_at
        publish(doc)
        assert Upkeep.objects.get(page=doc).verified_at == began

    def test_a_copy_is_kept_true_like_its_original(self, doc):
        assert Upkeep.objects.filter(page=doc.copy(update_attrs={"title": "Copy", "slug": "copy"})).exists()

    def test_what_a_program_put_live_without_publishing_is_taken_in_by_the_sweeper(self, tree, now):
        page = ProductDocPage(title="Written by a program", slug="program", live=True)
        tree.libraries["en"].add_child(instance=page)
        assert not Upkeep.objects.filter(page=page).exists()
        for _again in range(2):
            remind_owners(now=now)
        assert Upkeep.objects.get(page=page).due_at == now + 90 * DAY

    def test_materials_that_were_live_before_are_counted_from_their_last_publishing(self, doc, tree):
        tree.add_doc("Draft", live=False)
        Upkeep.objects.all().delete()
        Change.objects.all().delete()
        import_module("training.migrations.0004_begin_upkeep").begin_upkeep(apps, None)
        upkeep, change = Upkeep.objects.get(), Change.objects.get()
        assert (upkeep.page_id, upkeep.due_at) == (doc.pk, doc.last_published_at + 90 * DAY)
        assert (change.page_id, change.is_first, change.revision_id) == (doc.pk, True, doc.live_revision_id)

    def test_a_changed_interval_moves_the_day_counted_from_the_last_look(self, doc):
        doc.review_interval_days = 30
        publish(doc)
        upkeep = Upkeep.objects.get(page=doc)
        assert upkeep.due_at == upkeep.verified_at + 30 * DAY


class TestStillTrue:
    def test_one_click_is_recorded_with_the_revision_and_begins_the_next_interval(self, doc, publisher, now):
        verification = verify_material(doc, by=publisher, now=now)
        assert (verification.revision, verification.by) == (doc.live_revision, publisher)
        upkeep = Upkeep.objects.get(page=doc)
        assert (upkeep.verified_at, upkeep.due_at) == (now, now + 90 * DAY)

    def test_the_owner_may_say_so_without_a_right_to_edit(self, tree, staff, now):
        doc = tree.add_doc("Calls", owner=staff)
        assert verify_material(doc, by=staff, now=now).by == staff

    def test_staff_who_neither_keep_nor_edit_it_may_not(self, tree, staff, now):
        with pytest.raises(NotAllowed):
            verify_material(tree.add_doc("Calls"), by=staff, now=now)

    def test_a_member_may_not_even_as_its_owner(self, tree, member, now):
        with pytest.raises(NotAllowed):
            verify_material(tree.add_doc("Calls", owner=member.user), by=member.user, now=now)

    def test_what_is_not_published_is_not_verified(self, doc, publisher, now):
        doc.unpublish()
        with pytest.raises(Refusal) as refused:
            verify_material(doc, by=publisher, now=now)
        assert refused.value.code == "not_live"
        assert not Verification.objects.exists()

    def test_the_record_outlives_the_person(self, doc, publisher, now):
        verify_material(doc, by=publisher, now=now)
        publisher.delete()
        assert Verification.objects.get().by is None


@pytest.mark.embedded
class TestReminders:
    @pytest.mark.parametrize(("in_days", "days"), [(14, 14), (9, 14), (7, 7), (0, 0), (-50, 0)])
    def test_the_owner_is_reminded_when_the_time_has_come(self, doc, publisher, now, in_days, days):
        put_due(doc, now, in_days=in_days)
        assert remind_owners(now=now) == 1
        assert [material["days"] for context in told(publisher) for material in context["materials"]] == [days]

    def test_nobody_is_reminded_before(self, doc, now):
        put_due(doc, now, in_days=14.5)
        assert remind_owners(now=now) == 0

    def test_a_sweeper_that_runs_twice_reminds_once(self, doc, now):
        put_due(doc, now, in_days=7)
        assert (remind_owners(now=now), remind_owners(now=now)) == (1, 0)

    def test_reminders_that_were_forgotten_on_the_way_are_not_sent_again(self, doc, now):
        """A notice that was told and whose next moment was not kept is known by its key."""
        upkeep = put_due(doc, now, in_days=7)
        remind_owners(now=now)
        Upkeep.objects.filter(pk=upkeep.pk).update(remind_at=now)
        assert remind_owners(now=now) == 0

    def test_from_the_first_to_the_last_each_reminder_is_sent_once(self, doc, publisher, now):
        put_due(doc, now, in_days=20)
        for hour in range(0, 24 * 40, 6):
            remind_owners(now=now + timedelta(hours=hour))
        assert [context["materials"][0]["days"] for context in told(publisher)] == [14, 7, 0]

    def test_still_true_stops_the_reminders(self, doc, publisher, now):
        put_due(doc, now, in_days=10)
        verify_material(doc, by=publisher, now=now)
        assert remind_owners(now=now + 8 * DAY) == 0

    def test_an_unpublished_material_reminds_nobody(self, doc, now):
        put_due(doc, now, in_days=0)
        doc.unpublish()
        assert remind_owners(now=now) == 0

    def test_one_notice_names_all_that_is_due_for_a_person(self, tree, doc, publisher, now):
        for number in range(11):
            put_due(tree.add_doc(f"Doc {number}", owner=publisher), now, in_days=7)
        put_due(doc, now, in_days=0)
        assert remind_owners(now=now) == 1
        context = told(publisher)[0]
        assert (context["count"], context["more"]) == (12, 4)
        assert context["materials"][0]["title"] == "Calls"

    @pytest.mark.parametrize("gone", ["inactive", "deleted", "left", "none"])
    def test_without_an_owner_who_could_answer_all_who_may_publish_are_reminded(self, tree, publisher, now, gone):
        owner = User.objects.create_user("gone@example.com", is_staff=True)
        if gone != "left":
            owner.groups.add(Group.objects.get(name="Staff for tests"))
        doc = tree.add_doc("Calls", owner=owner if gone != "none" else None)
        put_due(doc, now, in_days=7)
        owner.groups.clear()
        if gone == "inactive":
            User.objects.filter(pk=owner.pk).update(is_active=False)
        if gone == "deleted":
            owner.delete()
        assert remind_owners(now=now) == 1
        assert len(told(publisher)) == 1

    def test_the_wording_names_material_and_day(self, doc, publisher, now):
        put_due(doc, now, in_days=7)
        remind_owners(now=now)
        wording = word(Notification.objects.get(), person=publisher)
        assert wording.subject == "Is “Calls” still true?"
        assert wording.paragraphs[0] == "– Calls: by Dec. 1, 2026"

    def test_the_queries_do_not_grow_with_the_materials(self, tree, publisher, now):
        def count(wave: int, many: int) -> int:
            for number in range(many):
                put_due(tree.add_doc(f"Doc {wave} {number}", owner=publisher if number % 2 else None), now, in_days=7)
            with CaptureQueriesContext(connection) as queries:
                assert remind_owners(now=now) == 1
            return len(queries)

        assert count(1, 2) == count(2, 12)

    def test_more_than_one_batch_is_worked_off(self, tree, publisher, now, monkeypatch):
        monkeypatch.setattr("training.notices.library.BATCH", 3)
        for number in range(7):
            put_due(tree.add_doc(f"Doc {number}", owner=publisher), now, in_days=7)
        remind_owners(now=now)
        assert not Upkeep.objects.to_remind(now).exists()


def test_every_type_asks_its_editor_about_the_change():
    """A form of a type's own keeps what all materials ask."""
    types = [model for model in MaterialPage.__subclasses__() if not model._meta.abstract]
    assert len(types) >= 10
    assert CaseStudyPage in types
    assert [model for model in types if not issubclass(model.base_form_class, MaterialPage.base_form_class)] == []


@pytest.mark.embedded
class TestTheBoard:
    @pytest.fixture
    def client(self, client, publisher):
        client.force_login(publisher)
        return client

    def listed(self, client, **narrowed) -> list[str]:
        response = client.get(reverse("upkeep:board"), narrowed)
        assert response.status_code == 200
        return [page.title for page in response.context["object_list"]]

    @pytest.fixture
    def shelf(self, tree, publisher, add_member):
        """Five materials in every state, some of them read or reported."""
        now = timezone.now()
        hot, member = add_member(), add_member()
        shelf = {}
        for title, in_days, readers in (
            ("Fresh", 60, [hot, member]),
            ("Due", 5, [hot]),
            ("Overdue, cold", -40, []),
            ("Overdue, hot", -2, [hot, member]),
            ("Overdue, warm", -9, [hot]),
        ):
            page = shelf[title] = tree.add_doc(title, owner=publisher)
            put_due(page, now, in_days=in_days)
            for reader in readers:
                Reading.objects.create(
                    user=reader.user, material_key=page.translation_key, page=page, times=1,
                    first_read_at=now - 9 * DAY, last_read_at=now - 9 * DAY,
                )  # fmt: skip
        Reading.objects.create(
            user=add_member().user, material_key=shelf["Overdue, cold"].translation_key, page=shelf["Overdue, cold"],
            times=1, first_read_at=now - 99 * DAY, last_read_at=now - 31 * DAY,
        )  # fmt: skip
        Remark.objects.create(page=shelf["Fresh"], kind="wrong", user=member.user, membership=member, made_at=now)
        return shelf

    def test_shows_hot_but_overdue_first(self, shelf, client):
        assert self.listed(client) == ["Overdue, hot", "Overdue, warm", "Overdue, cold", "Due", "Fresh"]

    @pytest.mark.parametrize(
        ("narrowed", "titles"),
        [
            ({"state": "due"}, ["Due"]),
            ({"state": "verified"}, ["Fresh"]),
            ({"attention": "unread"}, ["Overdue, cold"]),
            ({"attention": "reported"}, ["Fresh"]),
            ({"q": "warm"}, ["Overdue, warm"]),
        ],
    )
    def test_is_narrowed_to_what_one_looks_for(self, shelf, client, narrowed, titles):
        assert self.listed(client, **narrowed) == titles

    def test_is_narrowed_by_owner_and_type(self, tree, shelf, client, publisher):
        guide = tree.add_guide("Another's")
        type_of = ContentType.objects.get_for_model(guide, for_concrete_model=False)
        assert self.listed(client, content_type=type_of.pk) == ["Another's"]
        assert "Another's" not in self.listed(client, owner=publisher.pk)

    def test_unpublished_materials_are_not_on_it(self, shelf, client):
        shelf["Due"].unpublish()
        assert "Due" not in self.listed(client)

    def test_still_true_is_one_click_and_comes_back(self, shelf, client, publisher):
        board = reverse("upkeep:board")
        page = shelf["Overdue, hot"]
        response = client.post(reverse("upkeep:verify", args=[page.pk]), {"next": board + "?state=overdue"})
        assert response.url == board + "?state=overdue"
        assert Verification.objects.get().by == publisher
        assert "Overdue, hot" not in self.listed(client, state="overdue")

    def test_opened_as_a_link_it_asks_and_changes_nothing(self, shelf, client):
        assert client.get(reverse("upkeep:verify", args=[shelf["Due"].pk])).status_code == 200
        assert not Verification.objects.exists()

    def test_many_are_said_to_be_true_at_once(self, shelf, client):
        chosen = [shelf["Due"].pk, shelf["Overdue, hot"].pk]
        address = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "verify"])
        query = f"{address}?id={chosen[0]}&id={chosen[1]}&next={reverse('upkeep:board')}"
        assert "Overdue, hot" in client.get(query).content.decode()
        assert client.post(query).status_code == 302
        assert set(Verification.objects.values_list("page", flat=True)) == set(chosen)

    def test_of_many_those_that_are_no_materials_are_left_out(self, tree, shelf, client):
        address = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "verify"])
        client.post(f"{address}?id={tree.libraries['en'].pk}&id={shelf['Due'].pk}")
        assert Verification.objects.get().page_id == shelf["Due"].pk

    def test_is_exported(self, shelf, client):
        table = b"".join(client.get(reverse("upkeep:board"), {"export": "csv"}).streaming_content).decode()
        assert '"Overdue, hot",Product doc,en' in table

    def test_stands_among_the_reports(self, client):
        assert reverse("upkeep:board") in client.get(reverse("wagtailadmin_home")).content.decode()

    def test_staff_who_edit_no_page_do_not_see_it(self, shelf, client, publisher):
        GroupPagePermission.objects.all().delete()
        assert client.get(reverse("upkeep:board")).status_code == 302  # Wagtail's way of refusing

    def test_costs_the_same_for_few_and_many(self, tree, shelf, client, django_user_model):
        def count() -> int:
            client.get(reverse("upkeep:board"))
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("upkeep:board"))
            return len(queries)

        few = count()
        for number in range(9):
            owner = django_user_model.objects.create_user(f"owner{number}@example.com", is_staff=True)
            put_due(tree.add_doc(f"Doc {number}", owner=owner), timezone.now(), in_days=number)
        assert count() == few

    def test_the_editors_first_page_names_what_is_theirs_to_look_through(self, tree, shelf, client):
        put_due(tree.add_doc("Another's"), timezone.now(), in_days=-9)
        page = client.get(reverse("wagtailadmin_home")).content.decode()
        assert "Yours to look through" in page
        assert all(title in page for title in shelf)  # “Fresh” as well: readers say that something is wrong in it
        assert reverse("upkeep:verify", args=[shelf["Due"].pk]) in page
        panel = page.split("own-upkeep")[1].split("</table>")[0]
        assert "Another&#x27;s" not in panel

    def test_the_editor_has_the_button_above_a_live_material_alone(self, tree, shelf, client):
        draft = tree.add_doc("Draft", live=False)
        live = client.get(reverse("wagtailadmin_pages:edit", args=[shelf["Due"].pk])).content.decode()
        assert f'data-w-action-url-value="{reverse("upkeep:verify", args=[shelf["Due"].pk])}"' in live
        page = client.get(reverse("wagtailadmin_pages:edit", args=[draft.pk])).content.decode()
        assert reverse("upkeep:verify", args=[draft.pk]) not in page
