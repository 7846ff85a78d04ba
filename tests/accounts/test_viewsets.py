"""People in Wagtail's admin, without user names."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.services.people import keep_address
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


def act_on(person, action):
    return f"{reverse('wagtail_bulk_action', args=['accounts', 'user', action])}?id={person.pk}"


def test_whoever_may_keep_people_chooses_no_groups_for_many_at_once_either(clerk):
    group, person = Group.objects.create(name="Powerful"), UserFactory()
    clerk.post(act_on(person, "assign_role"), {"role": group.pk})
    assert not person.groups.exists()


def test_administrators_choose_groups_for_many_at_once(staff):
    group, person = Group.objects.create(name="Powerful"), UserFactory()
    staff.post(act_on(person, "assign_role"), {"role": group.pk})
    assert person.groups.get() == group


@pytest.mark.parametrize(("is_staff", "stays_active"), [(True, True), (False, False)])
def test_whoever_may_keep_people_closes_accounts_but_those_of_staff(clerk, is_staff, stays_active):
    person = UserFactory(staff=is_staff)
    clerk.post(act_on(person, "set_active_state"), {"mark_as_active": "False"})
    person.refresh_from_db()
    assert person.is_active is stays_active


def test_nobody_is_deleted_among_many_at_once(staff):
    person = UserFactory()
    staff.post(act_on(person, "delete"))
    assert User.objects.filter(pk=person.pk).exists()


def test_whoever_may_keep_people_changes_nobodys_way_in(clerk):
    person = UserFactory()
    changes = PERSON | {"password1": "another-pass-42", "password2": "another-pass-42"}
    assert clerk.post(reverse("wagtailusers_users:edit", args=[person.pk]), changes).status_code == 302
    changed = User.objects.get(pk=person.pk)
    assert (changed.last_name, changed.email) == ("Hopper", person.email)
    assert changed.check_password(PASSWORD)


def test_an_address_that_staff_changed_lets_nobody_in_any_more(staff):
    person = UserFactory()
    keep_address(person)
    staff.post(reverse("wagtailusers_users:edit", args=[person.pk]), PERSON)
    (address,) = EmailAddress.objects.filter(user=person)
    assert (address.email, address.verified, address.primary) == ("grace@example.com", True, True)


def test_an_address_that_somebody_claimed_belongs_to_whoever_gets_an_account_with_it(staff):
    claimant = UserFactory()
    EmailAddress.objects.create(user=claimant, email="grace@example.com")
    staff.post(reverse("wagtailusers_users:add"), PERSON)
    (address,) = EmailAddress.objects.filter(email="grace@example.com")
    assert (address.user.email, address.verified) == ("grace@example.com", True)


def test_staff_have_a_page_about_their_own_account_that_changes_no_address(staff):
    page = staff.get(reverse("wagtailadmin_account"))
    assert page.status_code == 200
    assert 'name="name_email-email"' not in page.content.decode()


def test_closing_accounts_is_told_so_that_people_are_counted_anew(staff, facts):
    one, other = UserFactory(), UserFactory()
    staff.post(act_on(one, "set_active_state"), {"mark_as_active": "False"})
    unticked = {name: value for name, value in PERSON.items() if name != "is_active"}
    staff.post(reverse("wagtailusers_users:edit", args=[other.pk]), unticked)
    other.refresh_from_db()
    assert other.is_active is False
    assert facts("people_switched") == [{"user_ids": [one.pk]}, {"user_ids": [other.pk]}]
