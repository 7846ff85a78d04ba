"""Pictures, documents and products for tests."""

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
