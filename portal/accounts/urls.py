"""Addresses of a person's own pages. Signing in and the second factor are allauth's."""

from django.urls import path

from portal.accounts import views

app_name = "accounts"

urlpatterns = [
    path("", views.preferences, name="preferences"),
    path("second-factor/", views.second_factor, name="second_factor"),
]
