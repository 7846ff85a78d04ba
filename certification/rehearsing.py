"""The rehearsal: three questions of no exam, to see that device, connection and saving work. Pure."""

from collections.abc import Mapping
from typing import Any

from certification.question_types.base import gettext_noop

#: Type and content of each. Their sentences are the interface's own and are translated where they are shown.
QUESTIONS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (
        "single",
        {
            "stem": gettext_noop("What do you sit at now?"),
            "options": [
                {"id": "o1", "text": gettext_noop("A phone"), "correct": True},
                {"id": "o2", "text": gettext_noop("A tablet"), "correct": False},
                {"id": "o3", "text": gettext_noop("A computer"), "correct": False},
            ],
        },
    ),
    (
        "multiple",
        {
            "stem": gettext_noop("Which of these have you seen to?"),
            "options": [
                {"id": "o1", "text": gettext_noop("The battery is full, or the charger is in"), "correct": True},
                {"id": "o2", "text": gettext_noop("Nobody needs me for the next half hour"), "correct": True},
                {
                    "id": "o3",
                    "text": gettext_noop("I know what to do when the connection drops: go on"),
                    "correct": False,
                },
            ],
        },
    ),
    (
        "short",
        {
            "stem": gettext_noop("Write any word, switch the connection off and on again, and see what the page says."),
            "answers": [],
        },
    ),
)
