"""How django-allauth behaves in this house."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.accounts.services.letters import compose_letter


class ClosedAdapter(DefaultAccountAdapter):
    """No open sign-up: people come by a partner's invitation, or are made by staff.

    Mail goes out in the language of the person it is for, who need not be the one whose browser asked for it, and in
    the house's look.
    """

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 -- for nobody, whatever they ask
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        person = context.get("user") or User.objects.filter(email=email).first()
        language = person.language if person else translation.get_language()
        with translation.override(language):
            super().send_mail(template_prefix, email, context)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        address = email if isinstance(email, str) else email[0]
        subject = " ".join(render_to_string(f"{template_prefix}_subject.txt", context).split())
        body = render_to_string(f"{template_prefix}_message.txt", context)
        message = compose_letter(
            address,
            subject=subject,
            paragraphs=[part.strip() for part in body.split("\n\n") if part.strip()],
            url=context.get("password_reset_url", ""),
            action=_("Choose a new password"),
        )
        message.extra_headers.update(headers or {})
        return message
