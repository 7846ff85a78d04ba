"""Core's screens in Wagtail's admin."""

from wagtail import hooks

from portal.core.viewsets import FactViewSet


@hooks.register("register_admin_viewset")
def register_facts() -> FactViewSet:
    return FactViewSet()
