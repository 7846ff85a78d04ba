"""A page on paper: HTML of ours as PDF, with our fonts and nothing fetched from anywhere."""

from mimetypes import guess_type
from pathlib import Path, PurePosixPath
from typing import Any

from django.contrib.staticfiles import finders
from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse, URLFetchingError

#: Addresses in our templates that begin so name a static file of ours.
STATIC = "static:"


class OurFetcher(URLFetcher):
    """Gives a document the data inside it and static files of ours; anything else is left out of it."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False)

    def fetch(self, url: str, headers: Any = None) -> Any:
        if not url.startswith(STATIC):
            return super().fetch(url, headers)
        name = url.removeprefix(STATIC)
        path = None if ".." in PurePosixPath(name).parts else finders.find(name)
        if not path:
            raise URLFetchingError(f"{url} is not ours")
        kind, _encoding = guess_type(path)
        return URLFetcherResponse(
            url, Path(path).read_bytes(), headers={"Content-Type": kind or "application/octet-stream"}
        )


def write_pdf(markup: str) -> bytes:
    """The document as PDF.

    Args:
        markup: a whole HTML document; pictures in it are ``data:`` addresses, styles and fonts ``static:`` ones.
    """
    content: bytes = HTML(string=markup, url_fetcher=OurFetcher()).write_pdf()
    return content
