"""The exams and the programme; progress and credentials of the demo's people."""

from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from taggit.models import Tag

from certification.models import (
    Credential,
    Exam,
    ExamPrerequisite,
    ExamSection,
    Programme,
    ProgrammeExam,
    Requirement,
    SectionQuota,
    Topic,
)
from certification.services.qualifications import review_qualification
from certification.timing import months_after
from portal.content.models import Product
from portal.core.localised import LocalisedText
from portal.home.services.demo.files import FOLDER, LANGUAGES, read_toml
from portal.partners.models import Audience, Entitlement, Membership, Partner, Tier
from training.models import CoursePage, Enrolment, LessonCompletion, LessonPage

#: What an exam's file may say of its rules, by the names of the model's fields.
SETTINGS = (
    "letter", "shape", "purpose", "time_limit_minutes", "pass_percent", "validity_months", "retake_after_hours",
    "retake_growth_percent", "attempts_allowed", "marking_hours", "calculator", "review",
)  # fmt: skip


def read_exams() -> list[dict[str, Any]]:
    """Every exam's file, in the vendor's order."""
    files = (read_toml(f"exams/{path.name}") for path in (FOLDER / "exams").glob("*.toml"))
    return sorted(files, key=itemgetter("order"))


def load_exams() -> None:
    """The exams, which draw from the bank."""
    topics = {topic.slug: topic for topic in Topic.objects.all()}
    tags = {tag.name: tag for tag in Tag.objects.all()}
    in_english = {"locale__language_code": LANGUAGES[0]}
    for row in read_exams():
        exam = Exam.objects.create(
            slug=row["slug"],
            title=LocalisedText(row["title"]),
            intro=LocalisedText(row["intro"]),
            is_open=True,
            languages=list(LANGUAGES),
            **{name: row[name] for name in SETTINGS if name in row},
        )
        if "course" in row:
            course = CoursePage.objects.get(slug=row["course"], **in_english)
            ExamPrerequisite.objects.create(exam=exam, course=course)
        if "requires_exam" in row:
            ExamPrerequisite.objects.create(exam=exam, required_exam=Exam.objects.get(slug=row["requires_exam"]))
        for number, section in enumerate(row["sections"]):
            waived = section.get("waives")
            part = ExamSection.objects.create(
                exam=exam,
                title=LocalisedText(section["title"]),
                pass_percent=section["pass_percent"],
                waives=LessonPage.objects.get(slug=waived, **in_english) if waived else None,
                sort_order=number,
            )
            SectionQuota.objects.bulk_create(
                SectionQuota(
                    section=part,
                    topic=topics[quota["topic"]],
                    tag=tags[quota["tag"]] if "tag" in quota else None,
                    difficulty=quota.get("difficulty"),
                    count=quota["count"],
                    sort_order=place,
                )
                for place, quota in enumerate(section["quotas"])
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
