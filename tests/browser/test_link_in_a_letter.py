"""A letter about an offer, opened on a phone: two taps take the lead, without signing in, in a browser as it is."""

import email
import email.policy
import re
import time

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

LINK = re.compile(r"http\S+(/\w\w/leads/take/\S+)")


#: Of a partner that no other test of the demo is about.
READER = "jimena.arbolada@arbolada.example"


def find_links(demo) -> list[str]:
    """The links of the reader's first letter about offers: a path each."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in sorted((demo.folder / "var" / "mail").glob("*")):
            for raw in path.read_bytes().split(b"-" * 79):
                letter = email.message_from_bytes(raw.strip(), policy=email.policy.default)
                body = letter.get_body(("plain",)) if letter["to"] == READER else None
                if body is not None and (links := LINK.findall(body.get_content())):
                    return links
        time.sleep(1)
    raise AssertionError("no letter about an offer was sent")


def test_takes_the_lead_with_one_button_and_the_contact_stays_behind_the_sign_in(demo, browser):
    link = find_links(demo)[0]
    page = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False).new_page()
    page.goto(f"{demo.address}{link}")
    assert page.locator("main form button").count() == 1
    # What the page tells of itself must not keep its own form from being taken.
    page.locator("main form button").click()
    page.wait_for_load_state()
    assert page.url.endswith(link)
    assert page.locator("main form").count() == 0
    page.locator("main a.button").click()
    page.wait_for_load_state()
    assert "/sign-in/" in page.url
