"""What content hangs on Wagtail: the screen of products, and one door for documents."""

from django.http import HttpRequest, HttpResponseRedirect
from wagtail import hooks

from portal.content.models import Document
from portal.content.viewsets import ProductViewSet


@hooks.register("register_admin_viewset")
def register_products() -> ProductViewSet:
    return ProductViewSet()


@hooks.register("before_serve_document", order=10)
def lead_to_file(document: Document, _request: HttpRequest) -> HttpResponseRedirect:
    """Wagtail's address of a document leads to the file's own, where the one rule is asked."""
    return HttpResponseRedirect(document.file.url)
