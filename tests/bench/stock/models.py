"""The page of Wagtail's tutorial: headings, paragraphs, pictures."""

from wagtail import blocks
from wagtail.fields import StreamField
from wagtail.images.blocks import ImageChooserBlock
from wagtail.models import Page


class StockPage(Page):
    """A page of one stream of blocks."""

    body = StreamField(
        [
            ("heading", blocks.CharBlock(form_classname="title")),
            ("paragraph", blocks.RichTextBlock()),
            ("image", ImageChooserBlock()),
        ]
    )
    template = "stock/stock_page.html"

    class Meta:
        app_label = "stock"
