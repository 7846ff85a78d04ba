"""Without a signal: a card that was kept at hand opens; and it is gone when it should be."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

SELLER = "mira.castellan@meridian.example"
CARD = "/en/library/objections/too-expensive/"


@pytest.fixture
def seller(browser, demo, sign_in):
    context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=demo.address)
    page = context.new_page()
    sign_in(page, SELLER)
    yield page
    context.close()


def keep(page):
    """Keep the card at hand and wait until the phone has its copy."""
    page.goto(CARD)
    button = page.locator("form[action*='/at-hand/'] button")
    if button.get_attribute("aria-pressed") == "false":
        button.click()
        page.wait_for_load_state()
    wait_until(page, lambda: has_copy(page) and kept_on_the_phone(page) == to_be_kept(page))


def to_be_kept(page) -> int:
    """The pages at hand, the page that says there is no signal, and what may be kept."""
    return page.evaluate("fetch('/offline.json').then(a => a.json()).then(about => about.pins.length + 2)")


def has_copy(page) -> bool:
    return page.evaluate("path => caches.open('kept-pages').then(c => c.match(path)).then(Boolean)", CARD)


def wait_until(page, happens) -> None:
    """Ask again and again: what the worker does, it does after the page has loaded."""
    for _attempt in range(100):
        if happens():
            return
        page.wait_for_timeout(100)
    pytest.fail("It did not happen within ten seconds.")


def kept_on_the_phone(page) -> int:
    return page.evaluate("caches.open('kept-pages').then(c => c.keys()).then(k => k.length)")


def test_a_card_at_hand_opens_without_a_signal_and_says_when_it_was_saved(seller):
    keep(seller)
    seller.context.set_offline(True)
    seller.goto(CARD)
    assert seller.locator("h1").inner_text()
    assert "Saved on" in seller.content()
    assert seller.locator("#answer").is_visible()
    assert seller.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Golos Text"')
    seller.goto("/en/library/")
    assert "No signal" in seller.content()
    seller.locator(f"kept-pages a[href='{CARD}']").wait_for()
    seller.context.set_offline(False)
    seller.goto(CARD)
    assert "Saved on" not in seller.content()


def test_a_copy_is_gone_after_a_day(seller):
    keep(seller)
    seller.evaluate(
        """async path => {
            const pages = await caches.open("kept-pages")
            const copy = await pages.match(path)
            const headers = new Headers(copy.headers)
            headers.set("X-Gone-At", String(Date.now() - 1000))
            await pages.put(path, new Response(await copy.text(), { headers }))
        }""",
        CARD,
    )
    seller.context.set_offline(True)
    seller.goto(CARD)
    assert "No signal" in seller.content()
    assert not has_copy(seller)


def test_signing_out_leaves_nothing_on_the_phone(seller, demo):
    keep(seller)
    seller.goto("/en/sign-in/logout/")
    seller.locator("form[action*='logout'] button").last.click()
    wait_until(seller, lambda: seller.evaluate("caches.keys()") == [])
    seller.context.set_offline(True)
    with pytest.raises(Exception, match="ERR_"):
        seller.goto(CARD)


def test_what_was_taken_away_while_there_was_no_signal_goes_when_it_returns(seller, demo):
    keep(seller)
    before = kept_on_the_phone(seller)
    seller.context.set_offline(True)
    seller.goto(CARD)
    close_card(demo)
    try:
        seller.context.set_offline(False)
        seller.evaluate("window.dispatchEvent(new Event('online'))")
        wait_until(seller, lambda: not has_copy(seller))
        assert kept_on_the_phone(seller) < before
    finally:
        close_card(demo, back=True)


def close_card(demo, *, back: bool = False) -> None:
    """An editor forbids the copy, or allows it again: what the server's answer then leaves out is deleted."""
    demo.manage(
        "shell",
        "-c",
        "from training.models import ObjectionCardPage as C;"
        f"C.objects.filter(slug='too-expensive').update(may_be_saved={back})",
    )
