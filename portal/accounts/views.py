"""A person's own pages."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.forms import PreferencesForm
from portal.accounts.middleware import PersonRequest
from portal.accounts.services.people import change_preferences


@require_http_methods(["GET", "POST"])
def preferences(request: PersonRequest) -> HttpResponse:
    """How the person is called, and in which language and time zone they read."""
    form = PreferencesForm(request.POST or None, initial=PreferencesForm.initial_of(request.user))
    if request.method == "POST" and form.is_valid():
        user = change_preferences(request.user, **form.cleaned_data)
        with translation.override(user.language):
            messages.success(request, _("Your preferences are saved."))
            response = redirect(reverse("accounts:preferences"))
        # What is chosen here goes for every device: forget what was switched on this one.
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return response
    return render(request, "accounts/preferences.html", {"form": form})


@require_GET
def second_factor(request: PersonRequest) -> HttpResponse:
    """Why a second factor is needed, and the ways to set one up."""
    return render(request, "accounts/second_factor.html")
