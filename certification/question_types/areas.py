"""A picture with areas. Either the candidate chooses the right area, by its number, or says what each area is.

The picture is one of the portal's; areas are places on it in per cent (see :mod:`.outlines`), numbered as they stand in
the content. Everything can be done by keyboard: areas are chosen by the radio buttons of their numbers, and named from
lists. On the picture their outlines are a second way to the same inputs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from certification.question_types.base import Content, Given, Response, Say, Shown, Told, Words
from certification.question_types.choosing import CORRECT, ChoiceType
from certification.question_types.matching import CHOICE, PairingType
from certification.question_types.outlines import SHAPES, Outline
from certification.question_types.parts import (
    DEFAULT_LANGUAGE,
    FEEDBACK,
    FLOOR,
    OPTION_FEEDBACK,
    PENALTY,
    STEM,
    Choice,
    Message,
    Picture,
    Plain,
    Rows,
    Text,
    gettext_noop,
    partial,
    row_of,
)

AREA = gettext_noop("Area")


def _outlines(content: Content) -> tuple[Outline, ...]:
    found = (Outline.parse(row["shape"], row["at"]) for row in content["areas"])
    return tuple(one for one in found if one is not None)


class _Naming(PairingType):
    """What each area is: matching, with the areas as the things."""

    __slots__ = ()

    def things(self, content: Content) -> Mapping[str, Words]:
        return {row["id"]: row_of(AREA, number) for number, row in enumerate(content["areas"], 1)}

    def matches(self, content: Content) -> Mapping[str, Words]:
        return {row["id"]: row["text"] for row in content["areas"]}


_NAMING = _Naming(name="", label="", parts=())


class Areas(ChoiceType):
    """``{"stem", "image": 7, "areas": [{"id", "shape": "rectangle", "at": "10 20 30 15", "text", "correct"}]}``.

    ``"task": "choose"`` (or left out): one area is chosen, or several if several are ``correct``; ``text`` is then read
    beside the number, and may be left out. ``"task": "name"``: each area gets its own ``text`` from a list, in which the
    ``"extra": [{"id", "text"}]`` stand too. Places are ``left top width height``, ``x y radius`` or ``x y x y x y …``.

    A response is a sorted list of ids, or ``{id of the area: id of the choice}``.
    """

    __slots__ = ()

    def rows(self, content: Content) -> Sequence[Mapping[str, Any]]:
        rows: Sequence[Mapping[str, Any]] = content["areas"]
        return rows

    def takes_many(self, content: Content) -> bool:
        return sum(bool(row.get("correct")) for row in content["areas"]) > 1

    def names(self, content: Content) -> bool:
        """Whether the areas are named, rather than chosen."""
        return bool(content.get("task") == "name")

    def options(self, content: Content) -> tuple[str, ...]:
        return _NAMING.options(content) if self.names(content) else ChoiceType.options(self, content)

    def find_faults(self, content: Content) -> Iterable[str]:
        for number, row in enumerate(content["areas"], 1):
            if Outline.parse(row["shape"], row["at"]) is None:
                yield Message(
                    gettext_noop("Area %(row)d: its place is not that of a %(shape)s on the picture."),
                    row=number,
                    shape=Message(dict(_SHAPES)[row["shape"]]),
                )
            if self.names(content) and not row.get("text"):
                yield Message(gettext_noop("Area %(row)d has no name."), row=number)
                return
            if row["id"].endswith(CHOICE):
                yield Message(gettext_noop("Area %(row)d has an id that is kept for choices."), row=number)
        if self.names(content):
            yield from _NAMING.find_faults(content)
        elif not 0 < len(self.key(content)) < len(content["areas"]):
            yield gettext_noop("At least one area must be right, and at least one wrong.")

    def pinned(self, content: Content) -> frozenset[str]:
        """The areas keep their numbers, which are on the picture."""
        return frozenset(row["id"] for row in content["areas"])

    def show(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Shown:
        if self.names(content):
            shown = _NAMING.show(content, order, response, say)
        else:
            shown = ChoiceType.show(self, _labelled(content, say), order, response, say)
        # By their numbers on the picture, wherever the order has them; what is posted is the place in the order.
        number = {row["id"]: number for number, row in enumerate(content["areas"])}
        places = sorted(range(len(number)), key=[number[one] for one in order if one in number].__getitem__)
        return replace(
            shown,
            options=tuple(shown.options[place] for place in places) if shown.options else (),
            blanks=tuple(shown.blanks[place] for place in places) if shown.blanks else (),
            picture=content["image"],
            outlines=_outlines(content),
        )

    def read(self, order: Sequence[str], given: Given, *, language: str = DEFAULT_LANGUAGE) -> Response:
        if _is_naming(order):
            return _NAMING.read(order, given, language=language)
        return ChoiceType.read(self, order, given, language=language)

    def give(self, order: Sequence[str], response: Response) -> dict[str, list[str]]:
        return _NAMING.give(order, response) if _is_naming(order) else ChoiceType.give(self, order, response)

    def right(self, content: Content) -> Response:
        return _NAMING.right(content) if self.names(content) else ChoiceType.right(self, content)

    def earn(self, content: Content, response: Response) -> Fraction:
        return _NAMING.earn(content, response) if self.names(content) else ChoiceType.earn(self, content, response)

    def tell(self, content: Content, order: Sequence[str], response: Response, say: Say) -> Told:
        if self.names(content):
            return _NAMING.tell(content, order, response, say)
        return ChoiceType.tell(self, _labelled(content, say), order, response, say)

    def categories(self, content: Content, response: Response) -> tuple[str, ...]:
        if self.names(content):
            return _NAMING.categories(content, response)
        return ChoiceType.categories(self, content, response)


def _is_naming(order: Sequence[str]) -> bool:
    return any(one.endswith(CHOICE) for one in order)


def _labelled(content: Content, say: Say) -> Content:
    """The content with areas that are called by their number, and their text where they have one."""
    labelled = []
    for number, row in enumerate(content["areas"], 1):
        text = say(row["text"]) if row.get("text") else ""
        label = say(row_of(AREA, number))
        labelled.append({**row, "text": {DEFAULT_LANGUAGE: f"{label}: {text}" if text else label}})
    return {**content, "areas": labelled}


_SHAPES = (
    ("rectangle", gettext_noop("Rectangle")),
    ("circle", gettext_noop("Circle")),
    ("polygon", gettext_noop("Polygon")),
)
if {name for name, _label in _SHAPES} != set(SHAPES):
    raise TypeError("A shape without a name")

TYPE = Areas(
    name="areas",
    label=gettext_noop("Picture with areas"),
    many=True,
    in_parts=True,
    order=9,
    parts=(
        STEM,
        Picture(name="image", label=gettext_noop("Picture"), required=True),
        Choice(
            name="task",
            label=gettext_noop("The candidate"),
            choices=(
                ("choose", gettext_noop("chooses the right areas")),
                ("name", gettext_noop("says what each area is")),
            ),
        ),
        Rows(
            name="areas",
            label=gettext_noop("Area"),
            help=gettext_noop(
                "Places are in per cent of the picture: left, top, width and height of a rectangle; centre and radius of "
                "a circle (the radius in per cent of the width); the corners of a polygon."
            ),
            prefix="a",
            least=2,
            columns=(
                Choice(name="shape", label=gettext_noop("Shape"), choices=_SHAPES, kept=True, required=True),
                Plain(name="at", label=gettext_noop("Place"), required=True),
                Text(name="text", label=gettext_noop("Name")),
                CORRECT,
                OPTION_FEEDBACK,
            ),
        ),
        Rows(
            name="extra",
            label=gettext_noop("Extra name"),
            help=gettext_noop("Where areas are named: names that belong to none."),
            prefix="x",
            columns=(Text(name="text", label=gettext_noop("Text"), required=True),),
        ),
        FEEDBACK,
        partial(default=True),
        PENALTY,
        FLOOR,
    ),
)
