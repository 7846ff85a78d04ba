"""What happened in courses, webinars and the event before the load, and what is ahead of it.

Sessions, registrations and questions are written as rows, since the services would tell people of each, today. What
follows from them is worked out by the services themselves: who attended, what is due, the card made of an answer.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from wagtail.models import Page, Revision

from portal.accounts.models import User
from portal.core.localised import LocalisedText
from portal.home.services.demo.dates import find_first_day
from portal.home.services.demo.files import FOLDER, LANGUAGES, block_id, read_toml, translation_key
from portal.home.services.demo.library import LibraryLoader
from portal.partners.models import JobRole, Membership
from training.duedates import next_reminder as next_due_reminder
from training.models import (
    AttendanceFile,
    Change,
    CheckAnswer,
    Correction,
    CourseDue,
    Enrolment,
    EventPage,
    Join,
    LearningPath,
    LessonCompletion,
    MaterialPage,
    Nudge,
    Registration,
    RegistrationState,
    Season,
    Session,
    SessionQuestion,
    SessionState,
    VideoPage,
    Visit,
)
from training.recurring import Plan, list_occurrences, next_reminder, tell_in_utc, write_weekly
from training.rollcalls import digest, read_rollcall
from training.services.attendance import count_attendance
from training.services.dues import review_dues
from training.services.events import follow_event
from training.services.questions import make_card
from training.services.reading import record_visit
from training.services.videos import keep_place

#: Sessions of a season that are over when the demo is loaded.
BEFORE = 6
#: How long before its first session a season was published, and before the load its pages.
PUBLISHED_BEFORE = timedelta(days=10)
PAGES_PUBLISHED_DAYS_AGO = 60
ZOOM = ("Name (Original Name)", "User Email", "Join Time", "Leave Time", "Duration (Minutes)", "Guest")


class Stay(NamedTuple):
    """That somebody was at a session, from one minute of it to another."""

    name: str
    email: str
    joined_at: datetime
    left_at: datetime


class LearningLoader:
    """Tells ``learning.toml``, ``webinars/*.toml`` and ``events/*.toml``."""

    def __init__(
        self,
        library: LibraryLoader,
        memberships: dict[tuple[str, str], Membership],
        *,
        editor: User,
        now: datetime,
    ) -> None:
        self.library = library
        # By what stands before the @. Of two memberships under one address it is the later: the person's own firm.
        self.members = {email.partition("@")[0]: member for (_partner, email), member in memberships.items()}
        self.editor = editor
        self.now = now
        self.rows = read_toml("learning.toml")

    def load(self) -> None:
        self._put_back()
        self._lay_paths()
        self._study()
        self._answer_checks()
        self._set_dues()
        self._nudge()
        for path in sorted((FOLDER / "webinars").glob("*.toml")):
            SeasonLoader(self, path.stem).load()
        for path in sorted((FOLDER / "events").glob("*.toml")):
            self._hold_event(path.stem)

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def page(self, target: str, language: str = LANGUAGES[0]) -> Any:
        return self.library.pages[language, target]

    def lessons(self, course: str) -> list[str]:
        """The names of a course's lessons in their order."""
        folder = FOLDER / self.library.courses[course]["folder"] / LANGUAGES[0] / "lessons"
        return [path.stem.partition("-")[2] for path in sorted(folder.glob("*.md"))]

    # --- Courses -----------------------------------------------------------------------------------------------------
    def _put_back(self) -> None:
        """When courses, webinars and the event were published: younger than the rest of the library."""
        days = {"course": self.rows["published_days_ago"], "lesson": self.rows["published_days_ago"]}
        days |= dict.fromkeys(("webinar", "event"), PAGES_PUBLISHED_DAYS_AGO)
        for kind, ago in days.items():
            ids = [page.pk for (_language, target), page in self.library.pages.items() if target.startswith(f"{kind}:")]
            moment = self.ago(ago)
            Change.objects.filter(page__in=ids).update(published_at=moment)
            Revision.objects.page_revisions().filter(object_id__in=map(str, ids)).update(created_at=moment)
            Page.objects.filter(pk__in=ids).update(
                first_published_at=moment, last_published_at=moment, latest_revision_created_at=moment
            )

    def _lay_paths(self) -> None:
        roles = {role.slug: role for role in JobRole.objects.all()}
        for row in self.rows["paths"]:
            LearningPath.objects.create(
                job_role=roles[row["role"]],
                title=LocalisedText(row["title"]),
                intro=LocalisedText(row["intro"]),
                course_keys=[str(translation_key("course", slug)) for slug in row["courses"]],
            )

    def _study(self) -> None:
        """Progress in the courses that the exams do not ask for; that of the first one stands with its people."""
        for row in self.rows["progress"]:
            member = self.members[row["by"]]
            language = member.user.language
            names = self.lessons(row["course"])
            done = names[: row["lessons"]]
            moments = [self.ago(row["days_ago"] + 2 * (len(done) - number)) for number in range(1, len(done) + 1)]
            enrolment = Enrolment.objects.create(
                membership=member,
                user=member.user,
                course_key=translation_key("course", row["course"]),
                course=self.page(f"course:{row['course']}", language),
                started_at=moments[0] - timedelta(hours=1),
                completed_at=moments[-1] if done == names else None,
            )
            for name, moment in zip(done, moments, strict=True):
                lesson = self.page(f"lesson:{name}", language)
                LessonCompletion.objects.create(
                    user=member.user,
                    membership=member,
                    enrolment=enrolment,
                    lesson_key=lesson.translation_key,
                    lesson=lesson,
                    revision_id=lesson.live_revision_id,
                    completed_at=moment,
                )

    def _answer_checks(self) -> None:
        """Whoever has completed a lesson has answered its questions: rightly at first, unless it says otherwise.

        Raises:
            ValueError: when an answer is told of somebody who has not completed the lesson.
        """
        missed = {}
        for row in self.rows["missed"]:
            for name in row["by"]:
                missed[self.members[name].user_id, row["check"]] = (row["chosen"], name in row.get("still", []))
        checks: dict[Any, list[dict[str, Any]]] = {}
        for check in (check for found in self.library.checks.values() for check in found):
            checks.setdefault(translation_key("lesson", check["lesson"]), []).append(check)
        answers = []
        for completion in LessonCompletion.objects.order_by("pk"):
            for check in checks[completion.lesson_key]:
                lesson, name = check["lesson"], check["id"]
                right = [option["id"] for option in check["options"] if option.get("right")]
                wrong, still = missed.pop((completion.user_id, f"{lesson}/{name}"), (None, False))
                chosen = wrong if wrong and still else right
                answers.append(
                    CheckAnswer(
                        user_id=completion.user_id,
                        lesson_key=completion.lesson_key,
                        lesson_id=completion.lesson_id,
                        block_id=block_id("check", lesson, name),
                        chosen=[block_id("check", lesson, name, option) for option in chosen],
                        is_right=chosen == right,
                        first_right=wrong is None,
                        tries=2 if wrong and not still else 1,
                        answered_at=completion.completed_at - timedelta(minutes=3),
                    )
                )
        if missed:
            raise ValueError(f"Answers of people who have not completed the lesson: {sorted(missed)}")
        CheckAnswer.objects.bulk_create(answers)

    def _set_dues(self) -> None:
        """As the sweeper would; only that nobody is written to about what lies before the load."""
        review_dues(now=self.now)
        rows = list(CourseDue.objects.filter(remind_at__isnull=False))
        for row in rows:
            row.remind_at = next_due_reminder(row.due_at, after=self.now)
        CourseDue.objects.bulk_update(rows, ["remind_at"])

    def _nudge(self) -> None:
        for row in self.rows["nudges"]:
            course = self.page(f"course:{row['course']}")
            Nudge.objects.create(
                course_key=course.translation_key,
                course=course,
                membership=self.members[row["of"]],
                by=self.members[row["by"]].user,
                sent_at=self.ago(row["days_ago"]),
            )

    # --- Sessions ----------------------------------------------------------------------------------------------------
    def register(self, session: Session, names: list[str], *, first_at: datetime) -> dict[str, Registration]:
        """Register people in this order, an hour apart: seated while there are seats, waiting after that."""
        seats = len(names) if session.capacity is None else session.capacity
        found = {}
        for number, name in enumerate(names):
            moment, seated = first_at + timedelta(hours=number), number < seats
            remind_at = next_reminder(session.starts_at, after=self.now) if seated and session.is_scheduled else None
            found[name] = Registration(
                session=session,
                user=self.members[name].user,
                membership=self.members[name],
                state=RegistrationState.SEATED if seated else RegistrationState.WAITING,
                registered_at=moment,
                seated_at=moment if seated else None,
                remind_at=remind_at,
            )
        Registration.objects.bulk_create(found.values())
        session.seats_taken = min(len(names), seats)
        session.save(update_fields=["seats_taken"])
        return found

    def _hold_event(self, slug: str) -> None:
        row = read_toml(f"events/{slug}.toml")
        event = EventPage.objects.get(pk=self.page(f"event:{slug}").pk)
        session = follow_event(event, by=self.editor, now=self.now)  # publishing has made it: the same again
        Session.objects.filter(pk=session.pk).update(changed_at=self.ago(PAGES_PUBLISHED_DAYS_AGO))
        first_at = self.ago(9)
        self.register(session, row["registered"], first_at=first_at)
        for name in row["cancelled"]:
            Registration.objects.create(
                session=session,
                user=self.members[name].user,
                membership=self.members[name],
                state=RegistrationState.CANCELLED,
                registered_at=first_at,
                seated_at=first_at,
                cancelled_at=self.ago(1),
            )


class SeasonLoader:
    """A season of a series: its sessions, who came and who comes, what they asked."""

    def __init__(self, learning: LearningLoader, slug: str) -> None:
        self.learning = learning
        self.now = learning.now
        self.editor = learning.editor
        self.slug = slug
        self.row = read_toml(f"webinars/{slug}.toml")
        self.series: MaterialPage = learning.page(f"webinar:{slug}")
        self.zone = ZoneInfo(self.row["zone"])
        self.first_day = find_first_day(
            self.now,
            weekday=self.row["weekday"],
            at=self.row["at"],
            zone=self.row["zone"],
            minutes=self.row["minutes"],
            before=BEFORE,
        )
        self.published_at = tell_in_utc(self.first_day, self.row["at"], self.zone) - PUBLISHED_BEFORE

    def load(self) -> None:
        for session, row in zip(self._publish(), [*self.row["sessions"], *self.row.get("added", [])], strict=True):
            if session.ends_at <= self.now:
                self._tell_past(session, row)
            else:
                self._tell_ahead(session, row)

    def _publish(self) -> list[Session]:
        """The season with its dates, those changed since with the reason, and what was added by itself."""
        rows = self.row["sessions"]
        rule = write_weekly([self.row["weekday"]], zone=self.row["zone"], count=len(rows))
        plan = Plan(rule, self.first_day, self.row["at"], self.row["zone"], self.row["minutes"])
        season = Season.objects.create(
            series=self.series,
            series_key=self.series.translation_key,
            rule=rule,
            first_day=self.first_day,
            at=self.row["at"],
            zone=self.row["zone"],
            minutes=self.row["minutes"],
            published_at=self.published_at,
            published_by=self.editor,
        )
        dates = list_occurrences(plan, today=self.now.date())
        sessions = [
            self._make(row, one.starts_at, one.ends_at, season=season, place=number)
            for number, (row, one) in enumerate(zip(rows, dates, strict=True), 1)
        ]
        for row in self.row.get("added", []):
            starts_at = self._tell_after(row["days_after"], row["at"])
            sessions.append(self._make(row, starts_at, starts_at + timedelta(minutes=row["minutes"])))
        for session in sessions:
            session.save()
        return sessions

    def _tell_after(self, days: int, at: Any) -> datetime:
        """An hour of a day counted from the first session that is ahead."""
        day: date = self.first_day + timedelta(weeks=BEFORE, days=days)
        return tell_in_utc(day, at, self.zone)

    def _make(
        self,
        row: dict[str, Any],
        starts_at: datetime,
        ends_at: datetime,
        *,
        season: Season | None = None,
        place: int | None = None,
    ) -> Session:
        moved = timedelta(days=row.get("moved_days", 0))
        is_changed = bool(moved) or row.get("cancelled", False)
        if season is not None:
            # By the clock of the zone: a day later may lie behind a change of the clocks.
            starts_at = tell_in_utc(starts_at.astimezone(self.zone).date() + moved, self.row["at"], self.zone)
            ends_at = starts_at + timedelta(minutes=self.row["minutes"])
        return Session(
            page=self.series,
            page_key=self.series.translation_key,
            season=season,
            place=place,
            topic=LocalisedText(row["topic"]),
            about=LocalisedText(row["about"]),
            speakers=row["speakers"],
            starts_at=starts_at,
            ends_at=ends_at,
            zone=self.row["zone"],
            capacity=row.get("capacity", self.row.get("capacity")),
            meeting_url=self.row["meeting_url"],
            state=SessionState.CANCELLED if row.get("cancelled") else SessionState.SCHEDULED,
            reason=LocalisedText(row.get("reason", {})),
            sequence=int(is_changed),
            changed_at=self.learning.ago(2) if is_changed else self.published_at,
            recording=self._find_video(row.get("recording"), LANGUAGES[0]),
        )

    def _find_video(self, slug: str | None, language: str) -> VideoPage | None:
        return self.learning.page(f"video:{slug}", language) if slug else None

    # --- What is ahead -----------------------------------------------------------------------------------------------
    def _tell_ahead(self, session: Session, row: dict[str, Any]) -> None:
        self.learning.register(session, row.get("registered", []), first_at=self.learning.ago(3))
        for number, question in enumerate(row.get("questions", [])):
            self._ask(session, question, asked_at=self.now - timedelta(hours=20 - number))

    def _ask(self, session: Session, row: dict[str, Any], *, asked_at: datetime) -> SessionQuestion:
        member = self.learning.members[row["by"]]
        return SessionQuestion.objects.create(
            session=session, user=member.user, membership=member, words=row["words"], asked_at=asked_at
        )

    # --- What was ---------------------------------------------------------------------------------------------------
    def _tell_past(self, session: Session, row: dict[str, Any]) -> None:
        names = [words.partition(" ")[0] for words in row["came"]]
        found = self.learning.register(
            session, [*names, *row["missed"]], first_at=session.starts_at - timedelta(days=3)
        )
        stays = list(self._read_stays(session, row))
        first: dict[str, datetime] = {}
        for stay in stays:
            first[stay.email] = min(stay.joined_at, first.get(stay.email, stay.joined_at))
        Visit.objects.bulk_create(
            Visit(registration=one, visited_at=first[one.user.email] - timedelta(seconds=8))
            for one in found.values()
            if one.user.email in first
        )
        self._read_in(session, stays, aside={words.rpartition(" ")[0] for words in row.get("aside", [])})
        for name in row.get("watched", []):
            self._watch(session, row["recording"], self.learning.members[name])
        for question in row.get("questions", []):
            self._answer(session, question)
        if correction := row.get("correction"):
            member = self.learning.members[correction["by"]]
            Correction.objects.create(
                session=session,
                user=member.user,
                membership=member,
                words=correction["words"],
                asked_at=self._after(session, hours=5),
            )

    def _after(self, session: Session, *, hours: int) -> datetime:
        """So long after a session, or now if that is not yet."""
        return min(session.ends_at + timedelta(hours=hours), self.now)

    def _read_stays(self, session: Session, row: dict[str, Any]) -> Iterator[Stay]:
        """``"name 0-20 26-45"``: by whom, and from which minute to which."""
        known = [(words, True) for words in row["came"]]
        unknown = [(words, False) for words in [*row.get("strangers", []), *row.get("aside", [])]]
        for number, (words, is_member) in enumerate([*known, *unknown]):
            parts = words.split(" ")
            spans = [part for part in parts if part[0].isdigit() and "-" in part]
            name = " ".join(parts[: len(parts) - len(spans)])
            user = self.learning.members[name].user if is_member else None
            for span in spans:
                begin, _dash, end = span.partition("-")
                joined_at = session.starts_at + timedelta(minutes=int(begin), seconds=number * 7 % 50)
                left_at = session.starts_at + timedelta(minutes=int(end), seconds=number * 11 % 50)
                if begin == "0":  # those who were there from the beginning came a little earlier
                    joined_at = session.starts_at - timedelta(seconds=20 + number * 17 % 90)
                yield Stay(user.get_full_name() if user else name, user.email if user else "", joined_at, left_at)

    def _read_in(self, session: Session, stays: list[Stay], *, aside: set[str]) -> None:
        """The report as Zoom writes it, read as the page for it reads it."""
        content = self._write_report(stays)
        read_at = self._after(session, hours=4)
        rollcall = read_rollcall(content, near=session.starts_at.astimezone(self.zone), zone=self.zone)
        file = AttendanceFile.objects.create(
            session=session,
            name=f"participants_{session.starts_at.astimezone(self.zone):%Y_%m_%d}.csv",
            digest=digest(content),
            provider=rollcall.provider.value,
            mapping=rollcall.columns,
            zone=session.zone,
            read_at=read_at,
            read_by=self.editor,
        )
        users = {member.user.email: member.user for member in self.learning.members.values()}
        Join.objects.bulk_create(
            Join(
                file=file,
                number=row.number,
                raw=row.raw,
                name=row.name,
                email=row.email,
                joined_at=row.joined_at,
                left_at=row.left_at,
                user=users.get(row.email),
                set_aside_at=read_at if row.name in aside else None,
                matched_by=self.editor if row.name in aside else None,
            )
            for row in rollcall.rows
        )
        came = {users[row.email].pk for row in rollcall.rows if row.email in users}
        count_attendance(session, user_ids=came, now=read_at)

    def _write_report(self, stays: list[Stay]) -> bytes:
        report = io.StringIO(newline="")
        writer = csv.writer(report)
        writer.writerow(ZOOM)
        for stay in sorted(stays, key=lambda one: one.joined_at):
            moments = [
                f"{moment.astimezone(self.zone):%m/%d/%Y %I:%M:%S %p}" for moment in (stay.joined_at, stay.left_at)
            ]
            minutes = -(-(stay.left_at - stay.joined_at) // timedelta(minutes=1))
            writer.writerow([stay.name, stay.email, *moments, minutes, "No" if stay.email else "Yes"])
        return report.getvalue().encode("utf-8-sig")

    def _watch(self, session: Session, slug: str, member: Membership) -> None:
        """Somebody who was not there has watched the recording to its end."""
        video = self._find_video(slug, member.user.language)
        if video is not None:
            moment = self._after(session, hours=30)
            record_visit(member.user, member, video, moment)
            keep_place(member.user, video, seconds=0, stretches=[(0, video.seconds)], now=moment)

    def _answer(self, session: Session, row: dict[str, Any]) -> None:
        question = self._ask(session, row, asked_at=session.starts_at - timedelta(hours=22))
        question.answer, question.answered_by = row["answer"], self.editor
        question.answered_at = self._after(session, hours=2)
        question.save(update_fields=["answer", "answered_by", "answered_at"])
        if row.get("card"):
            guide = self.learning.page("guide:objections", question.user.language)
            make_card(question, guide=guide, by=self.editor)
