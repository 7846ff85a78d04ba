"""Standards: numbered rules with their level, each with an address of its own."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from wagtail.blocks import StreamBlockValidationError
from wagtail.test.utils.form_data import nested_form_data, streamfield

from tests.factories.training import publish, rule, section
from tests.training.forms import page_form
from training.blocks import RulesBlock
from training.models import StandardPage
from training.services.citations import find_study_links

pytestmark = pytest.mark.django_db


def clean_rules(*rules):
    block = RulesBlock()
    return block.clean(block.to_python(list(rules)))


class TestAnchors:
    def test_an_anchor_is_made_from_the_rules_first_words_where_none_was_typed(self):
        (made,) = clean_rules(rule("Call back within fifteen minutes, whatever the hour."))
        assert made.value["anchor"] == "call-back-within-fifteen-minutes-whatever"

    def test_two_rules_that_begin_alike_have_anchors_of_their_own(self):
        rules = clean_rules(
            rule("Never promise a date that nobody knows."), rule("Never promise a date that nobody knows yet.")
        )
        assert [part.value["anchor"] for part in rules] == [
            "never-promise-a-date-that-nobody",
            "never-promise-a-date-that-nobody-2",
        ]

    def test_a_rule_without_latin_letters_is_found_by_its_block(self, tree):
        standard = tree.add_standard(rules=[rule("Перезвонить за четверть часа")])
        assert standard.sections[0].anchor == standard.rules[0].id

    def test_an_anchor_typed_twice_is_refused_with_the_rule_that_has_it(self):
        with pytest.raises(StreamBlockValidationError) as refused:
            clean_rules(rule("One.", anchor="same"), rule("Two."), rule("Three.", anchor="same"))
        assert "rule 1" in str(refused.value.block_errors[2].as_json_data())

    def test_a_rule_and_a_section_may_not_share_one(self, tree):
        standard = tree.add_standard(live=True)
        standard.body = [section("call-back", "Why we call back", "Because.")]
        with pytest.raises(ValidationError, match=r"“Why we call back” and rule 1 have the same anchor, “call-back”"):
            standard.full_clean()


class TestThePage:
    def test_rules_are_numbered_and_name_their_level_in_words(self, tree, member, signed_in):
        tree.add_standard(
            rules=[
                rule("Call back.", anchor="a", why="They wait.", measure="The report of calls."),
                rule("Write a note.", anchor="b", level="should"),
                rule("Promise a date.", anchor="c", level="never"),
            ],
            body=[section("behind", "What stands behind it", "Years.")],
            applies_to="Whoever answers.",
        )
        page = signed_in(member).get("/en/library/how-we-answer/").content.decode()
        for words in ("Always", "As a rule", "Never", "They wait.", "The report of calls.", "Whoever answers."):
            assert words in page
        assert page.index('id="a"') < page.index('id="b"') < page.index('id="c"') < page.index('id="behind"')
        assert 'aria-label="Link to rule 3"' in page
        for anchor in ("a", "b", "c", "behind"):
            assert f'href="#{anchor}"' in page

    def test_a_rule_can_be_cited_by_its_anchor_and_by_its_block(self, tree, member):
        standard = tree.add_standard()
        key = str(standard.translation_key)
        links = find_study_links(
            [(key, "call-back"), (key, standard.rules[0].id)],
            membership=member,
            language="en",
            now=member.started_at.replace(year=2027),
        )
        assert [link.url for link in links] == ["/en/library/how-we-answer/#call-back"] * 2
        assert links[0].section == "Call back within fifteen minutes."

    def test_it_is_closed_to_those_whom_it_is_not_for(self, tree, member, signed_in, owners_only):
        tree.add_standard(audience=owners_only)
        assert signed_in(member).get("/en/library/how-we-answer/").status_code == 403

    @pytest.mark.parametrize("number", [1, 30])
    def test_it_costs_the_same_for_one_rule_and_for_thirty(
        self, tree, member, signed_in, django_assert_max_num_queries, number
    ):
        tree.add_standard(rules=[rule(f"Rule {index}.", anchor=f"r{index}") for index in range(number)])
        browser = signed_in(member)
        browser.get("/en/library/how-we-answer/")
        with django_assert_max_num_queries(12):
            browser.get("/en/library/how-we-answer/")


class TestTheEditor:
    @pytest.fixture
    def editor(self, django_user_model, client):
        client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
        return client

    def send(self, tree, editor, rules):
        form = page_form("How we answer", applies_to="", rules=streamfield(rules), body=streamfield([]))
        address = reverse("wagtailadmin_pages:add", args=["training", "standardpage", tree.libraries["en"].pk])
        return editor.post(address, nested_form_data(form))

    def test_a_standard_is_written_and_published_in_one_form(self, tree, editor):
        fields = {"level": "never", "statement": "Promise a date.", "why": "", "measure": "", "anchor": ""}
        response = self.send(tree, editor, [("rule", fields)])
        assert response.status_code == 302, response.context["form"].errors
        standard = StandardPage.objects.get()
        assert standard.live
        assert [(part.anchor, part.heading) for part in standard.sections] == [("promise-a-date", "Promise a date.")]

    def test_an_anchor_that_is_none_is_refused_and_what_was_typed_is_kept(self, tree, editor):
        fields = {"level": "must", "statement": "Call back.", "why": "", "measure": "", "anchor": "Call Back"}
        response = self.send(tree, editor, [("rule", fields)])
        assert "small Latin letters" in response.content.decode()
        assert "Call Back" in response.content.decode()
        assert not StandardPage.objects.exists()

    def test_a_rule_keeps_its_block_when_its_words_change(self, tree):
        standard = tree.add_standard()
        before = standard.rules[0].id
        standard.rules[0].value["statement"] = "Call back within ten minutes."
        assert publish(standard).rules[0].id == before
