"""What follows from which fact."""

from django.utils import timezone

from certification.facts import (
    attempts_awaiting_marking,
    attempts_marked,
    attempts_voided,
    credentials_awarded,
    credentials_revoked,
    partners_qualified,
    qualifications_lapsed,
    questions_doubted,
    questions_reported,
    reports_answered,
    requirements_changed,
)
from certification.notices import (
    CREDENTIAL_AWARDED,
    CREDENTIAL_REVOKED,
    PARTNER_QUALIFIED,
    QUALIFICATION_LAPSED,
    tell_checkers,
    tell_holders,
    tell_marked,
    tell_markers,
    tell_of_reports,
    tell_partners,
    tell_reporters,
    tell_voided,
)
from certification.services.bank import doubt_questions
from certification.services.qualifications import review_partners, review_programmes
from portal.core.models import Fact
from portal.partners.facts import partner_standing_changed
from training.facts import material_changed


@partner_standing_changed.receiver
def review_changed_partners(fact: Fact) -> None:
    review_partners(fact.payload["partner_ids"], now=timezone.now())


@requirements_changed.receiver
def review_changed_programmes(fact: Fact) -> None:
    review_programmes(fact.payload["programme_ids"], now=timezone.now())


@credentials_awarded.receiver
def tell_new_holders(fact: Fact) -> None:
    tell_holders(CREDENTIAL_AWARDED, fact.payload["credential_ids"], now=fact.announced_at)


@credentials_revoked.receiver
def tell_former_holders(fact: Fact) -> None:
    tell_holders(CREDENTIAL_REVOKED, fact.payload["credential_ids"], now=fact.announced_at)


@partners_qualified.receiver
def tell_qualified_partners(fact: Fact) -> None:
    tell_partners(PARTNER_QUALIFIED, fact.payload["qualification_ids"], now=fact.announced_at)


@qualifications_lapsed.receiver
def tell_lapsed_partners(fact: Fact) -> None:
    tell_partners(QUALIFICATION_LAPSED, fact.payload["qualification_ids"], now=fact.announced_at)


@material_changed.receiver
def check_citing_questions(fact: Fact) -> None:
    doubt_questions(fact.payload["change_ids"], now=fact.announced_at)


@questions_doubted.receiver
def tell_examiners_what_to_check(fact: Fact) -> None:
    tell_checkers(fact.payload["check_ids"], now=fact.announced_at)


@questions_reported.receiver
def tell_examiners_what_is_broken(fact: Fact) -> None:
    tell_of_reports(fact.payload["report_ids"], now=fact.announced_at)


@reports_answered.receiver
def tell_candidates_what_became_of_it(fact: Fact) -> None:
    tell_reporters(fact.payload["report_ids"], now=fact.announced_at)


@attempts_awaiting_marking.receiver
def tell_markers_what_waits(fact: Fact) -> None:
    tell_markers(fact.payload["attempt_ids"], now=fact.announced_at)


@attempts_marked.receiver
def tell_marked_candidates(fact: Fact) -> None:
    tell_marked(fact.payload["attempt_ids"], now=fact.announced_at)


@attempts_voided.receiver
def tell_candidates_of_void_attempts(fact: Fact) -> None:
    tell_voided(fact.payload["attempt_ids"], now=fact.announced_at)
