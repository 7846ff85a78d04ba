"""Addresses of certification, mounted at ``exams/``. An exam's slug may be none of the words used here."""

from django.urls import path

from certification import views

app_name = "certification"

urlpatterns = [
    path("", views.exams, name="exams"),
    path("credentials/", views.credentials, name="credentials"),
    path("credentials/<str:public_id>/count/", views.count, name="count"),
    path("standing/", views.standing, name="standing"),
    path("attempts/<str:public_id>/", views.attempt, name="attempt"),
    path("attempts/<str:public_id>/save/", views.save, name="save"),
    path("attempts/<str:public_id>/submit/", views.submit, name="submit"),
    path("attempts/<str:public_id>/result/", views.result, name="result"),
    path("<slug:slug>/", views.exam, name="exam"),
    path("<slug:slug>/start/", views.start, name="start"),
]
