"""What readers type into the library, and what editors bring to it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.utils.dates import WEEKDAYS as WEEKDAY_NAMES
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail.models import Page

from portal.accounts.models import User
from portal.core.localised import LocalisedFormField
from portal.partners.models import Audience
from training.differences import Block
from training.models import CorrectionOutcome, RemarkKind, RemarkOutcome, Session, Share, VideoPage
from training.recurring import MOST_DATES, Plan, find_zone, list_zones, tell_in_utc, write_weekly
from training.recurring import WEEKDAYS as RULE_DAYS
from training.rollcalls import MAX_BYTES, Fault, Provider
from training.services.attendance import FAULTS
from training.services.corrections import MAX_WORDS as MAX_CORRECTION
from training.services.importing import find_owners
from training.services.leaflets import Part
from training.services.questions import MAX_ANSWER as MAX_QUESTION_ANSWER
from training.services.questions import MAX_WORDS as MAX_QUESTION
from training.services.ratings import MAX_WORDS
from training.services.remarks import MAX_ANSWER
from training.services.remarks import MAX_WORDS as MAX_REMARK
from training.services.seasons import SeasonPlan
from training.services.sharing import DAYS
from training.services.texts import KINDS


class ShareForm(forms.Form):
    """What of a material goes to a customer, and for how long."""

    blocks = forms.MultipleChoiceField(label=_("What to send"), widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(label=_("Open for"), coerce=int)
    note = forms.CharField(
        label=_("Note to yourself"),
        required=False,
        max_length=Share._meta.get_field("note").max_length,
        help_text=_("For whom it is, to know it again in your list. The customer does not see it."),
    )

    def __init__(self, *args: Any, parts: Sequence[Part], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["blocks"].choices = [(part.block_id, part.label) for part in parts]  # type: ignore[attr-defined]
        self.fields["days"].choices = [  # type: ignore[attr-defined]
            (days, ngettext("%(days)s day", "%(days)s days", days) % {"days": days}) for days in sorted(DAYS)
        ]
        self.fields["days"].initial = DAYS[0]


class RatingForm(forms.Form):
    """How an answer fared on a call. The two buttons send ``worked``."""

    worked = forms.TypedChoiceField(
        choices=[("yes", _("It worked")), ("no", _("It did not work"))],
        coerce=lambda value: value == "yes",
        error_messages={"required": _("Say whether the answer worked: press one of the two buttons.")},
    )
    words = forms.CharField(label=_("What did the customer say?"), required=False, max_length=MAX_WORDS)


class FilesInput(forms.ClearableFileInput):
    """Many files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Many files at once: a list of uploads."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(file, initial) for file in files or [None]]


class MaterialImportForm(forms.Form):
    """What is imported, where to, and what holds for every file that does not say otherwise."""

    uploads = FilesField(
        label=_("Files"),
        widget=FilesInput(attrs={"accept": ".md,.markdown,.docx,.zip,image/*"}),
        help_text=_(
            "Markdown (.md) and Word (.docx), with the pictures that they show; or a whole folder packed as a .zip. "
            "40 MB at most. Nothing is written before you have seen it."
        ),
    )
    parent = forms.TypedChoiceField(
        label=_("Where to"),
        coerce=int,
        help_text=_("The language of the place is the language of the texts. Objection cards stand in a guide."),
    )
    kind = forms.ChoiceField(
        label=_("Type"),
        choices=[(kind, capfirst(model._meta.verbose_name)) for kind, model in KINDS.items()],
        help_text=_("Of files that do not name their type themselves."),
    )
    audience = forms.ModelChoiceField(
        label=_("For whom"),
        queryset=Audience.objects.all(),
        required=False,
        empty_label=_("Every member of a partner"),
        help_text=_("Of files that do not name their audience themselves."),
    )
    owner = forms.ModelChoiceField(
        label=_("Kept true by"),
        queryset=User.objects.none(),
        help_text=_("Is asked every 90 days whether the texts are still true."),
    )

    def __init__(self, *args: Any, by: Any, places: Sequence[Page], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].choices = [(place.pk, self._name(place, places)) for place in places]  # type: ignore[attr-defined]
        self.fields["owner"].queryset = find_owners()  # type: ignore[attr-defined]
        self.fields["owner"].initial = by.pk

    @staticmethod
    def _name(place: Page, places: Sequence[Page]) -> str:
        above = [other.title for other in places if place.path.startswith(other.path) and other != place]
        return f"{' › '.join([*above, place.title])} ({place.locale})"


class RemarkForm(forms.Form):
    """What is wrong, with which paragraph."""

    block = forms.ChoiceField(
        label=_("Which paragraph?"),
        widget=forms.RadioSelect,
        required=False,
        error_messages={"invalid_choice": _("This paragraph is not on the page any more. Choose another.")},
    )
    kind = forms.ChoiceField(label=_("What is wrong?"), choices=RemarkKind.choices, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("In your words"),
        required=False,
        max_length=MAX_REMARK,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What would be right, or what happened on the call."),
    )

    def __init__(self, *args: Any, paragraphs: Sequence[Block], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["block"].choices = [  # type: ignore[attr-defined]
            ("", _("The material as a whole")),
            *((block.id, Truncator(f"{block.label}: {block.text}").chars(160)) for block in paragraphs),
        ]


class CloseRemarkForm(forms.Form):
    """What came of a remark, and what the reader is told."""

    outcome = forms.ChoiceField(label=_("What came of it"), choices=RemarkOutcome.choices, widget=forms.RadioSelect)
    answer = forms.CharField(
        label=_("Answer to the reader"),
        required=False,
        max_length=MAX_ANSWER,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("If it stays as it is, say why."),
    )


class SessionQuestionForm(forms.Form):
    """What a member asks the speakers."""

    words = forms.CharField(
        label=_("Your question"),
        max_length=MAX_QUESTION,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Others see it with the answer, without your name."),
    )


class DayInput(forms.DateInput):
    """The browser's own calendar; it needs no script."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ClockInput(forms.TimeInput):
    """The browser's own clock."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class SeasonForm(forms.Form):
    """A whole season of a series: its days, its hour, and what holds for every date."""

    weekdays = forms.MultipleChoiceField(
        label=_("Every week on"),
        required=False,
        choices=list(zip(RULE_DAYS, WEEKDAY_NAMES.values(), strict=True)),
        widget=forms.CheckboxSelectMultiple,
    )
    first_day = forms.DateField(label=_("From"), widget=DayInput)
    until = forms.DateField(label=_("Until"), required=False, widget=DayInput, help_text=_("With this day."))
    count = forms.IntegerField(
        label=_("or so many dates"),
        required=False,
        min_value=1,
        max_value=MOST_DATES,
        help_text=_("Fill in one of the two."),
    )
    at = forms.TimeField(label=_("At"), widget=ClockInput, help_text=_("Stays the same when the clocks change."))
    zone = forms.ChoiceField(label=_("Time zone"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=5, max_value=600, initial=60)
    capacity = forms.IntegerField(label=_("Seats"), required=False, min_value=1, help_text=_("Empty: as many as come."))
    meeting_url = forms.URLField(
        label=_("Meeting link"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("Shown to those registered, shortly before the start."),
    )
    speakers = forms.CharField(label=_("Speakers"), required=False, max_length=200)
    rule = forms.CharField(
        label=_("A rule of your own"),
        required=False,
        max_length=300,
        help_text=_(
            "For those who know RRULE (RFC 5545); it takes the place of the weekdays and the end. "
            "Every second Tuesday of a month, six times: FREQ=MONTHLY;BYDAY=2TU;COUNT=6"
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zone"].choices = [(name, name.replace("_", " ")) for name in list_zones()]  # type: ignore[attr-defined]
        help_text = _("One a line, in the order of the dates. Dates without one have the name of the series.")
        for code, language in settings.LANGUAGES:
            self.fields[name_topics(code)] = forms.CharField(
                label=_("Topics in %(language)s") % {"language": language},
                required=False,
                widget=forms.Textarea(attrs={"rows": 6, "lang": code}),
                help_text=help_text,
            )
            help_text = _("Line by line the same topics. Empty: all read the others.")
        self.order_fields([name for name in self.fields if name != "rule"])  # which few need, and last

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        counts = {code: len(_list_lines(data.get(name_topics(code), ""))) for code, _name in settings.LANGUAGES}
        given = {code: count for code, count in counts.items() if count}
        if len(set(given.values())) > 1:
            most = max(given.values())
            short = next(code for code, count in given.items() if count < most)
            self.add_error(
                name_topics(short),
                _("Topics here: %(count)d; in another language: %(most)d. Give each date both.")
                % {"count": given[short], "most": most},
            )
        if data.get("rule") or self.errors:
            return data
        if not data.get("weekdays"):
            self.add_error("weekdays", _("Choose at least one day of the week."))
        if bool(data.get("until")) == bool(data.get("count")):
            self.add_error("until", _("Say until which day, or how many dates: one of the two."))
        return data

    def make_plan(self) -> SeasonPlan:
        """The season that was asked for, with every date of the rule."""
        given = self.cleaned_data
        rule = given["rule"] or write_weekly(
            given["weekdays"], zone=given["zone"], count=given["count"] or None, until=given["until"]
        )
        return SeasonPlan(
            Plan(rule, given["first_day"], given["at"], given["zone"], given["minutes"]),
            topics=self._list_topics(),
            speakers=given["speakers"],
            capacity=given["capacity"],
            meeting_url=given["meeting_url"],
        )

    def _list_topics(self) -> tuple[dict[str, str], ...]:
        lines = {code: _list_lines(self.cleaned_data[name_topics(code)]) for code, _name in settings.LANGUAGES}
        rows = zip_longest(*lines.values(), fillvalue="")
        return tuple(dict(zip(lines, row, strict=True)) for row in rows)


def name_topics(language: str) -> str:
    """The name of the field with the topics in a language."""
    return f"topics_{language}"


def _list_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class SessionTimeForm(forms.Form):
    """When a session takes place, by the clock of its zone."""

    day = forms.DateField(label=_("Day"), widget=DayInput)
    at = forms.TimeField(label=_("At"), widget=ClockInput)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=5, max_value=14400)

    def make_times(self, zone: str) -> tuple[datetime, datetime]:
        """Beginning and end in UTC."""
        given = self.cleaned_data
        starts_at = tell_in_utc(given["day"], given["at"], find_zone(zone))
        return starts_at, starts_at + timedelta(minutes=given["minutes"])


#: Each of those registered is written to in a language of their own.
READ_BY_REGISTERED = _("Those registered read it in their own language, and where that is empty in another.")


class MoveSessionForm(SessionTimeForm):
    reason = LocalisedFormField(label=_("Why"), required=False, help_text=READ_BY_REGISTERED)


class CancelSessionForm(forms.Form):
    reason = LocalisedFormField(label=_("Why"), help_text=READ_BY_REGISTERED)


class SessionForm(forms.ModelForm):
    """What a session is about, and what goes with it."""

    meeting_url = forms.URLField(
        label=_("Meeting link"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("Shown to those registered, shortly before the start."),
    )

    class Meta:
        model = Session
        fields = ["topic", "about", "speakers", "capacity", "meeting_url", "recording"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        videos = VideoPage.objects.filter(Q(live=True) | Q(pk=self.instance.recording_id)).order_by("title")
        self.fields["recording"].queryset = videos.defer_streamfields()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Only the form's own look: what may be changed is the service's to say, with the row locked."""
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Nothing is written into the row here."""


class NewSessionForm(SessionTimeForm):
    """One date by itself."""

    field_order = ["day", "at", "zone", "minutes", "topic", "about", "speakers", "capacity", "meeting_url"]

    zone = forms.ChoiceField(label=_("Time zone"))
    topic = LocalisedFormField(label=_("Topic"), required=False, help_text=_("Empty: the name of the series."))
    about = LocalisedFormField(label=_("What it is about"), multiline=True, required=False)
    speakers = forms.CharField(label=_("Speakers"), required=False, max_length=200)
    capacity = forms.IntegerField(label=_("Seats"), required=False, min_value=1, help_text=_("Empty: as many as come."))
    meeting_url = forms.URLField(label=_("Meeting link"), required=False, max_length=500, assume_scheme="https")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zone"].choices = [(name, name.replace("_", " ")) for name in list_zones()]  # type: ignore[attr-defined]


class AnswerQuestionForm(forms.Form):
    """The answer to a question to the speakers."""

    answer = forms.CharField(
        label=_("Answer"),
        max_length=MAX_QUESTION_ANSWER,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("All who read the series see it with the question, and whoever asked is told."),
    )


class QuestionCardForm(forms.Form):
    """Where a card is made of a question."""

    guide: Any = forms.ModelChoiceField(label=_("Objection guide"), queryset=None)

    def __init__(self, *args: Any, guides: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["guide"].queryset = guides  # type: ignore[attr-defined]
        first = guides.first()
        self.fields["guide"].initial = first.pk if first else None


class CorrectionForm(forms.Form):
    """A person says that their attendance is not right."""

    words = forms.CharField(
        label=_("What is not right"),
        max_length=MAX_CORRECTION,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Say from when until when you were there, and under which name or address."),
    )


class CloseCorrectionForm(forms.Form):
    """What came of a correction, and what the person is told."""

    outcome = forms.ChoiceField(label=_("What came of it"), choices=CorrectionOutcome.choices, widget=forms.RadioSelect)
    minutes = forms.IntegerField(
        label=_("Minutes"), required=False, min_value=0, help_text=_("If it is counted: how long the person was there.")
    )
    attended = forms.BooleanField(label=_("The person has attended the session"), required=False)
    answer = forms.CharField(
        label=_("Answer to the person"),
        required=False,
        max_length=MAX_CORRECTION,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("If it stays as it is, say why."),
    )


class RollcallUploadForm(forms.Form):
    """A provider's report of a session."""

    upload = forms.FileField(
        label=_("The report, a CSV file"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}),
        help_text=_("As Zoom, Teams or BigBlueButton saves it, or a table of your own."),
    )

    def clean_upload(self) -> Any:
        upload = self.cleaned_data["upload"]
        if upload.size > MAX_BYTES:
            raise forms.ValidationError(FAULTS[Fault.TOO_LARGE])
        return upload


class RollcallForm(forms.Form):
    """How a report is read: whose it is, in which zone its times are, and of a table of one's own what its columns mean."""

    name = forms.CharField(widget=forms.HiddenInput, max_length=200)
    content = forms.CharField(widget=forms.HiddenInput, strip=False)
    provider = forms.ChoiceField(label=_("Written by"), required=False)
    zone = forms.ChoiceField(
        label=_("Its times are in"),
        required=False,
        help_text=_("Zoom and Teams write the time of the account, BigBlueButton that of the browser it was saved in."),
    )
    column_name = forms.ChoiceField(label=_("Column: name"), required=False)
    column_email = forms.ChoiceField(label=_("Column: e-mail address"), required=False)
    column_joined = forms.ChoiceField(label=_("Column: came at"), required=False)
    column_left = forms.ChoiceField(label=_("Column: left at"), required=False)
    column_minutes = forms.ChoiceField(label=_("Column: minutes"), required=False)

    PROVIDERS = [
        ("", _("Recognise it")),
        (Provider.ZOOM.value, "Zoom"),
        (Provider.TEAMS.value, "Microsoft Teams"),
        (Provider.BIGBLUEBUTTON.value, "BigBlueButton"),
        (Provider.OWN.value, _("A table of my own: the columns are named below")),
    ]

    def __init__(self, *args: Any, columns: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["provider"].choices = self.PROVIDERS  # type: ignore[attr-defined]
        zones = [(name, name) for name in list_zones()]
        self.fields["zone"].choices = [("", _("The file says so itself")), *zones]  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            if name.startswith("column_"):
                field.choices = [("", "–"), *((column, column) for column in columns)]  # type: ignore[attr-defined]

    @property
    def mapping(self) -> dict[str, str]:
        return {
            name.removeprefix("column_"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("column_") and value
        }


class MatchJoinForm(forms.Form):
    """Who somebody in a report was: one of the registered, or anybody by their address."""

    person = forms.ModelChoiceField(
        label=_("One of the registered"), queryset=User.objects.none(), required=False, empty_label="–"
    )
    email = forms.EmailField(label=_("Or somebody else, by their address"), required=False)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("email"):
            given["person"] = User.objects.filter(email=given["email"].lower()).first()
            if given["person"] is None:
                self.add_error("email", _("The portal knows nobody by this address."))
        elif not given.get("person") and "person" not in self.errors:
            raise forms.ValidationError(_("Choose a person, or write their address."))
        return given
