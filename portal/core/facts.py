"""Facts: what happened, told upward.

A fact is a row written inside the transaction that made it true, and handed to its receivers after commit. It carries
ids and nothing else. The same rows are the audit trail.

An app declares its facts in ``facts.py``::

    leads_offered = FactType("leads_offered", ids=("lead_ids",))

announces them in a service, inside its transaction::

    leads_offered.announce(lead_ids=[lead.pk], by=user)

and receives the facts of the apps below it in ``receivers.py``::

    @leads_offered.receiver
    def tell_partners(fact): ...

Receivers run after commit, at least once each, possibly more than once: they must be safe to repeat. A lost wake-up
loses nothing, since the row has a due time and a sweeper (``portal.core.services.outbox``) looks for it.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from portal.core.models import Fact

type_names: dict[str, "FactType"] = {}


class Actor(Protocol):
    """Anyone who can be named as the one who did it."""

    pk: Any


Receiver = Callable[["Fact"], None]
Writer = Callable[["FactType", dict[str, list[int]], int | None], None]


class FactType:
    """A kind of fact, in the past tense, with the names of the id lists that it carries.

    Args:
        name: stable name, unique in the project; it is stored and will feed webhooks.
        ids: names of the payload's entries; each holds a list of integer ids.

    Raises:
        ValueError: when two facts have one name.
    """

    writer: Writer | None = None  # set by the outbox at start: this module must not know the models

    def __init__(self, name: str, *, ids: tuple[str, ...]) -> None:
        if name in type_names:
            raise ValueError(f"There are two facts named {name}")
        self.name = name
        self.ids = ids
        self.receivers: dict[str, Receiver] = {}
        type_names[name] = self

    def announce(self, *, by: Actor | None, **ids: int | Iterable[int]) -> None:
        """Write the fact in the caller's transaction; its receivers run after commit.

        Raises:
            TypeError: when the ids given are not the ids declared.
        """
        if set(ids) != set(self.ids):
            raise TypeError(f"{self.name} carries {', '.join(self.ids)}, not {', '.join(ids) or 'nothing'}")
        payload = {
            key: [value] if isinstance(value, int) else [int(item) for item in value] for key, value in ids.items()
        }
        if not any(payload.values()):
            return
        if FactType.writer is None:
            raise RuntimeError("Facts were announced before the apps were ready")
        FactType.writer(self, payload, by.pk if by is not None else None)

    def receiver(self, function: Receiver) -> Receiver:
        """Register ``function`` to be called with the stored fact, once per fact, after commit."""
        self.receivers[f"{function.__module__}.{function.__qualname__}"] = function
        return function
