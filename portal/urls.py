"""Where each app answers. Composition only."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

urlpatterns = [
    # First, as what people work with is asked for most; nothing else begins with a language.
    *i18n_patterns(
        path("sign-in/", include("allauth.urls")),
        path("account/", include("portal.accounts.urls")),
        path("partner/", include("portal.partners.urls")),
        path("notifications/", include("portal.notifications.urls")),
        path("study/", include("training.urls")),
        path("exams/", include("certification.urls")),
        path("leads/", include("portal.leads.urls")),
        path("", include("portal.home.urls")),
        path("", include("portal.content.page_urls")),
    ),
    # The administration's own form knows neither throttling nor second factors: there is one way in.
    path("admin/login/", login_not_required(RedirectView.as_view(pattern_name="account_login", query_string=True))),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("files/", include("portal.content.urls")),
    path("", include("portal.core.urls")),
    path("", include("training.root_urls")),
]
