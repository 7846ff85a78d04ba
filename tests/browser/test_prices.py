"""A price list in a browser: the line is there as one types, and is copied in one tap."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

SELLER = "mira.castellan@meridian.example"
PAGE = "/en/library/ringwell-2026/"


@pytest.fixture
def page(demo, browser, sign_in):
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    sign_in(page, SELLER)
    page.goto(f"{demo.address}{PAGE}")
    yield page
    context.close()


def test_the_line_is_counted_as_one_types_and_copied_in_one_tap(page):
    page.locator("#price-quantity").fill("12 seats")
    line = page.locator("#price-line")
    line.wait_for()
    assert ": 12 × " in line.inner_text()
    assert "quantity=12+seats" in page.url
    page.locator(".pricing-customer copy-button button").click()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == line.inner_text().strip()
    assert "For you alone" not in copied
    # The focus stays in the field, and a mistake is said there.
    page.locator("#price-quantity").fill("many")
    page.locator("#price-quantity-error").wait_for()
    assert page.locator("#price-line").count() == 0
    assert page.evaluate("() => document.activeElement.id") == "price-quantity"


def test_the_same_without_javascript(demo, browser, sign_in):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, SELLER)
    page.goto(f"{demo.address}{PAGE}")
    page.locator("#price-quantity").fill("12")
    page.get_by_role("button", name="Make the line").click()
    assert ": 12 × " in page.locator("#price-line").inner_text()
    context.close()
