"""The names of the icons, read from the drawing itself, so that the two cannot differ."""

import re
from pathlib import Path

SPRITE = Path(__file__).parent / "static" / "core" / "icons.svg"

ICONS: tuple[str, ...] = tuple(re.findall(r'<symbol id="([a-z-]+)"', SPRITE.read_text(encoding="utf-8")))
