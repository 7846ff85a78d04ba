"""How long properties are tried: some hundred cases in ``make test``, ``GUILDHALL_SOAK`` times as many in ``make soak``."""

import os

from hypothesis import settings

FACTOR = int(os.environ.get("GUILDHALL_SOAK", "1"))


def examples(count: int) -> int:
    """So many cases, times the factor."""
    return count * FACTOR


if FACTOR > 1:
    settings.register_profile("soak", max_examples=examples(100), deadline=None)
    settings.load_profile("soak")
