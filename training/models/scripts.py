"""Call scripts: a conversation that branches, and its map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, HelpPanel
from wagtail.fields import StreamField
from wagtail.models import Revision
from wagtail.search import index

from portal.content.blocks import Section
from portal.core.errors import Refusal
from training.blocks import ScriptBlock, read_steps, word_finding
from training.models.base import MaterialPage, arrange_tabs
from training.scripting import PADDING, ROW, Answer, Card, Fault, Layout, Step, check_script, lay_out


class CallScriptPage(MaterialPage):
    """What to say, what to listen for, and where to go from each answer. The first step is where the call begins."""

    goal = models.TextField(
        _("the goal of the call"), blank=True, help_text=_("What counts as success, in one sentence.")
    )
    steps = StreamField(
        ScriptBlock(),
        verbose_name=_("steps"),
        help_text=_(
            "The call begins with the first step. Choose “A new step” in a branch, and the step is added at the end."
        ),
    )

    can_be_saved = True
    page_description = _("A conversation that branches: what to say, what to listen for, where each answer leads.")
    shared_template = "training/shared/call_script.html"
    subpage_types: list[str] = []
    search_fields = [*MaterialPage.search_fields, index.SearchField("goal"), index.SearchField("steps")]
    edit_handler = arrange_tabs(
        [
            *MaterialPage.content_panels,
            FieldPanel("goal"),
            HelpPanel(template="training/script_map_panel.html", heading=_("Map of the script"), icon="site"),
            FieldPanel("steps"),
        ]
    )

    class Meta:
        verbose_name = _("call script")
        verbose_name_plural = _("call scripts")

    @property
    def sections(self) -> list[Section]:
        """The steps, each under its name."""
        return [
            Section(
                block_id=child.get("id") or "",
                anchor=child["value"].get("name") or child.get("id") or "",
                heading=child["value"].get("title", ""),
            )
            for child in self.steps.raw_data
            if child["type"] == "step"
        ]

    @property
    def chart(self) -> "Chart":
        """The script as a map."""
        return chart_script(self.steps)

    @property
    def preview_modes(self) -> list[tuple[str, Any]]:
        return [*super().preview_modes, ("map", _("Map of the script"))]

    def get_preview_template(self, request: Any, mode_name: str) -> str:
        if mode_name == "map":
            return "training/script_map.html"
        template: str = super().get_preview_template(request, mode_name)
        return template

    def publish(self, revision: Revision, **options: Any) -> Any:
        """Publish or schedule a revision, through whichever door: a form, a list, a workflow or a translation.

        The form refuses a broken script itself; the other doors publish the latest draft, which may be unfinished.

        Raises:
            Refusal: naming what is unfinished or wrong.
        """
        stream = revision.as_object().steps
        try:
            stream.stream_block.clean(stream)
        except ValidationError as error:
            faults = [message for message, _block in chart_script(stream).faults]
            missing = gettext("A step or a branch has not been filled in.")
            raise Refusal(
                gettext("“%(title)s” cannot be published: %(faults)s")
                % {"title": self.title, "faults": " ".join(faults or [missing])},
                remedy=gettext("Open the script and press “Publish” there: each place is marked."),
                code="broken_script",
            ) from error
        return super().publish(revision, **options)


@dataclass(frozen=True)
class ChartAnswer:
    """A branch on the map, with number, title and outcome of the step it leads to; number 0 is nowhere.

    ``top`` is counted in pixels from the card's.
    """

    answer: Answer
    number: int
    title: str
    outcome: str
    top: int


@dataclass(frozen=True)
class ChartCard:
    """A step on the map, with what the drawing and the table say about it.

    Attributes:
        outcome: “won”, “next” or “lost”; “open” for an ending that does not say; empty for a step with branches.
        faults: what is wrong here, in words.
    """

    number: int
    card: Card
    block_id: str
    name: str
    title: str
    outcome: str
    outcome_label: str
    answers: tuple[ChartAnswer, ...]
    faults: tuple[str, ...]

    @property
    def outcome_top(self) -> int:
        """Where the word for the outcome stands, in pixels below the card's head."""
        return self.fault_top - ROW if self.faults else self.card.height - PADDING - ROW

    @property
    def fault_top(self) -> int:
        return self.card.height - PADDING - ROW


@dataclass(frozen=True)
class Chart:
    """A script as a map. ``faults``: what is wrong, in words, each with the id of the block where it stands."""

    layout: Layout
    cards: tuple[ChartCard, ...]
    faults: tuple[tuple[str, str], ...]


def chart_script(stream: Any) -> Chart:
    """The map of the steps of a script; a broken one too, with what is wrong marked."""
    steps, ids = read_steps(stream), [child.id or "" for child in stream]
    findings = check_script(steps)
    marks: dict[int, list[str]] = {}
    for finding in findings:
        for place in finding.steps[:1] if finding.fault is Fault.TWICE else finding.steps:
            marks.setdefault(place, []).append(word_finding(finding, steps))
    layout = lay_out(steps, marks)
    outcomes = dict(stream.stream_block.child_blocks["step"].child_blocks["outcome"].field.choices)
    return Chart(
        layout=layout,
        cards=tuple(
            ChartCard(
                number=card.place + 1,
                card=card,
                block_id=ids[card.place],
                name=steps[card.place].name,
                title=steps[card.place].title or steps[card.place].name,
                outcome=_find_outcome(steps[card.place]),
                outcome_label=str(outcomes.get(steps[card.place].outcome, "")),
                answers=tuple(_chart_answer(answer, card, steps) for answer in card.answers),
                faults=tuple(marks.get(card.place, ())),
            )
            for card in layout.cards
        ),
        faults=tuple(
            (word_finding(finding, steps), ids[finding.steps[0]] if finding.steps else "") for finding in findings
        ),
    )


def _chart_answer(answer: Answer, card: Card, steps: Sequence[Step]) -> ChartAnswer:
    if answer.to is None:
        return ChartAnswer(answer, 0, steps[card.place].branches[answer.branch][1], "", answer.y - card.y)
    target = steps[answer.to]
    return ChartAnswer(answer, answer.to + 1, target.title or target.name, _find_outcome(target), answer.y - card.y)


def _find_outcome(step: Step) -> str:
    return "" if step.branches else step.outcome or "open"
