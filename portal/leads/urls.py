"""Addresses of offers and leads, for members who work them."""

from django.urls import path

from portal.leads.views import away, cards, customers, disputes, leads, links, offers, standing, week

app_name = "leads"

urlpatterns = [
    path("", offers.offers, name="offers"),
    path("terms/", standing.terms, name="terms"),
    path("terms/keep/", standing.keep_terms, name="keep_terms"),
    path("terms/pause/", standing.pause, name="pause"),
    path("terms/receive/", standing.unpause, name="unpause"),
    path("away/", away.away, name="away"),
    path("away/say/", away.say, name="say_away"),
    path("away/<str:public_id>/back/", away.back, name="back"),
    path("week/", week.week, name="week"),
    path("turns/", standing.turns, name="turns"),
    path("missed/", standing.missed, name="missed"),
    path("take/<str:token>/", links.take, name="take"),
    path("missed/contest/", disputes.contest_missed, name="contest_missed"),
    path("disputes/", disputes.disputes, name="disputes"),
    path("disputes/<str:public_id>/", disputes.dispute, name="dispute"),
    path("disputes/<str:public_id>/say/", disputes.say, name="dispute_say"),
    path("disputes/<str:public_id>/withdraw/", disputes.withdraw, name="dispute_withdraw"),
    path("offers/<str:public_id>/contest/", disputes.contest_offer, name="contest_offer"),
    path("offers/<str:public_id>/contest-outcome/", disputes.contest_outcome, name="contest_outcome"),
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
