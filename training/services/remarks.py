"""What readers say is wrong with a paragraph, and what came of it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership
from training.access import check_material, describe_reader, may_close_remarks
from training.facts import remarks_closed, remarks_made
from training.models import MaterialPage, Remark, RemarkKind, RemarkOutcome
from training.services.paragraphs import find_paragraph

#: As many remarks as one person makes in a day; who finds more wrong should talk to somebody.
DAILY = 12
DAY = timedelta(days=1)
MAX_WORDS = Remark._meta.get_field("words").max_length or 0
MAX_ANSWER = Remark._meta.get_field("answer").max_length or 0
#: Of a whole section no more is quoted than one reads in a notice.
MAX_QUOTED = 2000


@transaction.atomic
def make_remark(
    page: MaterialPage, *, block_id: str, kind: str, words: str, membership: Membership | None, by: Any, now: datetime
) -> Remark:
    """Report a paragraph, quoted as it reads now, to whoever keeps the material true.

    1. Check that the page is live and open to the reader, and that the paragraph stands on it.
    2. Lock the person, so that the day's limit holds and the same remark is not made twice.
    3. Write the remark and announce it.

    Args:
        page: of its specific type.
        block_id: of a section or a passage; empty for the material as a whole.
        kind: a value of :class:`RemarkKind`.
        words: what the reader adds; may be empty.
        membership: under which the reader reads; None for the vendor's staff.

    Raises:
        NotAllowed: the page is not open to the reader, with the reason.
        Refusal: with what would change it.
    """
    # 1
    reader = describe_reader(by, membership, now=now)
    if reader.membership is None and not reader.reads_all:
        raise NotAllowed(_("Only readers of the library can report a paragraph."), code="not_a_member")
    if not page.live:
        raise Refusal(_("This material is not in the library any more."), code="gone")
    check_material(page, reader)
    if kind not in RemarkKind.values:
        raise Refusal(_("Choose what is wrong."), code="kind")
    words = words.strip()
    if len(words) > MAX_WORDS:
        raise Refusal(
            _("Your words have %(count)d characters; at most %(limit)d are kept.")
            % {"count": len(words), "limit": MAX_WORDS},
            remedy=_("Shorten them to what matters."),
            code="too_long",
        )
    paragraph = find_paragraph(page, block_id) if block_id else None
    if block_id and paragraph is None:
        raise Refusal(
            _("This paragraph is not on the page any more: it has been changed meanwhile."),
            remedy=_("Read the page again, and choose another if something is still wrong."),
            code="paragraph_gone",
        )
    # 2
    list(User.objects.select_for_update().filter(pk=by.pk).values_list("pk", flat=True))
    mine = Remark.objects.filter(user=by)
    if mine.filter(page=page, block_id=block_id, kind=kind, closed_at__isnull=True).exists():
        raise Refusal(
            _("You have reported this already, and it is being looked into."),
            remedy=_("You are told what came of it."),
            code="made_already",
        )
    if mine.filter(made_at__gt=now - DAY).count() >= DAILY:
        raise Refusal(
            _("You have made %(count)d remarks within a day; no more are taken now.") % {"count": DAILY},
            remedy=_("Tomorrow you can go on. If a whole material is wrong, one remark on it is enough."),
            code="too_many",
        )
    # 3
    remark = Remark.objects.create(
        page=page,
        block_id=block_id,
        quoted=paragraph.text[:MAX_QUOTED] if paragraph else "",
        kind=kind,
        words=words,
        user=by,
        membership=reader.membership,
        made_at=now,
    )
    remarks_made.announce(remark_ids=[remark.pk], by=by)
    return remark


@transaction.atomic
def close_remark(remark: Remark, *, outcome: str, answer: str, by: Any, now: datetime) -> Remark:
    """Bring a remark to its end, and let the reader know: the text was mended, or stays as it is and why.

    Raises:
        NotAllowed: for someone who may not answer readers.
        Refusal: when it has been closed already, or stays as it is without a reason.
    """
    if not may_close_remarks(by):
        raise NotAllowed(_("Remarks are answered by editors."), code="not_an_editor")
    held = Remark.objects.select_for_update(of=("self",)).select_related("closed_by", "page").get(pk=remark.pk)
    if held.closed_at is not None:
        raise Refusal(
            _("%(person)s has closed this remark already.") % {"person": held.closed_by}
            if held.closed_by
            else _("This remark is closed already."),
            remedy=_("Look at the answer before you write to the reader."),
            code="closed_already",
        )
    answer = answer.strip()
    if outcome not in RemarkOutcome.values:
        raise Refusal(_("Choose what came of it."), code="outcome")
    if outcome == RemarkOutcome.KEPT and not answer:
        raise Refusal(_("Tell the reader why it stays as it is."), code="reason_missing")
    if len(answer) > MAX_ANSWER:
        raise Refusal(
            _("The answer has %(count)d characters; at most %(limit)d are kept.")
            % {"count": len(answer), "limit": MAX_ANSWER},
            code="too_long",
        )
    held.outcome, held.answer, held.closed_by, held.closed_at = outcome, answer, by, now
    held.save(update_fields=["outcome", "answer", "closed_by", "closed_at"])
    remarks_closed.announce(remark_ids=[held.pk], by=by)
    return held
