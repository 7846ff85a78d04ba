"""Files have one door: whoever may read a page that uses them, and no one by the address alone."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from portal.content.models import Document, Image, Rendition
from tests.factories.content import PLAIN_SVG, DocumentFactory, ImageFactory
from tests.factories.training import figure, publish, section

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client):
    """A client of the person that reads every answer to its end, so that no file stays open."""

    def sign_in(person):
        client.force_login(getattr(person, "user", person))
        return SimpleNamespace(get=get)

    def get(address, **options):
        response = client.get(address, **options)
        response.read_body = b"".join(response.streaming_content) if response.streaming else response.content
        return response

    return sign_in


@pytest.fixture
def document(db):
    return DocumentFactory()


@pytest.fixture
def used_document(tree, document):
    """A document that a live doc, open to every member, links to from its text."""
    text = f'Take <a linktype="document" id="{document.pk}">this file</a>.'
    tree.add_doc("Files", sections=[section("take", "Take along", text)])
    return document


def body(response) -> bytes:
    return response.read_body


class TestWhoMayRead:
    def test_a_document_linked_in_the_text_of_an_open_page_is_open_to_members(self, used_document, member, signed_in):
        response = signed_in(member).get(used_document.file.url)
        assert response.status_code == 200
        assert body(response) == bytes(range(100))

    def test_a_stranger_is_led_to_the_sign_in(self, used_document, client):
        response = client.get(used_document.file.url)
        assert response.status_code == 302
        assert "/sign-in/" in response["Location"]

    def test_a_file_that_no_page_uses_is_for_staff(self, document, member, staff, signed_in):
        assert signed_in(member).get(document.file.url).status_code == 403
        assert signed_in(staff).get(document.file.url).status_code == 200

    def test_a_file_of_a_draft_is_for_staff(self, tree, document, member, signed_in):
        text = f'<a linktype="document" id="{document.pk}">file</a>'
        tree.add_doc("Draft", sections=[section("a", "A", text)], live=False)
        assert signed_in(member).get(document.file.url).status_code == 403

    def test_a_picture_and_its_sizes_follow_the_audience_of_the_page(
        self, tree, rows, add_member, signed_in, owners_only
    ):
        image = ImageFactory()
        tree.add_doc("Plans", audience=owners_only, sections=[section("a", "A", "See:", figure(image))])
        smaller = Rendition.objects.create(
            image=image, filter_spec="width-20", width=20, height=10, file=ContentFile(PLAIN_SVG, name="smaller.svg")
        )
        for address in (image.file.url, smaller.file.url):
            assert signed_in(add_member(role=rows.owner)).get(address).status_code == 200
            refused = signed_in(add_member(role=rows.seller)).get(address)
            assert refused.status_code == 403
            assert PLAIN_SVG not in body(refused)

    def test_a_file_used_by_an_open_and_a_closed_page_is_open(self, tree, member, signed_in, owners_only):
        image = ImageFactory()
        tree.add_doc("Closed", audience=owners_only, sections=[section("a", "A", "See:", figure(image))])
        tree.add_doc("Open", sections=[section("a", "A", "See:", figure(image))])
        assert signed_in(member).get(image.file.url).status_code == 200

    def test_a_page_that_is_unpublished_closes_its_files(self, tree, used_document, member, signed_in):
        browser = signed_in(member)
        assert browser.get(used_document.file.url).status_code == 200
        tree.libraries["en"].get_children().get(slug="files").unpublish()
        assert browser.get(used_document.file.url).status_code == 403

    def test_a_page_that_no_longer_uses_a_file_closes_it(self, tree, used_document, member, signed_in):
        page = tree.libraries["en"].get_children().get(slug="files").specific
        page.body = [section("take", "Take along", "Nothing any more.")]
        publish(page)
        assert signed_in(member).get(used_document.file.url).status_code == 403

    def test_an_ended_member_reads_no_file(self, used_document, member, signed_in):
        browser = signed_in(member)
        member.ended_at = timezone.now() - timedelta(seconds=5)
        member.save()
        assert browser.get(used_document.file.url).status_code == 403

    def test_wagtails_own_address_of_a_document_is_no_way_round(self, document, member, signed_in):
        response = signed_in(member).get(document.url, follow=True)
        assert response.status_code == 403

    @pytest.mark.parametrize(
        "path", ["documents/none.pdf", "../manage.py", "documents/../../manage.py", "%2e%2e/manage.py"]
    )
    def test_an_address_that_no_row_owns_is_not_found(self, path, staff, signed_in):
        assert signed_in(staff).get(f"/files/{path}").status_code in {400, 404}

    def test_a_row_whose_file_is_gone_is_not_found(self, document, staff, signed_in):
        document.file.storage.delete(document.file.name)
        assert signed_in(staff).get(document.file.url).status_code == 404


class TestBytes:
    @pytest.fixture
    def get(self, document, staff, signed_in):
        browser = signed_in(staff)
        return lambda **headers: browser.get(document.file.url, headers=headers)

    def test_one_range_is_sent_alone(self, get):
        response = get(Range="bytes=10-19")
        assert response.status_code == 206
        assert response["Content-Range"] == "bytes 10-19/100"
        assert response["Content-Length"] == "10"
        assert body(response) == bytes(range(10, 20))

    def test_the_end_of_the_file_is_sent(self, get):
        assert body(get(Range="bytes=-5")) == bytes(range(95, 100))

    def test_a_range_beyond_the_end_is_refused_with_the_size(self, get):
        response = get(Range="bytes=500-")
        assert response.status_code == 416
        assert response["Content-Range"] == "bytes */100"

    def test_several_ranges_are_answered_with_the_whole(self, get):
        response = get(Range="bytes=0-1,5-6")
        assert response.status_code == 200
        assert len(body(response)) == 100

    def test_a_file_that_the_reader_has_is_not_sent_again(self, get):
        first = get()
        assert get(**{"If-None-Match": first["ETag"]}).status_code == 304
        assert get(**{"If-Modified-Since": first["Last-Modified"]}).status_code == 304

    def test_a_range_of_a_file_that_has_changed_is_answered_with_the_whole(self, get):
        assert get(Range="bytes=0-9", **{"If-Range": '"another"'}).status_code == 200
        first = get()
        assert get(Range="bytes=0-9", **{"If-Range": first["ETag"]}).status_code == 206
        assert get(Range="bytes=0-9", **{"If-Range": first["Last-Modified"]}).status_code == 206

    @pytest.mark.parametrize(
        "condition", [f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", f"Mon, 01 Jan 2020 00:00:00 +{'9' * 20}", "no date"]
    )
    def test_a_condition_that_no_clock_can_say_is_answered_with_the_whole(self, get, condition):
        assert get(Range="bytes=0-9", **{"If-Range": condition}).status_code == 200

    def test_shared_caches_may_not_keep_it(self, get):
        assert "private" in get()["Cache-Control"]

    def test_the_web_server_in_front_is_told_to_send_it(self, get, document, settings):
        settings.ACCEL_REDIRECT_PREFIX = "/protected/"
        response = get(Range="bytes=0-9")
        assert response.status_code == 200
        assert response["X-Accel-Redirect"] == f"/protected/{document.file.name}"
        assert body(response) == b""

    def test_the_web_server_in_front_is_not_told_for_a_refused_reader(self, document, member, signed_in, settings):
        settings.ACCEL_REDIRECT_PREFIX = "/protected/"
        response = signed_in(member).get(document.file.url)
        assert response.status_code == 403
        assert "X-Accel-Redirect" not in response

    def test_a_name_in_another_alphabet_is_quoted_for_the_web_server(self, staff, signed_in, settings):
        settings.ACCEL_REDIRECT_PREFIX = "/protected"
        document = Document.objects.create(title="Прайс", file=ContentFile(b"1", name="прайс.csv"))
        response = signed_in(staff).get(document.file.url)
        assert response["X-Accel-Redirect"].isascii()
        assert response["X-Accel-Redirect"].startswith("/protected/documents/%D0")

    def test_a_drawing_is_shown_where_nothing_in_it_can_run(self, staff, signed_in):
        trap = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>alert(1)</script></svg>'
        # Written past the form that would refuse it: the last line of defence must hold alone.
        image = Image.objects.create(title="Trap", file=ContentFile(trap, name="trap.svg"))
        response = signed_in(staff).get(image.file.url)
        assert response["Content-Type"] == "image/svg+xml"
        assert "sandbox" in response["Content-Security-Policy"]
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert response["X-Content-Type-Options"] == "nosniff"

    def test_a_page_of_html_is_saved_and_not_shown(self, staff, signed_in):
        document = Document.objects.create(title="Page", file=ContentFile(b"<script>1</script>", name="page.html"))
        response = signed_in(staff).get(document.file.url)
        assert response["Content-Disposition"].startswith("attachment")
        assert "sandbox" in response["Content-Security-Policy"]
