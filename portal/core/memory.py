"""What this process remembers beside the cache that all processes share: read without a round trip or unpickling.

Only what is named by all that it depends on may be remembered: no other process can make this one forget.
"""

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class Memory:
    """The last ``size`` values that were put in, each for a time. Values are shared: they must not be changed."""

    instances: "list[Memory]" = []

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        Memory.instances.append(self)

    def get(self, key: Hashable) -> Any:
        """The value, or None where there is none or its time is over."""
        until, value = self._values.get(key, (0.0, None))
        return value if until > time.monotonic() else None

    def set(self, key: Hashable, value: Any, seconds: float) -> None:
        self._values[key] = (time.monotonic() + seconds, value)
        while len(self._values) > self.size:
            try:
                self._values.popitem(last=False)
            except KeyError:  # another thread was quicker
                break

    def clear(self) -> None:
        self._values.clear()
