"""A video in a browser: it plays, chapters and transcript lead to their moment, and the place is kept."""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

SELLER = "mira.castellan@meridian.example"
PAGE = "/en/library/the-path-of-a-call/"

EMBED = """
from training.models import LibraryPage, VideoPage
library = LibraryPage.objects.get(locale__language_code="en")
if not VideoPage.objects.filter(slug="elsewhere").exists():
    page = VideoPage(title="Elsewhere", slug="elsewhere", embed_url="https://youtu.be/abcdefghijk", locale=library.locale)
    library.add_child(instance=page)
    page.save_revision().publish()
"""

READY = "() => document.querySelector('video').readyState >= 1"
NOW = "() => document.querySelector('video').currentTime"


@pytest.fixture
def watch(demo, browser, sign_in):
    """``watch(path, **context)``: the page at a path, before a seller."""
    contexts = []

    def do(path: str = PAGE, **options):
        context = browser.new_context(viewport={"width": 1000, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        sign_in(page, SELLER)
        page.goto(f"{demo.address}{path}")
        return page

    yield do
    for context in contexts:
        context.close()


def chapter_of(page, number: int):
    """The link of a chapter, and its first second."""
    link = page.locator(".watch-chapters a").nth(number - 1)
    return link, int(link.get_attribute("data-start")) / 1000


def test_it_plays_seeks_by_chapter_and_keeps_the_place(watch):
    page = watch()
    page.wait_for_function(READY)
    assert page.evaluate("() => document.querySelector('video').duration") > 30
    chapter, start = chapter_of(page, 2)
    chapter.click()
    page.wait_for_function(f"() => document.querySelector('video').currentTime > {start}")
    assert page.evaluate(NOW) < start + 15
    page.wait_for_selector(".watch-chapters a[aria-current]")
    assert page.locator(".watch-chapters a[aria-current]").get_attribute("data-start") == chapter.get_attribute(
        "data-start"
    )
    page.wait_for_function(f"() => document.querySelector('video').currentTime > {start + 2}")
    with page.expect_response(re.compile("/place/")) as sent:
        page.evaluate("() => document.querySelector('video').pause()")
    assert sent.value.status == 204
    stopped = int(page.evaluate(NOW))
    page.reload()
    resume = page.locator(".watch-resume a").first
    assert f"Go on from 0:{stopped:02}" in resume.inner_text()
    page.wait_for_function(READY)
    resume.click()
    page.wait_for_function(f"() => document.querySelector('video').currentTime >= {stopped}")
    assert page.locator(".watch-resume").count() == 0


def test_what_is_said_is_marked_and_leads_there(watch):
    page = watch()
    page.wait_for_function(READY)
    cue = page.locator(".watch-transcript span[data-start]").nth(2)
    cue.click()
    page.wait_for_function(
        f"() => document.querySelector('video').currentTime * 1000 >= {cue.get_attribute('data-start')}"
    )
    page.wait_for_selector(".watch-transcript span[aria-current]")
    assert page.locator(".watch-transcript span[aria-current]").count() == 1
    assert page.evaluate("() => [...document.querySelector('video').textTracks].map((track) => track.kind)") == [
        "captions",
        "chapters",
    ]


def test_the_place_is_kept_when_the_page_is_left_while_it_plays(watch, demo):
    page = watch()
    page.wait_for_function(READY)
    # Further on than any test before it came.
    _chapter, start = chapter_of(page, 3)
    page.evaluate(
        f"() => {{ const video = document.querySelector('video'); video.currentTime = {start + 1}; video.play() }}"
    )
    page.wait_for_function(f"() => document.querySelector('video').currentTime > {start + 2}")
    page.goto(f"{demo.address}/en/library/")
    # A beacon travels by itself: it may come after the next page was asked for.
    place = 0
    for _attempt in range(10):
        page.goto(f"{demo.address}{PAGE}")
        resume = page.locator(".watch-resume a").first
        place = int(resume.get_attribute("data-start")) / 1000 if resume.count() else 0
        if place > start:
            break
    assert start + 1 <= place <= start + 20


def test_without_javascript_a_chapter_begins_the_video_at_its_moment(watch):
    page = watch(java_script_enabled=False)
    link, start = chapter_of(page, 2)
    link.click()
    assert page.url.endswith(f"?t={int(start)}#video")
    assert page.locator("video source").get_attribute("src").endswith(f".mp4#t={int(start)}")


def test_a_providers_video_asks_nobody_before_a_tap(demo, watch):
    demo.manage("shell", "-c", EMBED)
    page = watch()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route(re.compile("youtube"), lambda route: route.fulfill(body="<p>the player</p>", content_type="text/html"))
    page.goto(f"{demo.address}/en/library/elsewhere/")
    assert [url for url in asked if not url.startswith(demo.address)] == []
    with page.expect_request(re.compile("youtube-nocookie")):
        page.locator("[data-player]").click()
    frame = page.frame_locator(".watch-still iframe").frame_locator("iframe")
    frame.get_by_text("the player").wait_for()
