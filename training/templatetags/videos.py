"""How moments of a video are written."""

from django import template

from training.captions import suggest_resuming, write_clock

register = template.Library()


@register.filter
def clock(seconds: int) -> str:
    """Seconds as players write them: "1:15"."""
    return write_clock(seconds)


@register.filter
def in_seconds(milliseconds: int) -> int:
    """Whole seconds, rounded down, as addresses name a moment."""
    return milliseconds // 1000


@register.filter
def resuming(stopped: int, length: int) -> int:
    """Where to go on; 0 for the beginning."""
    return suggest_resuming(stopped, length)
