"""Videos: what the editor may choose, what the viewer sees, and where they stopped."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.test.utils.form_data import inline_formset, nested_form_data, streamfield

from portal.content.models import Document
from portal.home.tasks import publish_scheduled
from tests.factories.content import CaptionsFactory, DocumentFactory, ImageFactory, VideoFactory, write_captions
from training.models import Reading, VideoPage
from training.services.videos import keep_place, show_video

pytestmark = pytest.mark.django_db

CHAPTERS = write_captions(("00:00.000", "00:08.000", "Before"), ("00:08.000", "00:20.000", "After"))


@pytest.fixture
def film(tree) -> VideoPage:
    """Twenty seconds with captions and chapters."""
    return tree.add_video(
        "A day with it",
        slug="a-day",
        file=VideoFactory(),
        captions=CaptionsFactory(),
        chapters=CaptionsFactory(text=CHAPTERS),
    )


class TestWhatTheEditorChooses:
    def errors(self, tree, **fields) -> dict[str, list[str]]:
        page = tree.add_video()
        for name, value in ({"embed_url": ""} | fields if "file" in fields else fields).items():
            setattr(page, name, value)
        with pytest.raises(ValidationError) as refused:
            page.full_clean()
        return refused.value.message_dict

    def test_neither_a_file_nor_an_address_is_no_video(self, tree):
        assert "Choose a video file" in self.errors(tree, embed_url="")["file"][0]

    def test_both_are_one_too_many(self, tree):
        errors = self.errors(tree, file=VideoFactory(), embed_url="https://youtu.be/abcdefghijk")
        assert "Keep one of the two" in errors["embed_url"][0]

    def test_the_database_holds_that_too(self, film):
        with transaction.atomic(), pytest.raises(IntegrityError):
            VideoPage.objects.filter(pk=film.pk).update(embed_url="https://youtu.be/abcdefghijk")

    def test_an_address_elsewhere_is_refused_with_the_providers_that_are_allowed(self, tree):
        errors = self.errors(tree, embed_url="https://example.com/video/1")
        assert "Allowed are: YouTube, Vimeo, RuTube, VK Video." in errors["embed_url"][0]

    def test_a_file_that_browsers_do_not_play_is_named(self, tree):
        assert "is no video that browsers play" in self.errors(tree, file=DocumentFactory())["file"][0]

    @pytest.mark.parametrize("field", ["captions", "chapters"])
    def test_captions_and_chapters_are_webvtt(self, tree, field):
        assert "Its name must end with “.vtt”" in self.errors(tree, **{field: VideoFactory()})[field][0]

    @pytest.mark.parametrize("field", ["captions", "chapters"])
    def test_a_line_that_does_not_parse_is_named_at_its_field(self, tree, field):
        document = CaptionsFactory()
        document.file.storage.delete(document.file.name)
        document.file.storage.save(document.file.name, ContentFile(b"WEBVTT\n\nno times\n"))
        assert self.errors(tree, **{field: document})[field][0].startswith("Line 3: ")

    def test_a_file_that_is_gone_is_named(self, tree):
        document = VideoFactory()
        document.file.storage.delete(document.file.name)
        assert "is gone" in self.errors(tree, file=document)["file"][0]

    def test_a_chapter_beyond_the_end_is_named_with_its_line(self, tree):
        late = write_captions(("00:00.000", "00:08.000", "Before"), ("00:20.000", "00:25.000", "Too late"))
        errors = self.errors(tree, file=VideoFactory(), chapters=CaptionsFactory(text=late))
        assert errors["chapters"] == ["Line 6: the chapter “Too late” begins at 0:20, and the video ends at 0:20."]

    def test_captions_of_a_longer_video_are_another_videos(self, tree):
        late = write_captions(("02:00.000", "02:08.000", "Elsewhere"))
        errors = self.errors(tree, file=VideoFactory(), captions=CaptionsFactory(text=late))
        assert "Are these another video" in errors["captions"][0]

    def test_the_length_of_an_mp4_is_read_and_corrected_when_another_is_chosen(self, tree):
        assert tree.add_video(file=VideoFactory()).seconds == 20
        page = tree.add_video("Other", file=VideoFactory(), seconds=999)
        assert page.seconds == 20
        assert tree.add_video("Web", file=VideoFactory(kind="webm"), seconds=21).seconds == 21

    def test_a_draft_may_wait_for_its_video(self, tree, django_user_model, client):
        client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
        address = reverse("wagtailadmin_pages:add", args=["training", "videopage", tree.libraries["en"].pk])
        assert client.post(address, self.form()).status_code == 302
        draft = VideoPage.objects.get()
        refused = client.post(
            reverse("wagtailadmin_pages:edit", args=[draft.pk]), self.form(**{"action-publish": "1", "intro": "Kept"})
        )
        assert refused.status_code == 200
        assert list(refused.context["form"].errors) == ["file"]
        assert "Kept" in refused.content.decode()
        draft.refresh_from_db()
        assert not draft.live

    def test_a_mistake_keeps_what_was_typed_and_the_page_as_it_was(self, film, django_user_model, client):
        client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
        refused = client.post(
            reverse("wagtailadmin_pages:edit", args=[film.pk]),
            self.form(
                **{"action-publish": "1", "embed_url": "https://example.com/v", "slug": "a-day", "title": "Changed"}
            ),
        )
        assert "Allowed are" in refused.content.decode()
        assert 'value="Changed"' in refused.content.decode()
        film.refresh_from_db()
        assert (film.title, film.embed_url) == ("A day with it", "")

    def test_a_video_is_replaced_in_one_form_and_its_address_stays(self, film, django_user_model, client):
        client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
        other = VideoFactory(kind="webm")
        fields = {
            "action-publish": "1", "file": str(other.pk), "slug": "a-day", "title": film.title, "seconds": "20",
            "captions": str(film.captions_id), "chapters": str(film.chapters_id),
        }  # fmt: skip
        response = client.post(reverse("wagtailadmin_pages:edit", args=[film.pk]), self.form(**fields))
        assert response.status_code == 302, response.context["form"].errors
        replaced = VideoPage.objects.get(pk=film.pk)
        assert (replaced.file, replaced.slug, replaced.chapters_id) == (other, "a-day", film.chapters_id)

    @staticmethod
    def form(**fields: str) -> dict:
        return nested_form_data(
            {
                "title": "New", "slug": "new", "intro": "", "file": "", "embed_url": "", "captions": "", "chapters": "",
                "poster": "", "seconds": "0", "body": streamfield([]), "audience": "", "review_interval_days": "90",
                "tags": "", "seo_title": "", "search_description": "", "change_line": "", "owner": "",
                "comments": inline_formset([]), **fields,
            }
        )  # fmt: skip


class TestTheTranscript:
    def test_is_kept_from_the_captions_when_the_page_is_saved(self, film):
        assert film.transcript == "Every missed call costs money.\nCount them first."
        film.captions = None
        film.save_revision().publish()
        assert VideoPage.objects.get(pk=film.pk).transcript == ""

    def test_is_found_by_what_is_said(self, film, member, signed_in):
        page = signed_in(member).get("/en/study/search/", {"q": "missed calls"}).content.decode()
        assert "/en/library/a-day/" in page

    def test_follows_the_captions_when_a_scheduled_draft_comes_to_be_published(self, film):
        film.captions = CaptionsFactory(text=write_captions(("00:01.000", "00:02.000", "Said later on.")))
        film.go_live_at = timezone.now() + timedelta(hours=1)
        film.save_revision().publish()
        assert "missed call" in VideoPage.objects.get(pk=film.pk).transcript
        revision = film.get_latest_revision()
        revision.approved_go_live_at = timezone.now() - timedelta(minutes=1)
        revision.content["go_live_at"] = None
        # As an older version of the portal might have saved it.
        revision.content["transcript"] = ""
        revision.save()
        publish_scheduled()
        assert VideoPage.objects.get(pk=film.pk).transcript == "Said later on."


class TestThePage:
    @pytest.fixture
    def read(self, film, signed_in):
        def do(person, **asked: str) -> str:
            response = signed_in(person).get("/en/library/a-day/", asked)
            assert response.status_code == 200
            return " ".join(response.content.decode().split())

        return do

    def test_plays_the_file_with_captions_in_the_pages_language_and_chapters(self, read, member, film):
        page = read(member)
        assert f'<source src="{film.file.file.url}" type="video/mp4">' in page
        assert f'<track kind="captions" src="{film.captions.file.url}" srclang="en" label="English" default>' in page
        assert f'<track kind="chapters" src="{film.chapters.file.url}"' in page
        assert 'preload="metadata" playsinline' in page
        assert "<iframe" not in page

    def test_lists_chapters_and_what_is_said_with_links_that_need_no_script(self, read, member):
        page = read(member)
        assert (
            '<a href="?t=8#video" data-start="8000" data-end="20000"><span class="watch-clock">0:08</span> After</a>'
            in page
        )
        assert '<span data-start="1000" data-end="4000">Every missed call costs money.</span>' in page
        assert '<a class="watch-clock" href="?t=1#video" data-start="1000">0:01</a>' in page

    @pytest.mark.parametrize(("asked", "source"), [("8", ".mp4#t=8"), ("0", ".mp4#t=0"), ("900", ".mp4#t=20")])
    def test_begins_where_the_address_says_but_never_beyond_the_end(self, read, member, asked, source):
        assert f'{source}" type' in read(member, t=asked)

    @pytest.mark.parametrize("asked", ["-1", "x", "1.5", "9999999", "٣"])
    def test_passes_over_an_address_that_says_nothing(self, read, member, asked):
        assert '.mp4" type' in read(member, t=asked)

    def test_goes_on_where_the_viewer_stopped(self, read, member, film):
        assert "Go on from" not in read(member)
        keep_place(member.user, film, seconds=12, now=timezone.now())
        page = read(member)
        assert 'href="?t=12#video" data-start="12000"' in page
        assert "Go on from 0:12" in page
        assert "From the beginning" in page
        assert "Go on from" not in read(member, t="8")

    def test_has_the_still_picture_before_it_plays(self, tree, member, signed_in):
        tree.add_video("Still", slug="still", file=VideoFactory(), poster=ImageFactory())
        assert 'poster="/files/' in signed_in(member).get("/en/library/still/").content.decode()

    def test_does_without_captions_and_chapters_and_with_ones_that_broke_since(self, tree, film, member, signed_in):
        tree.add_video("Bare", slug="bare", file=VideoFactory())
        for slug in ("bare", "a-day"):
            page = signed_in(member).get(f"/en/library/{slug}/").content.decode()
            assert ("<track" in page) is (slug == "a-day")
        film.captions.file.storage.delete(film.captions.file.name)
        assert show_video(film, asked="").transcript == []

    def test_its_files_are_as_private_as_it_is(self, tree, owners_only, add_member, rows, signed_in):
        page = tree.add_video(
            "For owners", slug="owners", file=VideoFactory(), captions=CaptionsFactory(), audience=owners_only
        )
        seller, owner = add_member(), add_member(role=rows.owner)
        for document in (page.file, page.captions):
            assert signed_in(seller).get(document.file.url).status_code == 403
            answer = signed_in(owner).get(document.file.url, headers={"Range": "bytes=0-9"})
            assert answer.status_code == 206
            assert len(b"".join(answer.streaming_content)) == 10


class TestAProvidersVideo:
    @pytest.fixture
    def page(self, tree) -> VideoPage:
        chapters = CaptionsFactory(text=CHAPTERS)
        return tree.add_video(
            "Elsewhere", slug="elsewhere", embed_url="https://youtu.be/abcdefghijk", chapters=chapters
        )

    def test_is_not_loaded_before_a_tap_and_has_a_plain_link(self, page, member, signed_in):
        response = signed_in(member).get("/en/library/elsewhere/")
        text = response.content.decode()
        assert "<iframe" not in text
        assert "youtube-nocookie" not in text
        assert f'href="/en/study/videos/{page.translation_key}/player/"' in text
        assert 'href="https://www.youtube.com/watch?v=abcdefghijk"' in text
        assert "youtube" not in response["Content-Security-Policy"]

    def test_only_the_player_may_show_the_provider_and_only_that_one(self, page, member, signed_in):
        response = signed_in(member).get(reverse("training:player", args=[page.translation_key]), {"t": "8"})
        policy = dict(
            part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";") if part.strip()
        )
        assert policy["frame-src"] == "'self' https://www.youtube-nocookie.com"
        assert policy["default-src"] == "'self'"
        assert response["X-Frame-Options"] == "SAMEORIGIN"
        text = response.content.decode()
        assert 'src="https://www.youtube-nocookie.com/embed/abcdefghijk?rel=0&amp;start=8"' in text
        # Some providers refuse to play for a site that does not say which it is.
        assert 'referrerpolicy="strict-origin"' in text

    def test_the_player_is_for_those_who_may_read_the_page(self, tree, owners_only, member, signed_in):
        closed = tree.add_video("For owners", slug="owners", audience=owners_only)
        assert signed_in(member).get(reverse("training:player", args=[closed.translation_key])).status_code == 403

    def test_a_video_of_ours_has_no_such_player(self, film, member, signed_in):
        assert signed_in(member).get(reverse("training:player", args=[film.translation_key])).status_code == 404
        assert signed_in(member).get(reverse("training:player", args=[uuid4()])).status_code == 404


@pytest.mark.embedded
class TestThePlace:
    def test_is_sent_by_the_page_and_kept_within_the_video(self, film, member, signed_in):
        address = reverse("training:place", args=[film.translation_key])
        for sent, kept in (("12", 12), ("900", 20), ("0", 0)):
            assert signed_in(member).post(address, {"seconds": sent}).status_code == 204
            assert Reading.objects.get(user=member.user).seconds == kept

    @pytest.mark.parametrize("sent", ["", "x", "-3", "1.5", "99999999"])
    def test_that_is_none_is_refused_and_nothing_kept(self, film, member, signed_in, sent):
        address = reverse("training:place", args=[film.translation_key])
        assert signed_in(member).post(address, {"seconds": sent}).status_code == 400
        assert not Reading.objects.exists()

    def test_the_newest_holds_whichever_comes_first(self, film, member):
        now = timezone.now()
        keep_place(member.user, film, seconds=12, now=now)
        keep_place(member.user, film, seconds=3, now=now - timedelta(seconds=5))
        assert Reading.objects.get().seconds == 12
        keep_place(member.user, film, seconds=4, now=now + timedelta(seconds=5))
        assert Reading.objects.get().seconds == 4

    def test_is_one_in_every_language_and_each_persons_own(self, tree, film, add_member):
        anna, boris = add_member(), add_member()
        russian = tree.add_video("День", slug="den", language="ru", file=VideoFactory(), translation_of=film)
        keep_place(anna.user, film, seconds=3, now=timezone.now())
        keep_place(anna.user, russian, seconds=9, now=timezone.now())
        keep_place(boris.user, film, seconds=5, now=timezone.now())
        assert dict(Reading.objects.values_list("user", "seconds")) == {anna.user_id: 9, boris.user_id: 5}

    def test_leaves_what_else_is_known_of_the_reading(self, film, member):
        then = timezone.now() - timedelta(days=1)
        Reading.objects.create(
            user=member.user, material_key=film.translation_key, page=film, first_read_at=then, last_read_at=then,
            times=3, pinned_at=then,
        )  # fmt: skip
        keep_place(member.user, film, seconds=7, now=timezone.now())
        reading = Reading.objects.get()
        assert (reading.seconds, reading.times, reading.pinned_at, reading.last_read_at) == (7, 3, then, then)

    def test_needs_the_pages_token(self, film, member):
        client = Client(enforce_csrf_checks=True)
        client.force_login(member.user)
        page = client.get("/en/library/a-day/")
        assert 'name="csrfmiddlewaretoken"' in page.content.decode()
        address = reverse("training:place", args=[film.translation_key])
        assert client.post(address, {"seconds": "5"}).status_code == 403
        token = client.cookies["csrftoken"].value
        assert client.post(address, {"seconds": "5", "csrfmiddlewaretoken": token}).status_code == 204

    def test_is_not_kept_for_whom_the_video_is_closed(self, tree, owners_only, member, signed_in):
        closed = tree.add_video("For owners", slug="owners", file=VideoFactory(), audience=owners_only)
        address = reverse("training:place", args=[closed.translation_key])
        assert signed_in(member).post(address, {"seconds": "5"}).status_code == 403
        assert not Reading.objects.exists()


def test_a_document_that_a_video_needs_is_not_deleted_under_it(film, django_user_model, client):
    client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
    client.post(reverse("wagtaildocs:delete", args=[film.file_id]))
    assert Document.objects.filter(pk=film.file_id).exists()
