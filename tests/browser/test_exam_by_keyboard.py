"""A whole exam of every type of question at 320 px, in Russian, by keys alone, as a screen reader has it: what each
question is called and how it is told, which states change, and what is said aloud, when, and when nothing is.
"""

import re
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import quote_plus

import pytest
from django.urls import reverse
from django.utils import translation
from playwright.sync_api import expect

from certification.phrases import say
from certification.question_types import get_type, type_names
from certification.question_types.base import Shown
from portal.home.services.demo.bank import read_content, read_questions
from tests.browser.test_accessibility import NARROW, is_wide, violations_on
from tests.certification.examiners import exam_data, review

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

EXAMINER, CANDIDATE = "tavi.sorokin@ringwell.example.com", "vasilisa.ozerova@severnymost.example"
CODE = "латунь"
SLUG = "every-type"
LATER = "Вернуться к нему позже"
NUMBERED = "Изображение с пронумерованными областями; их список — ниже."
#: One of the bank for each type, in the order of the paper.
CODES = (
    "after-scene", "call-frame", "desk-readers", "after-the-silence", "four-lists", "five-minute-check", "bandwidth",
    "asked-and-said", "after-cancellation", "discount-gaps", "letter-after-the-first-call",
)  # fmt: skip

#: Keeps what every live place of the page says.
LISTEN = """
    window.said = [];
    new MutationObserver((changes) => {
        for (const { target } of changes) {
            const element = target.nodeType === 1 ? target : target.parentElement;
            const place = element?.closest("[aria-live], [role=status], [role=alert]");
            if (place?.textContent.trim()) window.said.push(place.textContent.trim());
        }
    }).observe(document, { childList: true, characterData: true, subtree: true });
"""
#: Whether what has the focus can be seen: in the window, under no bar, and itself on top of its own middle.
IN_SIGHT = """
    (() => {
        const field = document.activeElement, { left, top, width, height } = field.getBoundingClientRect();
        const found = document.elementFromPoint(left + width / 2, Math.max(top + Math.min(height / 2, 20), 0));
        return found !== null && (field.contains(found) || found.contains(field) || found.closest("label")?.contains(field));
    })()
"""
#: Everything that is read, seen or not.
WORDS = """
    [document.title, document.body.innerText]
        .concat([...document.querySelectorAll("[aria-label], [alt], [title], .visually-hidden")]
            .flatMap((one) => [one.ariaLabel, one.alt, one.title, one.textContent])).join(" ")
"""


@dataclass
class Asked:
    """A question in its place of the paper, as a candidate is shown it in Russian."""

    position: int
    type: str
    shown: Shown

    @property
    def name(self) -> str:
        quote = f" {self.shown.quote}" if self.shown.quote else ""
        return f"{self.position}. {' '.join(self.shown.stem.split())}{quote}"


def read_paper() -> list[Asked]:
    rows = {row["id"]: row for _topic, row in read_questions()}
    paper = []
    for position, code in enumerate(CODES, 1):
        kind, content = get_type(rows[code]["type"]), read_content(rows[code])
        with translation.override("ru"):
            paper.append(Asked(position, kind.name, kind.show(content, kind.options(content), None, say)))
    assert {asked.type for asked in paper} == {name for name, _label in type_names()}
    return paper


def build_exam(page, demo) -> None:
    """An examiner puts one question of each type into an exam that asks for a code."""
    listed = "".join(
        page.request.get(f"{demo.address}{reverse('questions:index')}?state=approved&p={number}").text()
        for number in (1, 2, 3)
    )
    found = dict(re.findall(r'href="[^"]*/questions/edit/(\d+)/"[^>]*>\s*([\w-]+)\s*<', listed))
    ids = {code: pk for pk, code in found.items()}
    fixed = [SimpleNamespace(pk=ids[code]) for code in CODES]
    page.goto(f"{demo.address}{reverse('exams:add')}")
    data = exam_data(
        {"title": "All of it", "fixed": fixed, "pass_percent": 0},
        title_en="Every type", title_ru="Все виды вопросов", slug=SLUG, is_open="on", languages=["en", "ru"],
        access_code=CODE, pass_percent=1, **review(study="at_once", sections="at_once"),
    )  # fmt: skip
    data["sections-0-title_ru"] = "Всё вместе"
    data["csrfmiddlewaretoken"] = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    form = {key: value for key, value in data.items() if key != "languages"}
    body = "&".join(
        f"{quote_plus(str(key))}={quote_plus(str(value))}"
        for key, value in [*form.items(), *(("languages", code) for code in data["languages"])]
    )
    answer = page.request.post(
        page.url, data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Referer": page.url}, max_redirects=0,
    )  # fmt: skip
    assert answer.status == 302, answer.text()


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page, place, *, most: int = 60) -> None:
    """Go on by the tabulator until the place has the focus; everything on the way can be seen."""
    for _step in range(most):
        page.keyboard.press("Tab")
        in_sight, is_there = place.evaluate(f"place => [{IN_SIGHT}, place === document.activeElement]")
        assert in_sight, page.evaluate("document.activeElement.outerHTML")
        if is_there:
            return
    raise AssertionError(f"No way by keys to {place}")


def said(page) -> list[str]:
    """What has been said since it was last asked."""
    return [" ".join(words.split()) for words in page.evaluate("window.said.splice(0)")]


def words_in_english(page, known: set[str]) -> set[str]:
    return set(re.findall(r"[A-Za-z]{2,}", page.evaluate(WORDS))) - known


# --- What a question is called, how it is answered -------------------------------------------------------------------


def fields_of(asked: Asked, group) -> list:
    """Every field of a question by its role and its name."""
    shown = asked.shown
    if shown.options:
        role = "checkbox" if shown.many else "radio"
        return [group.get_by_role(role, name=option.text, exact=True) for option in shown.options]
    if shown.blanks:
        return [
            group.get_by_role("combobox" if blank.options else "textbox", name=blank.label, exact=True)
            for blank in shown.blanks
        ]
    return [group.get_by_role("textbox", name="Ваш ответ", exact=True)]


def look_at(asked: Asked, group) -> None:
    """Everything that a question is made of has its name, its role, its state and what is told of it."""
    fields = fields_of(asked, group)
    for field in fields:
        expect(field).to_have_count(1)
        expect(field).to_be_enabled()
    expect(group.get_by_role("button")).to_have_accessible_name(LATER)  # the only one: what is given saves itself
    expect(group.get_by_role("button", pressed=False)).to_have_count(1)
    match asked.type:
        case "multiple":
            expect(group).to_have_accessible_description(re.compile("^Выберите все верные"))
        case "ordering":
            expect(group).to_have_accessible_description(re.compile("^Дайте каждому шагу номер"))
        case "areas":
            expect(group.get_by_role("img")).to_have_accessible_name(NUMBERED)
        case "cloze":
            expect(fields[0]).to_have_accessible_description(re.compile("^Партнёр может сам дать до"))
            expect(fields[1]).to_have_accessible_description("")
        case "numeric":
            expect(fields[0]).to_have_accessible_description(re.compile("^Число с единицей измерения"))
        case "essay":
            expect(fields[0]).to_have_accessible_description(re.compile("слов. Ответ читают и оценивают люди"))
        case "situational":
            expect(group.get_by_role("blockquote")).to_have_text(asked.shown.quote)


def answer(page, asked: Asked, group) -> None:
    """By keys, as the role of each field promises."""
    fields = fields_of(asked, group)
    for number, field in enumerate(fields):
        role = field.evaluate("field => field.type")
        if role == "radio" and number:
            press(page, "ArrowDown")  # the arrows go on within the group, and choose
            expect(field).to_be_checked()
            continue
        tab_to(page, field, most=4)
        if role in {"radio", "checkbox"}:
            expect(field).not_to_be_checked()
            press(page, "Space")
            expect(field).to_be_checked()
        elif role == "select-one":
            assert field.evaluate("field => field.value") == ""
            press(page, "ArrowDown")
            assert field.evaluate("field => field.value") != ""
        else:
            page.keyboard.type("12")
    expect(page.locator(".save-state")).to_have_attribute("data-state", "saved")


def test_a_whole_exam_by_keys_in_russian_at_320_pixels_as_a_screen_reader_has_it(demo, browser, sign_in):
    paper = read_paper()
    staff = browser.new_context().new_page()
    sign_in(staff, EXAMINER)
    build_exam(staff, demo)
    page = browser.new_context(viewport=NARROW, locale="ru").new_page()
    page.add_init_script(LISTEN)
    sign_in(page, CANDIDATE, language="ru")
    try:
        sit(page, demo, paper)
    finally:
        page.context.close()
        staff.context.close()


def sit(page, demo, paper: list[Asked]) -> None:
    known = {word for asked in paper for word in re.findall(r"[A-Za-z]{2,}", str(asked.shown))}
    known |= {"Guildhall", "Ringwell", "Europe", "Moscow", "English"}  # a zone, and a language by its own name

    def look() -> None:
        assert words_in_english(page, known) == set()
        assert not is_wide(page)

    # A refusal says why and what would change it, and leads back to the form.
    page.goto(f"{demo.address}/ru/exams/{SLUG}/")
    tab_to(page, page.get_by_role("button", name="Начать экзамен"))
    press(page, "Enter")
    page.wait_for_url("**/start/")
    assert page.get_by_role("heading", level=1).inner_text() == "Сейчас это невозможно"
    assert page.get_by_text("Код доступа неверный.").is_visible()
    assert page.get_by_text("Его выдают там, где проходит экзамен.").is_visible()
    look()
    tab_to(page, page.get_by_role("link", name="Вернуться назад"))
    press(page, "Enter")
    page.wait_for_url(f"**/{SLUG}/")
    tab_to(page, page.get_by_role("textbox", name=re.compile("^Код доступа")))
    page.keyboard.type(CODE)
    tab_to(page, page.get_by_role("button", name="Начать экзамен"))
    press(page, "Enter")
    page.wait_for_url("**/attempts/**")

    # The paper before anything is given. The clock can be read and says nothing; nothing else talks either.
    look()
    assert violations_on(page) == []
    clock = page.locator("exam-timer")
    assert re.fullmatch(r"Осталось (1:00:00|\d\d:\d\d) до \d\d:\d\d \w+", " ".join(clock.inner_text().split()))
    groups = [page.get_by_role("group", name=asked.name, exact=True) for asked in paper]
    for asked, group in zip(paper, groups, strict=True):
        look_at(asked, group)
    everything = page.get_by_role("navigation", name="Все вопросы")
    assert everything.get_by_role("link", name="1", exact=True).is_visible()
    assert said(page) == []

    # Each is answered by keys, in the order of the page; "saved" is said once and is then to be seen.
    for asked, group in zip(paper, groups, strict=True):
        if asked.type != "short":  # one is left out
            answer(page, asked, group)
        if asked.position == 1:
            assert said(page) == ["Сохранено"]
    assert said(page) == []
    expect(page.locator(".kicker")).to_have_text("Отвечено: 10 из 11")

    # Without a connection: said at once, and said again when it is well.
    page.context.set_offline(True)
    tab_to(page, groups[10].get_by_role("button"), most=2)
    press(page, "Shift+Tab")
    page.keyboard.type(" more")
    expect(page.locator(".save-state")).to_have_attribute("data-state", "unsaved")
    assert said(page) == ["Нет связи. Ответы хранятся на этом устройстве и отправятся сами."]
    page.context.set_offline(False)
    expect(page.locator(".save-state")).to_have_attribute("data-state", "saved")
    assert said(page) == ["Сохранено"]

    # To be looked at again: a state of the button, and a word at the number.
    page.locator("#q3 input:checked").focus()
    again = groups[2].get_by_role("button", name=LATER)
    tab_to(page, again, most=1)
    press(page, "Space")
    expect(groups[2].get_by_role("button", name=LATER, pressed=True)).to_be_focused()
    for name in (r"1 ?, есть ответ", r"3 ?, есть ответ ?, вы хотели вернуться", "6"):
        expect(everything.get_by_role("link", name=re.compile(f"^{name}$"))).to_have_count(1)

    # The clock: ten, five and one minutes are said, each once, and it does not chatter in between.
    for left, words in ((600, "осталось 10 минут"), (300, "осталось 5 минут"), (60, "осталась 1 минута")):
        clock.evaluate(
            """(clock, left) => {
                const now = Date.parse(clock.dataset.now) + performance.now() - clock.startedAt;
                clock.setAttribute("data-deadline", new Date(now + left * 1000).toISOString());
            }""",
            left,
        )
        page.wait_for_function("window.said.length")
        assert said(page) == [words]
    page.wait_for_timeout(1500)
    assert said(page) == []
    page.reload()

    # The last page: what is not answered and what was marked, each a way to its question; then submitted for good.
    tab_to(page, page.get_by_role("button", name="К завершению"))
    press(page, "Enter")
    page.wait_for_url("**/submit/")
    look()
    assert page.get_by_role("heading", level=1).inner_text() == "Сдать экзамен?"
    expect(page.get_by_role("img", name="Отвечено и сохранено: 10 из 11")).to_have_count(1)
    links = page.get_by_role("main").get_by_role("link")
    assert [re.match(r"\d+", words)[0] for words in links.all_inner_texts() if re.match(r"\d", words)] == ["6", "3"]
    tab_to(page, links.first)
    press(page, "Enter")
    page.wait_for_url("**/#q6")
    press(page, "Tab")
    expect(groups[5].get_by_role("textbox", name="Ваш ответ")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="К завершению"))
    press(page, "Enter")
    page.wait_for_url("**/submit/")
    tab_to(page, page.get_by_role("button", name="Сдать окончательно"))
    press(page, "Enter")
    page.wait_for_url("**/result/")
    look()
    assert page.get_by_role("heading", level=1).inner_text() == "Ваши ответы проверяются"
