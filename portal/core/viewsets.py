"""The audit view: what happened, by whom, and whether everyone who had to know took it. Read only."""

from django.utils.translation import gettext_lazy as _
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.permission_policies.base import ModelPermissionPolicy
from wagtail.permissions import register_permission_policy

from portal.core.models import Fact


class ReadOnlyPermissionPolicy(ModelPermissionPolicy):
    """Rows that only services write: staff with the view permission may look, nobody may change."""

    def user_has_permission(self, user, action):
        return action == "view" and super().user_has_permission(user, "view")

    def user_has_any_permission(self, user, actions):
        return "view" in actions and self.user_has_permission(user, "view")


register_permission_policy(Fact, ReadOnlyPermissionPolicy(Fact))


class FactViewSet(ModelViewSet):
    model = Fact
    name = "facts"
    icon = "history"
    menu_label = _("Facts")
    add_to_settings_menu = True
    inspect_view_enabled = True
    inspect_view_fields = ["name", "payload", "actor_id", "announced_at", "handed_on_at", "tries", "last_error"]
    list_display = ["name", "payload", "actor_id", "announced_at", "handed_on_at", "last_error"]
    list_filter = ["name", "announced_at"]
    form_fields: list[str] = []
    copy_view_enabled = False
    list_per_page = 50
