"""Addresses of a partner's members."""

from django.urls import path

from portal.partners import views

app_name = "partners"

urlpatterns = [
    path("", views.organisation, name="organisation"),
    path("switch/", views.switch, name="switch"),
    path("agreement/", views.agreement, name="agreement"),
    path("agreement/<int:number>/", views.agreement, name="agreement_version"),
    path("team/", views.team, name="team"),
    path("team/invite/", views.invite, name="invite"),
    path("team/invitations/<str:public_id>/resend/", views.resend, name="resend"),
    path("team/invitations/<str:public_id>/cancel/", views.cancel, name="cancel"),
    path("team/members/<str:public_id>/roles/", views.roles, name="roles"),
    path("team/members/<str:public_id>/leave/", views.leave, name="leave"),
    path("join/<str:token>/", views.invitation, name="invitation"),
]
