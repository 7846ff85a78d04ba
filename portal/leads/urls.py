"""Addresses of offers and leads, for members who work them."""

from django.urls import path

from portal.leads import views

app_name = "leads"

urlpatterns = [
    path("", views.offers, name="offers"),
    path("terms/", views.terms, name="terms"),
    path("terms/keep/", views.keep_terms, name="keep_terms"),
    path("terms/pause/", views.pause, name="pause"),
    path("terms/receive/", views.unpause, name="unpause"),
    path("turns/", views.turns, name="turns"),
    path("missed/", views.missed, name="missed"),
    path("offers/<str:public_id>/", views.offer, name="offer"),
    path("offers/<str:public_id>/accept/", views.accept, name="accept"),
    path("offers/<str:public_id>/decline/", views.decline, name="decline"),
    path("<str:public_id>/", views.lead, name="lead"),
    path("<str:public_id>/assign/", views.assign, name="assign"),
    path("<str:public_id>/step/", views.step, name="step"),
    path("<str:public_id>/note/", views.note, name="note"),
    path("<str:public_id>/won/", views.win, name="win"),
    path("<str:public_id>/lost/", views.lose, name="lose"),
]
