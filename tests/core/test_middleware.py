"""What no address may hold."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address", ["/en/leads/a%00b/", "/files/a%00b", "/en/study/search/?q=%00", "/admin/pages/search/?q=a%00"]
)
def test_an_address_with_a_nul_is_told_to_be_damaged(client, address):
    assert client.get(address).status_code == 400


def test_a_cookie_with_a_nul_is_told_to_be_damaged(client):
    assert client.get("/en/", headers={"cookie": 'sessionid="%s"' % ("a" * 20 + "\\000" + "b" * 11)}).status_code == 400


def test_a_percent_sign_written_as_text_is_none(client):
    assert client.get("/en/sign-in/login/?next=/en/%2500/").status_code == 200
