"""A seller goes through a call script: by tap and by key, with JavaScript and without; the editor's map follows the form.

The script is written in the admin first, as an editor does it.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

SELLER, EDITOR = "mira.castellan@meridian.example", "edda.marlowe@ringwell.example.com"
TITLE, SLUG = "A call for the test", "a-call-for-the-test"


@pytest.fixture(scope="module")
def script(demo, browser, sign_in):
    """An address under which a script of three steps stands: opening, a question with a way back, an ending."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, EDITOR)
    library = find_page(page, demo.address, "library")
    page.goto(f"{demo.address}/admin/pages/add/training/callscriptpage/{library}/")
    page.locator("[name=title]").fill(TITLE)
    page.locator("[name=slug]").evaluate("(field, slug) => field.value = slug", SLUG)
    page.locator("[name=goal]").fill("A demonstration is agreed.")
    steps = page.locator("[data-contentpath=steps] [data-streamfield-stream-container]")
    steps.locator("> div > .c-sf-add-button").first.click()
    fill_step(page, 0, "Opening", "Good morning.")
    add_answer(page, 0, 0, "Asks for the price")
    page.locator("[name=steps-1-value-title]").wait_for()
    fill_step(page, 1, "", "How many people are you?")
    add_answer(page, 1, 0, "Agrees to a day")
    fill_step(page, 2, "", "Until Tuesday, then.")
    page.locator("[name=steps-2-value-outcome]").select_option("won")
    add_answer(page, 1, 1, "Begins again", to="opening")
    expect(page.locator("script-map .map-card")).to_have_count(3)
    expect(page.locator("script-map .map-back .map-way")).to_have_text("↑ 1")
    expect(page.locator("script-map .script-map-faults")).to_have_count(0)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    page.wait_for_load_state()
    context.close()
    return f"{demo.address}/en/library/{SLUG}/"


def find_page(page, address: str, slug: str) -> int:
    """The number of the English page with this slug."""
    found = page.request.get(f"{address}/admin/api/main/pages/?slug={slug}").json()["items"]
    return next(one["id"] for one in found if "/en/" in one["meta"]["html_url"])


def fill_step(page, place: int, title: str, say: str) -> None:
    if title:
        page.locator(f"[name=steps-{place}-value-title]").fill(title)
    box = page.locator(f"xpath=//*[@name='steps-{place}-value-say']/ancestor::*[@data-contentpath='say'][1]")
    box.locator("[contenteditable=true]").click()
    page.keyboard.type(say)


def add_answer(page, step: int, number: int, answer: str, *, to: str = "+") -> None:
    """An answer with the place it leads to; “+” is a new step, which then has the answer for its title."""
    box = page.locator(
        f"xpath=//*[@name='steps-{step}-value-branches-count']/ancestor::*[@data-contentpath='branches'][1]"
    )
    box.locator("[data-streamfield-list-container] > .c-sf-add-button").last.click()
    page.locator(f"[name=steps-{step}-value-branches-{number}-value-answer]").fill(answer)
    box.locator("script-target select").nth(number).select_option(to)


@pytest.fixture
def reader(demo, browser, sign_in):
    """``reader(javascript=..., width=...)``: a page with the seller signed in."""
    contexts = []

    def open_page(*, javascript: bool = True, width: int = 360, **options):
        context = browser.new_context(viewport={"width": width, "height": 740})
        page = context.new_page()
        sign_in(page, SELLER)
        kept = context.storage_state()
        context.close()
        contexts.append(
            browser.new_context(
                viewport={"width": width, "height": 740}, storage_state=kept, java_script_enabled=javascript, **options
            )
        )
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()


def shown(page) -> list[str]:
    """The titles of the steps that are to be seen."""
    return [text.splitlines()[-1] for text in page.locator(".script-step:visible h2").all_inner_texts()]


def way(page) -> list[str]:
    return page.locator(".script-path li").all_inner_texts()


class TestWithoutJavaScript:
    def test_the_first_step_is_shown_and_each_tap_leads_to_the_next(self, reader, script):
        page = reader(javascript=False)
        page.goto(script)
        assert shown(page) == ["Opening"]
        page.get_by_role("link", name="Asks for the price").click()
        assert shown(page) == ["Asks for the price"]
        page.get_by_role("link", name="Agrees to a day").click()
        assert shown(page) == ["Agrees to a day"]
        assert page.get_by_text("The goal is met").is_visible()

    def test_the_browser_goes_back_and_start_over_leads_to_the_first(self, reader, script):
        page = reader(javascript=False)
        page.goto(script)
        page.get_by_role("link", name="Asks for the price").click()
        page.go_back()
        assert shown(page) == ["Opening"]
        page.goto(f"{script}#agrees-to-a-day")
        page.get_by_role("link", name="Start over").click()
        assert shown(page) == ["Opening"]

    def test_all_steps_can_be_read_at_once(self, reader, script):
        page = reader(javascript=False)
        page.goto(script)
        page.get_by_role("link", name="All steps").click()
        assert shown(page) == ["Opening", "Asks for the price", "Agrees to a day"]

    def test_what_needs_javascript_is_not_shown(self, reader, script):
        page = reader(javascript=False)
        page.goto(f"{script}#asks-for-the-price")
        assert shown(page) == ["Asks for the price"]
        assert not page.get_by_role("button", name="Back", exact=True).is_visible()
        assert not page.locator(".script-path").is_visible()
        assert not page.locator(".script-keys").is_visible()


class TestWithJavaScript:
    def test_the_way_walked_is_kept_through_taps_back_and_reload(self, reader, script):
        page = reader()
        page.goto(script)
        assert shown(page) == ["Opening"]
        page.get_by_role("link", name="Asks for the price").click()
        expect(page.locator(".script-path li")).to_have_count(2)
        page.get_by_role("link", name="Begins again").click()
        expect(page.locator(".script-path li")).to_have_count(3)
        assert way(page) == ["Opening", "Asks for the price", "Opening"]
        page.reload()
        expect(page.locator(".script-path li")).to_have_count(3)
        page.get_by_role("button", name="Back", exact=True).click()
        expect(page.locator(".script-path li")).to_have_count(2)
        assert shown(page) == ["Asks for the price"]
        page.go_back()
        expect(page.locator(".script-path")).to_be_hidden()
        assert shown(page) == ["Opening"]

    def test_a_step_of_the_way_leads_back_to_it(self, reader, script):
        page = reader()
        page.goto(script)
        page.get_by_role("link", name="Asks for the price").click()
        page.get_by_role("link", name="Agrees to a day").click()
        page.locator(".script-path a", has_text="Opening").click()
        expect(page.locator("#opening")).to_be_visible()
        assert shown(page) == ["Opening"]
        page.go_forward()
        expect(page.locator("#asks-for-the-price")).to_be_visible()
        assert way(page) == ["Opening", "Asks for the price"]

    def test_keys_choose_go_back_and_start_over(self, reader, script):
        page = reader(width=1280)
        page.goto(script)
        page.keyboard.press("1")
        expect(page.locator("#asks-for-the-price")).to_be_visible()
        page.keyboard.press("9")
        assert shown(page) == ["Asks for the price"]
        page.keyboard.press("1")
        expect(page.locator("#agrees-to-a-day")).to_be_visible()
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#asks-for-the-price")).to_be_visible()
        page.keyboard.press("Backspace")
        expect(page.locator("#opening")).to_be_visible()
        page.keyboard.press("1")
        expect(page.locator("#asks-for-the-price")).to_be_visible()
        page.keyboard.press("Home")
        expect(page.locator("#opening")).to_be_visible()
        expect(page.locator(".script-path")).to_be_hidden()

    def test_keys_are_the_readers_own_outside_the_script(self, reader, script):
        page = reader(width=1280)
        page.goto(script)
        page.locator("#masthead-search").press_sequentially("1")
        assert page.locator("#masthead-search").input_value() == "1"
        assert shown(page) == ["Opening"]

    def test_the_heading_of_the_step_is_told_to_screen_readers(self, reader, script):
        page = reader()
        page.goto(script)
        page.get_by_role("link", name="Asks for the price").click()
        expect(page.locator("#asks-for-the-price h2")).to_be_focused()

    def test_it_opens_at_the_step_that_the_address_names(self, reader, script):
        page = reader()
        page.goto(f"{script}#agrees-to-a-day")
        assert shown(page) == ["Agrees to a day"]
        assert not page.get_by_role("button", name="Back", exact=True).is_visible()


class TestInTheHand:
    def test_at_320_pixels_nothing_scrolls_sideways_and_every_target_is_as_large_as_a_thumb(self, reader, script):
        page = reader(width=320)
        page.goto(script)
        page.get_by_role("link", name="Asks for the price").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        for target in page.locator("call-script").locator("a:visible, button:visible").all():
            assert target.bounding_box()["height"] >= 44, target.inner_text()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing(self, reader, script, scheme):
        page = reader(color_scheme=scheme)
        for place in ("", "#asks-for-the-price", "#agrees-to-a-day", "#_steps"):
            page.goto(f"{script}{place}")
            assert shown(page)
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()

    def test_on_paper_all_steps_stand_in_order_with_numbers_for_the_ways(self, reader, script):
        page = reader(width=800)
        page.goto(f"{script}#agrees-to-a-day")
        page.emulate_media(media="print")
        assert shown(page) == ["Opening", "Asks for the price", "Agrees to a day"]
        assert page.locator(".script-to:visible").all_inner_texts() == ["→\xa0step 2", "→\xa0step 3", "→\xa0step 1"]
        assert not page.locator(".script-ways").is_visible()


def test_a_step_deleted_in_the_form_is_marked_on_the_map_at_once_and_refused_by_name(demo, browser, sign_in, script):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, EDITOR)
    number = find_page(page, demo.address, SLUG)
    page.goto(f"{demo.address}/admin/pages/{number}/edit/")
    page.locator("xpath=//input[@name='steps-2-value-name']/ancestor::section[1]").get_by_role(
        "button", name="Delete"
    ).first.click()
    message = (
        "In “asks-for-the-price” the answer “Agrees to a day” leads to “agrees-to-a-day”, and no step has that name."
    )
    expect(page.locator("script-map .script-map-faults")).to_contain_text(message)
    expect(page.locator("script-map .map-fault")).to_have_count(1)
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".messages, [data-controller~=w-messages]").first).to_contain_text("could not be saved")
    expect(page.locator("#panel-child-content-steps-section")).to_contain_text(message)
    context.close()
