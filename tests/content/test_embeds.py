"""Videos at providers: what is recognised, how it is played, and what is refused."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.content.embeds import find_video, list_providers

RUTUBE = "10b3a03fc01d5bbcc632a2f3514e8aab"


@pytest.mark.parametrize(
    ("address", "provider", "player"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=5s", "YouTube", "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0"),
        ("https://youtu.be/dQw4w9WgXcQ?si=abc", "YouTube", "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0"),
        ("https://m.youtube.com/shorts/dQw4w9WgXcQ", "YouTube", "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0"),
        ("http://vimeo.com/76979871", "Vimeo", "https://player.vimeo.com/video/76979871?dnt=1"),
        ("https://vimeo.com/76979871/8272103f6e", "Vimeo", "https://player.vimeo.com/video/76979871?dnt=1&h=8272103f6e"),
        (f"https://rutube.ru/video/{RUTUBE}/", "RuTube", f"https://rutube.ru/play/embed/{RUTUBE}/"),
        (
            f"https://rutube.ru/video/private/{RUTUBE}/?p=aB-3_x", "RuTube",
            f"https://rutube.ru/play/embed/{RUTUBE}/?p=aB-3_x",
        ),
        (
            "https://vk.com/video-22822305_456241864", "VK Video",
            "https://vkvideo.ru/video_ext.php?oid=-22822305&id=456241864&hd=2",
        ),
        (
            "https://vkvideo.ru/video_ext.php?oid=-1&id=2&hash=0123456789abcdef", "VK Video",
            "https://vkvideo.ru/video_ext.php?oid=-1&id=2&hd=2&hash=0123456789abcdef",
        ),
    ],
)  # fmt: skip
def test_the_address_that_people_copy_leads_to_the_player(address, provider, player):
    video = find_video(address)
    assert video is not None
    assert (video.provider, video.player) == (provider, player)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "youtube.com/watch?v=dQw4w9WgXcQ",
        "javascript:alert(1)",
        "https://youtube.com.example/watch?v=dQw4w9WgXcQ",
        "https://example.com/?u=https://youtu.be/dQw4w9WgXcQ",
        "https://www.youtube.com@example.com/watch?v=dQw4w9WgXcQ",
        "https://user:secret@www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com:8443/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/mychannel12",
        "https://www.youtube.com/playlist?list=PLx",
        'https://youtu.be/dQw4w9WgXcQ"onload="x',
        "https://vimeo.com/user/about",
        "https://rutube.ru/video/short/",
        "https://vk.com/video_ext.php?oid=1&id=2&hash=zz",
        "https://vk.com/club1",
        "https://[broken",
        "ftp://youtu.be/dQw4w9WgXcQ",
    ],
)
def test_everything_else_is_none(address):
    assert find_video(address) is None


@pytest.mark.parametrize(
    ("address", "player"),
    [
        ("https://youtu.be/dQw4w9WgXcQ", "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0&start=75"),
        ("https://vimeo.com/76979871", "https://player.vimeo.com/video/76979871?dnt=1#t=75s"),
        (f"https://rutube.ru/video/{RUTUBE}/", f"https://rutube.ru/play/embed/{RUTUBE}/?t=75"),
        (f"https://rutube.ru/video/private/{RUTUBE}/?p=k", f"https://rutube.ru/play/embed/{RUTUBE}/?p=k&t=75"),
        ("https://vk.com/video-1_2", "https://vkvideo.ru/video_ext.php?oid=-1&id=2&hd=2&t=75s"),
    ],
)
def test_a_chapter_begins_the_player_at_its_moment(address, player):
    video = find_video(address)
    assert video is not None
    assert video.at(75) == player
    assert video.at(0) == video.player


@given(st.text(max_size=60))
def test_whatever_is_added_to_an_address_the_player_stays_with_its_provider(text):
    for address in (f"https://youtu.be/{text}", f"https://vimeo.com/{text}", f"https://vk.com/video{text}"):
        video = find_video(address)
        if video is not None:
            assert video.player.startswith(f"{video.origin}/")
            assert urlsplit(video.player).hostname in {"www.youtube-nocookie.com", "player.vimeo.com", "vkvideo.ru"}
            assert not set(video.player + video.page) & set("\"'<> \n")


def test_the_allowed_providers_have_names_to_tell():
    assert list_providers() == ["YouTube", "Vimeo", "RuTube", "VK Video"]
