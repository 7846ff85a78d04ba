"""The bare view that a material page is measured against: it loads a session and its user, and answers a line."""

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import path


def view(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return HttpResponseForbidden()  # whoever measures is to notice
    return HttpResponse(f"{request.user.pk}")


urlpatterns = [path("", view)]
