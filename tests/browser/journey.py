"""The journey's steps as a person takes them, with whatever the page offers: shared by the two journeys."""

import csv
import io
import re
import tomllib
from pathlib import Path

from django.conf import settings

DEMO = Path(settings.BASE_DIR) / "portal" / "home" / "demo"


def read_key(exam: str) -> dict[str, list[str]]:
    """What a person who has studied knows: the right answers by the question's words."""
    bank = tomllib.loads((DEMO / "exams" / f"{exam}.toml").read_text())["questions"]
    return {
        question["stem"]["en"]: [option["en"] for option in question["options"] if option["correct"]]
        for question in bank
    }


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
    return re.sub(r"^\d+\.\s*", "", question.locator("legend").inner_text().strip())


def give_answer(question, key: dict[str, list[str]]) -> None:
    """Choose what is right by its words, as a person who has studied does."""
    right = key[words_of(question)]
    for label in question.locator("label.option").all():
        if label.inner_text().strip() in right:
            label.click()
