"""The journey's steps as a person takes them, with whatever the page offers: shared by the two journeys."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

from certification.question_types import get_type
from certification.question_types.base import Told, Words
from portal.home.services.demo.bank import read_content, read_questions


def say(words: Words) -> str:
    return words.get("en", "") if isinstance(words, Mapping) else str(words)


def read_key() -> dict[str, Told]:
    """What a person who has studied knows: how each question is answered rightly, by the question's words."""
    key = {}
    for _topic, row in read_questions():
        kind, content = get_type(row["type"]), read_content(row)
        told = kind.tell(content, kind.options(content), kind.right(content), say)
        key[" ".join(told.stem.split())] = told
    return key


def leads_file(path: Path, *, count: int, prefix: str) -> Path:
    """A file of the source `website` with leads that every partner of the region competes for."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [
            "Number",
            "Days ago",
            "Company",
            "Contact",
            "Email",
            "Phone",
            "Country",
            "Region",
            "Product",
            "Staff",
            "Message",
        ]
    )
    for number in range(count):
        for region in ("Central", "West", "East"):
            writer.writerow([
                f"{prefix}-{region}-{number}", 0, f"{prefix} {region} Bakery {number}",
                "Petra Lind", f"petra{number}@bakery.example",
                "+49 30 5550199", "Germany", region, "CRM", 12, "We lose requests between two phones.",
            ])  # fmt: skip
    path.write_text(text.getvalue())
    return path


def take_the_course(page, address: str) -> int:
    """Open the course and complete every lesson that is not done; returns how many those were."""
    page.goto(f"{address}/en/courses/selling-ringwell/")
    lessons = page.locator("ol.steps a").evaluate_all("links => links.map(link => link.href)")
    assert len(lessons) == 5
    done = 0
    for lesson in lessons:
        page.goto(lesson)
        if page.locator("form[action*='/complete/'] button").count():
            page.locator("form[action*='/complete/'] button").click()
            page.wait_for_load_state()
            done += 1
    return done


def open_exam(page, address: str, exam: str) -> str:
    """From the exam's own page into the sitting; returns the sitting's address."""
    page.goto(f"{address}/en/exams/{exam}/")
    page.locator(f"form[action$='/exams/{exam}/start/'] button").click()
    page.wait_for_url(re.compile(r"/attempts/"))
    return page.url


def questions(page):
    return page.locator("fieldset.question")


def words_of(question) -> str:
    """The question without its number."""
    return re.sub(r"^\d+\.\s*", "", " ".join(question.locator("legend").inner_text().split()))


def give_answer(question, key: dict[str, Told]) -> None:
    """Choose, or fill in, what is right by its words, as a person who has studied does."""
    told = key[words_of(question)]
    right = {option.text for option in told.options if option.right}
    for label in question.locator("label.option").all():
        if label.inner_text().strip() in right:
            label.click()
    for blank in told.blanks:
        named = question.locator("label.blank").filter(has=question.page.get_by_text(blank.label, exact=True))
        field = named.locator("select") if named.count() else question.locator(f'[aria-label="{blank.label}"]')
        if field.evaluate("field => field.localName") == "select":
            field.select_option(label=blank.right)
        else:
            fill_in(field, blank.right)
    if not told.options and not told.blanks:
        fill_in(question.locator("[name^=q]"), told.right)


def fill_in(field, words: str) -> None:
    field.fill(words)
    field.blur()


def count_unanswered(page) -> int:
    """Questions with nothing chosen, or with something left to fill in."""
    return questions(page).evaluate_all(
        """sheets => sheets.filter(sheet => {
            const fields = [...sheet.querySelectorAll("select[name^=q], input[type=text][name^=q]")];
            return fields.length ? fields.some(field => !field.value) : !sheet.querySelector("input:checked");
        }).length"""
    )
