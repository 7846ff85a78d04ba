"""The types of question: how each is checked, shown, read and marked. Pure: no framework, no clock, no database.

One module per type; it defines ``TYPE``, and that is all there is to adding one (its markup is the template
``certification/questions/<name>.html``). A type knows nothing of exams, time or saving: those are the sitting's.
"""

from importlib import import_module
from pkgutil import iter_modules

from certification.question_types.base import MOST_OPTIONS, BadResponse, Content, QuestionType, Response

__all__ = ["MOST_OPTIONS", "BadResponse", "Content", "QuestionType", "Response", "get_type", "type_names"]

_types: dict[str, QuestionType] = {
    found.TYPE.name: found.TYPE
    for module in iter_modules(__path__)
    if module.name != "base" and (found := import_module(f"{__name__}.{module.name}"))
}


def get_type(name: str) -> QuestionType:
    """The type registered under ``name``.

    Raises:
        KeyError: when no module defines it.
    """
    return _types[name]


def type_names() -> list[tuple[str, str]]:
    """Every type as (stored name, English label), in the order in which an author would try them."""
    return [(kind.name, kind.label) for kind in sorted(_types.values(), key=lambda kind: (kind.order, kind.name))]
