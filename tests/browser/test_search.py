"""What is found while it is typed: with the keyboard, by touch, and without the script."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

SELLER = "mira.castellan@meridian.example"
OPTIONS = "#page-search-suggestions [role=option]"


@pytest.fixture
def searching(demo, page, sign_in):
    """The search page of a seller, with the field in focus."""
    sign_in(page, SELLER)
    page.goto(f"{demo.address}/en/study/search/")
    return page


def type_words(page, words: str) -> None:
    with page.expect_response(lambda response: "/suggestions/" in response.url):
        page.locator("#page-search").press_sequentially(words, delay=20)


def test_a_seller_reads_the_answer_before_the_word_is_finished(searching):
    assert searching.evaluate("document.activeElement.id") == "page-search"
    type_words(searching, "expen")
    first = searching.locator(OPTIONS).first
    first.wait_for()
    assert "expensive" in first.inner_text()
    assert len(first.locator(".suggestion-answer").inner_text()) > 40
    assert searching.locator("#page-search").get_attribute("aria-expanded") == "true"


def test_the_arrow_keys_choose_and_enter_opens(searching):
    type_words(searching, "expen")
    searching.locator(OPTIONS).first.wait_for()
    field = searching.locator("#page-search")
    field.press("ArrowDown")
    chosen = searching.locator(f"{OPTIONS}[aria-selected=true]")
    assert chosen.count() == 1
    assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    field.press("ArrowUp")
    assert field.get_attribute("aria-activedescendant") is None
    field.press("ArrowDown")
    address = chosen.get_attribute("data-url")
    field.press("Enter")
    searching.wait_for_url(f"**{address}")


def test_enter_without_a_choice_searches(searching):
    type_words(searching, "expensive")
    searching.locator("#page-search").press("Enter")
    searching.wait_for_url("**/study/search/?q=expensive*")
    assert searching.locator(".objection-answer").first.is_visible()


def test_escape_closes_the_list_and_keeps_the_words(searching):
    type_words(searching, "expen")
    searching.locator(OPTIONS).first.wait_for()
    field = searching.locator("#page-search")
    field.press("Escape")
    assert searching.locator("#page-search-suggestions").is_hidden()
    assert field.input_value() == "expen"
    assert field.get_attribute("aria-expanded") == "false"


def test_a_tap_opens(searching):
    type_words(searching, "expen")
    option = searching.locator(OPTIONS).first
    address = option.get_attribute("data-url")
    option.click()
    searching.wait_for_url(f"**{address}")


def test_the_field_of_the_head_suggests_as_well(demo, page, sign_in):
    sign_in(page, SELLER)
    page.goto(f"{demo.address}/en/library/")
    with page.expect_response(lambda response: "/suggestions/" in response.url):
        page.locator("#masthead-search").press_sequentially("expen", delay=20)
    page.locator("#masthead-search-suggestions [role=option]").first.wait_for()


def test_without_a_signal_nothing_breaks(searching):
    searching.context.set_offline(True)
    searching.locator("#page-search").press_sequentially("expen", delay=20)
    searching.wait_for_timeout(400)
    assert searching.locator("#page-search-suggestions").is_hidden()
    assert searching.locator("#page-search").input_value() == "expen"
    searching.context.set_offline(False)


def test_without_the_script_the_form_is_sent(demo, browser, sign_in):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    sign_in(page, SELLER)
    page.locator(".masthead a.tool[href*='search']").click()
    page.locator("#page-search").fill("expensive")
    page.locator(".search-form .search-field button").click()
    page.wait_for_url("**/study/search/?q=expensive*")
    assert page.locator(".objection-answer").first.is_visible()
    context.close()
