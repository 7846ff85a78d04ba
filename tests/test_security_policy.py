"""The strict policy holds: no page of the portal carries a script, a style or a handler of its own."""

import re

import pytest
from django.urls import reverse

from portal.home.services.demo import DEMO_PASSWORD

INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)[^>]*>(?P<script>[^<]+)|<style[ >]|\sstyle=\"|\son(?:click|load|change|submit|input|error)=",
    re.I,
)


def what_is_inline(html: str) -> list[str]:
    return [found.group(0)[:80] for found in INLINE.finditer(html)]


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


#: Pages that a signed-in member of the demo meets, followed from link to link.
START = ["/en/", "/ru/", "/en/account/", "/en/partner/", "/en/notifications/"]


@pytest.mark.browser
@pytest.mark.xdist_group("demo")
@pytest.mark.parametrize("email", ["mira.castellan@meridian.example", "edda.marlowe@ringwell.example.com"])
def test_no_page_that_links_lead_to_carries_anything_inline(demo, page, sign_in, email):
    """A walk from link to link over every page that this person can reach, at most 150 of them."""
    console = []
    page.on(
        "console", lambda message: console.append(message.text) if "Content Security Policy" in message.text else None
    )
    sign_in(page, email)
    waiting, seen, found, broken = list(START), set(), {}, []
    while waiting and len(seen) < 150:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = page.request.get(f"{demo.address}{path}")
        if answer.status >= 400 and answer.status != 403:
            broken.append((path, answer.status))
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        html = answer.text()
        if inline := what_is_inline(html):
            found[path] = inline
        for link in re.findall(r'href="(/[^"#]*)', html):
            link = link.replace("&amp;", "&")
            if not link.startswith(("/static/", "/admin/", "/files/")) and "logout" not in link and "?" not in link:
                waiting.append(link)
    assert DEMO_PASSWORD
    assert len(seen) >= 25
    assert broken == []
    assert found == {}
    assert console == []
