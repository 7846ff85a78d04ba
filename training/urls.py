"""Training's own addresses; its pages have those of the page tree. Mounted at ``study/`` in each language."""

from django.urls import path

from training.views import cases, courses, objections, offline, reading, search, sharing, upkeep, videos

app_name = "training"

urlpatterns = [
    path("at-hand/", offline.pins, name="pins"),
    path("at-hand/<uuid:material_key>/", offline.pin, name="pin"),
    path("at-hand/<uuid:material_key>/copy/", offline.saved, name="saved"),
    path("no-signal/", offline.unsaved, name="unsaved"),
    path("share/<uuid:material_key>/", sharing.share, name="share"),
    path("shares/", sharing.shares, name="shares"),
    path("shares/<str:public_id>/withdraw/", sharing.withdraw, name="withdraw_share"),
    path("shared/<str:public_id>/", sharing.shared, name="shared"),
    path("shared/<str:public_id>/pdf/", sharing.shared_pdf, name="shared_pdf"),
    path("shared/<str:public_id>/seen.gif", sharing.shared_seen, name="shared_seen"),
    path("remarks/", upkeep.remarks, name="remarks"),
    path("materials/<uuid:material_key>/remark/", upkeep.remark, name="remark"),
    path("materials/<uuid:material_key>/changes/", upkeep.changes, name="changes"),
    path("search/", search.search, name="search"),
    path("search/suggestions/", search.suggest, name="suggest"),
    path("seen/<uuid:material_key>.gif", reading.seen, name="seen"),
    path("videos/<uuid:material_key>/place/", videos.place, name="place"),
    path("videos/<uuid:material_key>/player/", videos.player, name="player"),
    path("lessons/<uuid:lesson_key>/complete/", courses.complete, name="complete"),
    path("cards/<uuid:card_key>/rate/", objections.rate, name="rate"),
    path("cases/", cases.compare, name="cases"),
]
