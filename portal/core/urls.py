"""Addresses of the shell."""

from django.urls import path

from portal.core import views

app_name = "core"

urlpatterns = [
    path("health/", views.health, name="health"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("brand.css", views.brand, name="brand"),
    path("theme/", views.set_theme, name="set_theme"),
    path("language/", views.set_language, name="set_language"),
]
