"""What the home page reads, across apps and in a constant number of queries.

Each reading is one query whatever the number of rows. Decisions are made elsewhere: the next step in ``journey``, whether
a partner meets its requirement in ``certification.standing``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language

from certification import standing
from certification.marks import list_lacks, mark_exam
from certification.models import Attempt, AttemptState, Credential, ProgrammeExam, Qualification, Requirement
from certification.services.exams import find_retake
from certification.services.qualifications import ProgrammeStanding
from portal.core.components import Mark, MarkState, Step, ladder
from portal.home.journey import ExamPlace, Place
from portal.leads.models import LeadStatus, Offer, OfferState
from portal.leads.reports import describe_need, describe_place, is_urgent, masked_message
from portal.partners.access import may_accept_agreement, may_work_leads
from portal.partners.models import Membership, Partner, Tier
from training.access import Reader, describe_reader
from training.models import LessonPage, MaterialPage
from training.services.joining import OPENS, find_join_path, is_open
from training.services.paths import NextLesson, Stop, Study, rank_next_lessons, survey_courses
from training.services.progress import LessonStep
from training.services.sessions import Shown, list_ahead

#: More than anyone answers from a home page; the list of leads shows the rest.
OFFERS_SHOWN = 3
#: Webinars on the home page: those of the coming days, and what one is registered for.
SESSIONS_SHOWN = 3
COMING = timedelta(days=7)
#: Sessions that are looked through for them.
SESSIONS_READ = 40


@dataclass(frozen=True, slots=True)
class ComingSession:
    """A webinar or event of the coming days, with the person's own way in while it is open."""

    shown: Shown
    join_url: str
    opens_at: datetime


@dataclass(frozen=True, slots=True)
class ExamLine:
    """An exam of the programme for this person."""

    exam: Any
    mine: Credential | None
    running: Attempt | None
    closed_until: datetime | None


class Dashboard:
    """Everything that the home page shows to one member. Properties that read are read once."""

    def __init__(self, membership: Membership, *, now: datetime) -> None:
        self.membership = membership
        self.partner = membership.partner
        self.now = now
        self.may_work_leads = may_work_leads(membership)

    # --- Readings, one query each --------------------------------------------------------------------------------------
    @cached_property
    def programme_exams(self) -> list[Any]:
        """The exams of the first programme, annotated with the partner's requirement, agreement and qualification."""
        by_tier = Requirement.objects.filter(programme=OuterRef("programme")).filter(
            Q(tier=self.partner.tier_id) | Q(tier__isnull=True)
        )
        current = Qualification.objects.current(self.now).filter(partner=self.partner, programme=OuterRef("programme"))
        agreed = Partner.objects.with_current_agreement(self.now).filter(pk=self.partner.pk)
        rows = list(
            ProgrammeExam.objects.select_related("programme", "exam")
            .prefetch_related("exam__prerequisites__course")
            .annotate(
                people=Subquery(by_tier.order_by(F("tier").asc(nulls_last=True)).values("people")[:1]),
                qualified=Exists(current),
                qualified_until=Subquery(current.values("valid_until")[:1]),
                agreed=Exists(agreed),
            )
            .order_by("programme__slug", "sort_order", "pk")
        )
        return [row for row in rows if row.programme_id == rows[0].programme_id]

    @cached_property
    def credentials(self) -> list[Credential]:
        """This person's credentials, and those that count for the partner, in the programme's exams."""
        exams = [row.exam_id for row in self.programme_exams]
        return list(
            Credential.objects.filter(
                Q(user=self.membership.user_id)
                | Q(membership__partner=self.partner, membership__ended_at__isnull=True),
                exam__in=exams,
            )
            .select_related("membership", "user")
            .order_by("expires_at")
        )

    @cached_property
    def attempts(self) -> list[Attempt]:
        """This person's running and failed attempts, the latest first."""
        exams = [row.exam_id for row in self.programme_exams]
        return list(
            Attempt.objects.counted()
            .filter(user=self.membership.user_id, exam__in=exams)
            .filter(Q(state=AttemptState.IN_PROGRESS) | Q(passed=False))
            .only("public_id", "exam_id", "state", "submitted_at", "deadline_at", "started_at")
            .order_by("-started_at")[:20]
        )

    @cached_property
    def offers(self) -> list[Offer]:
        """What the partner has to answer, the soonest first, and what it is working on."""
        if not self.may_work_leads:
            return []
        return list(
            Offer.objects.for_partner(self.partner)
            .filter(
                Q(state=OfferState.OPEN, due_at__gt=self.now)
                | Q(state=OfferState.ACCEPTED, lead__status=LeadStatus.ACCEPTED)
            )
            .select_related("lead__product", "lead__region", "lead__contact")
            .order_by("due_at", "pk")[:200]
        )

    @cached_property
    def reader(self) -> Reader:
        return describe_reader(self.membership.user, self.membership, now=self.now)

    @cached_property
    def sessions(self) -> list[ComingSession]:
        """What the person is registered for, and what the coming week offers to their job roles; soonest first."""
        ahead = list_ahead(self.reader, now=self.now, limit=SESSIONS_READ)
        meant = _find_meant(ahead, self.membership)
        mine = [
            shown
            for shown in ahead
            if shown.is_seated
            or shown.is_waiting
            or (shown.session.is_scheduled and shown.session.starts_at <= self.now + COMING and shown.page.pk in meant)
        ]
        return [
            ComingSession(
                shown,
                find_join_path(shown.registration)
                if shown.registration and shown.is_seated and is_open(shown.session, self.now)
                else "",
                shown.session.starts_at - OPENS,
            )
            for shown in mine[:SESSIONS_SHOWN]
        ]

    @cached_property
    def study(self) -> Study:
        """The courses open to the person, as they stand to each."""
        return survey_courses(
            self.membership, now=self.now, language=get_language() or "", audience_ids=self.reader.audience_ids
        )

    # --- What follows from them ----------------------------------------------------------------------------------------
    @property
    def programme(self) -> Any | None:
        return self.programme_exams[0].programme if self.programme_exams else None

    @property
    def qualified(self) -> bool:
        return bool(self.programme_exams) and self.programme_exams[0].qualified

    @property
    def qualified_until(self) -> datetime | None:
        return self.programme_exams[0].qualified_until if self.programme_exams else None

    @property
    def tier_rungs(self) -> list[Step]:
        """The tier ladder with the partner's own notch; the tiers are few and kept with the site's rows."""
        tiers = list(Tier.objects.all())
        current = next((index for index, tier in enumerate(tiers) if tier.pk == self.partner.tier_id), 0)
        return ladder([str(tier.name) for tier in tiers], current=current)

    @property
    def agreement_current(self) -> bool:
        return not self.programme_exams or self.programme_exams[0].agreed

    @property
    def open_offers(self) -> list[Offer]:
        return [offer for offer in self.offers if offer.state == OfferState.OPEN]

    @property
    def offers_shown(self) -> list[dict[str, Any]]:
        """The first offers to answer, in the words of the list of leads."""
        return [
            {
                "offer": offer,
                "title": describe_need(offer.lead),
                "text": masked_message(offer.lead),
                "place": describe_place(offer.lead),
                "urgent": is_urgent(offer, now=self.now),
            }
            for offer in self.open_offers[:OFFERS_SHOWN]
        ]

    @property
    def leads_to_work(self) -> list[Offer]:
        return [offer for offer in self.offers if offer.state == OfferState.ACCEPTED]

    @cached_property
    def lessons(self) -> list[LessonStep]:
        """The lessons of the courses that the exams ask for, each with whether it is done."""
        keys = {course.translation_key for row in self.programme_exams for course in row.exam.courses}
        asked = [stop for stop in self.study.stops if stop.course.translation_key in keys]
        return [step for stop in asked for step in stop.progress.steps]

    @property
    def lessons_done(self) -> int:
        return sum(step.done for step in self.lessons)

    @property
    def next_lesson(self) -> LessonPage | None:
        return next((step.lesson for step in self.lessons if not step.done), None)

    @property
    def due(self) -> list[Stop]:
        """Courses that are to be completed by a day, soonest first."""
        return sorted((stop for stop in self.study.stops if stop.due_at), key=attrgetter("due_at"))

    @cached_property
    def lesson_ahead(self) -> NextLesson | None:
        """Where the person goes on studying, on whichever device."""
        return next(iter(rank_next_lessons(self.study)), None)

    @cached_property
    def exam_lines(self) -> list[ExamLine]:
        lines = []
        for row in self.programme_exams:
            mine = [
                credential
                for credential in self.credentials
                if credential.user_id == self.membership.user_id and credential.exam_id == row.exam_id
            ]
            mine.sort(key=lambda credential: (credential.state_at(self.now) in HOLDS, credential.expires_at))
            attempts = [attempt for attempt in self.attempts if attempt.exam_id == row.exam_id]
            running = next((attempt for attempt in attempts if attempt.is_open(self.now)), None)
            failed = next((attempt for attempt in attempts if attempt.submitted_at), None)
            closed = find_retake(row.exam, last=failed, failures=1) if failed else None
            closed = closed if closed and closed > self.now else None
            lines.append(ExamLine(row.exam, mine[-1] if mine else None, running, closed))
        return lines

    @cached_property
    def place(self) -> Place:
        return Place(
            lessons_done=self.lessons_done,
            lessons_total=len(self.lessons),
            exams=tuple(
                ExamPlace(
                    slug=line.exam.slug,
                    held=line.mine is not None and line.mine.state_at(self.now) in HOLDS,
                    renewable=line.mine is not None and line.mine.state_at(self.now) == MarkState.EXPIRING,
                    running=line.running is not None,
                    closed_until=line.closed_until,
                )
                for line in self.exam_lines
            ),
            qualified=self.qualified,
            may_work_leads=self.may_work_leads,
            may_accept_agreement=may_accept_agreement(self.membership),
            agreement_current=self.agreement_current,
            offers_open=len(self.open_offers),
            leads_to_work=len(self.leads_to_work),
        )

    @property
    def my_marks(self) -> list[Mark]:
        return [
            mark_exam(line.exam, line.mine, now=self.now, url=reverse("certification:exam", args=[line.exam.slug]))
            for line in self.exam_lines
        ]

    @cached_property
    def standing(self) -> standing.Standing:
        """How the partner meets the programme, from the rows already read."""
        exams = tuple(row.exam_id for row in self.programme_exams)
        people = self.programme_exams[0].people if self.programme_exams else None
        holdings = [
            standing.Holding(
                person=credential.user_id,
                exam=credential.exam_id,
                since=credential.issued_at,
                until=credential.expires_at,
                withdrawn=credential.state_at(self.now) == MarkState.REVOKED,
            )
            for credential in self.credentials
            if credential.membership.partner_id == self.partner.pk and credential.membership.ended_at is None
        ]
        return standing.assess(
            standing.Requirement(exams=exams, people=people),
            holdings,
            self.now,
            partner_active=self.partner.is_active,
            agreement_current=self.agreement_current,
        )

    @property
    def lacking(self) -> list[str]:
        """What the partner still lacks, one sentence each; empty when it is qualified."""
        if self.programme is None or self.qualified:
            return []
        found = ProgrammeStanding(
            programme=self.programme,
            standing=self.standing,
            exams={row.exam_id: row.exam for row in self.programme_exams},
            people={credential.user_id: credential.user for credential in self.credentials},
            qualified_until=self.qualified_until,
        )
        return list_lacks(found)


def _find_meant(sessions: list[Shown], membership: Membership) -> set[int]:
    """Of the pages of these sessions, those meant for one of the member's job roles, or for nobody in particular."""
    pages = {shown.page.pk for shown in sessions}
    roles = {role.pk for role in membership.job_roles}
    links = MaterialPage.job_roles.through.objects.filter(materialpage__in=pages)
    named: dict[int, set[int]] = {}
    for page_id, role_id in links.values_list("materialpage_id", "jobrole_id"):
        named.setdefault(page_id, set()).add(role_id)
    return {page for page in pages if page not in named or named[page] & roles}


#: States in which a credential counts.
HOLDS: Sequence[str] = (MarkState.HELD, MarkState.EXPIRING)
