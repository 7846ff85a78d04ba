"""Tags of the shell: icons, the slots that apps fill, and time in words."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.templatetags.static import static
from django.urls import get_script_prefix, get_urlconf
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_info

from portal.core import shell
from portal.core.memory import Memory
from portal.core.personal import draw_part, make_mark
from portal.core.times import describe_duration, describe_moment, describe_until, name_zone

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "", size: int = 24) -> SafeString:
    """Draw the sprite's symbol ``name``. Without ``label`` it is decoration and silent."""
    return _draw_icon(name, str(label), size, static("core/icons.svg")) if label else _draw_silent(name, size)


@lru_cache(maxsize=1024)
def _draw_silent(name: str, size: int) -> SafeString:
    """The same on every page, of which each has dozens: drawn once."""
    return _draw_icon(name, "", size, static("core/icons.svg"))


def _draw_icon(name: str, label: str, size: int, sprite: str) -> SafeString:
    silence = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon" width="{}" height="{}" viewBox="0 0 24 24" {}><use href="{}#{}"></use></svg>',
        size,
        size,
        silence,
        sprite,
        name,
    )


#: What :func:`once` has drawn, by the part, the language, and what addresses depend on.
_drawn = Memory(size=1000)
#: Seconds that it is kept.
DRAWN_KEPT = 3600


class OnceNode(template.Node):
    """A part that is drawn once. It is given an empty context, so that nothing of one reader's can come into it."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        language = get_language()
        key = (self, language, get_urlconf(), get_script_prefix())
        drawn: SafeString | None = _drawn.get(key)
        if drawn is None:
            drawn = self.nodelist.render(context.new({"LANGUAGE_CODE": language}))
            _drawn.set(key, drawn, DRAWN_KEPT)
        return drawn


@register.tag
def once(parser: Parser, _token: Token) -> OnceNode:
    """``{% once %}`` … ``{% endonce %}``: a part that reads nothing but the language, and is the same for every reader."""
    nodelist = parser.parse(("endonce",))
    parser.delete_first_token()
    return OnceNode(nodelist)


@register.filter
def control(field: BoundField) -> SafeString:
    """The field's control without a placeholder: the label stands above it, and a hint that vanishes helps nobody."""
    return field.as_widget(attrs={"placeholder": False})


@register.simple_tag(takes_context=True)
def personal(context: Context, part: str) -> SafeString:
    """A part of the shell that is the reader's own: drawn, or a mark where the page is being kept for many readers."""
    if context.get("keeping"):
        return make_mark(part)
    request = context.get("request")
    return draw_part(part, request) if request else mark_safe("")


@register.simple_tag(takes_context=True)
def account_links(context: Context) -> list[shell.NavItem]:
    """The links of the account menu."""
    request = context.get("request")
    return shell.collect_account_links(request) if request else []


@register.simple_tag(takes_context=True)
def search_box(context: Context) -> shell.SearchBox | None:
    """The head's search field, if an app offers one."""
    request = context.get("request")
    return shell.find_search(request) if request else None


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The reader's choice of light. Read on the server, so that no page flashes."""
    request = context.get("request")
    return shell.find_theme(request) if request else "auto"


@register.simple_tag(takes_context=True)
def language_choices(context: Context) -> list[dict[str, Any]]:
    """The languages of the interface, each with the address to go on to: this page's translation where there is one."""
    request = context.get("request")
    here = request.get_full_path() if request else "/"
    alternates = context.get("alternates") or {}
    chosen = get_language()
    return [
        {
            "code": code,
            "name": get_language_info(code)["name_local"].capitalize(),
            "next": alternates.get(code, here),
            "chosen": code == chosen,
        }
        for code, _name in settings.LANGUAGES
    ]


@register.filter
def duration(value: Any) -> str:
    """A timedelta or a number of seconds in words: "3 h 20 min". Empty for None."""
    if value is None or value == "":
        return ""
    return describe_duration(value if isinstance(value, timedelta) else timedelta(seconds=float(value)))


@register.filter
def until(value: datetime | None, now: datetime | None = None) -> str:
    """How far away a moment is: "in 3 h 20 min" or "3 h 20 min ago". Empty for None."""
    return describe_until(value, now=now or timezone.now()) if value else ""


@register.filter
def time_left(value: datetime | None, now: datetime | None = None) -> str:
    """The time left until a moment: "3 h 20 min"; past ones have less than a minute. Empty for None."""
    return describe_duration(value - (now or timezone.now())) if value else ""


@register.filter
def in_zone(value: datetime | None, style: str = "full") -> SafeString | str:
    """A moment in the reader's zone, as a ``<time>`` with the zone named: full, long, short, date, day or time."""
    if not value:
        return ""
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), describe_moment(value, style))


@register.simple_tag
def zone_name() -> str:
    """The name of the zone in which this page shows its times, with its abbreviation: "Europe/Moscow, MSK"."""
    now = timezone.localtime()
    full, short = timezone.get_current_timezone_name().replace("_", " "), name_zone(now)
    return full if full == short else f"{full}, {short}"
