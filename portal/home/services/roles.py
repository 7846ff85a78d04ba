"""The vendor's staff roles as groups, with what each may do. Safe to run again: it adds what is missing."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from wagtail.models import (
    Collection,
    GroupApprovalTask,
    GroupCollectionPermission,
    GroupPagePermission,
    Page,
    Workflow,
    WorkflowPage,
    WorkflowTask,
)

from certification.access import EXAMINER_PERMISSIONS
from portal.leads.access import CHANNEL_MANAGER_PERMISSIONS

EDITORS = "Editors"
EXAMINERS = "Examiners"
CHANNEL_MANAGERS = "Channel managers"

ADMIN = "wagtailadmin.access_admin"

#: Wagtail comes with a workflow to be approved by a group that is none of ours and has nobody in it.
WAGTAILS_WORKFLOW = "Moderators approval"
OUR_WORKFLOW = "Editors' review"


def _every(app: str, *models: str, verbs: tuple[str, ...] = ("add", "change", "delete", "view")) -> tuple[str, ...]:
    return tuple(f"{app}.{verb}_{model}" for model in models for verb in verbs)


#: Permissions by group. What an app's own staff may do is said in the app's ``access``.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    EDITORS: (
        ADMIN,
        *_every("content", "product"),
        *_every("partners", "audience", verbs=("view",)),
        *_every("wagtail_localize", "translation", "translationsource"),
        "wagtail_localize.submit_translation",
        *_every("training", "market", verbs=("add", "change", "view")),
        *_every("training", "industry"),
        *_every("training", "cardrating", verbs=("view",)),
        *_every("training", "remark", verbs=("change", "view")),
        *_every("training", "change", verbs=("view",)),
        *_every("training", "synonym"),
        *_every("training", "searchedwords", verbs=("view",)),
        *_every("training", "session", "sessionquestion", verbs=("change", "view")),
        *_every("training", "attendancefile", verbs=("add", "view")),
        *_every("training", "correction", verbs=("change", "view")),
        *_every("training", "learningpath"),
        *_every("training", "enrolment", verbs=("view",)),
        *_every("training", "lessoncompletion", verbs=("add",)),
    ),
    EXAMINERS: (
        *EXAMINER_PERMISSIONS,
        *_every("content", "product", verbs=("view",)),
        *_every("partners", "partner", "membership", verbs=("view",)),
    ),
    CHANNEL_MANAGERS: (
        ADMIN,
        *(f"leads.{codename}" for codename in CHANNEL_MANAGER_PERMISSIONS),
        *_every("content", "product"),
        *_every(
            "partners", "region", "partnerkind", "jobrole", "tier", "partner", "membership", "agreementversion",
            "acceptance", "audience", "entitlement", "invitation",
        ),
        *_every("accounts", "user", verbs=("add", "change", "view")),
        *_every("certification", "programme", "exam", "credential", "qualification", "attempt", verbs=("view",)),
        *_every("training", "session", "sessionquestion", verbs=("change", "view")),
        *_every("training", "attendancefile", verbs=("add", "view")),
        *_every("training", "correction", verbs=("change", "view")),
        *_every("core", "fact", verbs=("view",)),
        *_every("training", "enrolment", verbs=("view",)),
    ),
}  # fmt: skip


@transaction.atomic
def set_up_roles() -> list[Group]:
    """Create the three staff groups and give them their permissions; returns the groups."""
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    groups = []
    for name, permissions in PERMISSIONS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.add(*(known[permission] for permission in permissions))
        groups.append(group)
    _let_publish(groups[0])
    _let_approve(groups[0])
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


def _let_approve(editors: Group) -> None:
    """What an editor submits is read and published by any editor, so that nothing waits for a group without people."""
    Workflow.objects.filter(name=WAGTAILS_WORKFLOW).update(name=OUR_WORKFLOW)
    GroupApprovalTask.objects.filter(name=WAGTAILS_WORKFLOW).update(name=OUR_WORKFLOW)
    task = GroupApprovalTask.objects.filter(name=OUR_WORKFLOW).first()
    if task is None:
        task = GroupApprovalTask.objects.create(name=OUR_WORKFLOW)
    task.groups.add(editors)
    workflow, _created = Workflow.objects.get_or_create(name=OUR_WORKFLOW)
    WorkflowTask.objects.get_or_create(workflow=workflow, task=task)
    WorkflowPage.objects.get_or_create(page=Page.get_first_root_node(), defaults={"workflow": workflow})
