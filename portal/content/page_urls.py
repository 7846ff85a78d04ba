"""Wagtail's addresses of pages, with our way of finding them, and without its second sign-in form.

Wagtail's own form at ``_util/login/`` knows nothing of second factors or throttling: its name leads to ours.
"""

from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path
from django.views.generic import RedirectView
from wagtail.urls import serve_pattern

from portal.content import views

urlpatterns = [
    path(
        "_util/login/",
        login_not_required(RedirectView.as_view(pattern_name="account_login", query_string=True)),
        name="wagtailcore_login",
    ),
    re_path(serve_pattern, views.page, name="wagtail_serve"),
]
