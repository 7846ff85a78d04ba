"""What the shell's templates need on every page."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shell(_request: HttpRequest) -> dict[str, Any]:
    return {"vendor_name": settings.VENDOR_NAME}
