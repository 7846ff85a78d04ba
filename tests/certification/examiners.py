"""What the forms of examiners send."""

from typing import Any


def inline(prefix, rows, initial=0):
    data = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    data |= {f"{prefix}-MIN_NUM_FORMS": 0, f"{prefix}-MAX_NUM_FORMS": 1000}
    for number, row in enumerate(rows):
        data |= {f"{prefix}-{number}-{key}": value for key, value in row.items()}
        data |= {f"{prefix}-{number}-ORDER": number + 1, f"{prefix}-{number}-DELETE": ""}
    return data


def quota(count: int, topic: Any = "", tag: Any = "", difficulty: Any = "") -> dict[str, Any]:
    return {
        "count": count,
        "topic": getattr(topic, "pk", topic),
        "tag": getattr(tag, "pk", tag),
        "difficulty": difficulty,
    }


def sections(*rows: dict[str, Any]) -> dict[str, Any]:
    """Sections of an exam's form: each ``{"title": ..., "quotas": [...], "fixed": [questions]}``."""
    plain = [
        {"title_en": row["title"], "title_ru": "", "pass_percent": row.get("pass_percent", 50), "waives": ""}
        for row in rows
    ]
    data = inline("sections", plain)
    for number, row in enumerate(rows):
        data |= inline(f"sections-{number}-quotas", row.get("quotas", []))
        fixed = [{"question": question.pk} for question in row.get("fixed", [])]
        data |= inline(f"sections-{number}-fixed_questions", fixed)
    return data


REVIEW = ("study", "sections", "answers", "marks", "correctness", "feedback", "key")


def review(**when: str) -> dict[str, Any]:
    """The table of what is shown when; a moment may be ``later:24``."""
    data: dict[str, Any] = {}
    for what in REVIEW:
        moment, _colon, hours = when.get(what, "never").partition(":")
        data |= {f"review_{what}_when": moment, f"review_{what}_hours": hours}
    return data


def exam_data(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An exam that is closed, in English, with these sections."""
    return {
        "title_en": "Bells", "title_ru": "", "intro_en": "", "intro_ru": "", "slug": "bells", "letter": "B",
        "shape": "octagon", "purpose": "credential", "window_opens_at": "", "window_closes_at": "",
        "time_limit_minutes": 20, "attempts_allowed": "", "retake_after_hours": 24, "retake_growth_percent": 0,
        "retake_most_hours": 720, "access_code": "", "languages": ["en"], "calculator": "", "exposure_cap_percent": "",
        "pass_percent": 70, "validity_months": 12, "marking_hours": 48, "disagreement_percent": 20,
        **review(study="at_once", sections="at_once"), **sections(*rows), **inline("prerequisites", []), **changes,
    }  # fmt: skip
