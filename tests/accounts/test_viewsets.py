"""People in Wagtail's admin, without user names."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from portal.accounts.models import User
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

PERSON = {
    "email": "Grace@Example.com",
    "first_name": "Grace",
    "last_name": "Hopper",
    "language": "ru",
    "time_zone": "Europe/Moscow",
    "password1": "",
    "password2": "",
    "is_active": "on",
}


@pytest.fixture
def staff(client):
    user = UserFactory(staff=True)
    client.force_login(user)
    return client


def test_staff_create_a_person_who_will_sign_in_by_code(staff):
    assert staff.get(reverse("wagtailusers_users:add")).status_code == 200
    answer = staff.post(reverse("wagtailusers_users:add"), PERSON)
    assert answer.status_code == 302
    user = User.objects.get(email="grace@example.com")
    assert (user.language, user.time_zone, user.has_usable_password()) == ("ru", "Europe/Moscow", False)


def test_staff_change_a_person(staff):
    user = UserFactory()
    url = reverse("wagtailusers_users:edit", args=[user.pk])
    assert 'name="time_zone"' in staff.get(url).content.decode()
    assert staff.post(url, PERSON).status_code == 302
    user.refresh_from_db()
    assert (user.email, user.last_name, user.language) == ("grace@example.com", "Hopper", "ru")
    assert user.check_password(PASSWORD)


def test_an_address_that_is_taken_is_told(staff):
    UserFactory(email="grace@example.com")
    answer = staff.post(reverse("wagtailusers_users:add"), PERSON)
    assert answer.status_code == 200
    assert User.objects.filter(email="grace@example.com").count() == 1


def test_people_are_listed_and_found_by_address(staff):
    user = UserFactory()
    assert user.email in staff.get(reverse("wagtailusers_users:index"), {"q": user.email}).content.decode()


@pytest.fixture
def clerk(client):
    """Staff who may keep people, and nothing else."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["add_user", "change_user", "delete_user", "access_admin"])
    )
    client.force_login(user)
    return client


def test_whoever_may_keep_people_makes_no_administrators_and_chooses_no_groups(clerk):
    group = Group.objects.create(name="Powerful")
    powers = {"is_superuser": "on", "groups": [group.pk]}
    assert clerk.post(reverse("wagtailusers_users:add"), PERSON | powers).status_code == 302
    created = User.objects.get(email="grace@example.com")
    url = reverse("wagtailusers_users:edit", args=[created.pk])
    assert clerk.post(url, PERSON | powers | {"last_name": "Murray"}).status_code == 302
    created.refresh_from_db()
    assert (created.last_name, created.is_superuser, created.groups.count()) == ("Murray", False, 0)


def test_an_administrators_account_is_changed_by_administrators_alone(clerk):
    admin = UserFactory(staff=True)
    answer = clerk.post(
        reverse("wagtailusers_users:edit", args=[admin.pk]), PERSON | {"password1": "new", "password2": "new"}
    )
    assert answer.status_code == 302
    admin.refresh_from_db()
    assert admin.check_password(PASSWORD)
    assert admin.email != "grace@example.com"


def test_nobody_is_deleted(staff):
    user = UserFactory()
    staff.post(reverse("wagtailusers_users:delete", args=[user.pk]))
    assert User.objects.filter(pk=user.pk).exists()
