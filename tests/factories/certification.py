"""Programmes, exams, questions, and people who hold credentials."""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from certification.models import (
    Accommodation,
    Credential,
    Exam,
    ExamPrerequisite,
    ExamSection,
    Programme,
    ProgrammeExam,
    Question,
    QuestionVersion,
    Requirement,
    SectionQuota,
    Topic,
    VersionState,
)
from certification.services.qualifications import review_qualification
from certification.timing import months_after
from portal.partners.models import Membership, Partner
from tests.factories.accounts import UserFactory
from tests.factories.partners import AcceptanceFactory


class TopicFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Topic

    slug = factory.Sequence(lambda number: f"topic-{number}")
    name = factory.LazyAttribute(lambda topic: {"en": f"About {topic.slug}", "ru": f"О {topic.slug}"})


class QuestionFactory(factory.django.DjangoModelFactory):
    """A question without a version: see QuestionVersionFactory."""

    class Meta:
        model = Question

    slug = factory.Sequence(lambda number: f"q-{number}")
    topic = factory.SubFactory(TopicFactory)
    type = "single"


def content_of(kind: str, number: int) -> dict[str, Any]:
    """Sound content of a type. The right option of a choice has the id ``right``, and texts that no page may leak."""
    stem = {"en": f"Question number {number}?", "ru": f"Вопрос номер {number}?"}
    feedback = {"en": f"FEEDBACK-{number}", "ru": f"ОТЗЫВ-{number}"}
    if kind == "true_false":
        return {"stem": stem, "answer": True, "feedback": feedback}
    right = ["right-1", "right-2"] if kind == "multiple" else ["right-1"]
    return {
        "stem": stem,
        "feedback": feedback,
        "options": [
            {
                "id": key,
                "text": {"en": f"Saying {place} of {number}", "ru": f"Фраза {place} к {number}"},
                "correct": key in right,
            }
            for place, key in enumerate([*right, "wrong-1", "wrong-2"], 1)
        ],
    }


class QuestionVersionFactory(factory.django.DjangoModelFactory):
    """An approved version; ``draft=True`` for one that nobody may be asked."""

    class Meta:
        model = QuestionVersion

    class Params:
        draft = factory.Trait(state=VersionState.DRAFT, approved_at=None)

    question = factory.SubFactory(QuestionFactory)
    number = 1
    state = VersionState.APPROVED
    approved_at = factory.LazyFunction(timezone.now)
    content = factory.LazyAttributeSequence(lambda version, number: content_of(version.question.type, number))
    languages = ["en", "ru"]


class ExamFactory(factory.django.DjangoModelFactory):
    """An open exam of two sections, filled: ``questions`` per section, drawn from twice as many of all types."""

    class Meta:
        model = Exam
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda number: f"exam-{number}")
    title = factory.LazyAttribute(lambda exam: {"en": f"Exam {exam.slug}", "ru": f"Экзамен {exam.slug}"})
    letter = "P"
    shape = "shield"
    is_open = True
    time_limit_minutes = 30
    pass_percent = 70

    @factory.post_generation
    def course(self, create: bool, extracted: Any, **options: Any) -> None:
        """``course=``: to be completed first."""
        if extracted is not None:
            require_course(self, extracted)

    @factory.post_generation
    def questions(self, create: bool, extracted: int | None, **options: Any) -> None:
        for place in range(2):
            topic = TopicFactory()
            count = extracted if extracted is not None else 3
            section = ExamSection.objects.create(
                exam=self, title={"en": f"Part {place + 1}", "ru": f"Часть {place + 1}"}, pass_percent=50,
                sort_order=place,
            )  # fmt: skip
            SectionQuota.objects.create(section=section, topic=topic, count=max(count, 1))
            kinds = ["single", "multiple", "true_false"]
            QuestionVersion.objects.bulk_create(
                QuestionVersionFactory.build(question=question, content=content_of(question.type, question.pk))
                for question in Question.objects.bulk_create(
                    QuestionFactory.build(topic=topic, type=kinds[number % 3]) for number in range(2 * count)
                )
            )


def require_course(exam: Exam, course: Any) -> None:
    """Let the exam ask for a course."""
    ExamPrerequisite.objects.create(exam=exam, course=course)


class AccommodationFactory(factory.django.DjangoModelFactory):
    """Something granted to a person (``user=``) or a partner's people (``partner=``), for a year from yesterday."""

    class Meta:
        model = Accommodation

    reason = "Reads slowly on a screen"
    starts_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=1))
    expires_at = factory.LazyAttribute(lambda row: row.starts_at + timedelta(days=365))
    granted_at = factory.SelfAttribute("starts_at")
    granted_by = factory.SubFactory(UserFactory)


class ProgrammeFactory(factory.django.DjangoModelFactory):
    """A programme of two exams that asks one person of every partner; ``exams=`` and ``people=`` to say otherwise."""

    class Meta:
        model = Programme
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda number: f"programme-{number}")
    title = factory.LazyAttribute(lambda row: {"en": f"Programme {row.slug}", "ru": f"Программа {row.slug}"})
    letter = "R"
    shape = "circle"

    @factory.post_generation
    def exams(self, create: bool, extracted: list[Exam] | None, **options: Any) -> None:
        for place, exam in enumerate(ExamFactory.create_batch(2) if extracted is None else extracted):
            ProgrammeExam.objects.create(programme=self, exam=exam, sort_order=place)

    @factory.post_generation
    def people(self, create: bool, extracted: int | None, **options: Any) -> None:
        Requirement.objects.create(programme=self, people=extracted or 1)


class CredentialFactory(factory.django.DjangoModelFactory):
    """A credential that holds now. Awarded beside the services: nobody is assessed by it."""

    class Meta:
        model = Credential

    user = factory.SelfAttribute("membership.user")
    evidence = "made by a test"
    issued_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyAttribute(lambda row: months_after(row.issued_at, 12))


def qualify(membership: Membership, programme: Programme, now: Any) -> None:
    """Make the member's partner meet the programme: agreement accepted, every exam held by this member, assessed."""
    partner: Partner = membership.partner
    if not Partner.objects.with_current_agreement(now).filter(pk=partner.pk).exists():
        AcceptanceFactory(partner=partner, membership=membership)
    for row in programme.programme_exams.select_related("exam"):
        CredentialFactory(membership=membership, exam=row.exam, issued_at=now - timedelta(days=10))
    review_qualification(partner, programme=programme, now=now)
