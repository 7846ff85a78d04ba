"""What follows from which fact."""

from portal.core.models import Fact
from portal.partners.facts import members_left
from training.facts import (
    cards_found_losing,
    cards_found_weak,
    corrections_asked,
    corrections_closed,
    lessons_waived,
    material_changed,
    people_nudged,
    questions_answered,
    readers_reminded,
    registrations_cancelled,
    remarks_closed,
    remarks_made,
    seats_given,
    sessions_cancelled,
    sessions_changed,
    sessions_moved,
    shares_opened,
    waiting_lists_joined,
)
from training.notices import attendance, webinars
from training.notices.courses import tell_nudged, tell_waived
from training.notices.library import (
    tell_keepers_of_losing_cards,
    tell_keepers_of_remarks,
    tell_keepers_of_weak_cards,
    tell_readers,
    tell_readers_again,
    tell_remarkers,
    tell_sharers,
)
from training.services.registrations import release_seats


@shares_opened.receiver
def tell_who_sent(fact: Fact) -> None:
    tell_sharers(fact.payload["share_ids"], now=fact.announced_at)


@cards_found_weak.receiver
def tell_who_keeps_weak_cards(fact: Fact) -> None:
    tell_keepers_of_weak_cards(fact.payload["rating_ids"], now=fact.announced_at)


@cards_found_losing.receiver
def tell_who_keeps_losing_cards(fact: Fact) -> None:
    tell_keepers_of_losing_cards(fact.payload["use_ids"], now=fact.announced_at)


@material_changed.receiver
def tell_readers_of_change(fact: Fact) -> None:
    tell_readers(fact.payload["change_ids"], now=fact.announced_at)


@readers_reminded.receiver
def remind_readers_of_change(fact: Fact) -> None:
    tell_readers_again(fact.payload["change_ids"], now=fact.announced_at)


@remarks_made.receiver
def tell_who_keeps_the_material(fact: Fact) -> None:
    tell_keepers_of_remarks(fact.payload["remark_ids"], now=fact.announced_at)


@remarks_closed.receiver
def tell_who_made_the_remark(fact: Fact) -> None:
    tell_remarkers(fact.payload["remark_ids"], now=fact.announced_at)


@seats_given.receiver
def tell_who_has_a_seat(fact: Fact) -> None:
    webinars.tell_seated(fact.payload["registration_ids"], now=fact.announced_at)


@waiting_lists_joined.receiver
def tell_who_waits(fact: Fact) -> None:
    webinars.tell_waiting(fact.payload["registration_ids"], now=fact.announced_at)


@sessions_moved.receiver
def tell_of_moved_sessions(fact: Fact) -> None:
    webinars.tell_moved(fact.payload["session_ids"], now=fact.announced_at)


@sessions_cancelled.receiver
def tell_of_cancelled_sessions(fact: Fact) -> None:
    webinars.tell_cancelled(fact.payload["session_ids"], now=fact.announced_at)


@questions_answered.receiver
def tell_who_asked(fact: Fact) -> None:
    webinars.tell_askers(fact.payload["question_ids"], now=fact.announced_at)


@members_left.receiver
def give_back_seats(fact: Fact) -> None:
    release_seats(fact.payload["membership_ids"], now=fact.announced_at)


@lessons_waived.receiver
def tell_who_was_let_off(fact: Fact) -> None:
    tell_waived(fact.payload["completion_ids"], now=fact.announced_at)


@people_nudged.receiver
def tell_who_was_nudged(fact: Fact) -> None:
    tell_nudged(fact.payload["nudge_ids"], now=fact.announced_at)


@registrations_cancelled.receiver
def tell_who_gave_a_seat_back(fact: Fact) -> None:
    attendance.tell_who_gave_back(fact.payload["registration_ids"], now=fact.announced_at)


@corrections_asked.receiver
def tell_who_corrects_attendance(fact: Fact) -> None:
    attendance.tell_keepers_of_corrections(fact.payload["correction_ids"], now=fact.announced_at)


@corrections_closed.receiver
def tell_who_asked_for_the_correction(fact: Fact) -> None:
    attendance.tell_who_asked_corrections(fact.payload["correction_ids"], now=fact.announced_at)


@sessions_changed.receiver
def tell_of_changed_sessions(fact: Fact) -> None:
    attendance.tell_of_changes(fact.payload["session_ids"], now=fact.announced_at)
