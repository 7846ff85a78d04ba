"""The staff's groups: who may do what, and who is asked to."""

import pytest
from django.contrib.auth.models import Group
from wagtail.models import GroupApprovalTask, Workflow

from portal.home.services.roles import CHANNEL_MANAGERS, EDITORS, EXAMINERS, OUR_WORKFLOW, set_up_roles
from tests.factories.accounts import UserFactory
from tests.factories.training import Tree
from training.access import find_picture_collection
from training.services.importing import find_places

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


class TestWhatEditorsMay:
    @pytest.mark.parametrize(
        "permission",
        [
            "training.add_industry", "training.delete_industry", "training.add_market", "training.change_market",
            "training.add_synonym", "training.delete_synonym", "training.view_searchedwords", "training.view_cardrating",
            "training.view_remark", "training.change_remark", "training.view_change", "content.add_product",
            "partners.view_audience", "wagtail_localize.submit_translation",
        ],
    )  # fmt: skip
    def test_they_keep_what_the_library_is_made_of(self, editor, permission):
        assert editor.has_perm(permission)

    @pytest.mark.parametrize(
        "permission",
        [
            # Prices name markets, so a market is never deleted; remarks and ratings are readers' own words.
            "training.delete_market", "training.add_remark", "training.delete_remark", "training.change_cardrating",
            "training.change_searchedwords", "partners.change_audience", "leads.view_lead", "accounts.change_user",
        ],
    )  # fmt: skip
    def test_they_do_not_change_what_is_not_theirs(self, editor, permission):
        assert not editor.has_perm(permission)

    def test_they_import_into_every_library_and_add_pictures(self, editor, tree):
        guide = tree.add_guide()
        assert {place.pk for place in find_places(editor)} == {
            tree.libraries["en"].pk, tree.libraries["ru"].pk, guide.pk,
        }  # fmt: skip
        assert find_picture_collection(editor) is not None

    def test_other_roles_do_not_write(self, tree):
        set_up_roles()
        for name in (EXAMINERS, CHANNEL_MANAGERS):
            person = UserFactory()
            person.groups.add(Group.objects.get(name=name))
            assert find_places(person) == []
