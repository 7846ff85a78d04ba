"""What a browser would post from a page as it stands: the filled-in controls, by name."""

from html.parser import HTMLParser


class _Controls(HTMLParser):
    def __init__(self):
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.select = self.area = self.chosen = None

    def keep(self, name, value):
        self.values.setdefault(name, []).append(value)

    def handle_starttag(self, tag, attrs):
        attrs = {key: value or "" for key, value in attrs}
        if tag == "select":
            self.select, self.chosen = attrs.get("name", ""), None
        elif tag == "option" and self.select is not None:
            if "selected" in attrs or self.chosen is None:
                self.chosen = attrs.get("value", "")
        elif tag == "textarea":
            self.area, self.words = attrs.get("name", ""), ""
        elif tag == "input" and attrs.get("name"):
            kind = attrs.get("type", "text")
            if kind in {"checkbox", "radio"}:
                if "checked" in attrs:
                    self.keep(attrs["name"], attrs.get("value", "on"))
            elif kind not in {"submit", "button", "file"}:
                self.keep(attrs["name"], attrs.get("value", ""))

    def handle_data(self, data):
        if self.area is not None:
            self.words += data

    def handle_endtag(self, tag):
        if tag == "select" and self.select is not None:
            self.keep(self.select, self.chosen or "")
            self.select = None
        elif tag == "textarea" and self.area is not None:
            # A newline directly behind the tag belongs to the markup.
            self.keep(self.area, self.words.removeprefix("\r\n").removeprefix("\n"))
            self.area = None


def read_controls(html: str) -> dict[str, list[str]]:
    parser = _Controls()
    parser.feed(html)
    return parser.values
