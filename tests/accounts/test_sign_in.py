"""Signing in: by password, mailed code, second factor; closed to strangers; every page in the house's frame."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import translation

from portal.accounts.models import User
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|\son[a-z]+=\"|\sstyle=\"|<style", re.IGNORECASE
)


def sign_in(client, user, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": user.email.upper(), "password": password})


def test_a_person_signs_in_by_address_and_password_whatever_the_case(client):
    user = UserFactory()
    assert sign_in(client, user).status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_wrong_password_is_told_and_too_many_are_stopped(client):
    user = UserFactory()
    for _ in range(5):
        assert "_auth_user_id" not in client.session
        assert sign_in(client, user, "wrong").status_code == 200
    sign_in(client, user)
    assert "_auth_user_id" not in client.session


def test_a_person_signs_in_by_a_mailed_code_in_their_own_language(client):
    user = UserFactory(language="ru")
    client.post(reverse("account_request_login_code"), {"email": user.email})
    (letter,) = mail.outbox
    assert "вход" in letter.subject.lower()
    code = re.search(r"\n\n([A-Z0-9-]{6,9})\n\n", letter.body)[1]
    assert code in letter.alternatives[0].content
    client.post(reverse("account_confirm_login_code"), {"code": code})
    assert client.session["_auth_user_id"] == str(user.pk)


def test_an_unknown_address_is_not_betrayed_by_the_page_and_told_by_mail():
    known, unknown = (
        Client().post(reverse("account_request_login_code"), {"email": email})
        for email in (UserFactory().email, "nobody@example.com")
    )
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert "no account" in mail.outbox[1].subject


def test_nobody_signs_up_by_themselves(client):
    url = reverse("account_signup")
    assert "invitation" in client.get(url).content.decode()
    client.post(url, {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.exists()


def test_a_forgotten_password_is_reset_by_a_mailed_link(client):
    user = UserFactory()
    client.post(reverse("account_reset_password"), {"email": user.email})
    (letter,) = mail.outbox
    link = re.search(r"http://testserver(\S+)", letter.body)[1]
    form = client.get(link, follow=True)
    new = "another horse, another battery"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    user.refresh_from_db()
    assert user.check_password(new)


class TestSecondFactor:
    def code_of(self, secret):
        return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))

    def test_a_code_of_the_app_or_a_recovery_code_is_asked_for(self, client):
        user = UserFactory()
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        RecoveryCodes.activate(user)
        assert sign_in(client, user).headers["Location"].startswith(reverse("mfa_authenticate"))
        assert "_auth_user_id" not in client.session
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
        assert "_auth_user_id" not in client.session
        client.post(reverse("mfa_authenticate"), {"code": self.code_of("JBSWY3DPEHPK3PXP")})
        assert client.session["_auth_user_id"] == str(user.pk)
        client.logout()
        sign_in(client, user)
        recovery = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()[0]
        client.post(reverse("mfa_authenticate"), {"code": recovery})
        assert client.session["_auth_user_id"] == str(user.pk)

    def test_setting_up_the_app_gives_recovery_codes(self, client):
        user = UserFactory()
        sign_in(client, user)
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        page = client.get(reverse("mfa_activate_totp"))
        secret = page.context["form"].secret
        client.post(reverse("mfa_activate_totp"), {"code": self.code_of(secret)})
        kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        assert kinds == {"totp", "recovery_codes"}


STRANGERS_PAGES = [
    "account_login",
    "account_request_login_code",
    "account_reset_password",
    "account_reset_password_done",
    "account_signup",
    "account_inactive",
]
PERSONS_PAGES = [
    "account_logout",
    "account_email",
    "account_change_password",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_generate_recovery_codes",
    "account_reauthenticate",
    "accounts:preferences",
    "accounts:second_factor",
]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", [*STRANGERS_PAGES, *PERSONS_PAGES])
def test_every_page_stands_in_the_houses_frame_and_runs_no_inline_script(client, name, language):
    with translation.override("en"):
        url = reverse(name).replace("/en/", f"/{language}/")
    if name in PERSONS_PAGES:
        user = UserFactory()
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        sign_in(client, user)
        if name == "mfa_generate_recovery_codes":
            TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        if name.startswith("mfa_"):
            client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    answer = client.get(url)
    assert answer.status_code == 200, answer.headers.get("Location")
    page = answer.content.decode()
    assert 'class="masthead' in page
    assert page.count("<h1") == 1
    assert f'<html lang="{language}"' in page
    assert not INLINE.search(page), INLINE.search(page)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<title>" in page
    assert not re.search(r"<title>\s*·", page)


def test_the_sign_in_page_offers_a_passkey_by_a_script_of_its_own_file(client):
    page = client.get(reverse("account_login")).content.decode()
    assert 'id="passkey_login"' in page
    assert "mfa/js/webauthn.js" in page
    assert client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"}).json()["request_options"]


def test_a_new_address_counts_only_once_its_link_was_opened(client):
    user = UserFactory()
    old = user.email
    EmailAddress.objects.create(user=user, email=old, verified=True, primary=True)
    sign_in(client, user)
    client.post(reverse("account_email"), {"action_add": "", "email": "new@example.com"})
    user.refresh_from_db()
    assert user.email == old
    (letter,) = mail.outbox
    assert letter.to == ["new@example.com"]
    link = re.search(r"http://testserver(\S+)", letter.body)[1]
    client.post(link)
    user.refresh_from_db()
    assert user.email == "new@example.com"
