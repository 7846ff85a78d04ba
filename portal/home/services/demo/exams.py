"""The question bank, the exams and the programme; progress, attempts' results and credentials of the demo's people."""

from datetime import datetime, timedelta
from typing import Any

from certification.models import (
    Credential,
    Exam,
    ExamSection,
    Programme,
    ProgrammeExam,
    Question,
    QuestionVersion,
    Requirement,
    Topic,
    VersionState,
)
from certification.services.qualifications import review_qualification
from certification.timing import months_after
from portal.accounts.models import User
from portal.content.models import Product
from portal.core.localised import LocalisedText
from portal.home.services.demo.files import LANGUAGES, read_toml
from portal.home.services.demo.library import citation
from portal.partners.models import Audience, Entitlement, Membership, Partner, Tier
from training.models import CoursePage, Enrolment, LessonCompletion, LessonPage


def load_exams(*, examiner: User, now: datetime) -> None:
    """The bank and the exams that draw from it."""
    slug_of_course = read_toml("programme.toml")["course"]
    course = CoursePage.objects.get(slug=slug_of_course, locale__language_code=LANGUAGES[0])
    for slug in read_toml("programme.toml")["exams"]:
        row = read_toml(f"exams/{slug}.toml")
        topics = {}
        for topic in row["topics"]:
            topics[topic["slug"]], _created = Topic.objects.get_or_create(
                slug=topic["slug"], defaults={"name": LocalisedText(topic["name"])}
            )
        exam = Exam.objects.create(
            slug=slug,
            title=LocalisedText(row["title"]),
            intro=LocalisedText(row["intro"]),
            letter=row["letter"],
            shape=row["shape"],
            is_open=True,
            time_limit_minutes=row["time_limit_minutes"],
            pass_percent=row["pass_percent"],
            validity_months=row["validity_months"],
            retake_after_hours=row["retake_after_hours"],
            course=course if row.get("course") else None,
        )
        for number, section in enumerate(row["sections"]):
            ExamSection.objects.create(
                exam=exam,
                title=LocalisedText(section["title"]),
                topic=topics[section["topic"]],
                count=section["count"],
                pass_percent=section["pass_percent"],
                sort_order=number,
            )
        for question in row["questions"]:
            _load_question(question, topics[question["topic"]], examiner=examiner, now=now)


def _load_question(row: dict[str, Any], topic: Topic, *, examiner: User, now: datetime) -> None:
    question = Question.objects.create(slug=row["id"], topic=topic, type=row["type"])
    content: dict[str, Any] = {"stem": dict(row["stem"]), "feedback": dict(row.get("feedback", {}))}
    if row["type"] == "true_false":
        content["answer"] = next(option["correct"] for option in row["options"] if option["id"] == "true")
    else:
        content["options"] = [
            {"id": option["id"], "text": {code: option[code] for code in LANGUAGES}, "correct": option["correct"]}
            for option in row["options"]
        ]
    written = now - timedelta(days=45)
    QuestionVersion.objects.create(
        question=question,
        number=1,
        state=VersionState.APPROVED,
        content=content,
        citations=[citation(target) for target in row["cites"]],
        created_at=written,
        created_by=examiner,
        approved_at=written + timedelta(days=3),
        approved_by=examiner,
    )


def load_programme() -> Programme:
    row = read_toml("programme.toml")
    programme = Programme.objects.create(
        slug=row["slug"],
        title=LocalisedText(row["title"]),
        intro=LocalisedText(row["intro"]),
        letter=row["letter"],
        shape=row["shape"],
    )
    programme.products.set(Product.objects.filter(slug__in=row["products"]))
    programme.save()
    for number, slug in enumerate(row["exams"]):
        ProgrammeExam.objects.create(programme=programme, exam=Exam.objects.get(slug=slug), sort_order=number)
    for requirement in row["requirements"]:
        tier = Tier.objects.get(slug=requirement["tier"])
        Requirement.objects.create(programme=programme, tier=tier, people=requirement["people"])
    return programme


def open_to_holders() -> None:
    """Audiences that ask for the credential of an exam, now that there are exams."""
    for row in read_toml("audiences.toml")["audiences"]:
        if slug := row.get("exam"):
            key = Exam.objects.get(slug=slug).entitlement_key
            Audience.objects.filter(name=row["name"]["en"]).update(entitlement=key)


def load_progress(memberships: dict[tuple[str, str], Membership], *, now: datetime) -> None:
    """Lessons completed and credentials held, as ``people.toml`` tells."""
    exams = {exam.slug: exam for exam in Exam.objects.all()}
    pages = CoursePage.objects.filter(slug=read_toml("programme.toml")["course"]).select_related("locale")
    courses = {page.locale.language_code: page for page in pages}
    lessons = {code: list(LessonPage.objects.child_of(course).order_by("path")) for code, course in courses.items()}
    for partner in read_toml("people.toml")["partners"]:
        for member in partner["members"]:
            membership = memberships[partner["slug"], member["email"]]
            language = membership.user.language
            _load_lessons(membership, courses[language], lessons[language], member.get("courses", 0), now=now)
            for row in member.get("credentials", []):
                _load_credential(membership, exams[row["exam"]], row, now=now)


def _load_lessons(
    membership: Membership, course: CoursePage, lessons: list[LessonPage], count: int, *, now: datetime
) -> None:
    if not count or Enrolment.objects.filter(user=membership.user, course_key=course.translation_key).exists():
        return
    started = min(membership.started_at + timedelta(days=3), now - timedelta(days=1))
    done = lessons[:count]
    enrolment = Enrolment.objects.create(
        membership=membership,
        user=membership.user,
        course_key=course.translation_key,
        course=course,
        started_at=started,
        completed_at=started + timedelta(hours=20) if len(done) == len(lessons) else None,
    )
    LessonCompletion.objects.bulk_create(
        LessonCompletion(
            user=membership.user,
            membership=membership,
            enrolment=enrolment,
            lesson_key=lesson.translation_key,
            lesson=lesson,
            revision=lesson.live_revision,
            completed_at=started + timedelta(hours=4 * number),
        )
        for number, lesson in enumerate(done, 1)
    )


def _load_credential(membership: Membership, exam: Exam, row: dict[str, Any], *, now: datetime) -> None:
    issued = now - timedelta(days=row["issued_days_ago"])
    revoked = row.get("revoked", False)
    credential = Credential.objects.create(
        user=membership.user,
        exam=exam,
        membership=membership,
        evidence=f"Sat before this portal was introduced, {row['score']} %",
        issued_at=issued,
        expires_at=months_after(issued, exam.validity_months),
        revoked_at=now - timedelta(days=row.get("revoked_days_ago", 1)) if revoked else None,
        reason=LocalisedText(row["reason"]).in_language("en") if revoked else "",
    )
    Entitlement.objects.create(
        user=membership.user,
        key=exam.entitlement_key,
        membership=membership,
        evidence=credential.as_evidence,
        granted_at=issued,
        until=credential.expires_at,
        withdrawn_at=credential.revoked_at,
    )


def review_everyone(programme: Programme, *, now: datetime) -> None:
    for partner in Partner.objects.order_by("pk"):
        review_qualification(partner, programme=programme, now=now)
