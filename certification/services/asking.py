"""All that is asked about exams and about one person's way to them, in one round trip to the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import (
    CharField,
    DateTimeField,
    Exists,
    IntegerField,
    Model,
    OuterRef,
    Q,
    Subquery,
    TextField,
    prefetch_related_objects,
)
from django.db.models.functions import Cast

from certification import access
from certification.models import (
    Accommodation,
    AnswerStep,
    Attempt,
    BrokenReport,
    Credential,
    EventKind,
    Exam,
    ExamPrerequisite,
    ExamSection,
    FixedQuestion,
    Flag,
    Halt,
    IntegrityEvent,
    QuestionCheck,
    QuestionVersion,
    SectionQuota,
    TimeGiven,
    Topic,
)
from portal.accounts.models import User
from portal.core.localised import LocalisedText
from portal.core.memory import Memory
from portal.core.prepared import Asked, IdsField, Question, Rows, ask
from portal.partners.models import Membership, Partner
from training.models import Enrolment

Found = TypeVar("Found", bound=Model)


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


#: Of two who start at once the second waits here for the first.
PERSON = Question(
    lambda user: User.objects.filter(pk=user).order_by().select_for_update(no_key=True).values_list("pk"),
    user=IntegerField(),
)


def lock_person(user_id: int) -> None:
    """Lock a person's row until the transaction ends. One query."""
    ask(PERSON(user=user_id))


def ask_all(membership: Membership, exams: Sequence[Exam], *, now: datetime, lock: bool = False) -> Known:
    """Ask, and put what each exam asks where its relations are read from. One query; for several exams that have
    prerequisites two more, which name these.

    Args:
        lock: whether the person's row is locked first, until the transaction ends. What whoever held it has written
            meanwhile is seen: each question sees what was committed before it.
    """
    alone = exams[0] if len(exams) == 1 else None
    plans = ONE if alone else EVERY
    which = {"exam": alone.pk} if alone else {}
    user, partner = membership.user_id, membership.partner_id
    before = [PERSON(user=user)] if lock else []
    answers = ask(
        *before, plans.sections(**which), plans.quotas(**which), plans.fixed(**which), plans.prerequisites(**which),
        plans.keys(**which), plans.halts(**which), TOPICS(), ATTEMPTS(user=user), CREDENTIALS(user=user),
        ACCOMMODATIONS(user=user, partner=partner, now=now), COMPLETED(user=user), AGREED(partner=partner, now=now),
        *([PAPERS(user=user, exam=alone.pk)] if alone else []),
    )[len(before) :]  # fmt: skip
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


EXAM = Rows(Exam, lambda slug: Exam.objects.filter(slug=slug), slug=CharField())


def find_exam(slug: str) -> Exam:
    """One query.

    Raises:
        Exam.DoesNotExist: there is none of that name.
    """
    (rows,) = ask(EXAM(slug=slug))
    return _only(EXAM.read(rows), Exam)


ATTEMPT = Rows(
    Attempt,
    lambda user, public_id: access.own_attempts(user).filter(public_id=public_id),
    user=IntegerField(),
    public_id=CharField(),
)
ITS_EXAM = Rows(Exam, lambda public_id: Exam.objects.filter(attempts__public_id=public_id), public_id=CharField())


def _of_its_exam(*names: str) -> Rows:
    """These fields of an attempt's exam alone."""
    return Rows(
        Exam,
        lambda public_id: Exam.objects.filter(attempts__public_id=public_id),
        besides={field.attname for field in Exam._meta.concrete_fields} - {"id", *names},
        public_id=CharField(),
    )


#: What is shown of it during a sitting; and what a grading goes by.
ITS_NAME, ITS_GRADING = _of_its_exam("slug", "title"), _of_its_exam("purpose", "marking_hours")
LOCKED = Rows(
    Attempt,
    lambda user, public_id: access.own_attempts(user).filter(public_id=public_id).select_for_update(),
    user=IntegerField(),
    public_id=CharField(),
)


#: An answer that arrived: its number, position, response, the page's own number, and whether it counts.
Step = tuple[Any, ...]
SINCE = Question(
    lambda public_id, positions: (
        AnswerStep.objects.filter(attempt__public_id=public_id)
        .filter(
            Q(position__among=positions)
            | Q(
                seq=Subquery(AnswerStep.objects.filter(attempt__public_id=public_id).order_by("-seq").values("seq")[:1])
            )
        )
        .order_by("seq")
        .values_list("seq", "position", "response", "client_seq", "counted")
    ),
    public_id=CharField(),
    positions=IdsField(),
)


def find_own_attempt(user: User, public_id: str, *, named: bool = False) -> Attempt:
    """A person's own attempt with its exam: it belongs to them, whatever has become of the membership. One query.

    Args:
        named: whether the exam's name is enough; the rest is asked for when somebody reads it.

    Raises:
        Attempt.DoesNotExist: they have no such attempt.
    """
    its_exam = ITS_NAME if named else ITS_EXAM
    attempts, exams = ask(ATTEMPT(user=user.pk, public_id=public_id), its_exam(public_id=public_id))
    found = _only(ATTEMPT.read(attempts), Attempt)
    (found.exam,) = its_exam.read(exams)
    return found


def lock_to_answer(user: User, public_id: str, *, positions: Collection[int]) -> tuple[Attempt, list[Step]]:
    """A person's own attempt under its lock, and what was given at these positions before it was locked. One query.

    Raises:
        Attempt.DoesNotExist: they have no such attempt.
    """
    attempts, steps = ask(LOCKED(user=user.pk, public_id=public_id), SINCE(public_id=public_id, positions=positions))
    return _only(LOCKED.read(attempts), Attempt), steps


#: Of an attempt, by its public id: who sat it, as whose member.
ITS_PERSON = Rows(User, lambda public_id: User.objects.filter(attempts__public_id=public_id), public_id=CharField())
ITS_MEMBERSHIP = Rows(
    Membership,
    lambda public_id: Membership.objects.filter(attempts__public_id=public_id).order_by(),
    public_id=CharField(),
)
ITS_PARTNER = Rows(
    Partner,
    lambda public_id: Partner.objects.filter(memberships__attempts__public_id=public_id).order_by(),
    public_id=CharField(),
)


def lock_attempt_to_grade(user_id: int, public_id: str) -> Attempt:
    """A person's attempt under its lock, with what of its exam a grading goes by. One query.

    Raises:
        Attempt.DoesNotExist: they have no such attempt.
    """
    attempts, exams = ask(LOCKED(user=user_id, public_id=public_id), ITS_GRADING(public_id=public_id))
    found = _only(LOCKED.read(attempts), Attempt)
    (found.exam,) = ITS_GRADING.read(exams)
    return found


def ask_who_sat(attempt: Attempt) -> tuple[User, Membership]:
    """The person of an attempt, and the membership in which they sat it, with its partner; the attempt then has the whole
    of its exam at hand. One query."""
    people, memberships, partners, exams = ask(
        *(one(public_id=attempt.public_id) for one in (ITS_PERSON, ITS_MEMBERSHIP, ITS_PARTNER, ITS_EXAM))
    )
    (attempt.exam,) = ITS_EXAM.read(exams)
    (person,), (membership,) = ITS_PERSON.read(people), ITS_MEMBERSHIP.read(memberships)
    (membership.partner,) = ITS_PARTNER.read(partners)
    return person, membership


def _only(found: Iterable[Any], model: type[Found]) -> Found:
    one: Found
    for one in found:
        return one
    raise model.DoesNotExist  # type: ignore[attr-defined]  # every model has one


def _list_bank(**drawn: Any) -> Any:
    versions = QuestionVersion.objects.approved()
    if drawn:
        versions = versions.filter(
            Q(question__topic__pk__among=drawn["topics"]) | Q(question__pk__among=drawn["fixed"])
        )
    doubted = Exists(QuestionCheck.objects.open().filter(version=OuterRef("pk")))
    return (
        versions.order_by()
        .annotate(doubted=doubted)
        .values_list(
            "question_id",
            "pk",
            "question__topic_id",
            "question__type",
            "question__difficulty",
            Cast("languages", TextField()),
            "doubted",
            Cast("first_asked_at", TextField()),
        )
    )


BANK, WHOLE_BANK = Question(_list_bank, topics=IdsField(), fixed=IdsField()), Question(_list_bank)


def ask_bank(*, topics: Collection[int] | None, fixed: Collection[int]) -> list[tuple[Any, ...]]:
    """What may be drawn: question, version, topic, type, difficulty, languages, whether it is under check, and the moment
    at which the version was asked first. One query.

    The languages are the text of a JSON list: a bank has thousands of them, and all that is asked is whether one is there.
    The moment is a text too, as in :func:`recall_contents`.

    Args:
        topics: from which; None for all.
        fixed: questions that may be drawn from any topic.
    """
    (rows,) = ask(WHOLE_BANK() if topics is None else BANK(topics=topics, fixed=fixed))
    return rows


#: Versions with the moment at which each was asked first, as text: it is only compared, and a text costs nothing to read.
VERSIONS = Question(
    lambda versions: (
        QuestionVersion.objects.filter(pk__among=versions)
        .order_by()
        .values_list("pk", Cast("first_asked_at", TextField()))
    ),
    versions=IdsField(),
)
WITHDRAWN = Question(
    lambda versions: (
        QuestionVersion.objects.filter(pk__among=versions, withdrawn_at__isnull=False)
        .order_by()
        .values_list("pk", "withdrawn_reason")
    ),
    versions=IdsField(),
)
CONTENTS = Question(
    lambda versions: QuestionVersion.objects.filter(pk__among=versions).order_by().values_list("pk", "content"),
    versions=IdsField(),
)
#: The contents of versions that were asked, by id and the moment at which they were asked first: from then on the
#: database refuses to change them, so a process need not read them again.
_contents = Memory(size=2000)
#: Seconds that they are kept.
CONTENTS_KEPT = 3600
STEPS = Question(
    lambda attempt: (
        AnswerStep.objects.filter(attempt=attempt, counted=True)
        .order_by("seq")
        .values_list("position", "response", "client_seq")
    ),
    attempt=IntegerField(),
)
FLAGS = Question(
    lambda attempt: Flag.objects.filter(attempt=attempt).order_by().values_list("position"), attempt=IntegerField()
)


SEEN_FROM = Question(
    lambda attempt: (
        IntegrityEvent.objects.filter(attempt=attempt, kind__in=[EventKind.ADDRESS, EventKind.DEVICE])
        .order_by("happened_at", "pk")
        .values_list("kind", "detail")
    ),
    attempt=IntegerField(),
)
EVENTS = Question(
    lambda attempt: IntegrityEvent.objects.filter(attempt=attempt).values("pk"), counted=True, attempt=IntegerField()
)


@dataclass(frozen=True, slots=True)
class Log:
    """From where a sitting was seen last, by kind, and how many lines its log has."""

    seen_from: Mapping[str, str]
    lines: int


@dataclass(frozen=True, slots=True)
class Given:
    """What a candidate has given so far.

    Attributes:
        contents: by id, what the versions ask that were asked for.
        withdrawn: those of them that staff withdrew, and why.
        answers: by position, the last that counts.
        seq: the number of the latest change that the server knows.
        flagged: the positions to be looked at again.
    """

    contents: dict[int, dict[str, Any]]
    withdrawn: dict[int, LocalisedText]
    answers: dict[int, Any]
    seq: int
    flagged: frozenset[int]


def _read_log(answers: Sequence[list[tuple[Any, ...]]]) -> Log:
    seen, [(count,)] = answers
    return Log(dict(seen), count)


def ask_log(attempt: Attempt) -> Log:
    """One query."""
    return _read_log(ask(SEEN_FROM(attempt=attempt.pk), EVENTS(attempt=attempt.pk)))


def recall_contents(versions: Iterable[tuple[Any, ...]]) -> dict[int, dict[str, Any]]:
    """By id, what versions ask, which are given with the moment at which they were asked first. No query, or one where this
    process has not read them yet."""
    asked_at = dict(versions)
    contents = {pk: _contents.get((pk, moment)) for pk, moment in asked_at.items()}
    missing = [pk for pk, content in contents.items() if content is None]
    if missing:
        (found,) = ask(CONTENTS(versions=missing))
        for pk, content in found:
            contents[pk] = content
            if asked_at[pk]:
                _contents.set((pk, asked_at[pk]), content, CONTENTS_KEPT)
    return contents


def _ask_given(attempt: Attempt, versions: Collection[int], *also: Asked) -> tuple[Given, list[list[tuple[Any, ...]]]]:
    asked, withdrawn, steps, flags, *others = ask(
        VERSIONS(versions=versions),
        WITHDRAWN(versions=versions),
        STEPS(attempt=attempt.pk),
        FLAGS(attempt=attempt.pk),
        *also,
    )
    given = Given(
        contents=recall_contents(asked),
        withdrawn=dict(withdrawn),
        answers={position: response for position, response, _number in steps},
        seq=max((number for _position, _response, number in steps), default=0),
        flagged=frozenset(position for (position,) in flags),
    )
    return given, others


def ask_given(attempt: Attempt, *, versions: Collection[int]) -> Given:
    """One query, and one more where this process has not read these versions yet."""
    return _ask_given(attempt, versions)[0]


def ask_given_and_log(attempt: Attempt, *, versions: Collection[int]) -> tuple[Given, Log]:
    """The same with the sitting's log; as many queries."""
    given, answers = _ask_given(attempt, versions, SEEN_FROM(attempt=attempt.pk), EVENTS(attempt=attempt.pk))
    return given, _read_log(answers)


def ask_steps(attempt: Attempt, *, positions: Collection[int]) -> list[Step]:
    """What was given at these positions, in the order of arrival. The attempt's newest step comes along for its number.
    One query."""
    (steps,) = ask(SINCE(public_id=attempt.public_id, positions=positions))
    return steps


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
        loaded: Any = model._default_manager.all()
        loaded._defer_next_filter = True  # made only if somebody asks further, as by Django's own managers
        loaded = loaded.filter(**{by: parent.pk})
        loaded._result_cache, loaded._prefetch_done = of_parent[parent.pk], True
        parent.__dict__.setdefault("_prefetched_objects_cache", {})[name] = loaded
