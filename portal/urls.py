"""Where each app answers. Composition only."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

urlpatterns = [
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("files/", include("portal.content.urls")),
    path("", include("portal.core.urls")),
    *i18n_patterns(
        path("sign-in/", include("allauth.urls")),
        path("account/", include("portal.accounts.urls")),
        path("partner/", include("portal.partners.urls")),
        path("notifications/", include("portal.notifications.urls")),
        path("study/", include("training.urls")),
        path("exams/", include("certification.urls")),
        path("leads/", include("portal.leads.urls")),
        path("", include(wagtail_urls)),
    ),
]
