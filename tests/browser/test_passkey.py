"""A passkey is added and signs its owner in, by a virtual authenticator, under the strict policy.

Browsers tie passkeys to a name, never to an address of digits: hence ``localhost``.
"""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


def test_a_passkey_is_added_and_signs_its_owner_in(demo, browser):
    address = demo.address.replace("127.0.0.1", "localhost")
    context = browser.new_context()
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    page.goto(f"{address}/en/sign-in/login/")
    page.fill("input[name=login]", "callum.strand@harbourdesk.example")
    page.fill("input[name=password]", "guildhall-demo")
    page.locator("form[action*='login'] button[type=submit]").first.click()
    page.wait_for_load_state()
    page.goto(f"{address}/en/sign-in/2fa/webauthn/add/")
    if "/reauthenticate/" in page.url:
        page.fill("main input[name=password]", "guildhall-demo")
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_url(re.compile(r"webauthn/add/"))
    page.fill("input[name=name]", "My telephone")
    page.check("input[name=passwordless]")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url(re.compile(r"recovery-codes|2fa/$|webauthn/$"))

    context.clear_cookies()
    page.goto(f"{address}/en/sign-in/login/")
    page.get_by_role("button", name=re.compile("passkey", re.I)).click()
    page.wait_for_url(re.compile(r"/en/$"))
    assert page.locator("ol.thread").is_visible()
    context.close()
    assert complaints == []
