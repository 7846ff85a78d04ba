"""The staff's groups: who may do what, and who is asked to."""

import pytest
from django.contrib.auth.models import Group
from wagtail.models import GroupApprovalTask, Workflow

from portal.home.services.roles import EDITORS, OUR_WORKFLOW, set_up_roles
from tests.factories.accounts import UserFactory
from tests.factories.training import Tree

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tree() -> Tree:
    return Tree()


@pytest.fixture
def editor():
    set_up_roles()
    editor = UserFactory()
    editor.groups.add(Group.objects.get(name=EDITORS))
    return editor


def test_what_an_editor_submits_waits_for_someone_who_exists(editor, tree):
    page = tree.add_doc()
    page.save_revision(user=editor)
    state = page.get_workflow().start(page, editor)
    task = state.current_task_state.task.specific
    assert state.workflow.name == OUR_WORKFLOW
    assert task.user_can_access_editor(page, editor)
    assert "approve" in {name for name, _label, _form in task.get_actions(page, editor)}


def test_the_roles_may_be_set_up_again():
    set_up_roles()
    again = {group.name for group in set_up_roles()}
    assert {"Editors", "Examiners", "Channel managers"} == again
    assert GroupApprovalTask.objects.filter(name=OUR_WORKFLOW).count() == 1
    assert Workflow.objects.filter(name=OUR_WORKFLOW).count() == 1
