"""A sitting on a bad network: 400 ms to the server and back, and two requests of five lost, on the way there or back."""

import pytest

from tests.browser.journey import count_unanswered, open_exam, questions

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


def test_every_answer_arrives_once_however_much_is_lost(page, demo, sign_in):
    seen, lost = [], []

    def carry(route):
        seen.append(route.request.post_data)
        if len(seen) % 5 == 3:
            lost.append("on the way there")
            route.abort("connectionreset")
        elif len(seen) % 5 == 0:
            route.fetch()
            lost.append("on the way back")
            route.abort("connectionreset")
        else:
            route.continue_()

    page.set_viewport_size({"width": 360, "height": 740})
    sign_in(page, "malik.ferrow@coppergate.example")
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 400, "downloadThroughput": -1, "uploadThroughput": -1},
    )
    page.route("**/save/", carry)
    address = open_exam(page, demo.address, "where-you-stand")
    total = questions(page).count()
    for index in range(total):
        question = questions(page).nth(index)
        for field in question.locator("select").all():
            field.select_option(index=1)
        for box in question.locator("input[type=text], textarea").all():
            box.fill("12")
        if question.locator("label.option").count():
            question.locator("label.option").first.click()
    # Given faster than the network carries it; the line says so until everything has arrived.
    page.locator("[data-state=saving], [data-state=unsaved]").first.wait_for()
    page.locator("[data-state=saved]").first.wait_for(timeout=60_000)
    assert set(lost) == {"on the way there", "on the way back"}
    page.unroute("**/save/")
    page.goto(address)  # as the server has it
    assert count_unanswered(page) == 0
    assert page.locator("[data-answered]").inner_text() == str(total)
