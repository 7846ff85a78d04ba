"""Exams, credentials and standings as marks and words for pages."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification import timing
from certification.models import Attempt, Credential, Exam
from certification.services.exams import ExamState
from certification.services.qualifications import ProgrammeStanding
from portal.core.components import Mark, MarkState
from portal.core.times import describe_moment


def mark_exam(exam: Exam, credential: Credential | None, *, now: datetime, url: str = "", won: bool = False) -> Mark:
    """A person's mark for an exam: what they hold, held once, or lack."""
    if credential is None:
        return Mark(exam.letter, exam.shape, "", MarkState.MISSING, str(exam), _("Not held yet"), url=url)
    state = MarkState(credential.state_at(now))
    date = describe_moment(credential.expires_at, "date")
    captions = {
        MarkState.HELD: _("Until %(date)s"),
        MarkState.EXPIRING: _("Expires on %(date)s"),
        MarkState.LAPSED: _("Expired on %(date)s"),
        MarkState.REVOKED: _("Revoked"),
    }
    return Mark(
        exam.letter,
        exam.shape,
        f"{credential.expires_at:%y}",
        state,
        str(exam),
        captions[state] % {"date": date} if state != MarkState.REVOKED else captions[state],
        url=url,
        won=won,
    )


def mark_state(state: ExamState, *, now: datetime, url: str = "") -> Mark:
    return mark_exam(state.exam, state.credential, now=now, url=url)


def describe_way_in(state: ExamState, *, now: datetime) -> str:
    """An exam as it stands for a person, in one sentence: what they hold, what is open to them, or what would open it."""
    if state.running:
        end = describe_moment(state.running.deadline_at, "time")
        return _("You are in the middle of it. The time runs until %(moment)s.") % {"moment": end}
    mark = mark_state(state, now=now)
    if mark.state == MarkState.HELD and state.credential:
        until = describe_moment(state.credential.expires_at, "date")
        return _("You hold this credential until %(date)s.") % {"date": until}
    if state.obstacle and state.obstacle.code == "course_first":
        return _("It opens when you have completed the course.")
    if state.obstacle:
        return f"{state.obstacle.message} {state.obstacle.remedy}".strip()
    if mark.state in {MarkState.EXPIRING, MarkState.LAPSED}:
        return _("%(caption)s. You may renew it now.") % {"caption": mark.caption}
    return _("It is open to you now.")


def mark_result(attempt: Attempt, credential: Credential | None, *, now: datetime, won: bool) -> Mark:
    """The mark on a result: struck where it was won, still missing where the exam was not passed."""
    exam = attempt.exam
    if credential is not None:
        return mark_exam(exam, credential, now=now, won=won)
    return Mark(exam.letter, exam.shape, "", MarkState.MISSING, str(exam), _("Not passed"))


def mark_standing(found: ProgrammeStanding, *, now: datetime) -> list[Mark]:
    """A programme as a row of marks, one for each person that each exam needs: a gap is seen before it is read."""
    standing = found.standing
    until = {(person.person, exam): moment for person in standing.persons for exam, moment in person.held}
    marks = []
    for part in standing.exams:
        exam = found.exams[part.exam]
        # Those who hold every exam first: they are the ones who count. Then whoever holds this one longest.
        ranked = [
            (person not in standing.people_complete, -until[person, part.exam].timestamp(), person)
            for person in part.holders
        ]
        holders = [person for _incomplete, _end, person in sorted(ranked)]
        for person in holders[: standing.people_needed or 0]:
            moment = until[person, part.exam]
            expiring = timing.is_expiring(moment, now)
            marks.append(
                Mark(
                    exam.letter,
                    exam.shape,
                    f"{moment:%y}",
                    MarkState.EXPIRING if expiring else MarkState.HELD,
                    str(exam),
                    _("%(name)s, until %(date)s")
                    % {"name": found.people[person], "date": describe_moment(moment, "date")},
                )
            )
        marks += [
            Mark(exam.letter, exam.shape, "", MarkState.MISSING, str(exam), _("One more person")),
        ] * part.lacking
    return marks


def mark_people(found: ProgrammeStanding, *, now: datetime) -> list[tuple[str, list[Mark]]]:
    """Everyone who holds anything, with a mark for each exam of the programme."""
    rows = []
    for person in found.standing.persons:
        held = dict(person.held)
        marks = []
        for number, exam in found.exams.items():
            moment = held.get(number)
            if moment is None:
                marks.append(Mark(exam.letter, exam.shape, "", MarkState.MISSING, str(exam), _("Not held yet")))
                continue
            expiring = timing.is_expiring(moment, now)
            marks.append(
                Mark(
                    exam.letter,
                    exam.shape,
                    f"{moment:%y}",
                    MarkState.EXPIRING if expiring else MarkState.HELD,
                    str(exam),
                    _("Until %(date)s") % {"date": describe_moment(moment, "date")},
                )
            )
        rows.append((str(found.people[person.person]), marks))
    return rows


def list_lacks(found: ProgrammeStanding) -> list[str]:
    """What the partner still lacks, as sentences, the first to mend first; empty where it lacks nothing."""
    standing = found.standing
    lacks = []
    if not standing.partner_active:
        lacks.append(_("Your organisation is not active. Your channel manager can say why."))
    if not standing.agreement_current:
        lacks.append(_("The current agreement is not accepted. The owner of your organisation can accept it."))
    if standing.people_needed is None or not standing.exams:
        lacks.append(_("This programme has no rule for your tier. Your channel manager can say what to do."))
        return lacks
    lacks += [
        ngettext("One more person with “%(exam)s”.", "%(count)d more people with “%(exam)s”.", part.lacking)
        % {"count": part.lacking, "exam": found.exams[part.exam]}
        for part in standing.exams
        if part.lacking
    ]
    lacks += [
        _("%(name)s still needs %(exams)s.")
        % {"name": found.people[person.person], "exams": _quote(found.exams[exam] for exam in person.missing)}
        for person in standing.nearest
    ]
    return lacks


def _quote(exams: Iterable[Exam]) -> str:
    return ", ".join(_("“%(exam)s”") % {"exam": exam} for exam in exams)
