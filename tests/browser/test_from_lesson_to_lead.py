"""From sign-in to a won lead, in a real browser against the demo as a newcomer runs it: with JavaScript, and without.

Both journeys are of people whose partner is not qualified at the start. They study, pass both exams, and receive a lead.
"""

import re
import time

import pytest

from tests.browser.journey import (
    count_unanswered,
    give_answer,
    leads_file,
    open_exam,
    questions,
    read_key,
    take_the_course,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


def wait_until_saved(page) -> None:
    page.locator("[data-state=saved]").first.wait_for(timeout=20_000)


def sit_with_javascript(page, address: str, exam: str) -> None:
    """Every answer is saved as it is given; the connection drops in the middle, and nothing is lost."""
    key = read_key()
    open_exam(page, address, exam)
    total = questions(page).count()
    assert total == 10
    for index in range(total):
        if index == 4:
            page.context.set_offline(True)
        give_answer(questions(page).nth(index), key)
        if index == 4:
            page.locator("[data-state=unsaved], [data-state=saving]").first.wait_for()
            page.context.set_offline(False)
        wait_until_saved(page)
    page.reload()
    assert count_unanswered(page) == 0
    finish(page)


def sit_without_javascript(page, address: str, exam: str) -> None:
    """Answers are saved by the button under each question, and all of them on the way to the last page."""
    key = read_key()
    open_exam(page, address, exam)
    for index in range(3):
        give_answer(questions(page).nth(index), key)
    page.get_by_role("button", name="Save", exact=True).nth(2).click()
    page.wait_for_load_state()
    assert count_unanswered(page) == questions(page).count() - 3
    for index in range(3, questions(page).count()):
        give_answer(questions(page).nth(index), key)
    finish(page)


def finish(page) -> None:
    page.get_by_role("button", name="To the last page").click()
    page.get_by_role("button", name="Submit for good").click()
    page.wait_for_url(re.compile(r"/result/"))


def receive_leads(demo, *, prefix: str, count: int) -> None:
    demo.manage(
        "import_leads",
        str(leads_file(demo.folder / f"{prefix}.csv", count=count, prefix=prefix)),
        "--source",
        "website",
    )


def open_first_offer(page, address: str) -> None:
    """Wait for the offer to arrive, as one does, by looking again."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        page.goto(f"{address}/en/leads/")
        offer = page.locator("article.offer a").first
        if offer.count():
            offer.click()
            page.wait_for_url(re.compile(r"/leads/offers/"))
            return
        page.wait_for_timeout(2000)
    raise AssertionError("No offer came")


def walk(page, demo, *, email: str, prefix: str, lessons: int, exams: list[str], sit, sign_in) -> None:
    """The journey itself."""
    address = demo.address
    sign_in(page, email)
    assert page.locator("ol.thread [aria-current=step]").inner_text().startswith(("Study", "Credential", "Exam"))

    page.goto(f"{address}/en/library/")
    page.get_by_role("link", name=re.compile("Ringwell Voice")).first.click()
    assert page.locator("article h2").count() >= 4
    page.goto(f"{address}/en/study/search/?q=excel")
    page.get_by_role("link", name=re.compile("Excel works fine")).first.click()
    assert page.get_by_text("A spreadsheet is a good list").first.is_visible()

    assert take_the_course(page, address) == lessons
    for exam in exams:
        sit(page, address, exam)
        assert page.get_by_role("heading", name="Passed").is_visible()
        assert page.locator("main table tbody tr").count() == 3

    page.goto(f"{address}/en/exams/credentials/")
    assert page.locator("main svg").count() >= 2
    page.goto(f"{address}/en/exams/standing/")
    assert page.locator("main").inner_text()

    receive_leads(demo, prefix=prefix, count=6)
    open_first_offer(page, address)
    before = page.locator("main").inner_text()
    assert f"{prefix} " not in before
    assert "petra" not in before.lower()
    page.get_by_role("button", name="Accept the lead").click()
    page.wait_for_load_state()
    assert "Petra Lind" in page.locator("main").inner_text()
    if not page.locator("input[name=amount]").is_visible():
        page.get_by_text("We won it").click()
    page.fill("input[name=amount]", "1450")
    page.get_by_role("button", name="Mark as won").click()
    page.wait_for_load_state()
    assert re.search(r"1\D?450", page.locator("main").inner_text())
    assert page.locator(".notice-good").first.is_visible()


def test_from_sign_in_to_a_won_lead_on_a_phone(demo, browser, sign_in):
    context = browser.new_context(viewport={"width": 390, "height": 780})
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
    walk(
        page, demo, email="ruben.oostveld@fernhill.example", prefix="Wren", lessons=5,
        exams=["product-knowledge", "sales-technique"], sit=sit_with_javascript, sign_in=sign_in,
    )  # fmt: skip
    context.close()
    assert errors == []


def test_the_same_without_javascript(demo, browser, sign_in):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    walk(
        page, demo, email="zofia.lanckor@brightledger.example", prefix="Lark", lessons=1,
        exams=["sales-technique"], sit=sit_without_javascript, sign_in=sign_in,
    )  # fmt: skip
    context.close()
