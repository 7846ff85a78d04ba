"""The wording of codes that pure modules and stored rows use. Said once; screens and commands read it here."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.leads.hearing import Hearing
from portal.leads.models import FieldChoices, HeldReason
from portal.leads.routing import Verdict
from portal.leads.rows import Reason, UnreadableFile

HEARINGS: dict[Hearing, str | Promise] = {
    Hearing.AGREED: _("They agree"),
    Hearing.PARTNER_ONLY: _("The partner noted a call, the customer says that nobody called"),
    Hearing.CUSTOMER_ONLY: _("The customer was called, the partner has noted nothing"),
    Hearing.APART: _("They speak of different days"),
}

VERDICTS: dict[Verdict, str | Promise] = {
    Verdict.INACTIVE: _("The partner is not active"),
    Verdict.AGREEMENT: _("The current agreement is not accepted"),
    Verdict.QUALIFICATION: _("Not qualified in the programme"),
    Verdict.KIND: _("Is not of a kind that the route is for"),
    Verdict.TIER: _("Its tier is below the route's"),
    Verdict.COVERAGE: _("Has nobody in a job role that the route asks for"),
    Verdict.TERRITORY: _("Does not work in the region"),
    Verdict.PRODUCT: _("Does not sell the product"),
    Verdict.LANGUAGE: _("Does not work in the customer's language"),
    Verdict.PAUSED: _("Had paused its leads"),
    Verdict.HOURS: _("Was not at work at that hour"),
    Verdict.DAY_CAP: _("Has had as many leads that day as it may"),
    Verdict.OPEN_CAP: _("Has as many open offers as it may"),
    Verdict.ALREADY_OFFERED: _("Was offered this lead before"),
    Verdict.CONFLICT: _("Was kept from this lead by the vendor"),
    Verdict.ENOUGH: _("The lead was offered to as many as its rules allow"),
    Verdict.NOT_ITS_TURN: _("It was not its turn yet"),
    Verdict.WINNER: _("Got the lead"),
}


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What stopped a partner, said to its own people, and the smallest change that would have let it compete.

    Attributes:
        url: the name of the page where the change begins; empty where there is none.
    """

    condition: str | Promise
    remedy: str | Promise
    url: str = ""
    action: str | Promise = ""


_SEE_ORGANISATION = _("See your organisation")

HINDRANCES: dict[Verdict, Hindrance] = {
    Verdict.INACTIVE: Hindrance(
        _("Your organisation is suspended"), _("Your channel manager says what has to be settled first."),
        "partners:organisation", _SEE_ORGANISATION,
    ),
    Verdict.AGREEMENT: Hindrance(
        _("The current agreement was not accepted"), _("The owner of your organisation accepts it in your name."),
        "partners:agreement", _("See the agreement"),
    ),
    Verdict.QUALIFICATION: Hindrance(
        _("Not qualified in the programme"), _("One page shows which credentials are lacking, and who can win them."),
        "certification:standing", _("See what your organisation lacks"),
    ),
    Verdict.KIND: Hindrance(
        _("For partners of another kind"), _("These leads are not meant for yours; nothing needs changing.")
    ),
    Verdict.TIER: Hindrance(
        _("For partners of a higher tier"), _("It opens with the tier."), "partners:organisation", _SEE_ORGANISATION
    ),
    Verdict.COVERAGE: Hindrance(
        _("You had nobody in a job role that is asked for"), _("Your channel manager says which; the owner invites them.")
    ),
    Verdict.TERRITORY: Hindrance(
        _("Not one of your regions then"), _("Ask your channel manager to add the region."),
        "partners:organisation", _SEE_ORGANISATION,
    ),
    Verdict.PRODUCT: Hindrance(
        _("Not one of your products"), _("Ask your channel manager to add the product."),
        "partners:organisation", _SEE_ORGANISATION,
    ),
    Verdict.LANGUAGE: Hindrance(
        _("The customer speaks a language that you had not named"),
        _("Your owner or a head of team names the languages you work in."),
    ),
    Verdict.PAUSED: Hindrance(
        _("Your leads were paused"), _("Your owner or a head of team ends the pause; it costs no credit.")
    ),
    Verdict.HOURS: Hindrance(
        _("You were not at work at that hour"), _("Longer hours let you compete for more; a night costs no credit.")
    ),
    Verdict.DAY_CAP: Hindrance(
        _("You had had as many that day as you may"), _("The next day begins anew; a cap of your own can be raised.")
    ),
    Verdict.CONFLICT: Hindrance(
        _("The vendor kept it from you"), _("Your channel manager knows the reason, which is kept with the lead.")
    ),
    Verdict.ENOUGH: Hindrance(
        _("It had been offered to as many as its rules allow"), _("Nothing needs changing: your turn comes by itself.")
    ),
    Verdict.ALREADY_OFFERED: Hindrance(
        _("You had been offered it before"), _("A lead is offered to each partner once; nothing needs changing.")
    ),
    Verdict.OPEN_CAP: Hindrance(
        _("You had as many open offers as you may have"), _("Answer your open offers: each answer makes room for a lead."),
        "leads:offers", _("See your open offers"),
    ),
    Verdict.NOT_ITS_TURN: Hindrance(
        _("It was another partner's turn"), _("Nothing needs changing: your turn comes by itself."),
        "leads:turns", _("See your turns"),
    ),
}  # fmt: skip


def describe_hindrance(verdict: Verdict) -> Hindrance:
    """In words to the partner; what has none yet is said as staff read it."""
    return HINDRANCES.get(verdict) or Hindrance(
        VERDICTS.get(verdict, verdict.name), _("Your channel manager can say what would change it.")
    )


REASONS: dict[Reason, str | Promise] = {
    Reason.MISSING: _("is empty"),
    Reason.UNKNOWN: _("is not known to the portal"),
    Reason.BAD_DATE: _("is not a date that can be read (2026-11-24 or 24.11.2026)"),
    Reason.FUTURE_DATE: _("lies in the future"),
    Reason.BAD_NUMBER: _("is not a whole number"),
    Reason.BAD_EMAIL: _("is not an e-mail address"),
    Reason.BAD_PHONE: _("is not a phone number with its country code"),
    Reason.TOO_LONG: _("is too long and was cut short"),
    Reason.REPEATED: _("stands in an earlier row of this file"),
    Reason.EXTRA_CELLS: _("has more cells than the header"),
    Reason.FEWER_CELLS: _("has fewer cells than the header"),
}

#: Short names of fields, as a report of problems has them.
FIELDS: dict[str, str | Promise] = {
    **{choice.value: choice.label for choice in FieldChoices},
    FieldChoices.MESSAGE.value: _("Message"),
    FieldChoices.CONTACT_NAME.value: _("Contact's name"),
    FieldChoices.CONTACT_EMAIL.value: _("Contact's e-mail"),
    FieldChoices.CONTACT_PHONE.value: _("Contact's phone"),
    FieldChoices.EXTERNAL_ID.value: _("Number at the source"),
    FieldChoices.EVIDENCE.value: pgettext_lazy("column", "Evidence"),
    "row": pgettext_lazy("table", "Row"),
}

#: Which field a hold is about, and the one thing that would end it.
REMEDIES: dict[HeldReason, tuple[str, str | Promise]] = {
    HeldReason.UNKNOWN_PRODUCT: ("product", _("Name the product in the source, or complete the lead.")),
    HeldReason.UNKNOWN_REGION: ("region", _("Name the region in the source, or complete the lead.")),
    HeldReason.NO_ROUTE: ("route", _("Add a route for this product and region.")),
    HeldReason.NO_CONTACT: ("company", _("Complete the lead with a company or a contact.")),
    HeldReason.NO_QUALIFIED_PARTNER: ("route", _("It wakes when a partner qualifies in the route's programme.")),
    HeldReason.NO_PARTNER_HERE: ("region", _("It wakes when a partner for this region and product qualifies.")),
    HeldReason.AT_CAPACITY: ("route", _("It wakes when a partner answers an open offer, or the route allows more.")),
    HeldReason.ALL_OFFERED: ("route", _("It wakes when another partner for it qualifies.")),
    HeldReason.OFFERED_ENOUGH: ("route", _("Assign it by hand, or close it: its route offers it to nobody else.")),
    HeldReason.PAUSED: ("route", _("It wakes when one of them receives leads again.")),
    HeldReason.OUT_OF_HOURS: ("route", _("It wakes when the first of them begins its day.")),
    HeldReason.DAY_FULL: ("route", _("It wakes when their next day begins.")),
}


def describe_unreadable(error: UnreadableFile) -> tuple[str | Promise, str | Promise]:
    """Why a file is refused as a whole, and what would change that."""
    match error.code:
        case "empty":
            return _("The file is empty."), _("Export it again, with its header row.")
        case "no_identity":
            return (
                _("No column of the file is the identity of a lead. The first row has: %(found)s.")
                % {"found": error.details["found"]},
                _("The source expects it in the column “%(wanted)s”: without it a second import doubles every lead.")
                % {"wanted": error.details["wanted"]},
            )
        case "column_twice":
            return (
                _("Several columns mean the same: %(columns)s.") % error.details,
                _("Rename or remove one of them in the file."),
            )
        case "open_quote":
            return (
                _("A quotation mark opened in row %(row)s is never closed: the rows after it would be lost.")
                % error.details,
                _("Close or double it in the file."),
            )
    raise KeyError(error.code)


def describe_problem(problem: dict[str, str]) -> str:
    """A stored problem in words: "Product is not known to the portal: GTK 500"."""
    field = FIELDS.get(problem["field"], problem["field"])
    text = f"{field} {REASONS[Reason(problem['reason'])]}"
    return f"{text}: {problem['value']}" if problem.get("value") else text
