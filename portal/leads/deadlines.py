"""By when something is answered, counted in the vendor's working days. Pure."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from portal.leads.hours import midnight

#: A calendar without a working day in so many days has none: then days are counted as they come.
HORIZON_DAYS = 370


def end_of_workday(
    moment: datetime, *, count: int, workdays: Collection[int], holidays: Collection[date], zone: str
) -> datetime:
    """The last minute of the ``count``-th working day after the one in which the moment lies, in UTC.

    Args:
        workdays: weekdays on which work is done, Monday being 0.
        holidays: days on which it is not.
    """
    noon = midnight(moment, zone) + timedelta(hours=12)
    left, ahead = count, 0
    while left > 0 and ahead < HORIZON_DAYS:
        ahead += 1
        day = (noon + timedelta(days=ahead)).date()
        if day.weekday() in workdays and day not in holidays:
            left -= 1
    return midnight(moment, zone, days=(ahead if left == 0 else count) + 1) - timedelta(minutes=1)
