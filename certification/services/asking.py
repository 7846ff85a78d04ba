"""All that is asked about exams and about one person's way to them, in one round trip to the database."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, IntegerField, Model, prefetch_related_objects

from certification.models import (
    Accommodation,
    Attempt,
    BrokenReport,
    Credential,
    Exam,
    ExamPrerequisite,
    ExamSection,
    FixedQuestion,
    Halt,
    SectionQuota,
    TimeGiven,
    Topic,
)
from portal.core.prepared import Question, Rows, ask
from portal.partners.models import Membership, Partner
from training.models import Enrolment


def _of(field: str, exam: Any) -> dict[str, Any]:
    """The condition of one exam, or none for every exam."""
    return {} if exam is None else {field: exam}


class Plans:
    """The questions about what exams ask: of one exam, or of all."""

    def __init__(self, **exam: Any) -> None:
        self.sections = Rows(
            ExamSection,
            lambda exam=None: ExamSection.objects.filter(**_of("exam", exam)).order_by("sort_order"),
            **exam,
        )
        self.quotas = Rows(
            SectionQuota,
            lambda exam=None: SectionQuota.objects.filter(**_of("section__exam", exam)).order_by("sort_order"),
            **exam,
        )
        self.fixed = Rows(
            FixedQuestion,
            lambda exam=None: FixedQuestion.objects.filter(**_of("section__exam", exam)).order_by("sort_order"),
            **exam,
        )
        self.prerequisites = Rows(
            ExamPrerequisite,
            lambda exam=None: ExamPrerequisite.objects.filter(**_of("exam", exam)).order_by("sort_order"),
            **exam,
        )
        self.keys = Question(
            lambda exam=None: (
                ExamPrerequisite.objects.filter(course__isnull=False, **_of("exam", exam))
                .order_by()
                .values_list("pk", "course__translation_key")
            ),
            **exam,
        )
        self.halts = Rows(Halt, lambda exam=None: Halt.objects.open().filter(**_of("exam", exam)).order_by(), **exam)


ONE, EVERY = Plans(exam=IntegerField()), Plans()
TOPICS = Question(lambda: Topic.objects.order_by().values_list("pk", "parent"))

ATTEMPTS = Rows(
    Attempt,
    lambda user: Attempt.objects.counted().filter(user=user).order_by("started_at"),
    besides=("paper", "result"),
    user=IntegerField(),
)
PAPERS = Question(
    lambda user, exam: Attempt.objects.counted().filter(user=user, exam=exam).order_by().values_list("paper"),
    user=IntegerField(),
    exam=IntegerField(),
)
CREDENTIALS = Rows(
    Credential, lambda user: Credential.objects.filter(user=user).order_by("issued_at"), user=IntegerField()
)
ACCOMMODATIONS = Rows(
    Accommodation,
    lambda user, partner, now: Accommodation.objects.in_force(now).granted(user, partner).order_by(),
    user=IntegerField(),
    partner=IntegerField(),
    now=DateTimeField(),
)
COMPLETED = Question(
    lambda user: Enrolment.objects.filter(user=user, completed_at__isnull=False).order_by().values_list("course_key"),
    user=IntegerField(),
)
AGREED = Question(
    lambda partner, now: Partner.objects.with_current_agreement(now).filter(pk=partner).order_by().values_list("pk"),
    partner=IntegerField(),
    now=DateTimeField(),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What stands in the database about exams and one person.

    Attributes:
        topics: each topic with the one that it is part of.
        papers: the stored papers of the person's attempts, where one exam was asked about.
    """

    halts: dict[int, Halt]
    topics: Sequence[tuple[int, int | None]]
    attempts: list[Attempt]
    papers: list[dict[str, Any]]
    credentials: list[Credential]
    accommodations: list[Accommodation]
    completed: frozenset[Any]
    agreed: bool


def ask_all(membership: Membership, exams: Sequence[Exam], *, now: datetime) -> Known:
    """Ask, and put what each exam asks where its relations are read from. One query; for several exams that have
    prerequisites two more, which name these."""
    alone = exams[0] if len(exams) == 1 else None
    plans = ONE if alone else EVERY
    which = {"exam": alone.pk} if alone else {}
    user, partner = membership.user_id, membership.partner_id
    answers = ask(
        plans.sections(**which), plans.quotas(**which), plans.fixed(**which), plans.prerequisites(**which),
        plans.keys(**which), plans.halts(**which), TOPICS(), ATTEMPTS(user=user), CREDENTIALS(user=user),
        ACCOMMODATIONS(user=user, partner=partner, now=now), COMPLETED(user=user), AGREED(partner=partner, now=now),
        *([PAPERS(user=user, exam=alone.pk)] if alone else []),
    )  # fmt: skip
    sections, quotas, fixed, prerequisites, keys, halts, topics, attempts, credentials, granted, done, agreed = answers[
        :12
    ]
    _hang(exams, ExamSection, "sections", "exam_id", found := plans.sections.read(sections))
    _hang(found, SectionQuota, "quotas", "section_id", plans.quotas.read(quotas))
    _hang(found, FixedQuestion, "fixed_questions", "section_id", plans.fixed.read(fixed))
    required = plans.prerequisites.read(prerequisites)
    course_keys = dict(keys)
    for row in required:
        row.known_course_key = course_keys.get(row.pk)
    _hang(exams, ExamPrerequisite, "prerequisites", "exam_id", required)
    if not alone and required:
        prefetch_related_objects(required, "course", "required_exam")
    return Known(
        halts={halt.exam_id: halt for halt in plans.halts.read(halts)},
        topics=topics,
        attempts=ATTEMPTS.read(attempts),
        papers=[paper for (paper,) in answers[12]] if alone else [],
        credentials=CREDENTIALS.read(credentials),
        accommodations=ACCOMMODATIONS.read(granted),
        completed=frozenset(key for (key,) in done),
        agreed=bool(agreed),
    )


GIVEN = Rows(
    TimeGiven, lambda attempt: TimeGiven.objects.filter(attempt=attempt).order_by("since"), attempt=IntegerField()
)
ANSWERED = Rows(
    BrokenReport,
    lambda attempt: BrokenReport.objects.filter(attempt=attempt).exclude(answer="").order_by("position"),
    attempt=IntegerField(),
)
EARNED = Rows(Credential, lambda attempt: Credential.objects.filter(attempt=attempt).order_by(), attempt=IntegerField())


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What belongs to an attempt that is over: time that was given back, notes that were answered, what it earned."""

    given: list[TimeGiven]
    reports: list[BrokenReport]
    credential: Credential | None


def ask_aftermath(attempt: Attempt) -> Aftermath:
    """One query."""
    given, answered, earned = ask(*(rows(attempt=attempt.pk) for rows in (GIVEN, ANSWERED, EARNED)))
    return Aftermath(GIVEN.read(given), ANSWERED.read(answered), next(iter(EARNED.read(earned)), None))


def _hang(parents: Collection[Any], model: type[Model], name: str, by: str, rows: Iterable[Any]) -> None:
    """Let a relation be read from these rows without a query, as prefetching does."""
    of_parent: dict[int, list[Any]] = {parent.pk: [] for parent in parents}
    for row in rows:
        if getattr(row, by) in of_parent:
            of_parent[getattr(row, by)].append(row)
    for parent in parents:
        loaded: Any = model._default_manager.filter(**{by: parent.pk})
        loaded._result_cache, loaded._prefetch_done = of_parent[parent.pk], True
        parent.__dict__.setdefault("_prefetched_objects_cache", {})[name] = loaded
