"""A walk over every page that links lead to: none carries anything inline, and none is broken."""

import gzip
import re

import pytest

from tests.inline import what_is_inline

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

#: Pages that a signed-in member of the demo meets, followed from link to link.
START = ["/en/", "/ru/", "/en/account/", "/en/partner/", "/en/notifications/"]


@pytest.mark.parametrize("email", ["mira.castellan@meridian.example", "edda.marlowe@ringwell.example.com"])
def test_no_page_that_links_lead_to_carries_anything_inline_or_too_much(demo, page, sign_in, email):
    """A walk from link to link over every page that this person can reach, at most 150 of them."""
    weights: dict[str, int] = {}

    def weigh(address: str) -> int:
        """Bytes of a script or stylesheet as they travel."""
        if address not in weights:
            weights[address] = len(gzip.compress(page.request.get(f"{demo.address}{address}").body()))
        return weights[address]

    console = []
    page.on(
        "console", lambda message: console.append(message.text) if "Content Security Policy" in message.text else None
    )
    sign_in(page, email)
    waiting, seen, found, broken, heavy = list(START), set(), {}, [], {}
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
        scripts = sum(weigh(address) for address in re.findall(r'<script[^>]* src="(/[^"]+)"', html))
        styles = sum(
            weigh(address) for address in re.findall(r'<link[^>]* rel="stylesheet"[^>]* href="(/[^"]+)"', html)
        )
        if scripts > 20_000 or len(gzip.compress(html.encode())) + scripts + styles > 100_000:
            heavy[path] = (scripts, styles, len(html))
        for link in re.findall(r'href="(/[^"#]*)', html):
            link = link.replace("&amp;", "&")
            if not link.startswith(("/static/", "/admin/", "/files/")) and "logout" not in link and "?" not in link:
                waiting.append(link)
    assert len(seen) >= 25
    assert broken == []
    assert found == {}
    assert heavy == {}
    assert console == []
