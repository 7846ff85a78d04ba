"""What a programme asks of partners. A change takes effect at once: everyone assessed under the old rule is stale."""

from typing import Any

from django.db import transaction
from django.db.models import F

from certification.facts import requirements_changed
from certification.models import Programme
from portal.accounts.models import User


@transaction.atomic
def save_programme(programme: Programme, *, by: User | None) -> Programme:
    """Save a programme with the exams and requirements that it carries in memory (as a form or a loader built it).

    Where they differ from what is stored, ``requirement_version`` goes up in the same transaction: no qualification
    that was assessed under the former rule counts from then on, and all are assessed again.
    """
    if programme._state.adding:
        programme.save()
        # Its exams may be held by many already.
        requirements_changed.announce(programme_ids=[programme.pk], by=by)
        return programme
    # Without the key: assessments that refer to the programme need not wait, the version makes them stale.
    stored = Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)
    before = _read_rule(stored)
    programme.requirement_version = stored.requirement_version
    programme.save()
    if _read_rule(Programme.objects.get(pk=programme.pk)) != before:
        Programme.objects.filter(pk=programme.pk).update(requirement_version=F("requirement_version") + 1)
        programme.refresh_from_db(fields=["requirement_version"])
        requirements_changed.announce(programme_ids=[programme.pk], by=by)
    return programme


def _read_rule(programme: Programme) -> tuple[set[Any], set[Any]]:
    """Exams and requirements as stored. The order of the exams is for the eye and changes nothing."""
    return (
        set(programme.programme_exams.values_list("exam_id", flat=True)),
        set(programme.requirements.values_list("tier_id", "people")),
    )
