"""Small words that certification's templates need."""

from datetime import datetime

from django import template

from portal.core.times import describe_moment

register = template.Library()


@register.filter
def date_only(moment: datetime) -> str:
    """A moment's date in the reader's zone, as plain text for letters."""
    return describe_moment(moment, "date")
