"""Publishing a whole season of a series: from a rule to its sessions, all of them or none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.core.errors import Refusal
from portal.core.localised import LocalisedText
from training.facts import sessions_published
from training.models import Season, Session, WebinarSeriesPage
from training.recurring import (
    MOST_DATES,
    MOST_YEARS,
    WEEKDAYS,
    Fault,
    Occurrence,
    Plan,
    RuleError,
    find_clash,
    list_occurrences,
    read_rule,
)
from training.services.sessions import check_dates, check_running, check_values, hold_dates

MAX_RULE = Season._meta.get_field("rule").max_length or 0


@dataclass(frozen=True, slots=True)
class SeasonPlan:
    """A season as it is to be published.

    Attributes:
        left_out: days of the rule, by the zone's calendar, on which nothing takes place.
        topics: by language, applied to the dates in order; the rest have none of their own.
    """

    plan: Plan
    left_out: frozenset[date] = frozenset()
    topics: tuple[Mapping[str, str], ...] = ()
    speakers: str = ""
    capacity: int | None = None
    meeting_url: str = ""


def list_dates(plan: Plan, *, now: datetime) -> list[Occurrence]:
    """The dates of a rule, for a preview and for publishing.

    Raises:
        Refusal: saying what is wrong with the rule, and with which part of it.
    """
    if not 5 <= plan.minutes <= 600:
        raise Refusal(_("A session lasts between 5 and 600 minutes."), code="minutes")
    if len(plan.rule) > MAX_RULE:
        raise Refusal(_("The rule has at most %(limit)d characters.") % {"limit": MAX_RULE}, code="unreadable")
    try:
        return list_occurrences(plan, today=now.date())
    except RuleError as error:
        raise _refuse_rule(error) from error


@transaction.atomic
def publish_season(series: WebinarSeriesPage, *, plan: SeasonPlan, by: Any, now: datetime) -> Season:
    """Publish the dates of a rule as sessions of a series.

    1. Check that the person may, and that the values can be kept.
    2. Expand the rule, and leave out the days that were ticked off.
    3. Hold the dates of the series; check that all are ahead and none meets another.
    4. Write the season with its sessions, and announce them.

    Raises:
        NotAllowed: for someone who does not run webinars.
        Refusal: naming the part of the rule, or the date, that cannot be. Nothing is written then.
    """
    # 1
    check_running(by)
    check_values({"speakers": plan.speakers, "capacity": plan.capacity, "meeting_url": plan.meeting_url})
    # 2
    dates = [one for one in list_dates(plan.plan, now=now) if one.day not in plan.left_out]
    if not dates:
        raise Refusal(
            _("All days are left out, so there is nothing to publish."), remedy=_("Tick at least one."), code="empty"
        )
    topics = [
        LocalisedText({language: " ".join(text.split()) for language, text in topic.items() if text.strip()})
        for topic in plan.topics
    ]
    if len(topics) > len(dates):
        raise Refusal(
            _("There are %(topics)d topics for %(dates)d dates.") % {"topics": len(topics), "dates": len(dates)},
            remedy=_("Take some topics out, or let the season last longer."),
            code="topics",
        )
    # 3
    hold_dates(series.translation_key)
    check_dates(series.translation_key, [(one.starts_at, one.ends_at) for one in dates], zone=plan.plan.zone, now=now)
    # 4
    season = Season.objects.create(
        series=series,
        series_key=series.translation_key,
        rule=";".join(f"{name}={value}" for name, value in read_rule(plan.plan.rule).items()),
        first_day=plan.plan.first_day,
        at=plan.plan.at,
        zone=plan.plan.zone,
        minutes=plan.plan.minutes,
        published_at=now,
        published_by=by,
    )
    sessions = Session.objects.bulk_create(
        Session(
            page_id=series.pk,
            page_key=series.translation_key,
            season=season,
            place=place + 1,
            topic=topics[place] if place < len(topics) else LocalisedText(),
            speakers=plan.speakers,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            zone=plan.plan.zone,
            capacity=plan.capacity,
            meeting_url=plan.meeting_url,
            changed_at=now,
        )
        for place, one in enumerate(dates)
    )
    sessions_published.announce(session_ids=[session.pk for session in sessions], by=by)
    return season


def find_latest(series: WebinarSeriesPage) -> tuple[Season, Session | None] | None:
    """The season that was published last, with one of its sessions: the next is likely to be like it."""
    season = Season.objects.filter(series_key=series.translation_key).first()
    return (season, season.sessions.order_by("-place").first()) if season else None


def list_weekdays(season: Season) -> list[str]:
    """The days of the week of a season's rule, as it was published: what was moved since does not count."""
    days = read_rule(season.rule).get("BYDAY", "").split(",")
    return [day for day in days if day in WEEKDAYS]


def find_taken_days(series: WebinarSeriesPage, dates: list[Occurrence]) -> frozenset[date]:
    """The days on which something of the series takes place at the same time already. One query."""
    if not dates:
        return frozenset()
    ahead = Session.objects.scheduled().filter(
        page_key=series.translation_key, starts_at__lt=dates[-1].ends_at, ends_at__gt=dates[0].starts_at
    )
    taken = list(ahead.values_list("starts_at", "ends_at"))
    return frozenset(one.day for one in dates if find_clash([(one.starts_at, one.ends_at)], taken) is not None)


def is_past(one: Occurrence, *, now: datetime) -> bool:
    return one.starts_at <= now


def tell_local(one: Occurrence, zone: str) -> datetime:
    """When a date begins, by the clock of its zone."""
    return one.starts_at.astimezone(ZoneInfo(zone))


def _refuse_rule(error: RuleError) -> Refusal:
    """What is wrong with a rule, in words."""
    part = {"part": error.part}
    messages: dict[Fault, tuple[Any, Any]] = {
        Fault.UNREADABLE: (
            _("The rule cannot be read at “%(part)s”.") % part,
            _("A rule looks like this: FREQ=WEEKLY;BYDAY=TU;COUNT=12"),
        ),
        Fault.UNKNOWN_PART: (
            _("The rule has the part “%(part)s”, which is not used here.") % part,
            _("The hour is given apart. Used are FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS."),
        ),
        Fault.TWICE: (_("The rule has the part “%(part)s” twice.") % part, _("Keep one of the two.")),
        Fault.FREQUENCY: (
            _("The rule repeats “%(part)s”; webinars repeat daily, weekly or monthly.") % part
            if error.part
            else _("The rule does not say how often it repeats."),
            _("Begin it with FREQ=DAILY, FREQ=WEEKLY or FREQ=MONTHLY."),
        ),
        Fault.VALUE: (
            _("The part “%(part)s” of the rule has a value that it cannot have.") % part,
            _("BYDAY takes TU or TU,TH, and 2TU in monthly rules only; UNTIL takes a day such as 20270630."),
        ),
        Fault.TWO_ENDS: (_("The rule ends twice: by COUNT and by UNTIL."), _("Keep one of the two.")),
        Fault.ENDLESS: (
            _("The rule never ends."),
            _("Say until which day (UNTIL) or how many times (COUNT)."),
        ),
        Fault.NEVER: (
            _("The rule ends (%(part)s) before its first day.") % part
            if error.part
            else _("The rule never happens: no day is as it says."),
            _("Look at its days, its months and its end once more."),
        ),
        Fault.TOO_MANY: (
            _("The rule has more than %(count)d dates (%(part)s).") % {"count": MOST_DATES, **part},
            _("Publish the first of them now, and a further season later."),
        ),
        Fault.TOO_FAR: (
            _("The rule reaches more than %(years)d years ahead (%(part)s).") % {"years": MOST_YEARS, **part},
            _("Let it end sooner, and publish a further season later."),
        ),
        Fault.ZONE: (_("“%(zone)s” is not a time zone.") % {"zone": error.part}, ""),
    }
    message, remedy = messages[error.fault]
    return Refusal(message, remedy=remedy, code=str(error.fault))
