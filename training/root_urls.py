"""What must stand at the root of the site: the service worker, and what it asks. Mounted outside the languages."""

from django.urls import path

from training.views import offline

app_name = "offline"

urlpatterns = [
    path("worker.js", offline.worker, name="worker"),
    path("offline.json", offline.manifest, name="manifest"),
]
