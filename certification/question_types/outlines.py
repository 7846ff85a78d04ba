"""Places on a picture, in per cent of its width and height."""

import re
from dataclasses import dataclass
from fractions import Fraction

#: shape: how many numbers it has, at least and at most.
SHAPES = {"rectangle": (4, 4), "circle": (3, 3), "polygon": (6, 40)}
_NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Outline:
    """A place on a picture.

    Attributes:
        shape: ``rectangle``, ``circle`` or ``polygon``.
        points: of a rectangle its left, top, width and height; of a circle its centre and its radius (in per cent of
            the picture's *width*, so that it stays round); of a polygon the corners in turn. Across, then down.
    """

    shape: str
    points: tuple[Fraction, ...]

    @classmethod
    def parse(cls, shape: object, text: object) -> "Outline | None":
        """From ``"10 20 30 15"``; None for what is no place on a picture."""
        if shape not in SHAPES or not isinstance(shape, str) or not isinstance(text, str):
            return None
        found = re.split(r"[\s,;]+", text.strip())
        least, most = SHAPES[shape]
        if not least <= len(found) <= most or (shape == "polygon" and len(found) % 2):
            return None
        if not all(_NUMBER.fullmatch(number) for number in found):
            return None
        points = tuple(Fraction(number) for number in found)
        if max(points) > 100 or (shape == "circle" and not points[2]):
            return None
        if shape == "rectangle":
            left, top, width, height = points
            if left + width > 100 or top + height > 100 or not width or not height:
                return None
        return cls(shape, points)

    @property
    def centre(self) -> tuple[Fraction, Fraction]:
        if self.shape == "rectangle":
            left, top, width, height = self.points
            return left + width / 2, top + height / 2
        if self.shape == "circle":
            return self.points[0], self.points[1]
        return sum(self.points[::2]) / Fraction(len(self.points), 2), sum(self.points[1::2]) / Fraction(
            len(self.points), 2
        )

    def draw(self, width: int, height: int) -> "Drawn":
        """The outline on a picture of this size."""

        def across(value: Fraction) -> int:
            return round(value * width / 100)

        def down(value: Fraction) -> int:
            return round(value * height / 100)

        x, y = across(self.centre[0]), down(self.centre[1])
        if self.shape == "circle":
            radius = across(self.points[2])
            path = f"M{x - radius} {y}a{radius} {radius} 0 1 0 {2 * radius} 0a{radius} {radius} 0 1 0 -{2 * radius} 0z"
            box = (x - radius, y - radius, 2 * radius, 2 * radius)
            return Drawn(path, x, y, *box)
        if self.shape == "rectangle":
            left, top, wide, high = self.points
            corners = [(left, top), (left + wide, top), (left + wide, top + high), (left, top + high)]
        else:
            corners = list(zip(self.points[::2], self.points[1::2], strict=True))
        placed = [(across(one), down(other)) for one, other in corners]
        path = "M" + "L".join(f"{one} {other}" for one, other in placed) + "z"
        left_edge, top_edge = min(one for one, _y in placed), min(other for _x, other in placed)
        return Drawn(
            path,
            x,
            y,
            left_edge,
            top_edge,
            max(one for one, _y in placed) - left_edge,
            max(other for _x, other in placed) - top_edge,
        )


@dataclass(frozen=True, slots=True)
class Drawn:
    """An outline in pixels: an SVG path, where its number stands, and the box around it."""

    path: str
    x: int
    y: int
    left: int
    top: int
    width: int
    height: int
