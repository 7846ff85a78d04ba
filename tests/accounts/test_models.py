"""The person."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from portal.accounts.models import User
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def test_an_address_is_kept_and_found_in_lower_case():
    user = User.objects.create_user(" Grace@Example.COM ", "secret")
    assert user.email == "grace@example.com"
    assert User.objects.get(email="GRACE@example.com") == user
    assert User.objects.get_by_natural_key("Grace@Example.com") == user


def test_no_two_people_share_an_address_whatever_its_case():
    UserFactory(email="grace@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(email="GRACE@example.com")


def test_the_database_itself_refuses_capitals():
    user = UserFactory()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = 'Grace@example.com' WHERE id = %s", [user.pk])


def test_a_person_needs_an_address():
    with pytest.raises(ValueError, match="e-mail"):
        User.objects.create_user("")


def test_a_superuser_is_staff():
    user = User.objects.create_superuser("root@example.com", "secret")
    assert user.is_staff
    assert user.is_superuser


def test_a_time_zone_is_one_that_exists():
    user = UserFactory.build(time_zone="Europe/Atlantis", password="x")
    with pytest.raises(ValidationError, match="not a time zone"):
        user.clean_fields()


def test_a_zone_that_this_machine_lost_falls_back_to_the_installations(settings):
    assert UserFactory.build(time_zone="Europe/Moscow").zone.key == "Europe/Moscow"
    assert UserFactory.build(time_zone="Mars/Olympus").zone.key == settings.TIME_ZONE


def test_a_person_is_called_by_name_else_by_address():
    assert str(UserFactory.build(first_name="Grace", last_name="Hopper")) == "Grace Hopper"
    assert str(UserFactory.build(first_name="", last_name="", email="g@example.com")) == "g@example.com"
