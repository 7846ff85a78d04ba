"""What several of these tests need."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import translation

from certification.access import EXAMINER_PERMISSIONS
from tests.at_once import at_once
from tests.factories.accounts import UserFactory
from training.models import CoursePage


@pytest.fixture(autouse=True)
def _in_english():
    """A page in Russian leaves its language active in the thread of the test client."""
    with translation.override("en"):
        yield


@pytest.fixture
def course(tree):
    return tree.add(tree.course_lists["en"], CoursePage(title="Selling well", slug="selling-well"))


@pytest.fixture
def race():
    """``race(one, other)``: run functions at once, each on its own connection; their results or errors, in order."""
    return at_once


@pytest.fixture
def examiner():
    group = Group.objects.create(name="Examiners (test)")
    for name in EXAMINER_PERMISSIONS:
        app, codename = name.split(".")
        group.permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    user = UserFactory(is_staff=True)
    user.groups.add(group)
    return user


@pytest.fixture
def admin(client, examiner):
    client.force_login(examiner)
    return client
