"""Product docs: whom they are for, what is for partners only, and which version they describe."""

from datetime import date

import pytest
from django.urls import reverse
from wagtail.blocks import StreamBlockValidationError
from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield

from tests.factories.training import section
from tests.training.forms import page_form
from training.blocks import VersionsBlock
from training.models import ProductDocPage

pytestmark = pytest.mark.django_db


def version(name: str, released: str | None = None, changes: str = "") -> dict:
    return {"type": "version", "id": f"v-{name}", "value": {"version": name, "released": released, "changes": changes}}


def callout(kind: str, text: str) -> dict:
    return {"type": "callout", "id": f"c-{kind}", "value": {"kind": kind, "text": f"<p>{text}</p>"}}


class TestVersions:
    def clean(self, *versions):
        block = VersionsBlock()
        return block.clean(block.to_python(list(versions)))

    def test_the_newest_stands_first_or_the_editor_is_told_which_does_not(self):
        assert len(self.clean(version("7.2", "2026-10-01"), version("7.1"), version("7.0", "2026-01-01"))) == 3
        with pytest.raises(StreamBlockValidationError) as refused:
            self.clean(version("7.1", "2026-01-01"), version("7.0"), version("7.2", "2026-10-01"))
        assert "“7.1” above it" in str(refused.value.block_errors[2].as_json_data())

    def test_a_version_is_named_once(self):
        with pytest.raises(StreamBlockValidationError) as refused:
            self.clean(version("7.2"), version("7.2 "))
        assert "in the list already" in str(refused.value.block_errors[1].as_json_data())

    def test_the_page_says_which_version_it_describes_and_folds_the_earlier_ones(self, tree, member, signed_in):
        tree.add_doc(
            "Calls",
            versions=[version("7.2", "2026-10-01", "Queues."), version("7.1", "2026-03-01", "Faster."), version("7.0")],
        )
        page = signed_in(member).get("/en/library/calls/").content.decode()
        assert "Describes version 7.2" in page
        assert "2 earlier versions" in page
        assert page.index("Queues.") < page.index('<details class="versions-earlier"') < page.index("Faster.")

    def test_without_versions_it_says_nothing_of_them(self, tree, member, signed_in):
        tree.add_doc("Calls")
        assert "versions" not in signed_in(member).get("/en/library/calls/").content.decode().split("<main")[1]


class TestThePage:
    def test_whom_it_is_for_stands_before_the_sections(self, tree, member, signed_in):
        tree.add_doc("Calls", for_whom="Firms that miss calls.\n\nNot for one-man shops.")
        page = signed_in(member).get("/en/library/calls/").content.decode()
        assert page.index("Who it is for") < page.index("Not for one-man shops.") < page.index('id="first"')

    def test_what_is_for_partners_only_says_so_in_words_and_in_another_shape(self, tree, member, signed_in):
        tree.add_doc("Calls", sections=[section("a", "A", "x", callout("internal", "Margin 20%"), callout("tip", "T"))])
        page = signed_in(member).get("/en/library/calls/").content.decode()
        internal = page[page.index("notice-internal") : page.index("notice-good")]
        assert "For partners only" in internal
        assert "Margin 20%" in internal
        assert "For partners only" not in page[page.index("notice-good") :]

    def test_a_section_that_may_go_to_a_customer_bears_a_mark_and_others_do_not(self, tree, member, signed_in):
        open_part, closed_part = section("a", "Open part", "x"), section("b", "Closed part", "y")
        open_part["value"]["shareable"] = True
        tree.add_doc("Calls", sections=[open_part, closed_part])
        page = signed_in(member).get("/en/library/calls/").content.decode()
        assert page.count("May be sent to a customer") == 1
        assert page.index("<h2>Open part</h2>") < page.index("May be sent") < page.index("<h2>Closed part</h2>")


class TestTheEditor:
    @pytest.fixture
    def editor(self, django_user_model, client):
        client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
        return client

    def send(self, tree, editor, **fields):
        body = [("section", {"heading": "First", "anchor": "", "body": streamfield([("text", rich_text("<p>A</p>"))])})]
        form = page_form("Calls", **{"for_whom": "", "body": streamfield(body), "versions": streamfield([]), **fields})
        address = reverse("wagtailadmin_pages:add", args=["training", "productdocpage", tree.libraries["en"].pk])
        return editor.post(address, nested_form_data(form))

    def test_a_doc_is_written_and_published_in_one_form(self, tree, editor):
        versions = [("version", {"version": "7.2", "released": "2026-10-01", "changes": "Queues."})]
        response = self.send(tree, editor, for_whom="Small firms", versions=streamfield(versions))
        assert response.status_code == 302, response.context["form"].errors
        doc = ProductDocPage.objects.get()
        assert doc.live
        assert (doc.for_whom, doc.versions[0].value["released"]) == ("Small firms", date(2026, 10, 1))
        assert doc.sections[0].anchor == "first"

    def test_versions_in_the_wrong_order_are_refused_with_their_place_and_nothing_is_kept(self, tree, editor):
        versions = [
            ("version", {"version": "7.1", "released": "2026-01-01", "changes": ""}),
            ("version", {"version": "7.2", "released": "2026-10-01", "changes": ""}),
        ]
        response = self.send(tree, editor, versions=streamfield(versions))
        assert "The newest version stands first" in response.content.decode()
        assert not ProductDocPage.objects.exists()
