"""What the portal writes to a lead's customer, and what the customer answers.

A letter is a row with a due time, made in the transaction that accepts the lead. A sender claims what is due under lock,
for as long as a lease; sends; and settles it. One that dies leaves its claim to run out, and the letter goes out with the
same Message-ID, so that a mail program shows it once. Whether a letter still holds is asked when it is sent: nobody is
told of a partner that has lost the lead, or asked about a request that was none.

No address, name or word of a customer stands in a row of letters, a log, a task or a fact.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.core.mail import get_connection
from django.db import connection, transaction
from django.db.models import Avg, Count, F, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.accounts.services.letters import compose_letter
from portal.core.errors import Refusal
from portal.core.times import FORMATS
from portal.leads.coarsening import AT_LEAST
from portal.leads.facts import customers_answered
from portal.leads.hearing import Hearing, compare, in_whole, was_kept
from portal.leads.models import (
    CustomerAnswer,
    CustomerLetter,
    DropReason,
    Lead,
    LeadContact,
    LeadRules,
    LeadStatus,
    LetterKind,
    LetterState,
    LostReason,
    Offer,
    OfferState,
    UnwantedAddress,
)
from portal.partners.models import Partner

logger = logging.getLogger(__name__)

#: How long a claim holds: longer than any batch takes to send.
LEASE = timedelta(minutes=10)
#: The waits after a failed try; after the last one the letter is given up.
WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))
BATCH = 50
#: For so long after it was sent the question may be answered, and for so long after it was answered corrected.
ANSWERABLE = timedelta(days=60)
CORRECTABLE = timedelta(days=14)
MOST_CHANGES = 20
#: Answers that the desk compares.
LATELY = timedelta(days=60)
SHOWN = 20

_signer = signing.Signer(salt="leads.customer")


# --- Letters ----------------------------------------------------------------------------------------------------------


def plan_letters(offer: Offer, *, lead: Lead, now: datetime) -> None:
    """Note which letters the policy has for the customer of a lead that was accepted just now; called under its lock."""
    if lead.policy is None:
        return
    rules = lead.policy.policy
    due = {}
    if rules.tells_customer and lead.contact_due_at is not None:
        due[LetterKind.TOLD] = now
    if rules.asks_after_days:
        due[LetterKind.ASKED] = now + timedelta(days=rules.asks_after_days)
    CustomerLetter.objects.bulk_create(
        (CustomerLetter(lead=lead, offer=offer, kind=kind, due_at=moment) for kind, moment in due.items()),
        ignore_conflicts=True,
    )


def send_due_letters(*, now: datetime, limit: int = 500) -> int:
    """Send what is due, at most ``limit`` letters; returns how many were sent."""
    sent = tried = 0
    while tried < limit:
        claim = uuid.uuid4().hex
        batch = claim_due(claim, now=now, limit=min(BATCH, limit - tried))
        if not batch:
            break
        tried += len(batch)
        mail = get_connection()
        for pk in batch:
            # Read now: what was claimed a minute ago may not hold any more, nor may the claim.
            letter = _with_everything().filter(pk=pk, claim=claim).first()
            if letter is None:
                continue
            reason = find_hindrance(letter, now=now)
            if reason is not None:
                _settle(letter, state=LetterState.DROPPED, drop_reason=reason)
                continue
            try:
                _send(letter, mail)
            except Exception as error:  # any server may fail in any way: this one comes up again, the next goes on
                logger.warning("Letter %s to a customer was not sent: %s", letter.pk, type(error).__name__)
                _put_off(letter, error, now=now)
                mail.close()
            else:
                sent += 1
                _settle(letter, state=LetterState.SENT, sent_at=now, error="")
        mail.close()
    return sent


@transaction.atomic
def claim_due(claim: str, *, now: datetime, limit: int) -> list[int]:
    """Take up to ``limit`` due letters for the holder of ``claim``, until the lease runs out; their ids."""
    due = CustomerLetter.objects.due(now).order_by("due_at")
    skips = connection.features.has_select_for_update_skip_locked
    ids = list(due.select_for_update(skip_locked=skips).values_list("pk", flat=True)[:limit])
    CustomerLetter.objects.filter(pk__in=ids).update(due_at=now + LEASE, claim=claim, tries=F("tries") + 1)
    return ids


def find_hindrance(letter: CustomerLetter, *, now: datetime) -> DropReason | None:
    """Why a letter is not to be sent any more; None where it is."""
    lead, offer = letter.lead, letter.offer
    contact = LeadContact.objects.filter(lead=lead).first()
    if lead.status == LeadStatus.CLOSED:
        return DropReason.CLOSED
    if offer.state != OfferState.ACCEPTED or lead.partner_id != offer.partner_id:
        return DropReason.TAKEN_BACK
    if lead.lost_reason == LostReason.INVALID:
        return DropReason.INVALID
    if contact is None or not contact.has_valid_email:
        return DropReason.NO_ADDRESS
    if is_unwanted(contact.email):
        return DropReason.REFUSED
    if letter.kind == LetterKind.TOLD:
        if lead.first_contact_at is not None or lead.is_finished:
            return DropReason.CALLED
        if lead.contact_due_at is None or lead.contact_due_at <= now:
            return DropReason.LATE
    return None


def _send(letter: CustomerLetter, mail: object) -> None:
    lead, partner = letter.lead, letter.offer.partner
    with translation.override(choose_language(lead)), timezone.override(partner.time_zone):
        person = find_caller(letter)
        refuse_url = settings.BASE_URL + find_refuse_path(letter)
        asks = letter.kind == LetterKind.ASKED
        context = {
            "partner": partner.name,
            "person": person.get_full_name() if person else "",
            "product": lead.product,
            "received_at": lead.received_at,
            "due_at": lead.contact_due_at,
            "vendor_name": settings.VENDOR_NAME,
            "refuse_url": refuse_url,
        }
        name = f"leads/letters/{letter.kind}"
        message = compose_letter(
            lead.contact.email,
            subject=render_to_string(f"{name}.subject.txt", context).strip(),
            paragraphs=_split(render_to_string(f"{name}.body.txt", context)),
            url=settings.BASE_URL + find_question_path(letter) if asks else "",
            action=str(_("Answer three questions")) if asks else "",
            footer=render_to_string("leads/letters/footer.txt", context).strip(),
            mail=mail,
        )
    answer_to = LeadRules.load().reply_to if asks else person.email if person else ""
    if answer_to:
        message.reply_to = [answer_to]
    message.extra_headers |= {
        "Message-ID": f"<lead-letter.{letter.public_id}@{urlsplit(settings.BASE_URL).hostname}>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{refuse_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    message.send()


def _split(body: str) -> list[str]:
    paragraphs = (" ".join(part.split()) for part in body.split("\n\n"))
    return [part for part in paragraphs if part]


def _put_off(letter: CustomerLetter, error: Exception, *, now: datetime) -> None:
    name = type(error).__name__[:80]
    if letter.tries <= len(WAITS):
        _settle(letter, due_at=now + WAITS[letter.tries - 1], error=name)
    else:
        _settle(letter, state=LetterState.DROPPED, drop_reason=DropReason.FAILED, error=name)


def _settle(letter: CustomerLetter, **fields: object) -> None:
    """Write the outcome, unless the lease ran out meanwhile and another sender holds the letter."""
    CustomerLetter.objects.filter(pk=letter.pk, claim=letter.claim).update(claim="", **fields)


def choose_language(lead: Lead) -> str:
    """The lead's language where the portal speaks it, else the portal's own."""
    spoken = dict(settings.LANGUAGES)
    for code in (lead.language.lower(), lead.language.lower().partition("-")[0]):
        if code in spoken:
            return code
    return str(settings.LANGUAGE_CODE)


def find_caller(letter: CustomerLetter) -> User | None:
    """Who of the partner calls: whoever works the lead, else whoever accepted it; None where neither is there any more."""
    lead, offer = letter.lead, letter.offer
    if lead.partner_id == offer.partner_id and lead.assignee is not None:
        return lead.assignee.user
    person = offer.closed_by if offer.state == OfferState.ACCEPTED else None
    return person if person is not None and person.is_active else None


# --- Links: whoever has one is the customer ---------------------------------------------------------------------------


def make_token(letter: CustomerLetter) -> str:
    return _signer.sign(letter.public_id)


def find_question_path(letter: CustomerLetter) -> str:
    """The page of the question, in the active language."""
    return reverse("leads:heard", args=[make_token(letter)])


def find_refuse_path(letter: CustomerLetter) -> str:
    return reverse("leads:unwanted", args=[make_token(letter)])


def find_letter(token: str) -> CustomerLetter | None:
    """The letter whose link it is; None where it is nobody's."""
    try:
        public_id = _signer.unsign(token)
    except signing.BadSignature:
        return None
    return _with_everything().filter(public_id=public_id).first()


def _with_everything() -> QuerySet[CustomerLetter]:
    return CustomerLetter.objects.select_related(
        "lead__product", "lead__contact", "lead__assignee__user", "lead__policy", "offer__partner", "offer__closed_by",
        "offer__answer",
    )  # fmt: skip


# --- Answers ----------------------------------------------------------------------------------------------------------


def check_answerable(letter: CustomerLetter, *, now: datetime) -> None:
    """Refuse where the question is not open any more.

    Raises:
        Refusal: it was never asked; too much time has passed; or the contact was erased.
    """
    closed = Refusal(
        _("This question is not open any more."),
        remedy=_("If something is still to be said, answer the letter that you had."),
        code="not_open",
    )
    if letter.kind != LetterKind.ASKED or letter.sent_at is None:
        raise closed
    if not LeadContact.objects.filter(lead=letter.lead_id).exists():
        raise closed
    answer = CustomerAnswer.objects.filter(offer=letter.offer_id).first()
    if now > (answer.answered_at + CORRECTABLE if answer else letter.sent_at + ANSWERABLE):
        raise closed


@transaction.atomic
def record_answer(
    letter: CustomerLetter,
    *,
    called: bool,
    called_on: date | None = None,
    rating: int | None = None,
    words: str = "",
    wish: str = "",
    now: datetime,
) -> CustomerAnswer:
    """Keep what the customer says; a second time corrects the first.

    Args:
        called_on: the day of the first call, if the customer remembers; not said of a call that was none.
        rating: 1 to 5, or none.

    Raises:
        Refusal: the question is closed, or it was corrected too often; the day lies ahead, or before the lead was taken.
    """
    lead = Lead.objects.select_for_update(of=("self",)).get(pk=letter.lead_id)
    check_answerable(letter, now=now)
    called_on = called_on if called else None
    zone = ZoneInfo(letter.offer.partner.time_zone)
    taken_on = (letter.offer.closed_at or letter.offer.made_at).astimezone(zone).date()
    # A day more on either side: it may be another one where the customer is.
    first, last = taken_on - timedelta(days=1), now.astimezone(zone).date() + timedelta(days=1)
    if called_on is not None and not first <= called_on <= last:
        raise Refusal(
            _("That day cannot be: the call was between %(first)s and today.")
            % {"first": date_format(taken_on, FORMATS["date"]())},
            remedy=_("Leave the day empty if you do not remember it."),
            code="day",
        )
    has_it = lead.partner_id == letter.offer.partner_id
    kept = was_kept(
        due_at=lead.contact_due_at if has_it else None, called=called, called_on=called_on,
        said_at=lead.first_contact_at if has_it else None, answered_at=now, zone=letter.offer.partner.time_zone,
    )  # fmt: skip
    given = {
        "called": called, "called_on": called_on, "kept": kept, "rating": rating, "words": words.strip(),
        "wish": wish.strip(), "changed_at": now,
    }  # fmt: skip
    answer = CustomerAnswer.objects.filter(offer=letter.offer_id).first()
    if answer is None:
        answer = CustomerAnswer.objects.create(
            offer=letter.offer, lead=lead, partner=letter.offer.partner, answered_at=now, **given
        )
        customers_answered.announce(lead_ids=lead.pk, by=None)
        return answer
    if answer.changes >= MOST_CHANGES:
        raise Refusal(_("This answer was changed as often as it can be."), code="too_many")
    for name, value in given.items():
        setattr(answer, name, value)
    answer.changes += 1
    answer.save()
    return answer


# --- Who does not want letters ----------------------------------------------------------------------------------------


def is_unwanted(address: str) -> bool:
    return UnwantedAddress.objects.filter(digest__in=_digests(address)).exists()


@transaction.atomic
def refuse_letters(letter: CustomerLetter, *, now: datetime) -> bool:
    """Write no more to whoever had this letter, about this lead or another. Safe to repeat.

    Returns:
        Whether there is somebody to write to at all: an erased contact is not written to anyway.
    """
    contact = LeadContact.objects.filter(lead=letter.lead_id).first()
    if contact is None or not contact.email:
        return False
    UnwantedAddress.objects.get_or_create(digest=_digests(contact.email)[0], defaults={"refused_at": now})
    return True


@transaction.atomic
def want_letters_again(letter: CustomerLetter) -> None:
    """Take a refusal back that was made by mistake."""
    contact = LeadContact.objects.filter(lead=letter.lead_id).first()
    if contact is not None:
        UnwantedAddress.objects.filter(digest__in=_digests(contact.email)).delete()


def _digests(address: str) -> list[str]:
    """By the secret in force and those before it."""
    return [
        salted_hmac("leads.unwanted", address.strip().casefold(), secret=secret, algorithm="sha256").hexdigest()
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


# --- What the answers say ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer beside the partner's own word, and whether they agree."""

    answer: CustomerAnswer
    hearing: Hearing


def weigh(answer: CustomerAnswer) -> Heard:
    """Set an answer against the lead as the partner keeps it. What a later partner did says nothing of this one."""
    lead = answer.lead
    if lead.partner_id != answer.partner_id:
        return Heard(answer, Hearing.AGREED)
    hearing = compare(
        said_at=lead.first_contact_at, called=answer.called, called_on=answer.called_on, answered_at=answer.changed_at,
        zone=answer.partner.time_zone,
    )  # fmt: skip
    return Heard(answer, hearing)


def was_told(offer: Offer | None) -> bool:
    """Whether the customer was written who of this partner calls, and by when."""
    letters = CustomerLetter.objects.filter(offer=offer, kind=LetterKind.TOLD, state=LetterState.SENT)
    return offer is not None and letters.exists()


def find_heard(lead: Lead, partner: Partner) -> Heard | None:
    """What the customer says of the partner that has the lead; None before the answer."""
    answer = CustomerAnswer.objects.filter(lead=lead, partner=partner).select_related("lead", "partner").first()
    return weigh(answer) if answer else None


def list_heard(lead: Lead) -> list[Heard]:
    """Every answer of a lead's customer, of whichever partner, the latest first."""
    return [weigh(answer) for answer in lead.answers.select_related("lead", "partner").order_by("-answered_at")]


def list_contrary(*, now: datetime) -> list[Heard]:
    """Where the customer and the partner say different things, the latest first."""
    answers = CustomerAnswer.objects.filter(
        answered_at__gt=now - LATELY, offer__state=OfferState.ACCEPTED, lead__partner=F("partner")
    ).select_related("lead", "partner")
    found = [weigh(answer) for answer in answers.order_by("-answered_at")[: SHOWN * 10]]
    return [heard for heard in found if heard.hearing.is_contrary][:SHOWN]


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """How a partner's customers were served, as they say: figures over at least :data:`AT_LEAST` answers.

    Attributes:
        answers: over how many the figures are.
        called: how many of these were called.
        promised, kept: of how many it can be said whether the promised first contact was kept, and of how many it was.
        rated, rating: how many gave a mark, and its mean, 1 to 5; None below :data:`AT_LEAST` marks.
    """

    partner: Partner
    answers: int
    called: int
    promised: int
    kept: int
    rated: int
    rating: float | None


def list_satisfaction() -> list[Satisfaction]:
    """Every partner with so many answers that a figure can be told, the least content customers first; two queries."""
    counted = CustomerAnswer.objects.order_by().values("partner").annotate(
        answers=Count("pk"), yes=Count("pk", filter=Q(called=True)), promised=Count("kept"),
        in_time=Count("pk", filter=Q(kept=True)), rated=Count("rating"), mean=Avg("rating"),
    )  # fmt: skip
    told = counted.filter(answers__gte=AT_LEAST)
    rows = list(told.values_list("partner", "answers", "yes", "promised", "in_time", "rated", "mean"))
    partners = Partner.objects.in_bulk([row[0] for row in rows])
    made = [
        Satisfaction(partners[pk], answers, called, promised, kept, rated, float(mean) if rated >= AT_LEAST else None)
        for pk, answers, called, promised, kept, rated, mean in rows
    ]
    return sorted(made, key=lambda one: (one.rating if one.rating is not None else 6.0, one.partner.name))


def find_satisfaction(partner: Partner) -> Satisfaction | None:
    """The same for the partner itself, in whole groups of :data:`AT_LEAST` answers in their order, so that no single mark
    shows by the difference; None while there are fewer."""
    answers = CustomerAnswer.objects.filter(partner=partner).order_by("answered_at", "pk")
    count = in_whole(answers.count(), AT_LEAST)
    if not count:
        return None
    rows = list(answers.values_list("called", "kept", "rating")[:count])
    marks = [rating for _called, _kept, rating in rows if rating is not None]
    marks = marks[: in_whole(len(marks), AT_LEAST)]
    return Satisfaction(
        partner=partner,
        answers=count,
        called=sum(called for called, _kept, _rating in rows),
        promised=sum(kept is not None for _called, kept, _rating in rows),
        kept=sum(kept is True for _called, kept, _rating in rows),
        rated=len(marks),
        rating=sum(marks) / len(marks) if marks else None,
    )
