"""The door to the files; mounted at MEDIA_URL, outside the languages."""

from django.urls import path

from portal.content import views

app_name = "content"

urlpatterns = [path("<path:path>", views.file, name="file")]
