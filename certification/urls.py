"""Addresses of certification, mounted at ``exams/``. An exam's slug may be none of the words used here."""

from django.urls import path

from certification.views import exams, rehearsal, results, sitting

app_name = "certification"

urlpatterns = [
    path("", exams.exams, name="exams"),
    path("credentials/", results.credentials, name="credentials"),
    path("credentials/<str:public_id>/count/", results.count, name="count"),
    path("standing/", results.standing, name="standing"),
    path("rehearsal/", rehearsal.rehearsal, name="rehearsal"),
    path("rehearsal/save/", rehearsal.save, name="rehearsal_save"),
    path("attempts/<str:public_id>/", sitting.attempt, name="attempt"),
    path("attempts/<str:public_id>/<int:position>/", sitting.attempt, name="question"),
    path("attempts/<str:public_id>/save/", sitting.save, name="save"),
    path("attempts/<str:public_id>/pictures/<int:position>/", sitting.picture, name="picture"),
    path("attempts/<str:public_id>/status/", sitting.status, name="status"),
    path("attempts/<str:public_id>/note/", sitting.note, name="note"),
    path("attempts/<str:public_id>/flag/", sitting.flag, name="flag"),
    path("attempts/<str:public_id>/break/", sitting.pause, name="pause"),
    path("attempts/<str:public_id>/submit/", sitting.submit, name="submit"),
    path("attempts/<str:public_id>/result/", results.result, name="result"),
    path("attempts/<str:public_id>/review/", results.review, name="review"),
    path("<slug:slug>/", exams.exam, name="exam"),
    path("<slug:slug>/start/", exams.start, name="start"),
]
