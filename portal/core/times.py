"""How the portal speaks of time: spans in two units at most, moments with their zone named."""

from datetime import datetime, timedelta

from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

# How a moment is written, by the word given to the ``in_zone`` filter. Translators change order, words and clock.
FORMATS = {
    "full": lambda: pgettext("date format", "j M Y, H:i"),
    "long": lambda: pgettext("date format", "l, j F, H:i"),
    "short": lambda: pgettext("date format", "j M, H:i"),
    "date": lambda: pgettext("date format", "j M Y"),
    "day": lambda: pgettext("date format", "j M"),
    "time": lambda: pgettext("date format", "H:i"),
}

# A date alone needs no clock, hence no zone either.
WITHOUT_CLOCK = frozenset({"date", "day"})


def describe_duration(span: timedelta) -> str:
    """A span of time in its two largest units, rounded down: "3 h 20 min". Never negative."""
    seconds = max(0, int(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes = rest // 60
    if days and hours:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if days:
        return _("%(days)d d") % {"days": days}
    if hours and minutes:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if hours:
        return _("%(hours)d h") % {"hours": hours}
    if minutes:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("less than a minute")


def describe_until(moment: datetime, *, now: datetime) -> str:
    """How far away a moment is: "in 3 h 20 min", "3 h 20 min ago"."""
    if moment >= now:
        return _("in %(span)s") % {"span": describe_duration(moment - now)}
    return _("%(span)s ago") % {"span": describe_duration(now - moment)}


def name_zone(moment: datetime) -> str:
    """The zone of an aware moment as people write it: "MSK", or "UTC+4" where the zone has no letters."""
    name = moment.tzname() or "UTC"
    if name == "MSK":
        return pgettext("time zone", "MSK")
    if name[0] not in "+-":
        return name
    hours, minutes = name[:3].lstrip("+-").lstrip("0") or "0", name[3:5]
    return f"UTC{name[0].replace('-', '−')}{hours}" + (f":{minutes}" if minutes and minutes != "00" else "")


def describe_moment(moment: datetime, style: str = "full") -> str:
    """An aware moment in the reader's zone, with the zone named wherever a clock time is shown.

    Raises:
        KeyError: ``style`` is none of :data:`FORMATS`.
    """
    local = timezone.localtime(moment)
    text = dateformat.format(local, FORMATS[style]())
    # No-break spaces keep "10:52 MSK" together on a narrow phone.
    return text if style in WITHOUT_CLOCK else f"{text}\u00a0{name_zone(local)}"
