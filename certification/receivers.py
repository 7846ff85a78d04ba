"""What follows from which fact."""

from django.utils import timezone

from certification.facts import (
    credentials_awarded,
    credentials_revoked,
    partners_qualified,
    qualifications_lapsed,
    requirements_changed,
)
from certification.notices import (
    CREDENTIAL_AWARDED,
    CREDENTIAL_REVOKED,
    PARTNER_QUALIFIED,
    QUALIFICATION_LAPSED,
    tell_holders,
    tell_partners,
)
from certification.services.qualifications import review_partners, review_programmes
from portal.core.models import Fact
from portal.partners.facts import partner_standing_changed


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
