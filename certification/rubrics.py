"""What people's marks come to. Pure and exact.

A rubric is ``[{"id", "text", "levels": [{"id", "text", "points"}]}]`` in the content of a question that people mark.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any


def award(content: Mapping[str, Any], levels: Mapping[str, str]) -> Fraction | None:
    """The share of the mark that a marker gives, from 0 to 1; None while a criterion has no level of its own chosen.

    Args:
        levels: by the id of each criterion, the id of the level that was reached.
    """
    earned = possible = 0
    for row in content.get("rubric") or ():
        points = {level["id"]: level["points"] for level in row["levels"]}
        if levels.get(row["id"]) not in points:
            return None
        earned += points[levels[row["id"]]]
        possible += max(points.values())
    return Fraction(earned, possible) if possible else None


def differ(one: Fraction, other: Fraction, *, percent: int) -> bool:
    """Whether two marks of one answer are apart by so many per cent of the mark or more; equal ones never are."""
    return one != other and abs(one - other) * 100 >= percent
