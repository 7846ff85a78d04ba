"""axe finds no violation, by day and by night, on a phone and on a desk; nothing scrolls sideways at 320 px."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

PAGES = {
    "anonymous": [
        "/en/sign-in/login/", "/ru/sign-in/login/", "/en/sign-in/login/code/", "/en/sign-in/password/reset/",
        "/en/sign-in/password/reset/done/", "/en/sign-in/password/reset/key/x-y/",
    ],
    "mira.castellan@meridian.example": [
        "/en/", "/ru/", "/en/library/", "/ru/library/", "/en/library/voice-overview/", "/en/library/objections/",
        "/en/library/objections/excel-works-fine/", "/ru/library/objections/excel-works-fine/",
        "/en/library/ringwell-2026/", "/ru/library/ringwell-2026/?market=kz&quantity=many",
        "/en/library/the-path-of-a-call/", "/ru/library/one-day-in-one-inbox/",
        "/en/courses/", "/en/courses/selling-ringwell/", "/en/courses/selling-ringwell/listen-and-ask/",
        "/en/study/search/?q=excel", "/en/exams/", "/ru/exams/", "/en/exams/product-knowledge/", "/en/exams/standing/",
        "/en/leads/", "/ru/leads/", "/en/notifications/", "/en/notifications/preferences/", "/en/partner/", "/en/account/",
        "/en/exams/credentials/", "/ru/exams/standing/", "/en/leads/?show=work", "/en/leads/?show=past",
        "/en/study/search/?q=zzzz", "/en/study/search/", "/ru/study/search/?q=excel&kind=cards",
        "/en/sign-in/2fa/", "/ru/sign-in/2fa/", "/en/sign-in/2fa/webauthn/",
        "/en/sign-in/password/change/", "/en/sign-in/email/",
    ],
    "halina.brzoskwin@brightledger.example": [
        "/en/", "/en/partner/team/", "/en/partner/team/invite/", "/en/partner/agreement/", "/ru/partner/team/",
    ],
    "ruben.oostveld@fernhill.example": ["/en/", "/ru/exams/", "/en/exams/product-knowledge/", "/en/leads/"],
    "callum.strand@harbourdesk.example": ["/en/", "/en/exams/credentials/"],
    "malik.ferrow@coppergate.example": ["/en/", "/ru/", "/en/partner/"],
    "edda.marlowe@ringwell.example.com": ["/en/", "/styleguide/"],
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("email", PAGES)
def test_axe_finds_nothing(demo, browser, sign_in, email, scheme):
    context = browser.new_context(color_scheme=scheme, viewport={"width": 360, "height": 740})
    page = context.new_page()
    if email != "anonymous":
        sign_in(page, email)
    found = {}
    for path in PAGES[email]:
        answer = page.goto(f"{demo.address}{path}")
        assert answer is not None
        assert answer.status == 200, path
        result = Axe().run(page)
        if result.violations_count:
            found[path] = [
                (violation["id"], [node["html"][:120] for node in violation["nodes"]][:3])
                for violation in result.response["violations"]
            ]
    context.close()
    assert found == {}


@pytest.mark.parametrize("email", PAGES)
def test_nothing_scrolls_sideways_at_320_pixels(demo, browser, sign_in, email):
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    if email != "anonymous":
        sign_in(page, email)
    wide = []
    for path in PAGES[email]:
        page.goto(f"{demo.address}{path}")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(path)
    context.close()
    assert wide == []
