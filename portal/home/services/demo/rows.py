"""What the demo's rows become in a stream: steps of a script, rules, prices, versions, check questions.

Ids are derived like those of sections, from the file and the row's own name (see :mod:`.files`).
"""

from decimal import Decimal
from html import escape
from typing import Any

from portal.home.services.demo.files import Text, block_id

#: Minor units to a unit; every currency of the demo has two decimals.
MINOR = 100


def step_blocks(script: Text) -> list[dict[str, Any]]:
    """The steps of a call script; the first is where the call begins."""
    return [
        _block(
            "step",
            (script.slug, step["name"]),
            {
                "name": step["name"],
                "title": step["title"],
                "say": _paragraphs(step["say"]),
                "listen": step.get("listen", ""),
                "note": step.get("note", ""),
                "branches": [
                    _block(
                        "item", (script.slug, step["name"], str(number)), {"answer": branch["if"], "to": branch["to"]}
                    )
                    for number, branch in enumerate(step.get("branches", []))
                ],
                "outcome": step.get("outcome", ""),
                "end": step.get("end", ""),
            },
        )
        for step in script.meta["steps"]
    ]


def rule_blocks(standard: Text) -> list[dict[str, Any]]:
    return [_block("rule", (standard.slug, rule["anchor"]), dict(rule)) for rule in standard.meta["rules"]]


def version_blocks(doc: Text) -> list[dict[str, Any]]:
    """The versions that a product doc names, newest first."""
    return [
        _block("version", (doc.slug, "version", row["version"]), {**row, "released": row["released"].isoformat()})
        for row in doc.meta["versions"]
    ]


def price_blocks(price_list: Text) -> list[dict[str, Any]]:
    return [
        _block(
            "price",
            (price_list.slug, row["anchor"]),
            {
                "item": row["item"],
                "unit": row["unit"],
                "price": _amount(row["price"]),
                "currency": row["currency"],
                "market": row["market"],
                "valid_from": row["valid_from"].isoformat(),
                "valid_until": row["valid_until"].isoformat() if "valid_until" in row else None,
                "breaks": [
                    _block(
                        "item",
                        (price_list.slug, row["anchor"], str(step["from"])),
                        {"from_quantity": step["from"], "price": _amount(step["price"])},
                    )
                    for step in row.get("breaks", [])
                ],
                "note": row.get("note", ""),
                "shareable": row["shareable"],
            },
        )
        for row in price_list.meta["rows"]
    ]


def check_blocks(lesson: str, checks: list[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """The check questions of one lesson, out of those of its course."""
    return [
        _block(
            "check",
            ("check", lesson, check["id"]),
            {
                "question": check["question"][language],
                "options": [
                    _block(
                        "item",
                        ("check", lesson, check["id"], option["id"]),
                        {
                            "text": option["text"][language],
                            "is_right": option.get("right", False),
                            "feedback": option.get("feedback", {}).get(language, ""),
                        },
                    )
                    for option in check["options"]
                ],
                "explanation": check["explanation"][language],
            },
        )
        for check in checks
        if check["lesson"] == lesson
    ]


def _block(kind: str, place: tuple[str, ...], value: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "id": block_id(*place), "value": value}


def _paragraphs(words: str) -> str:
    """Plain text as rich text: an empty line begins a paragraph."""
    return "".join(f"<p>{escape(part.strip(), quote=False)}</p>" for part in words.strip().split("\n\n"))


def _amount(minor: int) -> str:
    return str(Decimal(minor) / MINOR)
