"""Addresses of offers and leads, for members who work them."""

from django.urls import path

from portal.leads.views import cards, customers, leads, offers, standing

app_name = "leads"

urlpatterns = [
    path("", offers.offers, name="offers"),
    path("terms/", standing.terms, name="terms"),
    path("terms/keep/", standing.keep_terms, name="keep_terms"),
    path("terms/pause/", standing.pause, name="pause"),
    path("terms/receive/", standing.unpause, name="unpause"),
    path("turns/", standing.turns, name="turns"),
    path("missed/", standing.missed, name="missed"),
    path("offers/<str:public_id>/", offers.offer, name="offer"),
    path("offers/<str:public_id>/accept/", offers.accept, name="accept"),
    path("offers/<str:public_id>/decline/", offers.decline, name="decline"),
    path("heard/<str:token>/", customers.heard, name="heard"),
    path("unwanted/<str:token>/", customers.unwanted, name="unwanted"),
    path("<str:public_id>/", leads.lead, name="lead"),
    path("<str:public_id>/assign/", leads.assign, name="assign"),
    path("<str:public_id>/step/", leads.step, name="step"),
    path("<str:public_id>/note/", leads.note, name="note"),
    path("<str:public_id>/cards/", cards.tick, name="tick"),
    path("<str:public_id>/cards/off/", cards.untick, name="untick"),
    path("<str:public_id>/won/", leads.win, name="win"),
    path("<str:public_id>/lost/", leads.lose, name="lose"),
]
