"""The styleguide shows every component, to staff alone; the switches of the shell."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

import portal.core
from portal.core.samples import collect_samples
from portal.core.sprite import ICONS

COMPONENTS = Path(portal.core.__file__).parent / "templates" / "components"
NAMES = sorted(path.stem for path in COMPONENTS.glob("*.html") if not path.stem.startswith("_"))


@pytest.fixture
def editor(db):
    user = get_user_model().objects.create_user(email="editor@vendor.example", password="x")
    user.user_permissions.add(Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin"))
    return user


@pytest.fixture
def seller(db):
    return get_user_model().objects.create_user(email="seller@partner.example", password="x")


def test_every_component_is_in_the_styleguide():
    shown = [sample.name for sample in collect_samples(datetime(2026, 11, 24, tzinfo=UTC), suffix="")]
    assert sorted(shown) == NAMES


def test_every_component_names_its_parameters_at_its_head():
    for name in NAMES:
        assert "{# " in (COMPONENTS / f"{name}.html").read_text(encoding="utf-8").splitlines()[0], name


def test_staff_see_every_component_by_day_and_by_night(client, editor):
    client.force_login(editor)
    page = client.get("/styleguide/")
    assert page.status_code == 200
    html = page.content.decode()
    for name in NAMES:
        assert f'id="c-{name}"' in html
        assert html.count(f'specimen-{name}" data-theme=') == 2
    assert all(f"#{icon}" in html for icon in ICONS)


def test_no_id_appears_twice_in_the_styleguide(client, editor):
    client.force_login(editor)
    ids = re.findall(r'\sid="([^"]+)"', client.get("/styleguide/").content.decode())
    assert len(ids) == len(set(ids))


def test_members_of_partners_do_not_see_the_styleguide(client, seller):
    client.force_login(seller)
    assert client.get("/styleguide/").status_code == 403


def test_strangers_are_asked_to_sign_in_before_the_styleguide(client):
    assert client.get("/styleguide/").status_code == 302


def test_the_choice_of_light_is_remembered_and_rendered_by_the_server(client, editor):
    client.force_login(editor)
    assert 'data-theme="auto"' in client.get("/styleguide/").content.decode()
    answer = client.post("/theme/", {"theme": "dark", "next": "/styleguide/"})
    assert (answer.status_code, answer["Location"]) == (302, "/styleguide/")
    assert 'data-theme="dark"' in client.get("/styleguide/").content.decode()


def test_an_unknown_light_is_refused(client):
    assert client.post("/theme/", {"theme": "pink"}).status_code == 400


@pytest.mark.parametrize("path", ["/theme/", "/language/"])
def test_a_switch_never_leads_off_the_portal(client, path):
    answer = client.post(path, {"theme": "dark", "language": "ru", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_the_language_switch_leads_to_the_same_page_in_the_other_language(client):
    answer = client.post("/language/", {"language": "ru", "next": "/en/sign-in/login/"})
    assert answer["Location"] == "/ru/sign-in/login/"


def test_the_language_of_the_address_counts_and_not_that_of_the_cookie(client):
    client.post("/language/", {"language": "en", "next": "/"})
    answer = client.post("/language/", {"language": "en", "next": "/ru/sign-in/login/"})
    assert answer["Location"] == "/en/sign-in/login/"
