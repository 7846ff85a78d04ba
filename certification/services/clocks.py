"""What stops the clock of a sitting: staff's halt, a granted break, and the service's own failing.

The deadline is reckoned anew each time from what was taken and given (:class:`certification.timing.Clock`), so that
nothing depends on the order in which things happened. Locks are taken attempt by attempt, by id.
"""

from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.request import urlopen

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from certification.facts import exams_halted, exams_resumed, service_interrupted
from certification.models import Attempt, Exam, GivenWhy, Halt, Lifesign, Outage, Standstill, TimeGiven
from certification.timing import Stretch, break_ends_at, due_after, time_lost, whole_seconds
from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.core.localised import LocalisedText

#: The watcher looks this often, and takes for an outage what is longer than this without a sign of life.
WATCH_SECONDS = 15
OUTAGE_AFTER = timedelta(seconds=45)
WATCHER_BROKEN_AFTER = timedelta(days=1)
PATIENCE_SECONDS = 10

CLOCK_FIELDS = ["break_seconds_taken", "seconds_given_back", "stands_since", "standstill", "deadline_at", "due_at"]


def set_deadline(attempt: Attempt) -> None:
    """Reckon the deadline and the moment of the sweeper from the attempt's clock; not saved."""
    attempt.deadline_at = attempt.clock.deadline
    # In a break the sweeper comes when what is left of the break is over too.
    resting = attempt.break_seconds - attempt.break_seconds_taken if attempt.standstill == Standstill.BREAK else 0
    attempt.due_at = due_after(attempt.deadline_at + timedelta(seconds=resting))


# --- Halts -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def halt_exam(exam: Exam, *, reason: LocalisedText, by: User, now: datetime) -> Halt:
    """Stop an exam at once: nobody starts it, and the clocks of those who sit stand still.

    Raises:
        Refusal: without a reason, or if it is halted already.
    """
    if not str(reason).strip():
        raise Refusal(_("An exam is not halted without a reason."), remedy=_("Those who are sitting read it."))
    Exam.objects.select_for_update().get(pk=exam.pk)
    if Halt.objects.open().filter(exam=exam).exists():
        raise Refusal(_("This exam is halted already."), code="halted_already")
    halt = Halt.objects.create(exam=exam, reason=reason, halted_at=now, halted_by=by)
    running = Attempt.objects.in_progress().filter(exam=exam, deadline_at__gt=now, stands_since__isnull=True)
    ids = list(running.select_for_update().order_by("pk").values_list("pk", flat=True))
    Attempt.objects.filter(pk__in=ids).update(stands_since=now, standstill=Standstill.HALT)
    exams_halted.announce(halt_ids=[halt.pk], by=by)
    return halt


@transaction.atomic
def resume_exam(exam: Exam, *, by: User, now: datetime) -> Halt:
    """Let an exam go on; everyone who stood still has the time that they had.

    Raises:
        Refusal: it is not halted.
    """
    Exam.objects.select_for_update().get(pk=exam.pk)
    halt = Halt.objects.open().filter(exam=exam).first()
    if halt is None:
        raise Refusal(_("This exam is not halted."), code="not_halted")
    halt.resumed_at, halt.resumed_by = now, by
    halt.save(update_fields=["resumed_at", "resumed_by"])
    standing = Attempt.objects.in_progress().filter(exam=exam, standstill=Standstill.HALT)
    attempts = list(standing.select_for_update().order_by("pk"))
    _give_back(attempts, why=GivenWhy.HALT, since=lambda attempt: attempt.stands_since, until=now, now=now, halt=halt)
    exams_resumed.announce(halt_ids=[halt.pk], by=by)
    return halt


def _give_back(
    attempts: list[Attempt], *, why: GivenWhy, since: Any, until: datetime, now: datetime, **source: Any
) -> None:
    """Set the clocks back by a stretch each, and start them; in bulk."""
    given = []
    for attempt in attempts:
        begun = since(attempt)
        seconds = whole_seconds(until - begun)
        attempt.seconds_given_back += seconds
        attempt.stands_since, attempt.standstill = None, ""
        set_deadline(attempt)
        given.append(
            TimeGiven(attempt=attempt, why=why, since=begun, until=until, seconds=seconds, given_at=now, **source)
        )
    Attempt.objects.bulk_update(attempts, CLOCK_FIELDS, batch_size=500)
    TimeGiven.objects.bulk_create(given, batch_size=500)


# --- Breaks ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_break(attempt: Attempt, *, by: User, now: datetime) -> Attempt:
    """Begin a break that was granted: the clock stands still, and the questions are hidden.

    The sweeper comes when the break that is left and the time that is left are both over.

    Raises:
        NotAllowed: the attempt is somebody else's.
        Refusal: there is no break left, or the time is over.
    """
    attempt = _lock_running(attempt, by, now)
    left = attempt.break_seconds - attempt.break_seconds_taken
    if left <= 0:
        raise Refusal(
            _("There is no break left in this attempt."),
            remedy=_("Breaks are granted by the examiners before an exam: ask your channel manager for the next one."),
            code="no_break_left",
        )
    if attempt.stands_since is not None:
        return attempt
    attempt.stands_since, attempt.standstill = now, Standstill.BREAK
    set_deadline(attempt)
    attempt.save(update_fields=["stands_since", "standstill", "due_at"])
    return attempt


@transaction.atomic
def end_break(attempt: Attempt, *, by: User, now: datetime) -> Attempt:
    """Go on after a break. What was longer than the break that was left runs on the clock.

    Raises:
        NotAllowed: the attempt is somebody else's.
    """
    attempt = _lock_running(attempt, by, now)
    if attempt.standstill != Standstill.BREAK or attempt.stands_since is None:
        return attempt
    left = attempt.break_seconds - attempt.break_seconds_taken
    taken = min(left, whole_seconds(now - attempt.stands_since))
    TimeGiven.objects.create(
        attempt=attempt, why=GivenWhy.BREAK, since=attempt.stands_since,
        until=attempt.stands_since + timedelta(seconds=taken), seconds=taken, given_at=now,
    )  # fmt: skip
    attempt.break_seconds_taken += taken
    attempt.stands_since, attempt.standstill = None, ""
    set_deadline(attempt)
    if Halt.objects.open().filter(exam=attempt.exam_id).exists() and attempt.deadline_at > now:
        attempt.stands_since, attempt.standstill = now, Standstill.HALT  # it was halted meanwhile
    attempt.save(update_fields=CLOCK_FIELDS)
    return attempt


def _break_ends_at(attempt: Attempt) -> datetime:
    since: Any = attempt.stands_since
    return break_ends_at(since, allowed_seconds=attempt.break_seconds, taken_seconds=attempt.break_seconds_taken)


def _lock_running(attempt: Attempt, by: User, now: datetime) -> Attempt:
    if attempt.user_id != by.pk:
        raise NotAllowed(_("This attempt is somebody else's."))
    locked = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if not locked.is_running or (locked.stands_since is None and now >= locked.deadline_at):
        raise Refusal(_("This attempt is over."), code="attempt_over")
    return locked


# --- The service's own failing ---------------------------------------------------------------------------------------


def reach(base_url: str) -> bool:
    """Whether the portal answers at the address that candidates use: its page of health, within ten seconds."""
    try:
        with urlopen(f"{base_url}/health/", timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 -- the portal's own address
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, HTTPException):
        return False


def is_out(*, now: datetime) -> bool:
    """Whether the service cannot be reached at present, as far as the watcher knows; never without a watcher.

    After a day without a sign of life it is the watcher that is taken to be broken.
    """
    seen_at = Lifesign.objects.values_list("seen_at", flat=True).first()
    return seen_at is not None and OUTAGE_AFTER < now - seen_at < WATCHER_BROKEN_AFTER


@transaction.atomic
def note_sign_of_life(*, now: datetime) -> Outage | None:
    """Record that the service answers; where it had not for too long, give the time back to everyone who was sitting.

    Called by the watcher each time that it could reach the service, and before attempts are submitted by the clock. Two
    watchers at once wait for each other at the one row.

    Returns:
        The outage that has ended, or None.
    """
    sign, created = Lifesign.objects.select_for_update().get_or_create(pk=1, defaults={"seen_at": now})
    since = sign.seen_at
    if created or now <= since:
        return None
    sign.seen_at = now
    sign.save(update_fields=["seen_at"])
    if now - since <= OUTAGE_AFTER:
        return None
    outage = Outage.objects.create(since=since, until=now, noticed_at=now)
    give_back_outage(outage, now=now)
    return outage


def give_back_outage(outage: Outage, *, now: datetime) -> int:
    """Give each running attempt the part of the outage in which its clock ran; returns to how many."""
    sitting = Attempt.objects.in_progress().filter(started_at__lt=outage.until, due_at__gt=outage.since)
    attempts = list(sitting.select_for_update().order_by("pk"))
    standing: dict[int, list[Stretch]] = {}
    for row in TimeGiven.objects.filter(attempt__in=attempts, until__gt=outage.since):
        standing.setdefault(row.attempt_id, []).append(Stretch(row.since, row.until))
    moved, given = [], []
    for attempt in attempts:
        stood_still = standing.get(attempt.pk, [])
        if attempt.stands_since is not None:
            end = outage.until
            if attempt.standstill == Standstill.BREAK:
                end = min(end, _break_ends_at(attempt))
            stood_still = [*stood_still, Stretch(attempt.stands_since, end)]
        lost = time_lost(
            Stretch(outage.since, outage.until), started_at=attempt.started_at, due_at=attempt.due_at,
            stood_still=stood_still,
        )  # fmt: skip
        seconds = whole_seconds(lost)
        if not seconds:
            continue
        attempt.seconds_given_back += seconds
        set_deadline(attempt)
        moved.append(attempt)
        given.append(
            TimeGiven(
                attempt=attempt, why=GivenWhy.OUTAGE, since=max(outage.since, attempt.started_at), until=outage.until,
                seconds=seconds, outage=outage, given_at=now,
            )
        )  # fmt: skip
    Attempt.objects.bulk_update(moved, CLOCK_FIELDS, batch_size=500)
    TimeGiven.objects.bulk_create(given, batch_size=500)
    if moved:
        service_interrupted.announce(outage_ids=[outage.pk], by=None)
    return len(moved)
