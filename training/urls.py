"""Training's own addresses; its pages have those of the page tree. Mounted at ``study/`` in each language."""

from django.urls import path

from training import views

app_name = "training"

urlpatterns = [
    path("search/", views.search, name="search"),
    path("lessons/<uuid:lesson_key>/complete/", views.complete, name="complete"),
]
