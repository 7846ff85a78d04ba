"""What the letters about offers need."""

from django import template
from django.conf import settings

from portal.leads.services.links import find_take_path

register = template.Library()


@register.simple_tag
def take_url(telling: str) -> str:
    """The whole address of the reader's own link to accept an offer. Made when a letter is written and kept nowhere."""
    return f"{settings.BASE_URL}{find_take_path(telling)}"
