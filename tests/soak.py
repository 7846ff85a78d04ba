"""How long properties are tried: some hundred cases in ``make test``, ``GUILDHALL_SOAK`` times as many in ``make soak``."""

import os

from hypothesis import settings

FACTOR = int(os.environ.get("GUILDHALL_SOAK", "1"))


def examples(count: int) -> int:
    """So many cases, times the factor."""
    return count * FACTOR


# What a case costs is measured by the benchmarks; on a busy machine a deadline would fail one by chance.
settings.register_profile("guildhall", max_examples=examples(100), deadline=None)
settings.load_profile("guildhall")
