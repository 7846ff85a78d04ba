"""The strict policy holds: no page of the portal carries a script, a style or a handler of its own."""

import pytest
from django.urls import reverse

from tests.inline import what_is_inline


def test_the_check_finds_what_it_looks_for():
    assert what_is_inline("<script>alert(1)</script>")
    assert what_is_inline('<p style="color:red">')
    assert what_is_inline('<a onclick="x()">')
    assert not what_is_inline('<script src="/static/a.js"></script><p class="style">')


@pytest.mark.django_db
class TestThePolicy:
    def test_the_portal_s_policy_admits_no_inline_script(self, client):
        policy = client.get(reverse("account_login")).headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy
        assert "default-src 'self'" in policy
        assert "object-src 'none'" in policy

    def test_the_admin_has_a_policy_of_its_own_and_only_the_admin(self, client):
        assert "'unsafe-inline'" in client.get("/admin/").headers["Content-Security-Policy"]
        assert "unsafe-inline" not in client.get("/en/").headers["Content-Security-Policy"]
