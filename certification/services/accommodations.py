"""What was granted to people, taken back. Running attempts keep what they began with."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from certification.models import Accommodation
from portal.core.errors import Refusal


@transaction.atomic
def withdraw_accommodation(accommodation: Accommodation, *, now: datetime) -> Accommodation:
    """Let it count for no attempt that begins from now on.

    Raises:
        Refusal: it is withdrawn already.
    """
    locked = Accommodation.objects.select_for_update(of=("self",)).get(pk=accommodation.pk)
    if locked.withdrawn_at is not None:
        raise Refusal(_("This is withdrawn already."), code="withdrawn_already")
    locked.withdrawn_at = now
    locked.save(update_fields=["withdrawn_at"])
    return locked
