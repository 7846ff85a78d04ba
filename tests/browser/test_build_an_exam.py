"""An examiner builds an exam from nothing by the shortest way through the administration, and a candidate finds it there:
a topic, six questions of different types that each cite a place of the library, two sections, a look as a candidate.

Every press and every field is counted: what needs more of them than it did is noticed here.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

EXAMINER, CANDIDATE = "tavi.sorokin@ringwell.example.com", "vasilisa.ozerova@severnymost.example"
NAME = "Six of the best"
SLUG = "six-of-the-best"
SAVE = "#w-editor-form button[type=submit]"
#: Presses and fields, from the first page of the administration: a topic with six approved questions; then the exam.
FOR_QUESTIONS = (25, 34)
FOR_THE_EXAM = (14, 16)
#: By type: what is written, and the boxes that are ticked. Texts are written in both languages.
QUESTIONS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "single": ({"options_1_text": "Ring back", "options_2_text": "Wait"}, ("options_1_correct",)),
    "multiple": (
        {"options_1_text": "Name", "options_2_text": "Number", "options_3_text": "Shoe size"},
        ("options_1_correct", "options_2_correct"),
    ),
    "true_false": ({}, ()),
    "short": ({}, ()),
    "numeric": ({}, ()),
    "ordering": ({"items_1_text": "Listen", "items_2_text": "Ask", "items_3_text": "Offer"}, ()),
}
#: What is written once, whatever the language.
PLAIN = {
    "short": {"answers_1_text": "voice*"},
    "numeric": {"answers_1_value": "12"},
    "true_false": {"answer": "true"},
}


@dataclass
class Hand:
    """A person at the administration, whose presses and fields are counted."""

    page: Any
    presses: int = 0
    fields: int = 0

    def press(self, place: Any) -> None:
        self.presses += 1
        (self.page.locator(place) if isinstance(place, str) else place).first.click()
        self.page.wait_for_load_state()

    def write(self, **texts: str) -> None:
        for name, text in texts.items():
            field = self.page.locator(f"[name={name}]")
            self.fields += 1
            if field.evaluate("field => field.localName") == "select":
                field.select_option(text)
            else:
                field.fill(text)

    def write_both(self, **texts: str) -> None:
        self.write(**{f"{name}_{code}": text for name, text in texts.items() for code in ("en", "ru")})

    def tick(self, name: str) -> None:
        self.presses += 1
        self.page.check(f"[name={name}]")

    def open_menu(self, name: str) -> None:
        self.press(self.page.locator("#wagtail-sidebar button", has_text="Сертификация"))
        self.press(f"#wagtail-sidebar a[href='{reverse(name)}']")


def write_question(hand: Hand, kind: str) -> None:
    """From the choice of a type to an approved question."""
    hand.press(f"main a[href$='type={kind}']")
    words, ticks = QUESTIONS[kind]
    hand.write_both(stem=f"What of {kind}?", **words)
    hand.write(**PLAIN.get(kind, {}))
    for name in ticks:
        hand.tick(name)
    if not hand.page.input_value("[name=cited_1]"):  # the next question keeps the place of the one before it
        named = hand.page.locator("#places option").evaluate_all("places => places.map(place => place.value)")
        hand.write(cited_1=next(name for name in named if name.startswith("Ringwell Voice") and " › " in name))
    hand.press("button[name=approve]")
    assert hand.page.locator(".messages .success").count() == 1, hand.page.locator(".messages").inner_text()


def write_questions(hand: Hand, address: str) -> None:
    """A topic and its questions, from the first page of the administration on."""
    hand.page.goto(f"{address}{reverse('wagtailadmin_home')}")
    hand.open_menu("topics:index")
    hand.press(f"a[href='{reverse('topics:add')}']")
    hand.write_both(name=NAME)
    hand.press(SAVE)
    hand.press(f".messages a[href*='{reverse('questions:add')}?topic=']")
    for number, kind in enumerate(QUESTIONS):
        if number:
            hand.press(f".messages a[href*='{reverse('questions:add')}?']")
        write_question(hand, kind)


def add_section(hand: Hand, number: int, *, count: int) -> None:
    hand.press("#id_sections-ADD")
    hand.write_both(**{f"sections-{number}-title": f"Part {number + 1}"})
    hand.write(**{f"sections-{number}-pass_percent": "50"})
    hand.press(f"#id_sections-{number}-quotas-ADD")
    quota = f"sections-{number}-quotas-0"
    topic = hand.page.locator(f"[name={quota}-topic] option", has_text=NAME).last.get_attribute("value")
    hand.write(**{f"{quota}-count": str(count), f"{quota}-topic": topic, f"{quota}-difficulty": "2"})


def tab(page, number: int):
    return page.locator("[role=tab]").nth(number)


def build_exam(hand: Hand) -> None:
    """From anywhere in the administration to an open exam that was sat as a candidate would sit it."""
    page = hand.page
    hand.open_menu("exams:index")
    hand.press(f"a[href='{reverse('exams:add')}']")
    hand.write_both(title=NAME)
    hand.press(tab(page, 1))
    add_section(hand, 0, count=3)
    add_section(hand, 1, count=3)
    hand.press(tab(page, 2))
    hand.write(time_limit_minutes="15", attempts_allowed="3")
    hand.press(SAVE)
    hand.press(".help-block a[href$='/preview/']")
    hand.press("#w-editor-form button[type=submit]")
    page.wait_for_url("**/attempts/**")
    assert page.locator("fieldset.question").count() == 6
    hand.press(f"a[href*='{reverse('exams:index')}edit/']")
    hand.press("button[name=open]")


def test_an_exam_is_built_from_nothing_by_the_shortest_way_and_a_candidate_finds_it(demo, browser, sign_in):
    staff = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    sign_in(staff, EXAMINER)
    hand = Hand(staff)
    write_questions(hand, demo.address)
    written = (hand.presses, hand.fields)
    build_exam(hand)
    assert written == FOR_QUESTIONS
    assert (hand.presses - written[0], hand.fields - written[1]) == FOR_THE_EXAM
    candidate = browser.new_context(viewport={"width": 390, "height": 780}).new_page()
    sign_in(candidate, CANDIDATE)
    candidate.goto(f"{demo.address}/en/exams/")
    candidate.get_by_role("link", name=NAME).first.click()
    candidate.wait_for_url(f"**/exams/{SLUG}/")
    assert candidate.locator("main table tbody tr").count() == 2
    assert candidate.locator(f"form[action$='/exams/{SLUG}/start/'] button").is_visible()
    for page in (staff, candidate):
        page.context.close()


def test_whoever_is_careless_is_told_why_and_led_to_what_mends_it(demo, browser, sign_in):
    page = browser.new_context(viewport={"width": 360, "height": 800}).new_page()
    sign_in(page, EXAMINER)
    hand = Hand(page)

    def errors() -> list[str]:
        return page.locator(".error-message:visible").all_inner_texts()

    # Empty forms: every field that is needed says so, and nothing else does.
    page.goto(f"{demo.address}{reverse('topics:add')}")
    hand.press(SAVE)
    assert len(errors()) == 1
    page.goto(f"{demo.address}{reverse('questions:add')}?type=single")
    hand.press("button[name=approve]")
    assert len(errors()) == 2  # the topic and what is asked; a code is made

    # A question without a right answer is kept, and says what it lacks.
    topic = page.locator("[name=topic] option").nth(2).get_attribute("value")
    hand.write(topic=topic, cited_1="no such place")
    hand.write_both(stem="Which one?", options_1_text="This", options_2_text="That")
    hand.press("button[name=approve]")
    assert len(errors()) == 1  # the place
    hand.write(cited_1="")
    hand.press("button[name=approve]")
    page.wait_for_url("**/questions/edit/**")
    assert page.locator(".messages .warning").count() == 1
    hand.tick("options_1_correct")
    hand.press("button[name=approve]")
    assert page.locator(".messages .success").count() == 1

    # An exam that cannot be filled is not opened: the way leads to the questions, and it is saved closed by one press.
    page.goto(f"{demo.address}{reverse('exams:add')}")
    hand.press("button[name=open]")
    assert page.locator(".help-critical li").count() == 1
    hand.write_both(title="Too much")
    hand.press(tab(page, 1))
    hand.press("#id_sections-ADD")
    hand.write_both(**{"sections-0-title": "All"})
    hand.press("#id_sections-0-quotas-ADD")
    hand.write(**{"sections-0-quotas-0-count": "190", "sections-0-quotas-0-topic": topic})
    hand.press("button[name=open]")
    ways = page.locator(".help-critical a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert [way.split("?")[0] for way in ways] == [reverse("questions:index"), reverse("questions:add")]
    assert all(f"topic={topic}" in way for way in ways)
    hand.press(SAVE)
    page.wait_for_url("**/exams/edit/**")
    assert page.locator(".help-warning a").count() == 2
    page.context.close()
