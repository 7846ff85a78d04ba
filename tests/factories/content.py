"""Pictures, documents and products for tests."""

from pathlib import Path

import factory
from django.core.files.base import ContentFile

from portal.content.models import Document, Image, Product
from portal.core.localised import LocalisedText

PLAIN_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#888"/></svg>'
)


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Product
        django_get_or_create = ("slug",)

    slug = factory.Sequence(lambda n: f"product-{n}")
    name = factory.LazyAttribute(lambda o: LocalisedText(en=f"Product {o.slug}", ru=f"Продукт {o.slug}"))


class ImageFactory(factory.django.DjangoModelFactory):
    """A small drawing with a file of its own."""

    class Meta:
        model = Image

    title = factory.Sequence(lambda n: f"Picture {n}")
    file = factory.Sequence(lambda n: ContentFile(PLAIN_SVG, name=f"picture-{n}.svg"))


class DocumentFactory(factory.django.DjangoModelFactory):
    """A text file of a hundred known bytes."""

    class Meta:
        model = Document

    title = factory.Sequence(lambda n: f"Document {n}")
    file = factory.Sequence(lambda n: ContentFile(bytes(range(100)), name=f"document-{n}.bin"))


VIDEOS = Path(__file__).parents[1] / "videos"


class VideoFactory(factory.django.DjangoModelFactory):
    """Twenty seconds of a square that moves, 160 by 90: 4.5 kB as MP4, 5.4 kB as WebM."""

    class Meta:
        model = Document

    class Params:
        kind = "mp4"

    title = factory.Sequence(lambda n: f"Video {n}")
    file = factory.LazyAttributeSequence(
        lambda o, n: ContentFile((VIDEOS / f"twenty-seconds.{o.kind}").read_bytes(), name=f"video-{n}.{o.kind}")
    )


def write_captions(*cues: tuple[str, str, str]) -> bytes:
    """A WebVTT file of (begin, end, words)."""
    blocks = [f"{begin} --> {end}\n{words}" for begin, end, words in cues]
    return "\n\n".join(["WEBVTT", *blocks, ""]).encode()


class CaptionsFactory(factory.django.DjangoModelFactory):
    """A WebVTT file with two cues."""

    class Meta:
        model = Document

    class Params:
        text = write_captions(
            ("00:01.000", "00:04.000", "Every missed call costs money."),
            ("00:08.000", "00:11.500", "Count them first."),
        )

    title = factory.Sequence(lambda n: f"Captions {n}")
    file = factory.LazyAttributeSequence(lambda o, n: ContentFile(o.text, name=f"captions-{n}.vtt"))
