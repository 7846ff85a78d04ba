"""By when whom: rows that follow the rules, and reminders before the date and once after it."""

from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.test.utils.form_data import inline_formset, nested_form_data
from wagtail_localize.operations import translate_object

from portal.content.models import Product
from portal.notifications.models import Notification
from portal.notifications.services.wording import word
from portal.partners.models import Audience, Entitlement, JobRole, Membership, TierPeriod
from tests.training.forms import page_form
from training.models import CourseDue, CoursePage, DueRule, Enrolment, LessonPage
from training.notices.courses import COURSE_DUE, remind_of_dues
from training.services.dues import list_due, review_dues
from training.services.lessons import find_open_audiences_of_many
from training.services.progress import complete_lesson

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def moment():
    return timezone.now()


@pytest.fixture
def course(tree, rows, moment) -> CoursePage:
    """Due for sellers of gold partners within thirty days; published long ago."""
    course = tree.add_course(lessons=1)
    CoursePage.objects.filter(pk=course.pk).update(first_published_at=moment - 400 * DAY)
    DueRule.objects.create(course=course, job_role=rows.seller, tier=rows.gold, days=30)
    return CoursePage.objects.get(pk=course.pk)


@pytest.fixture
def join(add_member, rows, moment):
    """``join(days=10)``: a seller of a gold partner, who has been one for so many days."""

    def add(*, days=10, tier_days=None, role=None, tier=None, **options) -> Membership:
        member = add_member(role=role or rows.seller, tier=tier or rows.gold, **options)
        member.started_at = moment - days * DAY
        member.save()
        member.held_roles.update(started_at=member.started_at)
        since = moment - (tier_days if tier_days is not None else 300) * DAY
        TierPeriod.objects.get_or_create(
            partner=member.partner, ended_at=None, defaults={"tier": member.partner.tier, "started_at": since}
        )
        return Membership.objects.get(pk=member.pk)

    return add


def finish(member, course, now):
    for lesson in LessonPage.objects.child_of(course):
        complete_lesson(member, lesson=lesson, by=member.user, now=now)


def due_of(member):
    return CourseDue.objects.filter(membership=member).values_list("due_at", flat=True).first()


@pytest.fixture
def editor(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
    return client


class TestRows:
    def test_the_days_are_counted_from_what_became_true_last(self, course, join, moment):
        joined, risen = join(days=10), join(days=100, tier_days=4)
        review_dues(now=moment)
        assert due_of(joined) == moment + 20 * DAY
        assert due_of(risen) == moment + 26 * DAY

    def test_a_new_course_is_not_due_before_its_days_are_over(self, course, join, moment):
        CoursePage.objects.filter(pk=course.pk).update(first_published_at=moment - DAY)
        member = join(days=300)
        review_dues(now=moment)
        assert due_of(member) == moment + 29 * DAY

    def test_nobody_else_has_one(self, course, join, rows, moment):
        for other in (join(tier=rows.silver), join(role=rows.owner)):
            review_dues(now=moment)
            assert due_of(other) is None

    def test_run_again_nothing_changes(self, course, join, moment):
        join()
        assert review_dues(now=moment) == 1
        kept = list(CourseDue.objects.values_list())
        assert review_dues(now=moment + timedelta(hours=1)) == 0
        assert list(CourseDue.objects.values_list()) == kept

    def test_a_rule_that_applies_no_more_takes_its_row_along(self, course, join, moment):
        member = join()
        review_dues(now=moment)
        member.held_roles.update(ended_at=moment)
        review_dues(now=moment)
        assert due_of(member) is None

    def test_but_not_the_row_of_what_was_done(self, course, join, moment):
        member = join()
        review_dues(now=moment)
        finish(member, course, moment)
        DueRule.objects.all().delete()
        review_dues(now=moment)
        assert CourseDue.objects.get().remind_at is None

    def test_what_was_completed_before_gets_none(self, course, join, moment):
        member = join()
        finish(member, course, moment)
        review_dues(now=moment)
        assert not CourseDue.objects.exists()

    def test_a_date_that_moves_is_reminded_of_anew(self, course, join, moment):
        member = join()
        review_dues(now=moment)
        DueRule.objects.update(days=60)
        review_dues(now=moment)
        row = CourseDue.objects.get(membership=member)
        assert (row.due_at, row.remind_at) == (moment + 50 * DAY, moment + 43 * DAY)

    def test_whoever_has_left_owes_nothing(self, course, join, moment):
        member = join()
        review_dues(now=moment)
        Membership.objects.filter(pk=member.pk).update(ended_at=moment)
        review_dues(now=moment)
        assert not CourseDue.objects.exists()

    @pytest.mark.parametrize("why", ["unpublished", "closed"])
    def test_what_cannot_be_taken_is_not_due(self, course, join, owners_only, moment, why):
        join()
        review_dues(now=moment)
        assert CourseDue.objects.exists()
        changes = {"live": False} if why == "unpublished" else {"audience": owners_only}
        CoursePage.objects.filter(pk=course.pk).update(**changes)
        review_dues(now=moment)
        assert not CourseDue.objects.exists()

    def test_a_rule_in_one_language_holds_in_all(self, tree, course, join, rows, moment):
        russian = tree.add_course("Первые шаги", language="ru", lessons=0, translation_of=course)
        DueRule.objects.create(course=russian, job_role=rows.seller, days=15)
        member = join()
        review_dues(now=moment)
        row = CourseDue.objects.get(membership=member)
        assert (row.course_id, row.due_at) == (course.pk, moment + 5 * DAY)

    def test_batches_leave_nobody_out_and_cost_the_same_for_few_and_many(self, tree, course, join, moment):
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                review_dues(now=moment, batch=50)
            return len(queries)

        join()
        few = count()
        CourseDue.objects.all().delete()
        for _number in range(4):
            join()
        assert count() == few
        assert CourseDue.objects.count() == 5
        CourseDue.objects.all().delete()
        review_dues(now=moment, batch=2)
        assert CourseDue.objects.count() == 5


class TestFromWhenARuleCounts:
    def test_a_rule_added_to_an_old_course_makes_nobody_late(self, course, join, rows, moment):
        today = timezone.localdate(moment)
        DueRule.objects.update(counts_from=today)
        member = join(days=300)
        review_dues(now=moment)
        begin = datetime.combine(today, time(), timezone.get_default_timezone())
        assert due_of(member) == begin + 30 * DAY
        assert not list_due(member, now=moment)[0].is_late

    def test_a_rule_without_a_day_counts_however_far_back(self, course, join, moment):
        member = join(days=300)
        review_dues(now=moment)
        assert due_of(member) == moment - 270 * DAY

    def test_the_form_offers_today_for_a_new_rule_and_leaves_the_others_alone(self, course, editor):
        page = editor.get(reverse("wagtailadmin_pages:edit", args=[course.pk]))
        rules = page.context["form"].formsets["due_rules"]
        assert rules.empty_form["counts_from"].value() == timezone.localdate()
        assert [form["counts_from"].value() for form in rules.forms] == [None]

    def test_a_draft_from_before_there_was_a_day_does_not_begin_to_count_when_published(self, course, join, moment):
        revision = course.save_revision()
        for rule in revision.content["due_rules"]:
            del rule["counts_from"]
        revision.save()
        revision.publish()
        assert DueRule.objects.get().counts_from is None

    def test_a_new_rule_with_everything_as_offered_is_kept_with_its_day(self, course, editor):
        offered = {"job_role": "", "tier": "", "days": "30", "counts_from": str(timezone.localdate())}
        data = nested_form_data(
            page_form(
                course.title, slug=course.slug, minutes="0", prerequisites=inline_formset([]),
                due_rules=inline_formset([offered]),
            )
        )  # fmt: skip
        response = editor.post(reverse("wagtailadmin_pages:edit", args=[course.pk]), data)
        assert response.status_code == 302, response.context["form"].errors
        assert DueRule.objects.get(job_role=None).counts_from == timezone.localdate()

    def test_a_translation_keeps_no_copy_that_goes_on_holding(
        self, tree, course, rows, moment, django_capture_on_commit_callbacks
    ):
        course.save_revision().publish()
        with django_capture_on_commit_callbacks(execute=True):
            translate_object(course, [tree.locales["ru"]])
        assert list(DueRule.objects.values_list("course__locale__language_code", flat=True)) == ["en"]

    def test_and_where_one_has_a_copy_the_default_language_decides(self, tree, course, join, rows, moment):
        russian = tree.add_course("Первые шаги", language="ru", lessons=0, translation_of=course)
        DueRule.objects.create(course=russian, job_role=rows.seller, tier=rows.gold, days=5)
        member = join(days=10)
        review_dues(now=moment)
        assert due_of(member) == moment + 20 * DAY


class TestReminders:
    def told(self) -> list[Notification]:
        return list(Notification.objects.filter(type=COURSE_DUE.name).order_by("pk"))

    def sweep(self, now) -> None:
        review_dues(now=now)
        remind_of_dues(now=now)

    def test_seven_days_before_one_day_before_and_once_when_it_is_over(self, course, join, moment):
        member = join(days=0)
        found = []
        for day in range(40):
            self.sweep(moment + day * DAY)
            if len(self.told()) > len(found):
                found.append((day, word(self.told()[-1], person=member.user).subject))
        assert found == [
            (23, "“First steps” is due in 7 days"),
            (29, "“First steps” is due in 1 day"),
            (30, "“First steps” was due and is not completed yet"),
        ]

    def test_none_after_completion(self, course, join, moment):
        member = join(days=0)
        self.sweep(moment)
        finish(member, course, moment + DAY)
        for day in (23, 29, 30, 35):
            self.sweep(moment + day * DAY)
        assert self.told() == []

    def test_not_even_where_the_row_still_has_one(self, course, join, moment):
        member = join(days=25)
        review_dues(now=moment)
        Enrolment.objects.create(
            user=member.user, membership=member, course=course, course_key=course.translation_key,
            started_at=moment, completed_at=moment,
        )  # fmt: skip
        remind_of_dues(now=moment)
        assert self.told() == []
        assert CourseDue.objects.get().remind_at is None

    def test_of_several_that_were_missed_the_last_is_sent_and_says_how_long_is_left(self, course, join, moment):
        member = join(days=27)
        self.sweep(moment)
        assert word(self.told()[0], person=member.user).subject == "“First steps” is due in 3 days"
        late = join(days=90)
        self.sweep(moment)
        self.sweep(moment)
        assert [notice.user for notice in self.told()] == [member.user, late.user]
        assert "was due" in word(self.told()[1], person=late.user).subject

    def test_in_the_reader_s_language(self, tree, course, join, moment):
        tree.add_course("Первые шаги", language="ru", lessons=0, translation_of=course)
        join(days=27, language="ru")
        self.sweep(moment)
        notice = self.told()[0]
        assert notice.context["title"] == {"en": "First steps", "ru": "Первые шаги"}
        assert notice.url.startswith("/ru/")


class TestAsking:
    def test_what_is_due_soonest_first(self, tree, course, join, rows, moment):
        other = tree.add_course("Second steps", lessons=1)
        CoursePage.objects.filter(pk=other.pk).update(first_published_at=moment - 400 * DAY)
        DueRule.objects.create(course=other, days=5)
        member = join()
        review_dues(now=moment)
        found = [(row.course.title, row.is_late, row.days_left) for row in list_due(member, now=moment)]
        assert found == [("Second steps", True, 0), ("First steps", False, 20)]

    def test_what_is_completed_is_due_no_more(self, course, join, moment):
        member = join()
        review_dues(now=moment)
        finish(member, course, moment)
        assert list_due(member, now=moment) == []

    def test_costs_the_same_for_few_and_many(self, tree, course, join, moment, django_assert_num_queries):
        member = join()
        review_dues(now=moment)
        assert all((member.partner, member.user))
        with django_assert_num_queries(3):
            list_due(member, now=moment)
        for number in range(4):
            DueRule.objects.create(course=tree.add_course(f"More {number}", lessons=0), days=40)
        review_dues(now=moment)
        with django_assert_num_queries(3):
            assert len(list_due(member, now=moment)) == 5


def test_the_rule_of_audience_for_many_is_the_rule_for_one(rows, add_member, moment):
    """Every audience by one condition, and people who differ in each."""
    head = JobRole.objects.create(slug="head", name={"en": "Head"}, leads_team=True)
    crm = Product.objects.create(slug="crm", name={"en": "CRM"})
    made = {name: Audience.objects.create(name=name) for name in ("any", "kind", "tier", "role", "product", "both")}
    made["language"] = Audience.objects.create(name="language", language="ru")
    made["entitlement"] = Audience.objects.create(name="entitlement", entitlement="expert")
    made["kind"].kinds.add(rows.integrator)
    made["tier"].tiers.add(rows.gold)
    made["role"].job_roles.add(head)
    made["product"].products.add(crm)
    made["both"].tiers.add(rows.gold, rows.silver)
    made["both"].job_roles.add(rows.owner)
    people = [
        add_member(),
        add_member(kind=rows.integrator),
        add_member(tier=rows.gold, language="ru"),
        add_member(role=head),
        add_member(role=rows.owner, tier=rows.gold),
    ]
    people[1].partner.products.add(crm)
    Entitlement.objects.create(user=people[2].user, key="expert", evidence="one", granted_at=moment - DAY)
    Entitlement.objects.create(
        user=people[3].user, key="expert", evidence="one", granted_at=moment - 9 * DAY, until=moment - DAY
    )
    Membership.objects.filter(pk=people[4].pk).update(ended_at=moment - DAY)
    loaded = list(
        Membership.objects.with_roles().select_related("user", "partner__tier", "partner__kind").order_by("pk")
    )
    many = find_open_audiences_of_many(loaded, now=moment)
    for member in loaded:
        one = frozenset(Audience.objects.open_to(member, moment).values_list("pk", flat=True))
        assert many[member.pk] == one, member
    assert len({many[member.pk] for member in loaded}) == 5
