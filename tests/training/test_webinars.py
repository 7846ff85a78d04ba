"""Webinars on the portal's pages, and the screens of those who run them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import GroupPagePermission

from portal.accounts.models import User
from tests.factories.training import publish
from tests.training.webinars import add_list, add_series, let_run, open_session
from training.models import Registration, RegistrationState, Season, Session, SessionQuestion, SessionState
from training.services.joining import find_join_path
from training.services.questions import answer_question, ask_question
from training.services.registrations import register
from training.services.sessions import cancel_session, change_session

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_that_moment(time_machine, now):
    """Pages know the time by themselves."""
    time_machine.move_to(now, tick=False)


@pytest.fixture
def editor(staff, tree):
    group = staff.groups.get()
    for codename in ("add_page", "change_page"):
        permission = Permission.objects.get(content_type__app_label="wagtailcore", codename=codename)
        GroupPagePermission.objects.create(group=group, page=tree.roots["en"], permission=permission)
    return let_run(staff)


@pytest.fixture
def series(tree):
    return add_series(tree)


@pytest.fixture
def session(series, editor, now):
    return open_session(series, by=editor, now=now, capacity=2, speakers="Ada Byron", topic={"en": "The price"})


@pytest.fixture
def address(session):
    return reverse("training:session", args=[session.public_id])


class TestTheList:
    def test_shows_what_is_ahead_by_day_in_the_members_zone(self, tree, series, session, member, signed_in):
        User.objects.filter(pk=member.user_id).update(time_zone="Asia/Tokyo")
        member.user.refresh_from_db()
        page = signed_in(member).get(add_list(tree).url).content.decode()
        assert "The price" in page
        assert "Tuesdays for sellers" in page
        assert "18:00\u00a0JST" in page
        assert "All times are yours: Asia/Tokyo, JST." in page
        assert "2 seats left" in page

    def test_a_session_late_in_the_evening_stands_under_the_readers_own_day(
        self, tree, series, editor, member, signed_in, now
    ):
        open_session(series, by=editor, now=now, ahead=datetime(2026, 12, 1, 22, tzinfo=UTC) - now)
        User.objects.filter(pk=member.user_id).update(time_zone="Asia/Tokyo")
        days = signed_in(member).get(add_list(tree).url).context["days"]
        assert [day for day, _shown in days] == [date(2026, 12, 2)]

    def test_says_how_the_reader_stands_to_each(self, tree, series, session, editor, add_member, signed_in, now):
        member, other = add_member(), add_member()
        client = signed_in(member)
        url = add_list(tree).url
        register(session, membership=member, by=member.user, now=now)
        assert "You are registered" in client.get(url).content.decode()
        change_session(session, changes={"capacity": 1}, by=editor, now=now)
        register(session, membership=other, by=other.user, now=now)
        page = signed_in(other).get(url).content.decode()
        assert "On the waiting list" in page
        assert "All seats taken" in signed_in(add_member()).get(url).content.decode()
        cancel_session(session, reason={"en": "Ill"}, by=editor, now=now)
        assert "Cancelled" in client.get(url).content.decode()

    def test_what_was_recorded_stands_below(self, tree, session, editor, member, signed_in, now, time_machine):
        video = tree.add_video("The price, recorded")
        change_session(session, changes={"recording": video}, by=editor, now=now)
        time_machine.move_to(now + 8 * DAY)
        page = signed_in(member).get(add_list(tree).url).content.decode()
        assert f'href="{video.url}"' in page
        assert "No webinars ahead" in page

    def test_a_closed_series_is_not_named(self, tree, owners_only, editor, member, signed_in, now):
        open_session(add_series(tree, "For owners", audience=owners_only), by=editor, now=now)
        assert "For owners" not in signed_in(member).get(add_list(tree).url).content.decode()

    def test_stands_in_the_navigation(self, tree, series, member, signed_in):
        page = signed_in(member).get(tree.libraries["en"].url).content.decode()
        assert f'href="{add_list(tree).url}"' in page

    def test_many_sessions_cost_as_many_queries_as_one(self, tree, series, editor, member, signed_in, now):
        client, url = signed_in(member), add_list(tree).url

        def count() -> int:
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            return len(queries)

        open_session(series, by=editor, now=now)
        few = count()
        for number in range(1, 7):
            open_session(add_series(tree, f"Series {number}"), by=editor, now=now, ahead=number * DAY)
        assert count() == few

    def test_in_russian_a_series_without_translation_stands_in(self, tree, session, member, signed_in):
        add_list(tree, language="ru")
        member.user.language = "ru"
        member.user.save()
        assert "The price" in signed_in(member).get("/ru/webinars/").content.decode()


class TestTheSeries:
    def test_publishes_the_rule_of_who_attended(self, tree, member, signed_in):
        series = add_series(tree, attended_from_percent=70, replay_from_percent=90)
        page = " ".join(signed_in(member).get(series.url).content.decode().split())
        assert "Whoever was there for 70% of a session or more." in page
        assert "Watching 90% of the recording counts as well." in page
        series.replay_counts = False
        publish(series)
        assert "Watching the recording does not count." in signed_in(member).get(series.url).content.decode()

    def test_shows_its_own_sessions_alone(self, tree, series, session, editor, member, signed_in, now):
        open_session(add_series(tree, "Another"), by=editor, now=now, topic={"en": "Elsewhere"})
        page = signed_in(member).get(series.url).content.decode()
        assert "The price" in page
        assert "Elsewhere" not in page

    def test_is_closed_to_those_outside_its_audience_with_the_reason(self, tree, owners_only, member, signed_in):
        response = signed_in(member).get(add_series(tree, audience=owners_only).url)
        assert response.status_code == 403
        assert "for people in these job roles: Owner" in response.content.decode()

    def test_is_previewed_as_a_seller_sees_it(self, series, session, django_user_model, signed_in):
        admin = django_user_model.objects.create_superuser("admin@example.com", "a long password")
        url = reverse("wagtailadmin_pages:view_draft", args=[series.pk])
        assert "The price" in signed_in(admin).get(url).content.decode()


class TestTheSession:
    def test_one_tap_registers(self, session, address, member, signed_in):
        client = signed_in(member)
        assert "Register" in client.get(address).content.decode()
        response = client.post(reverse("training:register", args=[session.public_id]), follow=True)
        page = response.content.decode()
        assert response.redirect_chain == [(address, 302)]
        assert "You have a seat." in page
        assert "The meeting opens at" in page
        assert Registration.objects.get().state == RegistrationState.SEATED

    def test_another_gives_it_back(self, session, address, member, signed_in, now):
        register(session, membership=member, by=member.user, now=now)
        client = signed_in(member)
        assert "I cannot come" in client.get(address).content.decode()
        client.post(reverse("training:cancel_registration", args=[session.public_id]))
        assert Registration.objects.get().state == RegistrationState.CANCELLED

    def test_nobody_gives_anothers_back(self, session, add_member, signed_in, now):
        owner = add_member()
        register(session, membership=owner, by=owner.user, now=now)
        response = signed_in(add_member()).post(reverse("training:cancel_registration", args=[session.public_id]))
        assert response.status_code == 404
        assert Registration.objects.get().state == RegistrationState.SEATED

    def test_who_waits_reads_their_place(self, session, address, add_member, signed_in, now):
        people = [add_member() for _number in range(4)]
        for person in people:
            register(session, membership=person, by=person.user, now=now)
        assert "number 2 on the waiting list" in " ".join(signed_in(people[3]).get(address).content.decode().split())

    def test_shortly_before_the_start_it_leads_to_the_meeting(
        self, session, address, editor, member, signed_in, now, time_machine
    ):
        row = register(session, membership=member, by=member.user, now=now)
        client = signed_in(member)
        assert find_join_path(row) not in client.get(address).content.decode()
        time_machine.move_to(session.starts_at - timedelta(minutes=10))
        assert find_join_path(row) in client.get(address).content.decode()

    def test_a_move_and_a_cancellation_say_why(self, session, address, editor, member, signed_in, now):
        client = signed_in(member)
        client.force_login(editor)
        client.post(
            reverse("webinar_sessions:move", args=[session.pk]),
            {
                "day": "2026-12-03",
                "at": "11:00",
                "minutes": "60",
                "reason_en": "The speaker travels",
                "reason_ru": "Едет",
            },
        )
        client.force_login(member.user)
        assert "The speaker travels" in client.get(address).content.decode()
        russian = client.get(address.replace("/en/", "/ru/", 1)).content.decode()
        assert "Едет" in russian
        assert "The speaker travels" not in russian
        cancel_session(Session.objects.get(), reason={"en": "The speaker is ill"}, by=editor, now=now)
        page = client.get(address).content.decode()
        assert "The speaker is ill" in page
        assert "Register" not in page

    def test_staff_look_and_do_not_register(self, session, address, editor, signed_in):
        page = signed_in(editor).get(address).content.decode()
        assert "Seats are for the members of partners." in page

    def test_of_a_closed_series_is_refused_and_of_an_unpublished_one_not_found(
        self, tree, owners_only, editor, series, session, address, member, signed_in, now
    ):
        closed = open_session(add_series(tree, "Owners", audience=owners_only), by=editor, now=now)
        client = signed_in(member)
        for name in ("session", "register", "ask"):
            url = reverse(f"training:{name}", args=[closed.public_id])
            answer = client.get(url) if name == "session" else client.post(url, {"words": "Why?"})
            assert answer.status_code in (403, 404)
        series.unpublish()
        assert client.get(address).status_code == 404

    def test_questions_are_asked_there_and_answered_ones_are_for_all_without_names(
        self, session, address, editor, add_member, signed_in, now
    ):
        asker, other = add_member(), add_member()
        client = signed_in(asker)
        response = client.post(reverse("training:ask", args=[session.public_id]), {"words": "Does it work offline?"})
        assert response.url == f"{address}#questions"
        assert "It has no answer yet" in client.get(address).content.decode()
        assert "offline" not in signed_in(other).get(address).content.decode()
        answer_question(SessionQuestion.objects.get(), answer="Yes, it does.", by=editor, now=now)
        page = signed_in(other).get(address).content.decode()
        assert "Does it work offline?" in page
        assert "Yes, it does." in page
        assert asker.user.email not in page

    def test_a_refused_question_keeps_what_was_typed(self, session, member, signed_in, now):
        for number in range(10):
            ask_question(session, words=f"Question {number}", membership=member, by=member.user, now=now)
        page = signed_in(member).post(reverse("training:ask", args=[session.public_id]), {"words": "One more"})
        assert "One more" in page.content.decode()
        assert "no more are taken" in page.content.decode()

    def test_costs_the_same_for_few_and_many_questions_and_people(
        self, session, address, editor, member, add_member, signed_in, now
    ):
        client = signed_in(member)

        def count() -> int:
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            return len(queries)

        def add_question() -> None:
            person = add_member()
            register(session, membership=person, by=person.user, now=now)
            question = ask_question(session, words="Why?", membership=person, by=person.user, now=now)
            answer_question(question, answer="Because.", by=editor, now=now)

        add_question()
        few = count()
        for _number in range(6):
            add_question()
        assert count() == few


SEASON = {
    "weekdays": ["TU"], "first_day": "2026-12-01", "count": "4", "at": "11:00", "zone": "Europe/Moscow", "minutes": "60",
    "capacity": "50", "meeting_url": "https://meet.example/1", "speakers": "Ada Byron",
    "topics_en": "Opening\n\nThe price\n",
}  # fmt: skip


class TestPublishingASeason:
    @pytest.fixture
    def form_url(self, series):
        return reverse("webinar_sessions:season", args=[series.pk])

    def test_the_page_of_a_series_leads_there(self, series, editor, signed_in, form_url):
        page = signed_in(editor).get(reverse("wagtailadmin_explore", args=[series.pk])).content.decode()
        assert form_url in page

    def test_the_list_of_sessions_leads_there_too(self, tree, series, editor, signed_in, form_url):
        client = signed_in(editor)
        choose = reverse("webinar_sessions:choose")
        assert choose in client.get(reverse("webinar_sessions:index")).content.decode()
        assert client.get(choose).url == form_url
        add_series(tree, "Thursdays for heads")
        page = client.get(choose).content.decode()
        assert form_url in page
        assert "Thursdays for heads" in page

    def test_the_dates_are_shown_before_anything_is_written(self, editor, signed_in, form_url):
        response = signed_in(editor).post(form_url, SEASON)
        rows = response.context["rows"]
        assert [(row.day.day, row.local.strftime("%H:%M %Z"), row.is_kept, row.topic) for row in rows] == [
            (1, "11:00 MSK", True, "Opening"), (8, "11:00 MSK", True, "The price"), (15, "11:00 MSK", True, ""),
            (22, "11:00 MSK", True, ""),
        ]  # fmt: skip
        assert not Season.objects.exists()

    def test_a_day_is_ticked_off_and_the_rest_is_published(self, series, editor, signed_in, form_url):
        client = signed_in(editor)
        data = SEASON | {"ticked": "1", "day": ["2026-12-01", "2026-12-15", "2026-12-22"]}
        again = client.post(form_url, data | {"step": "preview"})
        assert [row.topic for row in again.context["rows"]] == ["Opening", "", "The price", ""]
        response = client.post(form_url, data | {"step": "publish"}, follow=True)
        assert "3 sessions are published." in response.content.decode()
        assert [(one.starts_at.day, str(one.topic), one.capacity) for one in Session.objects.all()] == [
            (1, "Opening", 50), (15, "The price", 50), (22, "", 50),
        ]  # fmt: skip
        assert Season.objects.get().published_by == editor

    def test_everything_typed_goes_through_the_preview(self, editor, signed_in, form_url):
        """What the preview's own form would send, published, is what was typed."""
        client = signed_in(editor)
        preview = client.post(form_url, SEASON)
        form = preview.context["form"]
        sent = {field.html_name: field.value() for field in form}
        assert {name: value for name, value in sent.items() if value} == SEASON
        page = preview.content.decode()
        for value in ("https://meet.example/1", "Europe/Moscow", "2026-12-01", 'name="weekdays" value="TU"'):
            assert value in page
        assert (
            client.post(form_url, SEASON | {"step": "change"}).context["form"]["topics_en"].value()
            == SEASON["topics_en"]
        )

    def test_topics_in_two_languages_go_line_by_line(self, series, editor, signed_in, form_url):
        client = signed_in(editor)
        short = client.post(form_url, SEASON | {"topics_ru": "Начало"})
        assert "Topics here: 1; in another language: 2." in short.content.decode()
        data = SEASON | {"topics_ru": "Начало\nЦена", "ticked": "1", "day": ["2026-12-01", "2026-12-08"]}
        assert [row.topic for row in client.post(form_url, data).context["rows"]] == ["Opening", "The price", "", ""]
        client.post(form_url, data | {"step": "publish"})
        assert [one.topic for one in Session.objects.all()] == [
            {"en": "Opening", "ru": "Начало"}, {"en": "The price", "ru": "Цена"},
        ]  # fmt: skip

    def test_a_series_in_two_languages_is_one_to_choose(self, tree, series, editor, signed_in, form_url):
        add_series(tree, "По вторникам", language="ru", translation_of=series)
        assert signed_in(editor).get(reverse("webinar_sessions:choose")).url == form_url

    def test_what_is_past_or_taken_is_left_out_at_first_and_said(self, series, editor, signed_in, form_url, now):
        open_session(series, by=editor, now=now, ahead=datetime(2026, 12, 1, 8, tzinfo=UTC) - now)
        rows = signed_in(editor).post(form_url, SEASON | {"first_day": "2026-11-17"}).context["rows"]
        assert [(row.is_kept, row.why) for row in rows] == [
            (False, "is past"), (False, "is past"), (False, "another session of this series takes place then"), (True, ""),
        ]  # fmt: skip

    def test_ticked_all_the_same_it_is_refused_by_its_date(self, editor, signed_in, form_url):
        data = SEASON | {
            "first_day": "2026-11-17",
            "ticked": "1",
            "day": ["2026-11-17"],
            "topics_en": "",
            "step": "publish",
        }
        page = signed_in(editor).post(form_url, data).content.decode()
        assert "17 Nov 2026, 11:00 (Europe/Moscow) is past." in page
        assert "Ada Byron" in page
        assert not Season.objects.exists()

    def test_a_rule_of_ones_own_takes_the_place_of_days_and_end(self, editor, signed_in, form_url):
        data = SEASON | {"weekdays": [], "count": "", "rule": "FREQ=MONTHLY;BYDAY=2TU;COUNT=3"}
        rows = signed_in(editor).post(form_url, data).context["rows"]
        assert [str(row.day) for row in rows] == ["2026-12-08", "2027-01-12", "2027-02-09"]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"rule": "FREQ=WEEKLY"}, "The rule never ends."),
            ({"weekdays": []}, "Choose at least one day of the week."),
            ({"count": "", "until": ""}, "one of the two"),
            ({"until": "2027-01-01"}, "one of the two"),
            ({"zone": "Mars/Olympus"}, "Select a valid choice"),
            ({"until": "2031-01-01", "count": ""}, "more than 2 years ahead"),
        ],
    )
    def test_what_cannot_be_stands_in_the_form_with_what_was_typed(self, editor, signed_in, form_url, changes, words):
        page = signed_in(editor).post(form_url, SEASON | changes).content.decode()
        assert words in page
        assert "Ada Byron" in page

    def test_the_next_season_begins_as_the_last(self, editor, signed_in, form_url):
        client = signed_in(editor)
        client.post(form_url, SEASON | {"step": "publish"})
        initial = client.get(form_url).context["form"].initial
        assert (initial["weekdays"], initial["zone"], initial["count"], initial["first_day"]) == (
            ["TU"], "Europe/Moscow", 4, date(2026, 12, 29),
        )  # fmt: skip


class TestTheScreens:
    def test_sessions_are_listed_and_narrowed(self, tree, series, session, editor, signed_in, now):
        other = open_session(add_series(tree, "Another"), by=editor, now=now)
        client = signed_in(editor)
        listed = client.get(reverse("webinar_sessions:index"))
        assert set(listed.context["object_list"]) == {session, other}
        narrowed = client.get(reverse("webinar_sessions:index"), {"series": str(series.translation_key)})
        assert list(narrowed.context["object_list"]) == [session]
        assert list(client.get(reverse("webinar_sessions:index"), {"when": "over"}).context["object_list"]) == []
        assert "1 Dec 2026, 12:00 (Europe/Moscow)" in listed.content.decode()

    def test_one_session_shows_who_comes_and_who_waits(self, session, editor, add_member, signed_in, now):
        people = [add_member() for _number in range(3)]
        for person in people:
            register(session, membership=person, by=person.user, now=now)
        ask_question(session, words="Why so dear?", membership=people[0], by=people[0].user, now=now)
        response = signed_in(editor).get(reverse("webinar_sessions:inspect", args=[session.pk]))
        assert [row.membership for row in response.context["seated"]] == people[:2]
        assert [row.membership for row in response.context["waiting"]] == people[2:]
        assert "Why so dear?" in response.content.decode()

    def test_moving_and_cancelling_and_changing_are_one_form_each(self, session, editor, signed_in):
        client = signed_in(editor)
        inspect = reverse("webinar_sessions:inspect", args=[session.pk])
        move = reverse("webinar_sessions:move", args=[session.pk])
        assert client.get(move).context["form"].initial["minutes"] == 60
        assert client.post(move, {"day": "2026-12-02", "at": "12:30", "minutes": "45"}).url == inspect
        session.refresh_from_db()
        assert session.starts_at == datetime(2026, 12, 2, 9, 30, tzinfo=UTC)
        past = client.post(move, {"day": "2026-11-02", "at": "12:30", "minutes": "45"}).content.decode()
        assert "2 Nov 2026, 12:30 (Europe/Moscow) is past." in past
        change = reverse("webinar_sessions:change", args=[session.pk])
        data = {
            "topic_en": "Prices",
            "speakers": "Grace Hopper",
            "capacity": "3",
            "meeting_url": "https://meet.example/2",
        }
        assert client.get(change).status_code == 200
        assert client.post(change, data).url == inspect
        session.refresh_from_db()
        assert (str(session.topic), session.speakers, session.capacity) == ("Prices", "Grace Hopper", 3)
        cancel = reverse("webinar_sessions:cancel", args=[session.pk])
        assert client.post(cancel, {"reason_ru": "Болен"}).status_code == 200  # the text in English is needed
        assert client.post(cancel, {"reason_en": "Ill", "reason_ru": "Болен"}).url == inspect
        session.refresh_from_db()
        assert (session.state, session.reason) == (SessionState.CANCELLED, {"en": "Ill", "ru": "Болен"})
        assert "Ill" in client.get(inspect).content.decode()
        User.objects.filter(pk=editor.pk).update(language="ru")
        assert "Болен" in client.get(inspect).content.decode()

    def test_fewer_seats_than_taken_stand_refused_in_the_form(self, session, editor, add_member, signed_in, now):
        for _number in range(2):
            person = add_member()
            register(session, membership=person, by=person.user, now=now)
        data = {"speakers": "Grace Hopper", "capacity": "1"}
        page = signed_in(editor).post(reverse("webinar_sessions:change", args=[session.pk]), data).content.decode()
        assert "2 people are registered, so there cannot be 1 seats." in page
        assert "Grace Hopper" in page

    def test_a_date_by_itself(self, series, editor, signed_in):
        data = {"day": "2026-12-05", "at": "10:00", "zone": "Europe/Berlin", "minutes": "30", "topic_en": "A guest"}
        response = signed_in(editor).post(reverse("webinar_sessions:add_one", args=[series.pk]), data)
        assert response.status_code == 302
        session = Session.objects.get()
        assert (session.starts_at, str(session.topic), session.season) == (
            datetime(2026, 12, 5, 9, tzinfo=UTC), "A guest", None,
        )  # fmt: skip

    def test_a_question_is_answered_and_becomes_a_draft_card(self, tree, session, editor, member, signed_in, now):
        guide = tree.add_guide()
        question = ask_question(session, words="Why so dear?", membership=member, by=member.user, now=now)
        client = signed_in(editor)
        assert "Why so dear?" in client.get(reverse("webinar_questions:index"), {"answered": "no"}).content.decode()
        client.post(reverse("webinar_questions:answer", args=[question.pk]), {"answer": "Count the calls."})
        card_url = reverse("webinar_questions:card", args=[question.pk])
        response = client.post(card_url, {"guide": guide.pk})
        question.refresh_from_db()
        assert response.url == reverse("wagtailadmin_pages:edit", args=[question.card_id])
        assert (question.card.title, question.card.live, question.card.owner) == ("Why so dear?", False, editor)
        assert client.get(response.url).status_code == 200

    def test_the_report_counts_and_draws(self, series, session, editor, add_member, signed_in, now):
        for _number in range(2):
            person = add_member()
            register(session, membership=person, by=person.user, now=now)
        client = signed_in(editor)
        url = reverse("webinar_report:index")
        everything = client.get(url)
        assert [row.values for row in everything.context["rows"]] == [[2, 0, 0, 0, 0]]
        one = client.get(url, {"series": str(series.translation_key)})
        page = one.content.decode()
        assert "<svg" in page
        assert "Registered: 2" in page
        assert [row.label for row in one.context["rows"]] == ["1 Dec 2026 The price"]

    def test_the_report_costs_the_same_for_many(self, tree, series, session, editor, signed_in, now):
        client, url = signed_in(editor), reverse("webinar_report:index")

        def count() -> int:
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            return len(queries)

        few = count()
        for number in range(1, 6):
            open_session(add_series(tree, f"S{number}"), by=editor, now=now, ahead=number * DAY)
        assert count() == few

    def test_lists_cost_the_same_for_many(self, tree, series, session, editor, add_member, signed_in, now):
        client = signed_in(editor)

        def count(url) -> int:
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            return len(queries)

        urls = [
            reverse("webinar_sessions:index"), reverse("webinar_questions:index"),
            reverse("webinar_sessions:inspect", args=[session.pk]),
        ]  # fmt: skip

        def add(number: int) -> None:
            person = add_member()
            register(session, membership=person, by=person.user, now=now)
            ask_question(session, words="Why?", membership=person, by=person.user, now=now)
            open_session(series, by=editor, now=now, ahead=number * DAY)

        add(1)
        few = [count(url) for url in urls]
        for number in range(2, 6):
            add(number)
        assert [count(url) for url in urls] == few

    def test_a_series_with_sessions_is_unpublished_not_deleted(
        self, tree, series, session, django_user_model, signed_in
    ):
        admin = django_user_model.objects.create_superuser("admin@example.com", "a long password")
        client = signed_in(admin)
        url = reverse("wagtailadmin_pages:delete", args=[series.pk])
        assert "cannot be deleted: there are sessions" in client.post(url, follow=True).content.decode()
        empty = add_series(tree, "Empty")
        client.post(reverse("wagtailadmin_pages:delete", args=[empty.pk]))
        assert list(type(series).objects.all()) == [series]

    def test_only_those_who_run_webinars_enter(self, tree, series, session, staff, member, signed_in, now):
        GroupPagePermission.objects.all().delete()
        staff.groups.get().permissions.remove(
            *Permission.objects.filter(codename__in=["view_session", "change_session", "view_sessionquestion"])
        )
        question = ask_question(session, words="Why?", membership=member, by=member.user, now=now)
        client = signed_in(User.objects.get(pk=staff.pk))
        for name, args in (
            ("webinar_sessions:index", []), ("webinar_sessions:inspect", [session.pk]),
            ("webinar_sessions:move", [session.pk]),
            ("webinar_sessions:cancel", [session.pk]), ("webinar_sessions:change", [session.pk]),
            ("webinar_sessions:season", [series.pk]), ("webinar_sessions:add_one", [series.pk]),
            ("webinar_questions:index", []), ("webinar_questions:answer", [question.pk]),
            ("webinar_questions:card", [question.pk]), ("webinar_report:index", []),
        ):  # fmt: skip
            assert client.get(reverse(name, args=args)).status_code == 302, name  # Wagtail's way of refusing
