"""Reading what was decided: for screens, and for receivers that need ids from ids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.models import Qualification
from portal.core.times import FORMATS, describe_duration
from portal.leads.discretion import mask_contacts
from portal.leads.fairness import AHEAD
from portal.leads.labels import VERDICTS
from portal.leads.models import Decision, Lead, Offer
from portal.leads.performance import LEAST_OFFERS
from portal.leads.routing import COMPETED, TURN, Verdict, accrue
from portal.leads.services.backtests import Waits
from portal.leads.services.turns import RouteTurns
from portal.partners.models import Partner

# --- Ids from ids -----------------------------------------------------------------------------------------------------


def routes_of_leads(lead_ids: Iterable[int]) -> list[int]:
    """The routes on which these leads wait as new."""
    new = Lead.objects.new().filter(pk__in=list(lead_ids))
    return sorted(set(new.order_by().values_list("route_id", flat=True)))


def partners_of_offers(offer_ids: Iterable[int]) -> list[int]:
    offers = Offer.objects.filter(pk__in=list(offer_ids)).order_by()
    return sorted(set(offers.values_list("partner_id", flat=True)))


def partners_of_qualifications(qualification_ids: Iterable[int]) -> list[int]:
    found = Qualification.objects.filter(pk__in=list(qualification_ids)).order_by()
    return sorted(set(found.values_list("partner_id", flat=True)))


# --- Why it went where it went ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Considered:
    """One partner of a decision. Credits are in turns, None for those that did not compete."""

    partner_id: int
    partner: str
    weight: int
    verdict: Verdict
    label: str | Promise
    before: float | None = None
    accrued: float | None = None
    after: float | None = None

    @property
    def competed(self) -> bool:
        return self.verdict in COMPETED


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision in full: those that competed first, the winner at their head, then the others."""

    decision: Decision
    made_at: datetime
    considered: tuple[Considered, ...]

    @property
    def competed(self) -> list[Considered]:
        return [one for one in self.considered if one.competed]

    @property
    def stopped(self) -> list[Considered]:
        return [one for one in self.considered if not one.competed]


def explain_decisions(lead: Lead) -> list[Explained]:
    """Every decision about the lead, the latest first. Two queries, however many partners were considered."""
    decisions = list(Decision.objects.filter(lead=lead).select_related("roster", "route").order_by("-made_at", "-pk"))
    partner_ids = {partner_id for decision in decisions for partner_id, _weight in decision.roster.entries}
    names = dict(Partner.objects.filter(pk__in=partner_ids).values_list("pk", "name"))
    return [explain(decision, names) for decision in decisions]


def explain(decision: Decision, names: Mapping[int, str]) -> Explained:
    """Set a stored decision against its roster. The accruals follow from the weights of those that competed."""
    entries: Sequence[Sequence[int]] = decision.roster.entries
    letters = [Verdict(letter) for letter in decision.verdicts]
    competed = tuple(
        (partner_id, weight)
        for (partner_id, weight), letter in zip(entries, letters, strict=True)
        if letter in COMPETED
    )
    accruals = accrue(competed) if competed else {}
    before = dict(zip((partner_id for partner_id, _weight in competed), decision.credits, strict=True))
    considered = []
    for (partner_id, weight), letter in zip(entries, letters, strict=True):
        turns: dict[str, float] = {}
        if letter in COMPETED:
            after = before[partner_id] + accruals[partner_id] - (TURN if letter is Verdict.WINNER else 0)
            turns = {
                "before": before[partner_id] / TURN,
                "accrued": accruals[partner_id] / TURN,
                "after": after / TURN,
            }
        considered.append(
            Considered(partner_id, names.get(partner_id, f"#{partner_id}"), weight, letter, VERDICTS[letter], **turns)
        )
    order = list(Verdict)
    considered.sort(key=lambda one: (-order.index(one.verdict), one.partner, one.partner_id))
    return Explained(decision, decision.made_at, tuple(considered))


# --- A partner's turns in words -----------------------------------------------------------------------------------------


def describe_about(moment: datetime, *, now: datetime) -> str:
    """A day that is expected, not promised: "today", "tomorrow", "about Thursday", "about 3 Dec"."""
    day, today = timezone.localtime(moment).date(), timezone.localtime(now).date()
    ahead = (day - today).days
    if ahead <= 0:
        return _("today")
    if ahead == 1:
        return _("tomorrow")
    if ahead < 7:
        return [
            _("about Monday"),
            _("about Tuesday"),
            _("about Wednesday"),
            _("about Thursday"),
            _("about Friday"),
            _("about Saturday"),
            _("about Sunday"),
        ][day.weekday()]
    return _("about %(day)s") % {"day": date_format(day, FORMATS["day" if ahead < 180 else "date"]())}


def describe_place_in_turn(turns: RouteTurns) -> str:
    """How many leads come before the partner's next one."""
    if turns.next_lead is None:
        return _("not among the next %(count)s leads, going by the last ones") % {"count": AHEAD}
    if turns.next_lead == 1:
        return _("with the next lead")
    others = turns.next_lead - 1
    return ngettext("after %(count)s other lead", "after %(count)s other leads", others) % {"count": others}


def describe_balance(credit: float) -> str:
    """What is owed, in turns with two decimals: "0.43 turns owed to you"."""
    turns = number_format(abs(credit), 2)
    if turns == number_format(0, 2):
        return _("even")
    return (_("%(turns)s turns owed to you") if credit > 0 else _("%(turns)s turns in advance")) % {"turns": turns}


def describe_performance(turns: RouteTurns) -> str:
    """What the partner did with its offers, beside the average: "18 of 20 offers worked, 112% of the average"."""
    measured = turns.performance
    if not turns.performance_bound:
        return ""
    if measured is None:
        return _("not measured yet")
    return _("%(worked)s of %(offered)s offers worked, %(percent)s%% of the average") % {
        "worked": measured.worked,
        "offered": measured.offered,
        "percent": measured.percent,
    }


def describe_performance_bound(turns: RouteTurns) -> str:
    """By how much it may move the weight, and from how many offers on."""
    return _(
        "It moves your weight by %(bound)s%% at most. Measured on the first of each month, from %(least)s offers of three "
        "months on: those whose customer you spoke with."
    ) % {"bound": turns.performance_bound, "least": LEAST_OFFERS}


def describe_waits(waits: Waits | None) -> dict[str, str]:
    """How long leads waited, in words; nothing where none did."""
    if waits is None:
        return {}
    return {"half": describe_duration(waits.half), "most": describe_duration(waits.most)}


def describe_history(turns: RouteTurns) -> str:
    """The drawing of the credit in words."""
    if not turns.history:
        return ""
    count, served = len(turns.history_won), sum(turns.history_won)
    span = ngettext(
        "You competed for %(count)s turn and got %(served)s.",
        "Of the last %(count)s turns that you competed for you got %(served)s.",
        count,
    ) % {"count": count, "served": served}
    return _("%(span)s The balance lay between %(least)s and %(most)s; now: %(now)s.") % {
        "span": span,
        "least": describe_balance(min(turns.history) / TURN),
        "most": describe_balance(max(turns.history) / TURN),
        "now": describe_balance(turns.balance),
    }


def describe_decline(turns: RouteTurns | None, *, now: datetime) -> str:
    """What declining costs, and when the next turn is expected."""
    if turns is None or not turns.takes_part:
        return _("This uses your turn; your next one comes when your organisation may have leads here again.")
    if turns.next_at is not None:
        return _("This uses your turn; your next is expected %(when)s.") % {
            "when": describe_about(turns.next_at, now=now)
        }
    if turns.next_lead is None:
        return _("This uses your turn; when your next one comes cannot be said.")
    return _("This uses your turn; your next is expected %(place)s. On which day cannot be said yet.") % {
        "place": describe_place_in_turn(turns)
    }


def describe_week(monday: date | None) -> str:
    if monday is None:
        return _("Several weeks")
    return _("Week of %(day)s") % {"day": date_format(monday, FORMATS["day"]())}


@dataclass(frozen=True, slots=True)
class Curve:
    """A credit over the last turns, drawn. ``line`` holds the points, ``notches`` the places of the turns it got, down
    from ``foot``."""

    width: int
    height: int
    zero: int
    line: str
    notches: tuple[str, ...]
    foot: int


def draw_credit(turns: RouteTurns, *, width: int = 600, height: int = 96, notch: int = 8) -> Curve | None:
    """What is owed stands above the zero line, what was had in advance below; None where there is nothing to draw."""
    if len(turns.history) < 2:
        return None
    top = max(TURN, *(abs(credit) for credit in turns.history))
    middle = (height - notch) / 2
    step = width / (len(turns.history) - 1)
    return Curve(
        width=width,
        height=height,
        zero=round(middle),
        line=" ".join(
            f"{place * step:.1f},{middle - credit / top * (middle - 2):.1f}"
            for place, credit in enumerate(turns.history)
        ),
        notches=tuple(f"{place * step:.1f}" for place, won in enumerate(turns.history_won, start=1) if won),
        foot=height - notch,
    )


# --- An offered lead in words: no name of the customer, no way to reach them -------------------------------------------

#: An offer with less than this share of its window left is urgent.
URGENT = 0.25


def describe_need(lead: Lead) -> str:
    """The customer without a name: "Retail, 40 employees", "A company with 40 employees"."""
    sector = lead.sector[:1].upper() + lead.sector[1:]
    if not lead.employees:
        return sector or _("A company that asked for help")
    if sector:
        text = ngettext("%(sector)s, %(count)s employee", "%(sector)s, %(count)s employees", lead.employees)
    else:
        text = ngettext("A company with %(count)s employee", "A company with %(count)s employees", lead.employees)
    return text % {"sector": sector, "count": group_digits(lead.employees)}


def group_digits(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)


def describe_place(lead: Lead) -> str:
    """Country and region, as far as they are known."""
    return ", ".join(part for part in (lead.country, str(lead.region or "")) if part)


def masked_message(lead: Lead) -> str:
    """The customer's words without the ways to reach them, for partners that have not accepted."""
    if not hasattr(lead, "contact"):
        return ""
    contact = lead.contact
    return mask_contacts(contact.message, names=[lead.company, contact.name, *contact.name.split()])


def is_urgent(offer: Offer, *, now: datetime) -> bool:
    return offer.is_open and offer.due_at - now < (offer.due_at - offer.made_at) * URGENT
