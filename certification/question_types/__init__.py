"""The types of question: how each is checked, shown, read and marked. Pure: no framework, no clock, no database.

One module per type; it defines ``TYPE``, and that is all there is to adding one (its markup is the template
``certification/questions/<name>.html``). A type knows nothing of exams, time or saving: those are the sitting's. Types
that people hear or watch (a recorded role play, a practical part) will be modules like the essay's: ``mark`` is None.
"""

from importlib import import_module
from pkgutil import iter_modules

from certification.question_types.base import BadResponse, Content, Given, QuestionType, Response, Say, Shown

__all__ = ["BadResponse", "Content", "Given", "QuestionType", "Response", "Say", "Shown", "get_type", "type_names"]

_modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
_types: dict[str, QuestionType] = {module.TYPE.name: module.TYPE for module in _modules if hasattr(module, "TYPE")}


def get_type(name: str) -> QuestionType:
    """The type registered under ``name``.

    Raises:
        KeyError: when no module defines it.
    """
    return _types[name]


def type_names() -> list[tuple[str, str]]:
    """Every type as (stored name, English label), in the order in which an author would try them."""
    return [(kind.name, kind.label) for kind in sorted(_types.values(), key=lambda kind: (kind.order, kind.name))]
