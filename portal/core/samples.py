"""Sample data for the styleguide: what each component is shown with, in the states that occur."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.forms.utils import ErrorList

from portal.core.components import Column, Mark, MarkState, Step, StepState, ladder, tabulate, thread
from portal.core.errors import Refusal

# Samples are data, not interface, hence untranslated; long Russian words stretch what English would not.
LONG_RUSSIAN = "Переквалифицирующиеся предприниматели"


@dataclass(frozen=True, slots=True)
class Sample:
    """One component with the contexts it is shown with; a context's key "about" says what is to be seen."""

    name: str
    contexts: list[dict[str, Any]]

    @property
    def template(self) -> str:
        return f"components/{self.name}.html"


class SampleForm(forms.Form):
    """A form with each kind of field, as the renderer draws it."""

    email = forms.EmailField(label="E-mail", help_text="We write only about offers and exams.")
    plan = forms.ChoiceField(label="Plan", choices=[("", "Choose"), ("s", "Small"), ("l", "Large")])
    reason = forms.ChoiceField(
        label="Why do you decline?",
        choices=[("far", "Too far away"), ("busy", "No capacity"), ("other", "Another reason")],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agree = forms.BooleanField(label="I have read the agreement")


SAMPLE_MARKS = [
    Mark("P", "shield", "27", MarkState.HELD, "Product knowledge", "until 12 Nov 2027"),
    Mark("S", "octagon", "27", MarkState.HELD, "Sales technique", "until 3 Feb 2027", won=True),
    Mark("T", "circle", "26", MarkState.EXPIRING, "Telephony", "expires in 24 days", url="#mark"),
    Mark("S", "lozenge", "", MarkState.MISSING, "Sales technique", "Anna may retry on Friday, 27 Nov"),
    Mark("A", "shield", "25", MarkState.REVOKED, "Administration", "revoked on 2 Oct 2025"),
    Mark("L", "circle", "24", MarkState.LAPSED, LONG_RUSSIAN, "истёк 5 мая 2024"),
]


def mark_contexts() -> list[dict[str, Any]]:
    """Each state and each shape, and the sizes at which the drawing must hold."""
    states = [{"about": f"{mark.shape}, {mark.state}", "size": 72, **_mark_fields(mark)} for mark in SAMPLE_MARKS]
    sizes = [
        {"about": f"{size} px", "size": size, **_mark_fields(SAMPLE_MARKS[size // 24 % 3])} for size in (24, 32, 48, 96)
    ]
    return states + sizes


def _mark_fields(mark: Mark) -> dict[str, Any]:
    return {name: getattr(mark, name) for name in ("letter", "shape", "year", "state", "label", "detail", "won")}


def collect_samples(now: datetime, *, suffix: str) -> list[Sample]:
    """Every component of ``components/`` with its sample contexts, in the order of the styleguide.

    Args:
        now: an aware moment; times left are counted from it.
        suffix: ends every id, so that a page may show all samples twice.
    """
    steps = [
        Step("What a small company asks first", StepState.DONE, "#step", "8 min"),
        Step("Telephony in ten minutes", StepState.CURRENT, "#step", "12 min"),
        Step(LONG_RUSSIAN, StepState.AHEAD, "#step"),
        Step("The exam", StepState.LOCKED, "", "opens after the last lesson"),
    ]
    table = tabulate(
        [Column("Partner"), Column("Tier"), Column("Open", number=True), Column("Won", number=True)],
        [["Meridian Integration", "Gold", 4, 31], ["Polus", "Silver", 12, 8], [LONG_RUSSIAN, "Registered", 0, 0]],
    )
    page = Paginator(range(95), 10).page(4)
    form = SampleForm(prefix=f"plain{suffix}")
    wrong = SampleForm({f"wrong{suffix}-email": "anna@"}, prefix=f"wrong{suffix}")
    refusal = Refusal("The exam is closed until Friday.", remedy="You may try again on 27 Nov at 10:00 MSK.")
    return [
        Sample("mark", mark_contexts()),
        Sample("marks", [{"marks": SAMPLE_MARKS}, {"about": "bare", "marks": SAMPLE_MARKS, "bare": True, "size": 32}]),
        Sample("thread", [{"points": thread(current=name)} for name in ("exam", "qualification", "lead")]),
        Sample(
            "tier_ladder",
            [
                {
                    "rungs": ladder(
                        ["Registered", "Silver", "Gold", "Platinum"],
                        current=1,
                        notes=["", "since 3 May", "12 more won leads"],
                    )
                }
            ],
        ),
        Sample(
            "progress",
            [
                {"done": 3, "total": 5, "label": "Selling CRM with telephony", "note": "next: lesson 4"},
                {"percent": 72, "label": "Exam result", "size": 96},
                {"done": 0, "total": 8, "label": "Not begun"},
            ],
        ),
        Sample(
            "button",
            [
                {"label": "Accept the lead"},
                {"label": "Read the card", "url": "#button", "kind": "quiet", "icon_after": "arrow-right"},
                {"label": "Decline", "kind": "danger", "icon": "cross"},
                {"label": "Show all", "kind": "link", "url": "#button"},
                {"label": "Small", "kind": "quiet", "small": True, "icon": "plus"},
                {"label": "Closed until Friday", "disabled": True},
            ],
        ),
        Sample("post_button", [{"action": "#post_button", "label": "Mark as read", "kind": "quiet", "small": True}]),
        Sample("icon", [{"name": name, "label": name} for name in ("home", "book", "exam", "lead", "bell")]),
        Sample(
            "card",
            [
                {
                    "title": "Telephony: what to say about missed calls",
                    "url": "#card",
                    "kicker": "Product doc",
                    "text": "Every call is kept with its recording and becomes a task if nobody answered.",
                    "meta": "Verified 12 Nov · 4 min",
                    "badge": "New",
                    "badge_kind": "accent",
                    "icon": "doc",
                }
            ],
        ),
        Sample(
            "offer_card",
            [
                {
                    "title": "CRM for a dental clinic, 12 seats",
                    "url": "#offer",
                    "product": "CRM",
                    "place": "Kazan",
                    "text": "Wants to stop losing calls after six in the evening.",
                    "expires_at": now + timedelta(hours=3, minutes=20),
                    "facts": [("Seats", "12"), ("Source", "Web form")],
                },
                {
                    "about": "urgent",
                    "title": "Телефония для сети автосервисов",
                    "url": "#offer",
                    "product": "Telephony",
                    "expires_at": now + timedelta(minutes=25),
                    "urgent": True,
                },
            ],
        ),
        Sample(
            "objection_card",
            [
                {
                    "quote": "«Нам и в Excel нормально»",
                    "answer": "Спросите, сколько заявок вчера остались без ответа.",
                    "proof": "У «Полюса» было 14 из 60: через месяц — 2, оборот +18 400 ₽.",
                    "meta": "Verified 12 Nov · worked in 31 of 44 calls",
                    "id": f"sample-answer{suffix}",
                    "url": "#objection",
                    "level": 3,
                }
            ],
        ),
        Sample(
            "quote", [{"text": "We were afraid of the move. It took an afternoon.", "source": "A clinic, 12 seats"}]
        ),
        Sample("copy_button", [{"target": f"sample-answer{suffix}"}]),
        Sample(
            "notice",
            [
                {"text": "The agreement changes on 1 December.", "url": "#notice", "action": "Read the new text"},
                {"kind": "good", "title": "Sales technique is yours", "text": "It counts for Meridian from today."},
                {"kind": "warn", "text": "Telephony expires in 24 days.", "remedy": "Sit the exam again before then."},
                {"kind": "refused", "title": refusal.message, "remedy": refusal.remedy},
            ],
        ),
        Sample("messages", [{"messages": [_Message("The answer was saved.", "success"), _Message("No.", "error")]}]),
        Sample(
            "empty",
            [
                {
                    "title": "No offers yet",
                    "text": "Offers begin when one more colleague passes Sales technique.",
                    "icon": "lead",
                    "url": "#empty",
                    "action": "Open the exam",
                    "level": 3,
                }
            ],
        ),
        Sample(
            "badge",
            [
                {"label": "Draft"},
                {"label": "New", "kind": "accent"},
                {"label": "Won", "kind": "good"},
                {"label": "Expires soon", "kind": "warn"},
                {"label": "Declined", "kind": "refused"},
            ],
        ),
        Sample("counted_link", [{"url": "#bell", "icon": "bell", "label": "3 unread notices", "count": 3}]),
        Sample("definitions", [{"rows": [("Company", "Dental clinic"), ("Ответственный", LONG_RUSSIAN)]}]),
        Sample("stat", [{"value": "31", "label": "won leads", "note": "8 more than last year"}]),
        Sample("person", [{"name": "Anna Keller", "role": "Seller", "note": "2 of 2 exams", "url": "#person"}]),
        Sample("steps", [{"steps": steps}]),
        Sample("table", [{"table": table, "caption": "Partners of the route"}]),
        Sample(
            "breadcrumbs",
            [{"crumbs": [("Library", "#a"), ("Objections", "#b"), ("Price", "#c")], "label": f"Way{suffix}"}],
        ),
        Sample(
            "tabs",
            [
                {
                    "label": f"Leads{suffix}",
                    "tabs": [
                        {"label": "Offers", "url": "#tabs", "active": True, "count": 3},
                        {"label": "In work", "url": "#tabs"},
                        {"label": "Closed", "url": "#tabs"},
                    ],
                }
            ],
        ),
        Sample("pagination", [{"page": page, "label": f"Pages{suffix}"}]),
        Sample("search_field", [{"label": "Search the library", "id": f"sample-search{suffix}"}]),
        Sample("form", [{"form": form, "fields": _fields(form)}, {"form": wrong, "fields": _fields(wrong)}]),
        Sample("field", [{"field": SampleForm(prefix=f"field{suffix}")["email"]}]),
        Sample("timer", [{"now": now, "deadline": now + timedelta(minutes=24, seconds=30)}]),
        Sample(
            "save_state", [{"state": state} for state in ("saved", "saving", "unsaved", "expired", "stale", "over")]
        ),
        Sample("language_switch", [{}]),
        Sample("theme_switch", [{}]),
    ]


@dataclass(frozen=True, slots=True)
class _Message:
    """Looks like a message of django.contrib.messages."""

    text: str
    level_tag: str

    def __str__(self) -> str:
        return self.text


def _fields(form: forms.Form) -> list[tuple[forms.BoundField, ErrorList]]:
    return [(field, field.errors) for field in form.visible_fields()]
