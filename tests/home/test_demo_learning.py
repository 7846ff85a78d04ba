"""The demo's courses, webinars and event: what the files promise, on which days it takes place, and what is loaded."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.home.services.demo.bank import read_questions
from portal.home.services.demo.dates import find_event_day, find_first_day
from portal.home.services.demo.files import FOLDER, LANGUAGES, read_texts, read_toml
from training.agenda import Talk, find_clashes, find_outside
from training.recurring import Plan, list_occurrences, write_weekly

COURSES = read_toml("learning.toml")["courses"]
SERIES = sorted(path.stem for path in (FOLDER / "webinars").glob("*.toml"))
EVENT = read_toml("events/partner-day.toml")
DATED = [
    *(f"webinars/{slug}.toml" for slug in SERIES),
    *(f"checks/{row['slug']}.toml" for row in COURSES),
    "events/partner-day.toml",
    "learning.toml",
]


# --- The files -------------------------------------------------------------------------------------------------------


def list_lessons(course, language="en"):
    return {text.slug.partition("-")[2]: text for text in read_texts(course["folder"], language, "lessons")}


def find_texts(value, path=""):
    """Every text in languages with where it stands."""
    if isinstance(value, dict):
        if value.keys() & set(LANGUAGES):
            yield path, value
        else:
            for key, part in value.items():
                yield from find_texts(part, f"{path}/{key}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from find_texts(part, f"{path}/{number}")


@pytest.mark.parametrize("name", DATED)
def test_every_text_is_there_in_both_languages_and_differs(name):
    texts = list(find_texts(read_toml(name)))
    assert texts
    for path, text in texts:
        assert text.keys() == set(LANGUAGES), path
        assert all(text.values()), path
        assert text["en"] != text["ru"], path


@pytest.mark.parametrize("course", COURSES, ids=lambda course: course["slug"])
def test_lessons_have_the_same_sections_length_and_reading_in_both_languages(course):
    english, russian = (list_lessons(course, language) for language in LANGUAGES)
    assert list(english) == list(russian)
    for slug, text in english.items():
        other = russian[slug]
        assert [part.anchor for part in text.sections] == [part.anchor for part in other.sections], slug
        assert (text.meta["minutes"], text.meta["materials"]) == (other.meta["minutes"], other.meta["materials"]), slug
        words = sum(len(line.split()) for part in text.sections for line in part.lines)
        assert 200 <= words <= 450, (slug, words)


@pytest.mark.parametrize("course", COURSES, ids=lambda course: course["slug"])
def test_every_lesson_has_check_questions_with_something_to_say_to_each_wrong_answer(course):
    checks = read_toml(f"checks/{course['slug']}.toml")["checks"]
    lessons = list(list_lessons(course))
    assert sorted({check["lesson"] for check in checks}) == sorted(lessons)
    assert len({(check["lesson"], check["id"]) for check in checks}) == len(checks)
    for lesson in lessons:
        assert 2 <= sum(check["lesson"] == lesson for check in checks) <= 3
    places = []
    for check in checks:
        options = check["options"]
        right = [place for place, option in enumerate(options) if option.get("right")]
        assert len(options) >= 3, check["id"]
        assert 0 < len(right) < len(options), check["id"]
        assert len({option["id"] for option in options}) == len(options)
        assert all(option.get("right") or option["feedback"] for option in options), check["id"]
        assert not any(option.get("right") and "feedback" in option for option in options), check["id"]
        places += right if len(right) == 1 else []
    assert all(places.count(place) < len(places) * 0.7 for place in set(places)), "the right answer stands in one place"


def test_no_check_question_is_one_of_an_exam():
    stems = {words.casefold() for _topic, question in read_questions() for words in question["stem"].values()}
    for course in COURSES:
        for check in read_toml(f"checks/{course['slug']}.toml")["checks"]:
            assert not stems & {words.casefold() for words in check["question"].values()}, check["id"]


@pytest.mark.parametrize("slug", SERIES)
def test_a_season_has_sixteen_topics_and_tells_who_came_to_the_first_six(slug):
    rows = read_toml(f"webinars/{slug}.toml")["sessions"]
    assert len(rows) == 16
    assert [("came" in row) for row in rows] == [True] * 6 + [False] * 10
    assert len({row["topic"]["en"] for row in rows}) == 16
    for row in rows:
        for words in row["about"].values():
            assert words.count(".") + words.count("?") + words.count("!") >= 2, words
        assert bool(row.get("reason")) == bool(row.get("moved_days") or row.get("cancelled"))


def test_the_talks_of_the_event_can_take_place():
    day = date(2027, 1, 13)

    def tell(at):
        return datetime.combine(day, at, UTC)

    talks = [
        Talk(row["slug"], row["title"]["en"], tell(row["from"]), tell(row["to"]), row.get("track", ""), row["room"])
        for row in EVENT["talks"]
    ]
    assert not find_outside(talks, starts_at=tell(EVENT["starts"]), ends_at=tell(EVENT["ends"]))
    assert not list(find_clashes(talks))
    assert {talk.track for talk in talks} - {""} == {row["slug"] for row in EVENT["tracks"]}


# --- On which days ---------------------------------------------------------------------------------------------------

moments = st.datetimes(datetime(2026, 1, 1), datetime(2031, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
zones = st.sampled_from(["Europe/Moscow", "Europe/Berlin", "America/Chicago", "Asia/Almaty"])


@given(moments, st.sampled_from(["MO", "TU", "TH", "SU"]), zones)
def test_whenever_it_is_loaded_six_sessions_are_over_and_the_next_is_within_a_week(now, weekday, zone):
    at, minutes = time(11), 45
    first = find_first_day(now, weekday=weekday, at=at, zone=zone, minutes=minutes, before=6)
    plan = Plan(write_weekly([weekday], zone=zone, count=16), first, at, zone, minutes)
    dates = list_occurrences(plan, today=now.date())
    assert len(dates) == 16
    assert dates[0].day == first, "the first day is the first date of the rule"
    assert sum(one.ends_at <= now for one in dates) == 6
    # A week, and an hour for the clocks.
    assert dates[6].starts_at - now <= timedelta(days=7, hours=1)


@pytest.mark.parametrize("day", range(7))
@pytest.mark.parametrize("hour", [0, 7, 8, 12, 21])
@pytest.mark.parametrize("slug", SERIES)
def test_the_next_tuesday_and_thursday_are_there_on_each_day_of_the_week(slug, day, hour):
    row = read_toml(f"webinars/{slug}.toml")
    now = datetime(2026, 11, 23, hour, 30, tzinfo=UTC) + timedelta(days=day)
    first = find_first_day(
        now, weekday=row["weekday"], at=row["at"], zone=row["zone"], minutes=row["minutes"], before=6
    )
    following = first + timedelta(weeks=6)
    assert following.strftime("%A").upper().startswith(row["weekday"])
    assert timedelta() <= following - now.date() <= timedelta(days=7)


@given(st.dates(date(2026, 1, 1), date(2036, 1, 1)))
def test_the_event_is_about_five_weeks_ahead_on_its_weekday_and_not_in_the_holidays(today):
    day = find_event_day(today, weekday="WE", days_ahead=35)
    assert day.strftime("%a") == "Wed"
    assert (1, 10) < (day.month, day.day) < (12, 19)
    assert timedelta(days=18) <= day - today <= timedelta(days=52)
    assert abs(day - today - timedelta(days=35)) <= timedelta(days=3) or (today.month in (11, 12)), "only at new year"


# --- What is loaded --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loaded(demo):
    """What the running demo has, told once."""
    found = demo.manage("shell", "-v", "0", "-c", SURVEY)
    return json.loads(found.stdout.strip().rsplit("\n", 1)[-1])


SURVEY = """
import json
from datetime import timedelta
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from training.models import *
from training.services.checks import find_missed, list_questions
from training.services.dues import review_dues

now = timezone.now()
seated = Count("registrations", filter=Q(registrations__state="seated"))
waiting = Count("registrations", filter=Q(registrations__state="waiting"))
reminded = Count("registrations", filter=Q(registrations__remind_at__isnull=False))
pages = {page.pk: page.specific for page in MaterialPage.objects.filter(sessions__isnull=False).distinct()}
sessions = [
    {
        "id": row.pk, "series": pages[row.page_id].slug, "place": row.place, "state": row.state, "sequence": row.sequence,
        "topic": sorted(row.topic), "about": sorted(row.about), "over": row.ends_at <= now, "reason": row.reason,
        "taken": row.seats_taken, "capacity": row.capacity, "seated": row.seated, "waiting": row.waiting,
        "reminded": row.reminded, "starts_at": row.starts_at.isoformat(), "recording": bool(row.recording_id),
        "people": list(row.registrations.values_list("user__email", flat=True)),
        "attended": row.attendances.filter(attended=True).count(), "absent": row.attendances.filter(attended=False).count(),
        "replayed": row.attendances.filter(source="recording").count(),
        "joins": Join.objects.filter(file__session=row).count(),
        "unknown": Join.objects.filter(file__session=row, user=None, set_aside_at=None).count(),
        "asked": row.questions.count(), "answered": row.questions.exclude(answer="").count(),
    }
    for row in Session.objects.annotate(seated=seated, waiting=waiting, reminded=reminded).order_by("starts_at")
]
with transaction.atomic():
    changed_dues = review_dues(now=now)
    transaction.set_rollback(True)
lessons = list(LessonPage.objects.filter(locale__language_code="en"))
missed = find_missed(lessons)
options = {str(question.id): {option.id for option in question.options} for lesson in lessons for question in list_questions(lesson)}
print(json.dumps({
    "sessions": sessions,
    "pages": [
        [type(page).__name__, page.slug, page.locale.language_code, page.live, str(page.translation_key)]
        for model in (WebinarIndexPage, WebinarSeriesPage, EventPage, CoursePage) for page in model.objects.order_by("pk")
    ],
    "talks": [
        [str(slot.translation_key), slot.locale.language_code, slot.title, slot.starts_at.isoformat()]
        for slot in EventSlot.objects.all()
    ],
    "checks": {
        code: [[str(question.id) for question in list_questions(lesson)] for lesson in
               LessonPage.objects.filter(locale__language_code=code).order_by("translation_key")]
        for code in ("en", "ru")
    },
    "changed_dues": changed_dues,
    "dues": [
        [row.user.email, row.course.slug, (row.due_at - now).total_seconds() / 86400, row.remind_at is None]
        for row in CourseDue.objects.select_related("user", "course")
    ],
    # Not what a test in the browser has just completed in the same demo.
    "completed": list(
        Enrolment.objects.filter(completed_at__lt=now - timedelta(hours=6)).values_list("user__email", "course__slug")
    ),
    "missed": [[row.question.text, row.share, row.answered] for row in missed],
    "foreign": [row.pk for row in CheckAnswer.objects.all() if not set(row.chosen) <= options[row.block_id]],
    "answers": CheckAnswer.objects.count(),
    "completions": LessonCompletion.objects.count(),
    "cards": [[row.card.live, row.card.title, row.words] for row in SessionQuestion.objects.exclude(card=None)],
    "corrections": Correction.objects.filter(closed_at=None).count(),
    "paths": {path.job_role.slug: path.course_keys for path in LearningPath.objects.all()},
    "rules": [
        [row.course.slug, row.course.locale.language_code, row.job_role.slug, row.tier.slug if row.tier else "", row.days]
        for row in DueRule.objects.order_by("pk")
    ],
    "required": [[row.course.slug, row.required.slug, row.course.locale_id == row.required.locale_id]
                 for row in CoursePrerequisite.objects.all()],
    "visits": Visit.objects.count(),
    "wrong": Registration.objects.filter(visits__visited_at__lt=F("registered_at")).count(),
    "raw": Join.objects.first().raw,
}))
"""  # noqa: E501 -- a script

in_demo = pytest.mark.xdist_group("demo")


def of_series(loaded, slug):
    return [row for row in loaded["sessions"] if row["series"] == slug]


def find_next(loaded, slug):
    return next(row for row in of_series(loaded, slug) if not row["over"] and row["place"])


@in_demo
def test_series_event_and_courses_stand_in_both_languages(loaded):
    by_language = {
        language: sorted(
            (kind, slug, key) for kind, slug, code, live, key in loaded["pages"] if code == language and live
        )
        for language in LANGUAGES
    }
    assert by_language["en"] == by_language["ru"]
    kinds = [kind for kind, _slug, _key in by_language["en"]]
    assert sorted(kinds) == ["CoursePage"] * 2 + ["EventPage", "WebinarIndexPage"] + ["WebinarSeriesPage"] * 2


@in_demo
def test_every_session_is_there_once_and_names_its_topic_in_both_languages(loaded):
    for slug in SERIES:
        rows = of_series(loaded, slug)
        assert sorted(row["place"] for row in rows if row["place"]) == list(range(1, 17))
        assert all(row["topic"] == row["about"] == sorted(LANGUAGES) for row in rows)
        assert {row["over"] for row in rows} == {True, False}
    assert len(of_series(loaded, "partner-day")) == 1
    assert len(loaded["sessions"]) == 16 + 16 + 1 + 1


@in_demo
def test_one_is_moved_one_cancelled_one_added_and_each_says_why(loaded):
    ahead = [row for row in loaded["sessions"] if not row["over"]]
    moved = [row for row in ahead if row["sequence"] and row["state"] == "scheduled"]
    cancelled = [row for row in ahead if row["state"] == "cancelled"]
    added = [row for row in ahead if row["place"] is None and row["series"] in SERIES]
    assert (len(moved), len(cancelled), len(added)) == (1, 1, 1)
    assert moved[0]["reason"]
    assert cancelled[0]["reason"]
    assert datetime.fromisoformat(moved[0]["starts_at"]).strftime("%a") == "Wed"


@in_demo
def test_seats_taken_are_the_seated_and_nobody_waits_beside_a_free_seat(loaded):
    for row in loaded["sessions"]:
        assert row["taken"] == row["seated"], row
        assert not row["waiting"] or row["seated"] == row["capacity"], row
    assert sum(row["waiting"] for row in loaded["sessions"]) == 2


@in_demo
def test_nobody_is_reminded_of_what_is_cancelled_or_over(loaded):
    quiet = [row for row in loaded["sessions"] if row["over"] or row["state"] == "cancelled"]
    assert sum(row["seated"] for row in quiet) > 50
    assert not any(row["reminded"] for row in quiet)
    assert any(row["reminded"] for row in loaded["sessions"])


@in_demo
def test_the_next_sessions_have_people_and_questions(loaded):
    tuesday, thursday = find_next(loaded, "tuesdays-for-sellers"), find_next(loaded, "thursdays-for-heads")
    assert "mira.castellan@meridian.example" in tuesday["people"]
    assert "vasilisa.ozerova@severnymost.example" in thursday["people"]
    assert (thursday["seated"], thursday["capacity"], thursday["waiting"]) == (12, 12, 2)
    assert tuesday["asked"] == thursday["asked"] == 2
    assert tuesday["answered"] == thursday["answered"] == 0


@in_demo
def test_those_that_are_over_tell_who_attended_and_who_did_not(loaded):
    over = [row for row in loaded["sessions"] if row["over"]]
    assert all(row["joins"] for row in over)
    assert all(row["attended"] >= 4 for row in over)
    assert sum(row["absent"] for row in over) >= 5
    assert sum(row["unknown"] for row in over) == 2
    assert sum(row["recording"] for row in over) == 2
    assert sum(row["replayed"] for row in over) == 1
    assert sum(row["answered"] for row in over) == sum(row["asked"] for row in over) >= 5
    assert loaded["corrections"] == 1
    assert loaded["visits"] >= 80
    assert loaded["wrong"] == 0
    assert list(loaded["raw"]) == [
        "Name (Original Name)", "User Email", "Join Time", "Leave Time", "Duration (Minutes)", "Guest"
    ]  # fmt: skip


@in_demo
def test_a_question_has_become_the_draft_of_a_card(loaded):
    assert [live for live, _title, _words in loaded["cards"]] == [False]
    _live, title, words = loaded["cards"][0]
    assert title == words


@in_demo
def test_the_event_has_the_same_talks_in_both_languages(loaded):
    talks = {
        language: {key: starts for key, code, _title, starts in loaded["talks"] if code == language}
        for language in LANGUAGES
    }
    assert talks["en"] == talks["ru"]
    assert len(talks["en"]) == 12
    assert not {title for _key, code, title, _at in loaded["talks"] if code == "en"} & {
        title for _key, code, title, _at in loaded["talks"] if code == "ru"
    }
    (event,) = of_series(loaded, "partner-day")
    assert event["capacity"] == 80
    assert event["seated"] == len(EVENT["registered"])


@in_demo
def test_check_questions_are_the_same_in_both_languages_and_one_is_clearly_the_hardest(loaded):
    assert loaded["checks"]["en"] == loaded["checks"]["ru"]
    assert all(loaded["checks"]["en"])
    assert loaded["foreign"] == []
    assert loaded["answers"] >= 2 * loaded["completions"]
    first, second = loaded["missed"][:2]
    assert "page that you hand over" in first[0]
    assert first[1] >= second[1] + 15, (first, second)


@in_demo
def test_due_dates_are_those_of_the_rules(loaded):
    assert loaded["changed_dues"] == 0, "the sweeper finds nothing to set right"
    completed = {tuple(row) for row in loaded["completed"]}
    open_dues = [row for row in loaded["dues"] if (row[0], row[1]) not in completed]
    late = [email for email, _course, left, _quiet in open_dues if left < 0]
    assert late == ["zofia.lanckor@brightledger.example"]
    assert any(0 < left < 7 for _email, _course, left, _quiet in open_dues)
    assert any(course == "leading-a-team" for _email, course, _left, _quiet in open_dues)
    assert all(quiet for _email, _course, left, quiet in loaded["dues"] if left < 0)


@in_demo
def test_courses_follow_one_another_and_paths_name_them(loaded):
    assert loaded["required"] == [["leading-a-team", "selling-ringwell", True]] * 2
    keys = {slug: key for kind, slug, _code, _live, key in loaded["pages"] if kind == "CoursePage"}
    assert loaded["paths"]["seller"] == [keys["selling-ringwell"]]
    assert loaded["paths"]["sales-head"] == [keys["selling-ringwell"], keys["leading-a-team"]]
    for language in LANGUAGES:
        assert [[course, *rest] for course, code, *rest in loaded["rules"] if code == language] == [
            ["selling-ringwell", "seller", "", 30],
            ["selling-ringwell", "seller", "gold", 14],
            ["leading-a-team", "sales-head", "", 45],
        ]
