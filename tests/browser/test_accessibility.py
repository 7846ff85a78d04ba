"""axe finds no violation, by day and by night; nothing scrolls sideways at 320 px, nor on a tablet or a small desk."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

VOICE = "26d8062b-ba3f-576a-a237-2a7023b31eb0"  # the product doc of the demo that has been changed
PRICES = "5ec65aee-cc3f-5ef2-81d7-63fd9b704e8b"
PRICE_TALK = "c182a37d-6ad3-5e21-8bd7-4b052e4353ba"  # a call script: nothing of it may be sent, not everybody reads it
KEEPING = "8aa99443-f15e-552a-b8af-f4731f997466"  # a paragraph of it
CASES = "case=d5a0ae64-0824-54db-9506-27b10d10ae14&case=41b0449e-e584-5463-ac85-800e8c79f3e1"
DESK_PHONE = "item=fdfad853-dee0-5ac4-a41f-0635d5d4a0b2&quantity=12"

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
        "/en/leads/turns/", "/ru/leads/turns/", "/en/leads/missed/", "/en/leads/disputes/", "/ru/leads/disputes/",
        "/en/study/search/?q=zzzz", "/en/study/search/", "/ru/study/search/?q=excel&kind=cards",
        "/en/sign-in/2fa/", "/ru/sign-in/2fa/", "/en/sign-in/2fa/webauthn/",
        "/en/sign-in/password/change/", "/en/sign-in/email/", "/en/webinars/", "/en/webinars/tuesdays-for-sellers/",
        "/en/webinars/partner-day/", "/ru/webinars/partner-day/", "/ru/webinars/tuesdays-for-sellers/",
        "/ru/courses/selling-ringwell/", "/ru/courses/selling-ringwell/listen-and-ask/", "/ru/study/attendance/",
        "/ru/study/calendar/", "/en/library/one-day-in-one-inbox/",
        "/en/study/calendar/", "/en/study/attendance/",
        "/en/library/?kind=cases", f"/en/library/ringwell-2026/?{DESK_PHONE}", "/en/library/first-call/#three-numbers",
        "/en/library/promises-we-do-not-make/", "/en/library/window-maker-northlight/", "/en/study/cases/",
        f"/en/study/cases/?{CASES}", f"/ru/study/cases/?{CASES}&sort=money", "/en/study/at-hand/", "/en/study/shares/",
        f"/en/study/share/{VOICE}/", f"/en/study/share/{PRICE_TALK}/", "/en/study/remarks/",
        f"/en/study/materials/{VOICE}/remark/", f"/en/study/materials/{VOICE}/remark/?block={KEEPING}",
        f"/en/study/materials/{VOICE}/changes/", "/en/study/no-signal/",
    ],
    "vasilisa.ozerova@severnymost.example": [
        "/ru/library/partner-economics/", "/ru/library/objections/", "/ru/library/objections/others-are-cheaper/",
        "/ru/library/first-call/", "/ru/library/answer-within-an-hour/", f"/ru/library/ringwell-2026/?{DESK_PHONE}",
        "/ru/webinars/", "/ru/webinars/thursdays-for-heads/", "/ru/study/team/", "/ru/courses/", "/ru/study/calendar/",
        "/en/study/team/", "/ru/courses/leading-a-team/", "/ru/leads/terms/", "/ru/study/attendance/",
        "/ru/leads/week/", "/ru/leads/away/",
        "/ru/study/search/?q=телефон", f"/ru/study/share/{PRICES}/", f"/ru/study/materials/{VOICE}/changes/",
        f"/ru/study/materials/{VOICE}/remark/",
    ],
    "zofia.lanckor@brightledger.example": ["/en/study/remarks/"],
    "halina.brzoskwin@brightledger.example": [
        "/en/leads/week/", "/en/leads/away/",
        "/en/", "/en/leads/terms/", "/en/partner/team/", "/en/partner/team/invite/", "/en/partner/agreement/",
        "/ru/partner/team/",
    ],
    "ruben.oostveld@fernhill.example": [
        "/en/", "/ru/exams/", "/en/exams/product-knowledge/", "/en/leads/",
        "/en/library/price-talk/", "/en/library/partner-economics/", "/en/study/at-hand/",
    ],
    "callum.strand@harbourdesk.example": ["/en/", "/en/exams/credentials/"],
    "malik.ferrow@coppergate.example": ["/en/", "/ru/", "/en/partner/"],
    "edda.marlowe@ringwell.example.com": [
        "/en/", "/styleguide/", "/en/library/", "/en/library/voice-overview/", "/en/library/price-talk/",
        "/en/study/remarks/", f"/en/study/materials/{VOICE}/changes/", "/en/study/shares/",
    ],
}  # fmt: skip

PHONE, NARROW = {"width": 360, "height": 740}, {"width": 320, "height": 740}
#: The narrowest with each form of the navigation.
WIDTHS = (NARROW, {"width": 760, "height": 900}, {"width": 1000, "height": 900})

#: Pages that say why they are closed to this reader.
REFUSED = {
    ("ruben.oostveld@fernhill.example", "/en/library/price-talk/"),
    ("ruben.oostveld@fernhill.example", "/en/library/partner-economics/"),
    ("edda.marlowe@ringwell.example.com", "/en/study/shares/"),
}


def violations_on(page) -> list[tuple[str, list[str]]]:
    """What axe finds on the page as it stands in light, and of contrast in the dark: each rule that is broken, with the
    first three places. No other rule asks for colours."""
    page.emulate_media(color_scheme="light")
    found = _run(page, {"resultTypes": ["violations"]})
    page.emulate_media(color_scheme="dark")
    return found + _run(page, {"resultTypes": ["violations"], "runOnly": ["color-contrast"]})


def _run(page, options: dict) -> list[tuple[str, list[str]]]:
    return [
        (violation["id"], [node["html"][:120] for node in violation["nodes"]][:3])
        for violation in Axe().run(page, options=options).response["violations"]
    ]


def is_wide(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


@pytest.mark.parametrize("email", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways_at_320_pixels(demo, browser, sign_in, email):
    page = browser.new_context(viewport=PHONE).new_page()
    if email != "anonymous":
        sign_in(page, email)
    found, wide = {}, []
    for path in PAGES[email]:
        answer = page.goto(f"{demo.address}{path}")
        assert answer is not None
        assert answer.status == (403 if (email, path) in REFUSED else 200), path
        if violations := violations_on(page):
            found[path] = violations
        for size in WIDTHS:
            page.set_viewport_size(size)
            if is_wide(page):
                wide.append((path, size["width"]))
        page.set_viewport_size(PHONE)
    page.context.close()
    assert found == {}
    assert wide == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_a_member_comes_to_by_links_and_forms(demo, browser, sign_in, language):
    """What has an address that only the demo knows, found as a member finds it: a session ahead, one that was moved, one
    that was cancelled, one that is over; a seat taken, a question asked and one that is refused, one's own link to the
    meeting before it opens; a correction, with what it refuses; the calendar closed, open and renewed; a certificate."""
    page = browser.new_context(viewport=NARROW).new_page()
    # Hers are the webinars of sellers; the heads of sales have the one that is cancelled.
    seller, head = "mira.castellan@meridian.example", "vasilisa.ozerova@severnymost.example"
    found, wide, seen = {}, [], []

    def look() -> None:
        seen.append(page.url)
        if violations := violations_on(page):
            found[page.url] = violations
        for size in WIDTHS:
            page.set_viewport_size(size)
            if is_wide(page):
                wide.append((page.url, size["width"]))
        page.set_viewport_size(NARROW)

    def go(path: str, link: str = "") -> None:
        page.goto(f"{demo.address}/{language}/{path}")
        if link:
            press(link)

    def press(selector: str) -> None:
        page.locator(selector).first.click()
        page.wait_for_load_state()

    sign_in(page, seller)
    go("webinars/", "main a[href*='/study/sessions/']")
    look()
    taking = "main article:not(:has(.badge-neutral)) form[action$='/register/'] button"
    go("webinars/", taking)  # one tap from the list
    look()
    page.fill("#questions textarea", "Does the price hold for a year?")
    press("#questions button[type=submit]")
    look()
    page.locator("#questions textarea").evaluate("field => field.required = false")
    press("#questions button[type=submit]")
    look()
    press("form[action$='/cancel/'] button")
    look()
    go("study/attendance/", "main .card-title a")
    look()
    go("study/attendance/", "main a[href*='/attendance/']")
    look()
    page.locator("main textarea").evaluate("field => field.required = false")
    press("main form button[type=submit]")
    look()
    go("courses/selling-ringwell/", "main a[href$='/certificate/']")
    look()
    go("study/calendar/")
    look()
    changing = "main form[action$='/calendar/change/']"
    press(f"{changing} button")  # open
    look()
    press(f"{changing} >> nth=0 >> button")  # a new address
    look()
    press(f"{changing} >> nth=1 >> button")  # closed again
    look()
    page.context.clear_cookies()
    sign_in(page, head)
    for path in ("webinars/", "webinars/thursdays-for-heads/"):
        go(path, "main .webinar-off a")
        look()
    page.context.close()
    assert found == {}
    assert wide == []
    assert len(set(seen)) > 8


def test_what_is_sent_to_a_customer_is_as_clean_open_and_closed(demo, browser, sign_in):
    seller, customer = (browser.new_context(viewport=NARROW).new_page() for _ in range(2))
    sign_in(seller, "mira.castellan@meridian.example")
    found, wide = {}, []

    def look(page, name):
        if violations := violations_on(page):
            found[name] = violations
        if is_wide(page):
            wide.append(name)

    for key in (VOICE, PRICES):
        seller.goto(f"{demo.address}/en/study/share/{key}/")
        seller.locator(".share-form button[type=submit]").click()
        seller.wait_for_url("**/study/shares/**")
        address = seller.locator(".share-new .share-address").inner_text()
        look(seller, f"the list, {key}")
        assert customer.goto(address).status == 200
        look(customer, f"open, {key}")
        seller.locator(".share-new form[action*=withdraw] button").click()
        seller.wait_for_load_state()
        look(seller, f"the list without it, {key}")
        assert customer.goto(address).status == 410
        look(customer, f"closed, {key}")
    seller.context.close()
    customer.context.close()
    assert found == {}
    assert wide == []
