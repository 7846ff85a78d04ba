"""Call scripts: written and refused in the admin, read one step at a time, cited, found, translated, published."""

from datetime import timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from wagtail.models import GroupApprovalTask, Workflow, WorkflowTask
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield
from wagtail_localize.models import Translation, TranslationSource
from wagtail_localize.operations import translate_object

from portal.core.errors import Refusal
from tests.factories.training import SOUND, publish, step
from training.models import CallScriptPage
from training.models.scripts import chart_script
from training.services.citations import find_study_links

pytestmark = pytest.mark.django_db


@pytest.fixture
def add_script(tree):
    def add(steps=SOUND, title="First call", **fields) -> CallScriptPage:
        return tree.add_script(title, steps=steps, **fields)

    return add


@pytest.fixture
def editor(django_user_model, client):
    client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
    return client


def write_form(steps: list[dict], **fields) -> dict[str, str]:
    """What the editor's form sends for these steps."""

    def write(value: dict) -> dict:
        branches = [("item", dict(branch["value"])) for branch in value["branches"]]
        return {**value, "say": rich_text(value["say"]), "branches": streamfield(branches)}

    return nested_form_data(
        {
            "title": "First call", "slug": "first-call", "intro": "", "goal": "", "audience": "", "tags": "",
            "review_interval_days": "90", "seo_title": "", "search_description": "", "comments": inline_formset([]),
            "steps": streamfield([("step", write(one["value"])) for one in steps]), **fields,
        }
    )  # fmt: skip


def read(response) -> BeautifulSoup:
    assert response.status_code == 200, response.content[:500]
    return BeautifulSoup(response.content, "html.parser")


class TestWriting:
    @pytest.fixture
    def address(self, tree):
        return reverse("wagtailadmin_pages:add", args=["training", "callscriptpage", tree.libraries["en"].pk])

    def refuse(self, editor, address, steps, **fields):
        """The form with its errors; nothing was saved."""
        response = editor.post(address, write_form(steps, **fields))
        assert response.status_code == 200
        assert not CallScriptPage.objects.exists()
        return response.context["form"]

    def test_a_script_is_written_and_published_in_one_form(self, editor, address):
        response = editor.post(address, write_form(SOUND, **{"action-publish": "1"}))
        assert response.status_code == 302, response.context["form"].errors
        page = CallScriptPage.objects.get()
        assert page.live
        assert [one.anchor for one in page.sections] == ["opening", "price-asked", "agreed", "goodbye"]

    @pytest.mark.parametrize("action", [{}, {"action-publish": "1"}], ids=["draft", "publish"])
    @pytest.mark.parametrize(
        ("steps", "words"),
        [
            ([step("a", "b", "bb"), step("b")],
             "In “a” the answer “Answers bb” leads to “bb”, and no step has that name."),
            ([step("opening", "price-askd"), step("price-asked")], "Did you mean “price-asked”?"),
            ([step("a", "b"), step("b"), step("island", "b")], "No answer leads to “island”."),
            ([step("a", "b", "end"), step("b", "c"), step("c", "b"), step("end")],
             "The call goes round for ever: b → c → b."),
            ([step("a", "b"), step("b", "a")], "No step ends the call, it goes round for ever."),
            ([step("a", "b"), step("b"), step("b", outcome="lost")], "“b” is the name of step 2 already."),
            ([step("a", "b", outcome="won"), step("b")], "“a” has branches, and says how the call ends."),
        ],
    )  # fmt: skip
    def test_a_broken_script_is_refused_by_name_as_a_draft_too(self, editor, address, steps, words, action):
        form = self.refuse(editor, address, steps, **action)
        (error,) = form.errors["steps"].as_data()
        assert any(words in message for message in error.non_block_errors), error.non_block_errors

    def test_the_message_stands_at_the_branch_and_above_the_steps_and_what_was_typed_is_kept(self, editor, address):
        response = editor.post(address, write_form([step("a", "b", "lost"), step("b")]))
        (error,) = response.context["form"].errors["steps"].as_data()
        at_branch = error.block_errors[0].block_errors["branches"].block_errors[1].block_errors["to"]
        assert "leads to “lost”" in at_branch.messages[0]
        assert [str(one.message) for one in error.non_block_errors.as_data()] == at_branch.messages
        assert "We say a." in response.content.decode()

    def test_a_mistake_of_the_form_and_one_of_the_script_are_told_together(self, editor, address):
        response = editor.post(
            address,
            write_form([step("a", "b", "lost", title=""), step("b", title="x" * 81)], **{"action-publish": "1"}),
        )
        (error,) = response.context["form"].errors["steps"].as_data()
        assert "title" in error.block_errors[1].block_errors
        assert "branches" in error.block_errors[0].block_errors

    def test_an_unfinished_script_is_kept_as_a_draft_and_not_published(self, editor, address):
        unfinished = [step("a", "b", ""), step("b", outcome=" ".strip()) | {}]
        unfinished[1]["value"]["outcome"] = ""
        form = self.refuse(editor, address, unfinished, **{"action-publish": "1"})
        assert "“b” has no branches, so the call ends there." in str(form.errors["steps"].as_data()[0].non_block_errors)
        assert editor.post(address, write_form(unfinished)).status_code == 302
        assert not CallScriptPage.objects.get().live

    def test_the_rules_are_strict_again_after_a_draft_was_saved(self, editor, address):
        unfinished = [step("a", "b"), step("b")]
        unfinished[1]["value"]["outcome"] = ""
        editor.post(address, write_form(unfinished))
        page = CallScriptPage.objects.get()
        response = editor.post(
            reverse("wagtailadmin_pages:edit", args=[page.pk]), write_form(unfinished, **{"action-publish": "1"})
        )
        assert response.status_code == 200
        page.refresh_from_db()
        assert not page.live


class TestOtherDoors:
    """Lists, workflows and schedules publish the latest draft without a form."""

    @pytest.fixture
    def unfinished(self, add_script):
        page = add_script()
        draft = page.get_latest_revision_as_object()
        draft.steps[3].value["outcome"] = ""
        draft.save_revision(clean=False)
        return page

    def still_sound(self, page):
        page.refresh_from_db()
        return page.steps[3].value["outcome"] == "lost"

    def test_an_unfinished_draft_is_refused_by_name_whoever_publishes_it(self, unfinished):
        with pytest.raises(Refusal, match="“First call” cannot be published: “goodbye” has no branches"):
            unfinished.get_latest_revision().publish()
        assert self.still_sound(unfinished)

    def test_an_empty_field_is_refused_too(self, add_script):
        page = add_script()
        draft = page.get_latest_revision_as_object()
        draft.steps[0].value["title"] = ""
        with pytest.raises(Refusal, match="has not been filled in"):
            draft.save_revision(clean=False).publish()

    def test_the_list_of_pages_publishes_nothing_and_says_why(self, unfinished, editor):
        address = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "publish"])
        response = editor.post(f"{address}?id={unfinished.pk}&next=/admin/", {"include_descendants": ""})
        assert response.status_code == 409
        assert "“goodbye” has no branches" in response.content.decode()
        assert self.still_sound(unfinished)

    def test_a_workflow_approves_nothing_and_says_why(self, tree, unfinished, editor, django_user_model):
        workflow, task = (
            Workflow.objects.create(name="Read first"),
            GroupApprovalTask.objects.create(name="A second pair"),
        )
        WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=1)
        workflow.start(unfinished, django_user_model.objects.get(email="root@example.com"))
        state = unfinished.current_workflow_task_state
        address = reverse("wagtailadmin_pages:workflow_action", args=[unfinished.pk, "approve", state.pk])
        response = editor.post(address, {"comment": ""})
        assert response.status_code == 409
        assert "“goodbye” has no branches" in response.content.decode()
        assert self.still_sound(unfinished)

    def test_it_cannot_be_scheduled_so_the_schedule_never_meets_it(self, unfinished):
        draft = unfinished.get_latest_revision_as_object()
        draft.go_live_at = timezone.now() + timedelta(hours=1)
        with pytest.raises(Refusal):
            draft.save_revision(clean=False).publish()
        assert not unfinished.revisions.filter(approved_go_live_at__isnull=False).exists()

    def test_a_sound_script_is_published_by_the_schedule(self, add_script):
        page = add_script()
        draft = page.get_latest_revision_as_object()
        draft.goal, draft.go_live_at = "Another goal.", timezone.now() + timedelta(hours=1)
        draft.save_revision().publish()
        with time_machine.travel(timezone.now() + timedelta(hours=2)):
            call_command("publish_scheduled")
        page.refresh_from_db()
        assert page.goal == "Another goal."


class TestTheMap:
    def test_it_shows_every_step_and_branch_and_the_same_in_a_table(self, add_script, editor):
        page = add_script()
        drawn = read(editor.get(reverse("wagtailadmin_pages:view_draft", args=[page.pk]), {"mode": "map"}))
        svg, table = drawn.select_one("svg.script-map-drawing"), drawn.select_one(".script-map-table table")
        assert [link["aria-label"] for link in svg.select("a")] == [
            "1. Opening", "2. Price asked", "3. Agreed", "4. Goodbye",
        ]  # fmt: skip
        assert [text.get_text(strip=True) for text in svg.select(".map-way")] == ["↓ 2", "↓ 4", "↑ 1", "↓ 3"]
        assert len(svg.select(".map-line")) == 2
        rows = [row.get_text(" ", strip=True) for row in table.select("tbody tr")]
        assert rows[1] == "2. Price asked Answers opening → 1. Opening Answers agreed → 3. Agreed"
        assert rows[2] == "3. Agreed The goal is met"

    def test_endings_differ_in_words_and_shapes(self, add_script, editor):
        page = add_script()
        drawn = read(editor.get(reverse("wagtailadmin_pages:view_draft", args=[page.pk]), {"mode": "map"}))
        assert [text.get_text(strip=True) for text in drawn.select(".map-outcome")] == [
            "The goal is met",
            "Closed politely",
        ]
        shapes = [use["href"] for use in drawn.select("svg g > use") if not use.get("class")]
        assert shapes == ["#_map-won", "#_map-lost"]

    def test_it_stands_in_the_editors_form_and_leads_to_the_blocks(self, add_script, editor):
        page = add_script()
        form = read(editor.get(reverse("wagtailadmin_pages:edit", args=[page.pk])))
        assert form.select_one("script-map svg a")["href"] == "#block-id-opening-section"
        assert editor.get(
            reverse("wagtailadmin_pages:add", args=["training", "callscriptpage", page.get_parent().pk])
        ).status_code == 200  # fmt: skip

    def test_it_is_drawn_from_the_form_as_it_stands_with_what_is_wrong_marked(self, editor):
        broken = [step("opening", "price-askd", "end"), step("price-asked", "price-asked"), step("end")]
        drawn = read(editor.post(reverse("training_script_map"), write_form(broken)))
        faults = [item.get_text(" ", strip=True) for item in drawn.select(".script-map-faults li")]
        assert [fault.split(" ", 1)[1] for fault in faults] == [
            "In “opening” the answer “Answers price-askd” leads to “price-askd”, and no step has that name. Did you "
            "mean “price-asked”?",
            "No answer leads to “price-asked”. Let a branch go to it, or delete it.",
            "The call goes round for ever: price-asked → price-asked. Let one of these steps lead to an ending.",
        ]
        assert len(drawn.select(".map-fault")) == 2
        assert [text.get_text(strip=True) for text in drawn.select(".map-way")] == ["⚠ ?", "↓ 3", "↑ 2"]

    def test_it_is_for_whoever_may_enter_the_admin(self, client, staff, member, signed_in):
        address = reverse("training_script_map")
        assert client.post(address, {}).status_code == 302
        assert signed_in(member).post(address, {}).status_code == 302
        assert signed_in(staff).post(address, write_form(SOUND)).status_code == 200
        assert signed_in(staff).get(address).status_code == 405

    def test_a_form_of_something_else_is_refused(self, editor):
        assert editor.post(reverse("training_script_map"), {"title": "x"}).status_code == 400
        assert editor.post(reverse("training_script_map"), {"steps-count": "many"}).status_code == 400

    def test_a_script_without_steps_has_an_empty_map(self):
        stream = CallScriptPage(steps=[]).steps
        assert chart_script(stream).cards == ()

    def test_words_of_a_step_are_shown_as_words(self, editor):
        trap = [step("a", title="<script>alert(1)</script>")]
        drawn = editor.post(reverse("training_script_map"), write_form(trap)).content.decode()
        assert "<script>alert" not in drawn
        assert "&lt;script&gt;" in drawn


class TestReading:
    @pytest.fixture
    def page(self, add_script, signed_in, member):
        add_script()
        return read(signed_in(member).get("/en/library/first-call/"))

    def test_every_step_is_a_section_under_its_name_in_order(self, page):
        assert [part["id"] for part in page.select(".script-step")] == ["opening", "price-asked", "agreed", "goodbye"]
        assert page.select_one(".script-step")["data-block"] == "id-opening"
        assert page.select_one("#price-asked h2").get_text(" ", strip=True) == "Step 2 Price asked"

    def test_the_goal_stands_above_the_first_step(self, page):
        assert page.select_one(".script-goal").get_text(" ", strip=True) == "Goal A demonstration is agreed."

    def test_every_branch_is_an_anchor_to_a_step_that_is_there(self, page):
        there = {part["id"] for part in page.select(".script-step")}
        branches = [link["href"] for link in page.select(".script-branch")]
        assert branches == ["#price-asked", "#goodbye", "#opening", "#agreed"]
        assert {href[1:] for href in branches} <= there
        assert page.select_one(".script-over")["href"] == "#opening"

    def test_a_step_says_what_to_say_what_to_listen_for_and_the_note(self, page):
        opening = page.select_one("#opening")
        assert opening.select_one(".script-speech").get_text(strip=True) == "We say opening."
        assert "The tone of the voice." in opening.select_one(".script-listen").get_text()
        assert "Stand up for this call." in opening.select_one(".script-note").get_text()

    def test_an_ending_says_how_the_call_ended_and_what_to_do_afterwards(self, page):
        agreed = page.select_one("#agreed .script-outcome").get_text(" ", strip=True)
        assert agreed == "The goal is met Afterwards Write down the hour."
        assert page.select_one("#goodbye .script-outcome").get_text(" ", strip=True) == "Closed politely"

    def test_on_paper_a_branch_names_the_step_by_its_number(self, page):
        assert [words.get_text(strip=True) for words in page.select(".script-to")] == [
            "→\xa0step 2", "→\xa0step 4", "→\xa0step 1", "→\xa0step 3",
        ]  # fmt: skip

    def test_no_name_of_a_step_is_the_id_of_something_else(self, page):
        ids = [tag["id"] for tag in page.select("[id]")]
        assert len(ids) == len(set(ids))

    def test_outcomes_and_headings_are_in_the_readers_language(self, add_script, signed_in, member, tree):
        add_script(language="ru", title="Первый звонок", slug="first-call")
        with translation.override("ru"):
            words = gettext("The goal is met")
        page = read(signed_in(member).get("/ru/library/first-call/"))
        assert page.select_one("#agreed .script-outcome-word").get_text(strip=True) == words


class TestFindingAndCiting:
    def test_a_step_is_cited_by_its_block_id_and_by_its_name(self, add_script, member):
        key = str(add_script().translation_key)
        for named in ("id-price-asked", "price-asked"):
            (link,) = find_study_links([(key, named)], membership=member, language="en", now=timezone.now())
            assert (link.section, link.url) == ("Price asked", "/en/library/first-call/#price-asked")

    def test_what_is_said_heard_and_answered_is_searched_for_and_names_of_steps_are_not(self, add_script):
        page = add_script()
        words = " ".join(page.steps.stream_block.get_searchable_content(page.steps))
        for said in ("We say opening.", "The tone of the voice.", "Answers agreed", "Write down the hour."):
            assert said in words
        assert "price-asked" not in words.replace("Answers price-asked", "").replace("We say price-asked", "")
        assert "Select" not in words

    def test_a_translation_keeps_names_and_ways_and_takes_the_words(self, tree, add_script):
        page = add_script()
        publish(tree.libraries["ru"])
        translate_object(page, [tree.locales["ru"]])
        source = TranslationSource.objects.get(object_id=page.translation_key)
        strings = {segment.string.data: segment for segment in source.stringsegment_set.all()}
        assert "price-asked" not in strings
        for english, russian in (("Price asked", "Про цену"), ("Answers agreed", "Согласен")):
            segment = strings[english]
            segment.string.translations.create(locale=tree.locales["ru"], context=segment.context, data=russian)
        Translation.objects.get(source=source, target_locale=tree.locales["ru"]).save_target(publish=True)
        russian = CallScriptPage.objects.get(translation_key=page.translation_key, locale=tree.locales["ru"])
        second = russian.steps[1]
        assert (second.id, second.value["name"], second.value["title"]) == ("id-price-asked", "price-asked", "Про цену")
        assert [(one["answer"], one["to"]) for one in second.value["branches"]] == [
            ("Answers opening", "opening"),
            ("Согласен", "agreed"),
        ]


def test_a_page_of_many_steps_costs_no_more_queries_than_one_of_few(
    add_script, signed_in, member, django_assert_max_num_queries
):
    add_script(slug="few")
    add_script([step(f"s{number}", f"s{number + 1}") for number in range(14)] + [step("s14")], slug="many")
    client, cold, warm = signed_in(member), [], []
    client.get("/en/library/")
    for slug in ("few", "many"):
        for counts in (cold, warm):
            with django_assert_max_num_queries(60) as asked:
                client.get(f"/en/library/{slug}/")
            counts.append(len(asked))
    assert cold[0] == cold[1]
    assert warm[0] == warm[1]
