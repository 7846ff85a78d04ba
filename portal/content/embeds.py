"""Videos at providers: from the address that people copy to the address of the player. Nothing is fetched.

Only what a provider here recognises is let in, so no other site is ever shown inside the portal.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Video:
    """A video at a provider.

    Attributes:
        provider: as people call it.
        origin: of the player, for the policy of the one response that shows it.
        page: where it is watched at the provider's own site.
        player: the address of the player.
        start: how the player is told where to begin, with ``{}`` for the seconds.
    """

    provider: str
    origin: str
    page: str
    player: str
    start: str

    def at(self, seconds: int) -> str:
        """The player's address, beginning at ``seconds``."""
        return self.player + self.start.format(seconds) if seconds > 0 else self.player


@dataclass(frozen=True, slots=True)
class Provider:
    """A site whose videos may be shown: its hosts, and how one of its addresses names a video."""

    name: str
    hosts: frozenset[str]
    find: Callable[[str, str, Mapping[str, str]], Video | None]


def _find_youtube(host: str, path: str, query: Mapping[str, str]) -> Video | None:
    # Elsewhere than at the short host a bare name is a channel.
    folder = "/" if host == "youtu.be" else "/(?:shorts|embed|live|v)/"
    match = re.fullmatch(folder + r"([A-Za-z0-9_-]{11})/?", path)
    key = query.get("v", "") if path.rstrip("/") == "/watch" else match[1] if match else ""
    if not re.fullmatch(r"[A-Za-z0-9_-]{11}", key):
        return None
    # Its own address without cookies: nothing is kept of the viewer until the video is played.
    origin = "https://www.youtube-nocookie.com"
    page = f"https://www.youtube.com/watch?v={key}"
    return Video("YouTube", origin, page, f"{origin}/embed/{key}?rel=0", "&start={}")


def _find_vimeo(_host: str, path: str, query: Mapping[str, str]) -> Video | None:
    match = re.fullmatch(r"/(?:video/|channels/[\w-]+/)?([0-9]{5,12})(?:/([0-9a-f]{6,20}))?/?", path)
    if match is None:
        return None
    key, secret = match[1], match[2] or query.get("h", "")
    if secret and not re.fullmatch(r"[0-9a-f]{6,20}", secret):
        return None
    origin = "https://player.vimeo.com"
    parameters = urlencode({"dnt": "1", **({"h": secret} if secret else {})})
    page = f"https://vimeo.com/{key}" + (f"/{secret}" if secret else "")
    return Video("Vimeo", origin, page, f"{origin}/video/{key}?{parameters}", "#t={}s")


def _find_rutube(_host: str, path: str, query: Mapping[str, str]) -> Video | None:
    match = re.fullmatch(r"/(?:video/private|video|play/embed|shorts)/([0-9a-f]{32})/?", path)
    if match is None:
        return None
    secret = query.get("p", "")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", secret):
        return None
    origin = "https://rutube.ru"
    ending = f"?p={secret}" if secret else ""
    page = f"{origin}/video/{'private/' if secret else ''}{match[1]}/{ending}"
    player = f"{origin}/play/embed/{match[1]}/{ending}"
    return Video("RuTube", origin, page, player, "&t={}" if secret else "?t={}")


def _find_vk(_host: str, path: str, query: Mapping[str, str]) -> Video | None:
    match = re.fullmatch(r"/(?:video/@[\w.]+/)?(?:video|clip)(-?[0-9]{1,12})_([0-9]{1,12})/?", path)
    if match is not None:
        owner, key = match[1], match[2]
    elif path == "/video_ext.php":
        owner, key = query.get("oid", ""), query.get("id", "")
    else:
        return None
    secret = query.get("hash", "")
    if not re.fullmatch(r"-?[0-9]{1,12}", owner) or not re.fullmatch(r"[0-9]{1,12}", key):
        return None
    if secret and not re.fullmatch(r"[0-9a-f]{8,40}", secret):
        return None
    origin = "https://vkvideo.ru"
    parameters = urlencode({"oid": owner, "id": key, "hd": "2", **({"hash": secret} if secret else {})})
    return Video("VK Video", origin, f"{origin}/video{owner}_{key}", f"{origin}/video_ext.php?{parameters}", "&t={}s")


PROVIDERS = (
    Provider(
        "YouTube",
        frozenset({"youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be", "www.youtube-nocookie.com"}),
        _find_youtube,
    ),
    Provider("Vimeo", frozenset({"vimeo.com", "www.vimeo.com", "player.vimeo.com"}), _find_vimeo),
    Provider("RuTube", frozenset({"rutube.ru", "www.rutube.ru"}), _find_rutube),
    Provider("VK Video", frozenset({"vk.com", "m.vk.com", "vkvideo.ru", "www.vkvideo.ru", "vk.ru"}), _find_vk),
)


def find_video(address: str) -> Video | None:
    """The video that an address names; None for what is no video, or at no allowed provider."""
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in {"https", "http"} or parts.username or parts.password or port not in {None, 80, 443}:
        return None
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    for provider in PROVIDERS:
        if host.lower() in provider.hosts:
            return provider.find(host.lower(), parts.path, query)
    return None


def list_providers() -> list[str]:
    """What the allowed providers are called."""
    return [provider.name for provider in PROVIDERS]
