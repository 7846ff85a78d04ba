"""The vendor's staff roles as groups, with what each may do. Safe to run again: it adds what is missing."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page

EDITORS = "Editors"
EXAMINERS = "Examiners"
CHANNEL_MANAGERS = "Channel managers"

#: app label -> models that the group may add, change, delete and view; and those it may only view
FULL: dict[str, dict[str, tuple[str, ...]]] = {
    EDITORS: {"content": ("product",), "wagtail_localize": ("translation", "translationsource")},
    EXAMINERS: {
        "certification": (
            "programme", "programmeexam", "requirement", "topic", "exam", "examsection", "question", "questionversion",
            "credential",
        ),
    },
    CHANNEL_MANAGERS: {
        "content": ("product",),
        "partners": (
            "region", "partnerkind", "jobrole", "tier", "partner", "membership", "membershiprole", "agreementversion",
            "acceptance", "audience", "entitlement", "invitation",
        ),
        "leads": ("source", "route", "routeweight", "lead", "leadcontact"),
        "accounts": ("user",),
    },
}  # fmt: skip
VIEW: dict[str, dict[str, tuple[str, ...]]] = {
    EDITORS: {"partners": ("audience",)},
    EXAMINERS: {
        "certification": ("attempt", "qualification", "answerstep"),
        "content": ("product",),
        "partners": ("partner", "membership"),
    },
    CHANNEL_MANAGERS: {
        "certification": ("programme", "exam", "credential", "qualification", "attempt"),
        "leads": ("offer", "decision", "routecredit"),
        "core": ("fact",),
    },
}


@transaction.atomic
def set_up_roles() -> list[Group]:
    """Create the three staff groups and give them their permissions; returns the groups."""
    access = Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin")
    groups = []
    for name in (EDITORS, EXAMINERS, CHANNEL_MANAGERS):
        group, _created = Group.objects.get_or_create(name=name)
        permissions = [access]
        for app, models in FULL.get(name, {}).items():
            codenames = [f"{verb}_{model}" for model in models for verb in ("add", "change", "delete", "view")]
            permissions += Permission.objects.filter(content_type__app_label=app, codename__in=codenames)
        for app, models in VIEW.get(name, {}).items():
            codenames = [f"view_{model}" for model in models]
            permissions += Permission.objects.filter(content_type__app_label=app, codename__in=codenames)
        group.permissions.add(*permissions)
        groups.append(group)
    _let_publish(groups[0])
    return groups


def _let_publish(editors: Group) -> None:
    """Editors write and publish everywhere in the tree, and keep all pictures and files."""
    root_page = Page.get_first_root_node()
    for codename in ("add_page", "change_page", "publish_page", "lock_page", "unlock_page", "bulk_delete_page"):
        GroupPagePermission.objects.get_or_create(
            group=editors,
            page=root_page,
            permission=Permission.objects.get(content_type__app_label="wagtailcore", codename=codename),
        )
    collection = Collection.get_first_root_node()
    for model in ("image", "document"):
        for codename in (f"add_{model}", f"change_{model}", f"choose_{model}"):
            GroupCollectionPermission.objects.get_or_create(
                group=editors,
                collection=collection,
                permission=Permission.objects.get(content_type__app_label="content", codename=codename),
            )
