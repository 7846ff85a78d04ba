"""Blocks of the materials that have a shape of their own: steps of a script, rules, prices, versions.

Each keeps a stable block id: citations, remarks, shares and differences name it.
"""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.forms import TextInput
from django.forms.utils import flatatt
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.struct_block import BlockGroup

from portal.content.blocks import LINE_FEATURES, AnchorBlock, Section, suggest_anchor
from portal.core.amounts import EXPONENTS
from training.pricing import Break, Row, find_break_mistake, find_overlaps, read_amount
from training.scripting import Fault, Finding, check_script
from training.scripting import Step as ScriptStep


class ScriptInput(TextInput):
    """A text field that a small script of the editor makes more of: a list of steps, a name from a title.

    Without the script it is typed in.
    """

    class Media:
        js = ["training/script-editor.js"]
        css = {"all": ["training/script-editor.css"]}

    def __init__(self, element: str) -> None:
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false"})
        self.element = element

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        words = {
            "data-choose": _("Choose a step"),
            "data-new": _("A new step for this answer"),
            "data-lost": _("no such step"),
        }
        opening = format_html("<{}{}>", self.element, flatatt(words))
        return format_html("{}{}</{}>", opening, super().render(name, value, attrs, renderer), self.element)


class StepNameBlock(AnchorBlock):
    """The name of a step. Branches, addresses and citations use it; readers search for words, not for it."""

    element = "step-name"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(search_index=False, **kwargs)
        self.field.widget = ScriptInput(self.element)


class TargetBlock(StepNameBlock):
    """Where a branch leads: the editor offers the steps of the script by their titles."""

    element = "script-target"


class BranchBlock(blocks.StructBlock):
    """One answer of the customer and the step that it leads to."""

    answer = blocks.CharBlock(
        label=_("if the customer"),
        max_length=80,
        help_text=_("Short: it is a button on a phone. “Asks for the price”."),
    )
    to = TargetBlock(label=_("go to"), max_length=60)

    class Meta:
        icon = "arrow-right"
        label = _("Branch")


class StepBlock(blocks.StructBlock):
    """One step of a conversation: say, listen for, and where each answer leads. A step without branches is an ending."""

    title = blocks.CharBlock(label=_("title"), max_length=80)
    name = StepNameBlock(
        label=_("name"),
        max_length=60,
        help_text=_("Ends the step's address (“…#price-asked”). Keep it once published."),
    )
    say = blocks.RichTextBlock(label=_("say"), features=LINE_FEATURES, help_text=_("In words that can be said aloud."))
    listen = blocks.TextBlock(label=_("listen for"), required=False, rows=2)
    note = blocks.TextBlock(label=_("note to the seller"), required=False, rows=2)
    branches = blocks.ListBlock(
        BranchBlock(),
        label=_("branches"),
        min_num=0,
        default=[],
        help_text=_("What the customer may answer, and where each answer leads. None: the call ends here."),
    )
    outcome = blocks.ChoiceBlock(
        label=_("how it ends"),
        required=False,
        choices=[("won", _("The goal is met")), ("next", _("A next step is agreed")), ("lost", _("Closed politely"))],
        help_text=_("For a step without branches."),
        search_index=False,
    )
    end = blocks.TextBlock(
        label=_("afterwards"), required=False, rows=2, help_text=_("What to write down and to do next. For an ending.")
    )

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """``answers``: per branch its words, and name, number and title of where it leads (0: unknown); ``outcome``."""
        context = super().get_context(value, parent_context)
        places = context.get("places", {})
        context["answers"] = [
            (branch["answer"], branch["to"], *places.get(branch["to"], (0, ""))) for branch in value["branches"]
        ]
        context["outcome"] = dict(self.child_blocks["outcome"].field.choices).get(value["outcome"], "")
        return context

    class Meta:
        icon = "arrow-right"
        label = _("Step")
        label_format = "{title}"
        template = "training/blocks/step.html"


class ScriptBlock(blocks.StreamBlock):
    """The steps of a call script; the first is where the call begins."""

    step = StepBlock()

    def clean(self, value: Any) -> Any:
        """Refuse a script in which a call cannot begin, go on or end; drafts too, but for what is merely unfinished.

        Raises:
            StreamBlockValidationError: with a message at each place, and all of them above the steps.
        """
        errors = blocks.StreamBlockValidationError()
        cleaned = value
        try:
            cleaned = super().clean(value)
        except blocks.StreamBlockValidationError as error:
            errors = error
        steps = read_steps(value)
        findings = [
            finding
            for finding in check_script(steps)
            if not (self.is_deferred_validation and finding.fault is Fault.UNDECIDED)
        ]
        if findings:
            raise _place_findings(findings, steps, errors)
        if errors.block_errors or errors.non_block_errors:
            raise errors
        return cleaned

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """``places``: number and title of each step by its name."""
        context = super().get_context(value, parent_context)
        context["places"] = {
            child.value["name"]: (number, child.value["title"]) for number, child in enumerate(value, start=1)
        }
        return context

    class Meta:
        template = "training/blocks/script.html"
        collapsed = True


def read_steps(stream: Any) -> list[ScriptStep]:
    """The script as the rules see it."""
    return [
        ScriptStep(
            name=child.value["name"] or "",
            title=child.value["title"] or "",
            branches=tuple((branch["answer"] or "", branch["to"] or "") for branch in child.value["branches"]),
            outcome=child.value["outcome"] or "",
            is_end=bool(child.value["outcome"] or (child.value["end"] or "").strip()),
        )
        for child in stream
    ]


def word_finding(finding: Finding, steps: Sequence[ScriptStep]) -> str:
    """What is wrong, by name, and what would mend it."""
    names = [steps[place].name or gettext("step %(number)s") % {"number": place + 1} for place in finding.steps]
    details: dict[str, Any] = {"name": finding.name or (names[0] if names else "")}
    match finding.fault:
        case Fault.TWICE:
            details["number"] = finding.steps[1] + 1
            return gettext("“%(name)s” is the name of step %(number)s already. Give this one another.") % details
        case Fault.DANGLING:
            details["answer"] = steps[finding.steps[0]].branches[finding.branch or 0][0]
            details["step"], details["suggestion"] = names[0], finding.suggestion
            if finding.suggestion:
                return (
                    gettext(
                        "In “%(step)s” the answer “%(answer)s” leads to “%(name)s”, and no step has that name. "
                        "Did you mean “%(suggestion)s”?"
                    )
                    % details
                )
            return (
                gettext("In “%(step)s” the answer “%(answer)s” leads to “%(name)s”, and no step has that name.")
                % details
            )
        case Fault.UNREACHED:
            return gettext("No answer leads to “%(name)s”. Let a branch go to it, or delete it.") % details
        case Fault.ENDLESS:
            details["way"] = " → ".join([*names, names[0]])
            return gettext("The call goes round for ever: %(way)s. Let one of these steps lead to an ending.") % details
        case Fault.NO_ENDING:
            return gettext(
                "No step ends the call, it goes round for ever. Add a step without branches and say how it ends."
            )
        case Fault.BOTH:
            return (
                gettext(
                    "“%(name)s” has branches, and says how the call ends. Clear “how it ends” and “afterwards”, or "
                    "delete the branches."
                )
                % details
            )
        case Fault.UNDECIDED:
            return (
                gettext("“%(name)s” has no branches, so the call ends there. Say how it ends, or add a branch.")
                % details
            )


def _place_findings(
    findings: Sequence[Finding], steps: Sequence[ScriptStep], errors: Any
) -> blocks.StreamBlockValidationError:
    """The errors found so far and these, each at its step, field and branch, and all in words above the steps."""
    at_steps = {place: _unfold(error) for place, error in errors.block_errors.items()}
    for finding in findings:
        if not finding.steps:
            continue
        place = finding.steps[0]
        message = ValidationError(word_finding(finding, steps))
        fields = at_steps.setdefault(place, {})
        branches = fields.setdefault("branches", ({}, []))
        match finding.fault:
            case Fault.DANGLING:
                branches[0].setdefault(finding.branch, blocks.StructBlockValidationError({"to": message}))
            case Fault.ENDLESS:
                branches[1].append(message)
            case Fault.BOTH | Fault.UNDECIDED:
                fields.setdefault("outcome", message)
            case _:
                fields.setdefault("name", message)
    return blocks.StreamBlockValidationError(
        block_errors={place: _fold(fields) for place, fields in at_steps.items()},
        non_block_errors=[
            *errors.non_block_errors.as_data(),
            # Wagtail's form puts each message above the one before.
            *(ValidationError(word_finding(finding, steps)) for finding in reversed(findings)),
        ],
    )


def _unfold(error: Any) -> dict[str, Any]:
    fields = dict(error.block_errors)
    branches = fields.get("branches")
    if branches is not None:
        fields["branches"] = (dict(branches.block_errors), list(branches.non_block_errors.as_data()))
    return fields


def _fold(fields: dict[str, Any]) -> blocks.StructBlockValidationError:
    at_branches, at_list = fields.pop("branches", ({}, []))
    if at_branches or at_list:
        fields["branches"] = blocks.ListBlockValidationError(block_errors=at_branches, non_block_errors=at_list)
    return blocks.StructBlockValidationError(fields)


class RuleBlock(blocks.StructBlock):
    """One rule of a standard: what is to be done, why, and how one sees whether it is."""

    level = blocks.ChoiceBlock(
        label=_("how binding"),
        choices=[("must", _("Always")), ("should", _("As a rule")), ("never", _("Never"))],
        default="must",
        help_text=_("“As a rule” allows exceptions that one can give a reason for."),
    )
    statement = blocks.TextBlock(
        label=_("rule"), rows=2, help_text=_("One sentence about what is done: “Call back within fifteen minutes.”")
    )
    why = blocks.TextBlock(
        label=_("why"), required=False, rows=2, help_text=_("Who knows the reason also follows the rule unobserved.")
    )
    measure = blocks.TextBlock(
        label=_("how one sees it"),
        required=False,
        rows=2,
        help_text=_("What a head can look at to know whether it is kept: a report, a number, a recording."),
    )
    anchor = AnchorBlock(
        label=_("anchor"),
        required=False,
        max_length=60,
        help_text=_("Ends the rule's address, by which exams cite it. Left empty, it is made from the rule's words."),
    )

    class Meta:
        icon = "tick"
        label = _("Rule")
        template = "training/blocks/rule.html"


#: Words of a rule that its anchor is made from.
ANCHOR_WORDS = 6


class RulesBlock(blocks.StreamBlock):
    """The rules of a standard, each with an anchor of its own."""

    rule = RuleBlock()

    def clean(self, value: Any) -> Any:
        """Refuse an anchor that was typed twice; make one, unlike all others, where none was typed."""
        rules = super().clean(value)
        seen: dict[str, int] = {}
        errors = {}
        for index, child in enumerate(rules):
            anchor = child.value["anchor"]
            if anchor and anchor in seen:
                message = _("“%(anchor)s” is the anchor of rule %(number)s already. Give this one another.") % {
                    "anchor": anchor,
                    "number": seen[anchor] + 1,
                }
                errors[index] = blocks.StructBlockValidationError({"anchor": ValidationError(message)})
            elif anchor:
                seen[anchor] = index
        if errors:
            raise blocks.StreamBlockValidationError(block_errors=errors)
        for index, child in enumerate(rules):
            if not child.value["anchor"]:
                child.value["anchor"] = _make_anchor(child.value["statement"], taken=seen)
                seen[child.value["anchor"]] = index
        return rules

    class Meta:
        template = "training/blocks/rules.html"


def _make_anchor(statement: str, *, taken: Collection[str]) -> str:
    """An anchor from a rule's first words that no other rule has; empty where it has no Latin letters."""
    made = suggest_anchor(" ".join(statement.split()[:ANCHOR_WORDS]))[:56].rstrip("-")
    if not made:
        return ""
    return next(name for number in count(1) if (name := made if number == 1 else f"{made}-{number}") not in taken)


def list_rules(rules: Any) -> list[Section]:
    """The rules of a standard as lists of contents and citations name them, read from the raw data."""
    return [
        Section(
            block_id=child.get("id") or "",
            anchor=child["value"].get("anchor") or child.get("id") or "",
            heading=" ".join(child["value"].get("statement", "").split()),
        )
        for child in rules.raw_data
        if child["type"] == "rule"
    ]


class CurrencyBlock(blocks.CharBlock):
    """The three letters of a currency. The same in every language, so never handed to translators."""

    def get_translatable_segments(self, value: str) -> list[Any]:  # noqa: ARG002 -- as wagtail-localize asks
        return []

    def restore_translated_segments(self, value: str, segments: list[Any]) -> str:  # noqa: ARG002 -- likewise
        return value

    def clean(self, value: str | None) -> str:
        currency = str(super().clean(value) or "").strip().upper()
        if currency and currency not in EXPONENTS:
            raise ValidationError(
                _("“%(currency)s” is not a currency. Use the three letters of ISO 4217: EUR, GBP, KZT.")
                % {"currency": currency}
            )
        return currency


def list_markets() -> list[tuple[str, str]]:
    """Slug and name of every market, those no longer in use last and marked: prices that name one still show it.

    The rows are asked for by name, since their model stands beside the page that is built from these blocks.
    """
    markets = apps.get_model("training", "Market").objects.all()
    return [(market.slug, market.label) for market in sorted(markets, key=lambda market: market.is_retired)]


class MarketBlock(blocks.ChoiceBlock):
    """The slug of a market. Whether there is such a market is asked when it is chosen, not whenever a row is read."""

    def normalize_choice(self, value: Any) -> str:
        return str(value or "")


class QuantityBreakBlock(blocks.StructBlock):
    """From this quantity on, a unit costs this."""

    from_quantity = blocks.IntegerBlock(label=_("from"), min_value=2)
    price = blocks.DecimalBlock(label=_("price of a unit"), min_value=0, max_digits=16, decimal_places=4)

    class Meta:
        label = _("Quantity break")


class PriceBlock(blocks.StructBlock):
    """What one thing costs in one market for a time."""

    item = blocks.CharBlock(label=_("item"), max_length=120)
    unit = blocks.CharBlock(label=_("unit"), max_length=60, help_text=_("“user a month”"))
    # As many decimals as no currency has: each is held to its own, with a message that names it.
    price = blocks.DecimalBlock(label=_("price of a unit"), min_value=0, max_digits=16, decimal_places=4)
    currency = CurrencyBlock(label=_("currency"), max_length=3, help_text=_("Three letters: EUR."))
    # The slug of a Market; empty: everywhere. A chooser of rows would pin the demo and imports to numbers.
    market = MarketBlock(
        label=_("market"), required=False, choices=list_markets, search_index=False, help_text=_("Empty: everywhere.")
    )
    valid_from = blocks.DateBlock(label=_("valid from"))
    valid_until = blocks.DateBlock(label=_("valid until"), required=False, help_text=_("The last day. Empty: open."))
    breaks = blocks.ListBlock(QuantityBreakBlock(), label=_("quantity breaks"), min_num=0, default=[])
    note = blocks.CharBlock(label=_("note"), required=False, max_length=200)
    shareable = blocks.BooleanBlock(
        label=_("may be sent to a customer"), required=False, help_text=_("Without the discount of a tier, ever.")
    )

    def clean(self, value: Any) -> Any:
        """Hold the row together: dates in order, amounts in the currency's decimals, breaks cheaper and cheaper."""
        price = super().clean(value)
        errors: dict[str, ValidationError] = {}
        begins, ends = price["valid_from"], price["valid_until"]
        if begins and ends and ends < begins:
            errors["valid_until"] = ValidationError(
                _("It ends on %(end)s, before it begins on %(begin)s. The last day is the first one or later.")
                % {"end": write_day(ends), "begin": write_day(begins)}
            )
        # A draft may still lack what the rest is about.
        if price["currency"] and price["price"] is not None:
            self._check_amounts(price, errors)
        if errors:
            raise blocks.StructBlockValidationError(errors)
        return price

    def _check_amounts(self, price: Any, errors: dict[str, Any]) -> None:
        currency = price["currency"]
        complete = [step for step in price["breaks"] if None not in (step["from_quantity"], step["price"])]
        wrong = {
            index: blocks.StructBlockValidationError({"price": _name_decimals(currency)})
            for index, step in enumerate(complete)
            if not _fits(step["price"], currency)
        }
        if not _fits(price["price"], currency):
            errors["price"] = _name_decimals(currency)
        if wrong:
            errors["breaks"] = blocks.ListBlockValidationError(block_errors=wrong)
        if errors.keys() & {"price", "breaks"} or len(complete) < len(price["breaks"]):
            return
        mistake = find_break_mistake(make_row("", {**price, "valid_from": price["valid_from"] or date.min}))
        if mistake is not None:
            index, reason = mistake
            place, text = {
                "not_ascending": ("from_quantity", _("Breaks ascend: this one must begin above the one before it.")),
                "dearer": ("price", _("Above the price before it: a larger quantity never costs more a unit.")),
            }[reason]
            error = blocks.StructBlockValidationError({place: ValidationError(text)})
            errors["breaks"] = blocks.ListBlockValidationError(block_errors={index: error})

    class Meta:
        icon = "tag"
        label = _("Price")
        label_format = "{item}: {price} {currency} {market}"
        form_layout = BlockGroup(
            children=["item", "price", "currency", "unit", "market", "valid_from", "valid_until", "breaks"],
            settings=["note", "shareable"],
        )


def _fits(amount: Decimal, currency: str) -> bool:
    try:
        read_amount(amount, currency)
    except ValueError:
        return False
    return True


def _name_decimals(currency: str) -> ValidationError:
    return ValidationError(
        ngettext(
            "%(currency)s has %(count)s decimal. Nothing is rounded here: write the price as it is invoiced.",
            "%(currency)s has %(count)s decimals. Nothing is rounded here: write the price as it is invoiced.",
            EXPONENTS[currency],
        )
        % {"currency": currency, "count": EXPONENTS[currency]}
    )


def is_complete(price: Any) -> bool:
    """Whether a price lacks nothing that the rules need; that of a draft may."""
    return (
        all(price[name] for name in ("item", "unit", "currency", "valid_from"))
        and price["price"] is not None
        and all(None not in (step["from_quantity"], step["price"]) for step in price["breaks"])
    )


def make_row(key: str, price: Any) -> Row:
    """A price as the rules read it.

    Args:
        key: the id of its block.
        price: the value of a :class:`PriceBlock`.

    Raises:
        KeyError, ValueError: for a currency or an amount that the block would have refused.
    """
    currency = price["currency"]
    return Row(
        key=key,
        item=price["item"],
        unit=price["unit"],
        unit_price=read_amount(price["price"], currency),
        currency=currency,
        market=price["market"] or "",
        valid_from=price["valid_from"],
        valid_until=price["valid_until"],
        breaks=tuple(Break(step["from_quantity"], read_amount(step["price"], currency)) for step in price["breaks"]),
    )


class PricesBlock(blocks.StreamBlock):
    """The rows of a price list."""

    price = PriceBlock()

    def clean(self, value: Any) -> Any:
        """Refuse two prices of one thing on one day: neither the reader nor the sum could know which holds."""
        prices = super().clean(value)
        complete = [(index, child.value) for index, child in enumerate(prices) if is_complete(child.value)]
        overlaps = find_overlaps([make_row("", price) for _index, price in complete])
        errors = {}
        for one, other in overlaps:
            (first, before), (second, price) = complete[one], complete[other]
            message = _(
                "“%(item)s” in rows %(first)s and %(second)s has two prices on the same days: row %(first)s holds "
                "%(before)s, row %(second)s holds %(after)s. End one before the other begins."
            ) % {
                "item": price["item"],
                "first": first + 1,
                "second": second + 1,
                "before": write_span(before["valid_from"], before["valid_until"]),
                "after": write_span(price["valid_from"], price["valid_until"]),
            }
            errors[second] = blocks.StructBlockValidationError({"valid_from": ValidationError(message)})
        if errors:
            raise blocks.StreamBlockValidationError(block_errors=errors)
        return prices

    class Meta:
        # A list of thirty prices is found through by its labels.
        collapsed = True


def write_span(begins: date, ends: date | None) -> str:
    """From when until when a price holds, in words."""
    if ends is None:
        return gettext("from %(begin)s on") % {"begin": write_day(begins)}
    return gettext("from %(begin)s to %(end)s") % {"begin": write_day(begins), "end": write_day(ends)}


def write_day(day: date) -> str:
    """A day with its year: "1 January 2027"."""
    return date_format(day, pgettext("date format", "j F Y"))


class VersionBlock(blocks.StructBlock):
    """A version of the product and what it brought."""

    version = blocks.CharBlock(label=_("version"), max_length=30, help_text=_("As customers see it: “7.2”."))
    released = blocks.DateBlock(label=_("released"), required=False)
    changes = blocks.TextBlock(label=_("what it brought"), required=False, rows=2)

    class Meta:
        icon = "history"
        label = _("Version")


class VersionsBlock(blocks.StreamBlock):
    """The versions of a product, newest first."""

    version = VersionBlock()

    def clean(self, value: Any) -> Any:
        """Refuse a version that is named twice, and one that is newer than the one above it."""
        versions = super().clean(value)
        errors = {}
        names: set[str] = set()
        above: Any = None
        for index, child in enumerate(versions):
            name, released = child.value["version"].strip(), child.value["released"]
            if name.casefold() in names:
                message = _("Version “%(version)s” is in the list already.") % {"version": name}
                errors[index] = blocks.StructBlockValidationError({"version": ValidationError(message)})
            elif above and released and above["released"] < released:
                message = _(
                    "The newest version stands first, and this one came out after “%(above)s” above it. Move it up, or "
                    "mend the date."
                ) % {"above": above["version"]}
                errors[index] = blocks.StructBlockValidationError({"released": ValidationError(message)})
            names.add(name.casefold())
            above = child.value if released else above
        if errors:
            raise blocks.StreamBlockValidationError(block_errors=errors)
        return versions

    class Meta:
        template = "training/blocks/versions.html"


# --- Check questions of a lesson -------------------------------------------------------------------------------------


class CheckOptionBlock(blocks.StructBlock):
    """One of the answers to choose from."""

    text = blocks.CharBlock(label=_("answer"), max_length=200)
    is_right = blocks.BooleanBlock(label=_("right"), required=False)
    feedback = blocks.CharBlock(label=_("what to say to whoever chose it"), required=False, max_length=300)

    class Meta:
        icon = "radio-full"
        label = _("Answer")


class CheckBlock(blocks.StructBlock):
    """A question by which a reader checks whether they have understood. Nobody is graded by it."""

    question = blocks.CharBlock(label=_("question"), max_length=300)
    options = blocks.ListBlock(CheckOptionBlock(), label=_("answers"), min_num=2, max_num=8)
    explanation = blocks.CharBlock(
        label=_("why"), required=False, max_length=500, help_text=_("Shown after the answer, right or wrong.")
    )

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        right = sum(bool(option["is_right"]) for option in cleaned["options"])
        message = ""
        if not right:
            message = gettext("No answer is marked as right.")
        elif right == len(cleaned["options"]):
            message = gettext("Every answer is marked as right, so there is nothing to choose.")
        if message:
            raise blocks.StructBlockValidationError({"options": ValidationError(message)})
        return cleaned

    class Meta:
        icon = "help"
        label = _("Check question")
        template = "training/blocks/check.html"


class ChecksBlock(blocks.StreamBlock):
    """The check questions at the end of a lesson."""

    check = CheckBlock()

    class Meta:
        required = False
        max_num = 10
