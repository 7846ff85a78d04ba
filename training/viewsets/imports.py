"""Importing a folder of texts, in two steps: what was read is shown, then it becomes drafts."""

import re
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import FormView, TemplateView, View
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.viewsets.base import ViewSet
from wagtail.models import Page

from portal.accounts.models import User
from portal.content.blocks import PassageBlock
from portal.content.models import Image
from portal.content.services.files import FILE_POLICY
from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from training.blocks import RuleBlock
from training.carrying.documents import Block, Code
from training.carrying.folders import MAX_UPLOAD
from training.carrying.matching import ADDED, CHANGED, REMOVED
from training.forms import MaterialImportForm
from training.models import MaterialImport, MaterialPage
from training.services import importing
from training.services.texts import AGAIN, BESIDE, KINDS, LEAVE, NEW, STREAMS, Choices, Draft
from training.viewsets.import_words import GROUPS, PLACES, WORDS

#: Findings of one group shown for one file; the count says how many there are in all.
SHOWN = 100

FATES = {
    NEW: gettext_lazy("a new draft"),
    AGAIN: gettext_lazy("a new draft of the page that is there"),
    BESIDE: gettext_lazy("a new page beside it"),
    LEAVE: gettext_lazy("leave it out"),
}
DIFFERENCES = {
    ADDED: gettext_lazy("new: %(words)s"),
    CHANGED: gettext_lazy("changed: %(words)s"),
    REMOVED: gettext_lazy("no longer there: %(words)s"),
}
_PICTURES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
             "avif": "image/avif", "svg": "image/svg+xml"}  # fmt: skip
_passages = PassageBlock()
_levels = dict(RuleBlock().child_blocks["level"].field.choices)
_tones = dict(_passages.child_blocks["callout"].child_blocks["kind"].field.choices)
_coming_link = re.compile(r'<a href="page:[^"]*">(.*?)</a>')


class ImporterMixin:
    """Lets in whoever may add pages below a library or a guide."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.places:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # a mixin of views

    @cached_property
    def places(self) -> list[Page]:
        return importing.find_places(self.person)

    @property
    def person(self) -> User:
        if not isinstance(self.request.user, User):
            raise PermissionDenied
        return self.request.user


class ImportView(ImporterMixin, WagtailAdminTemplateMixin, FormView):
    """Step one: the files, and what holds for all of them. Nothing is written but what is to be shown."""

    template_name = "training/admin/import.html"
    page_title = gettext_lazy("Import materials")
    header_icon = "upload"
    form_class = MaterialImportForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "by": self.person, "places": self.places}

    def get_initial(self) -> dict[str, Any]:
        wanted = next((place for place in self.places if str(place.pk) == self.request.GET.get("parent")), None)
        if wanted is None:
            return {}
        allowed = [kind for kind, model in KINDS.items() if model in type(wanted).allowed_subpage_models()]
        return {"parent": wanted.pk, "kind": allowed[0]}

    def form_valid(self, form: MaterialImportForm) -> HttpResponse:
        given = form.cleaned_data
        try:
            waiting = importing.read_materials(
                # One by one, and of each no more than is looked at: the limits are asked before all is in memory.
                ((file.name, file.read(MAX_UPLOAD + 1)) for file in given["uploads"]),
                parent=next(place for place in self.places if place.pk == given["parent"]),
                choices=Choices(given["kind"], given["owner"], given["audience"]),
                by=self.person,
                now=timezone.now(),
            )
        except Refusal as refusal:
            add_refusal(form, refusal)
            return self.form_invalid(form)
        return redirect("material_imports:preview", waiting.public_id)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*super().get_breadcrumbs_items(), {"url": "", "label": _("Import materials")}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            action_url=self.request.path,
            form_is_multipart=True,
            submit_button_label=_("Read and show"),
            submit_button_active_label=_("Reading…"),
            **kwargs,
        )


class WaitingMixin(ImporterMixin):
    """About one import of the person's own: another's does not exist."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        found = MaterialImport.objects.filter(by=request.user.pk, public_id=kwargs["public_id"]).first()
        if found is None:
            return self.answer_unknown(request)
        self.waiting = found
        return super().dispatch(request, *args, **kwargs)

    def answer_unknown(self, request: HttpRequest) -> HttpResponseBase:
        messages.warning(request, _("This import is over a day old, or was dropped. Upload the files again."))
        return redirect("material_imports:index")


class PreviewView(WaitingMixin, WagtailAdminTemplateMixin, TemplateView):
    """Step two: every file as it will look, and what could not be carried over; then yes or no. Afterwards: the drafts."""

    template_name = "training/admin/import_preview.html"
    header_icon = "upload"
    chosen: dict[int, str]

    def get_page_title(self) -> str:
        return _("Imported drafts") if self.waiting.imported_at else _("What will be imported")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *super().get_breadcrumbs_items(),
            {"url": reverse("material_imports:index"), "label": _("Import materials")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_template_names(self) -> list[str]:
        return ["training/admin/import_done.html"] if self.waiting.imported_at else [self.template_name]

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        if "drop" in request.POST:
            importing.drop_import(self.waiting)
            messages.info(request, _("Nothing was imported; the files are forgotten."))
            return redirect("material_imports:index")
        self.chosen = {
            int(name.removeprefix("fate-")): str(value)
            for name, value in request.POST.items()
            if re.fullmatch(r"fate-[0-9]{1,4}", name)
        }
        try:
            pages = importing.import_materials(self.waiting, fates=self.chosen, by=self.person, now=timezone.now())
        except Refusal as refusal:
            messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
            self.waiting.refresh_from_db()
            return self.render_to_response(self.get_context_data(), status=refusal.status)
        text = ngettext("%(count)s draft was made.", "%(count)s drafts were made.", len(pages))
        messages.success(request, text % {"count": len(pages)})
        return redirect("material_imports:preview", self.waiting.public_id)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        parent = Page.objects.get(pk=self.waiting.parent_id)
        if self.waiting.imported_at:
            return super().get_context_data(parent=parent, made=self._find_made(), **kwargs)
        drafts = importing.describe_import(self.waiting)
        chosen = getattr(self, "chosen", {})
        shown = [
            ShownDraft(number, draft, chosen.get(number, draft.fate), self.waiting.public_id)
            for number, draft in enumerate(drafts)
        ]
        return super().get_context_data(
            parent=parent,
            files=shown,
            refused=sum(draft.is_refused for draft in drafts),
            unchanged=sum(draft.is_unchanged for draft in drafts),
            to_come=sum(draft.fate != LEAVE for draft in drafts),
            aside=self.waiting.drafts["aside"],
            **kwargs,
        )

    def _find_made(self) -> list[dict[str, Any]]:
        made = self.waiting.drafts["made"]
        pages = MaterialPage.objects.in_bulk([row["page_id"] for row in made])
        return [
            {"page": page, "name": row["name"], "fate": FATES[row["fate"]]}
            for row in made
            if (page := pages.get(row["page_id"]))
        ]


class PictureView(WaitingMixin, View):
    """A picture that waits, as the preview shows it."""

    def answer_unknown(self, request: HttpRequest) -> HttpResponseBase:  # noqa: ARG002 -- its like answers it
        raise Http404

    def get(self, _request: HttpRequest, **kwargs: Any) -> HttpResponse:
        found = importing.open_picture(self.waiting, kwargs["digest"])
        if found is None:
            raise Http404
        name, content = found
        response = HttpResponse(content, content_type=_PICTURES[name.rpartition(".")[2].lower()])
        response["Content-Security-Policy"] = FILE_POLICY
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, max-age=3600"
        return response


@dataclass(frozen=True)
class Shown:
    """One thing in a preview: its heading, and the passages below it."""

    heading: str
    passages: list[dict[str, Any]]
    note: str = ""


class ShownDraft:
    """A file as the preview shows it."""

    def __init__(self, number: int, draft: Draft, fate: str, public_id: str) -> None:
        self.number = number
        self.draft = draft
        self.fate = fate
        self.public_id = public_id

    @property
    def kind_label(self) -> str:
        return capfirst(str(KINDS[self.draft.kind]._meta.verbose_name))

    @property
    def fates(self) -> list[tuple[str, Any, bool]]:
        return [(fate, FATES[fate], fate == self.fate) for fate in self.draft.fates]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """What was found, the gravest first."""
        found = []
        for codes, status, heading in GROUPS:
            rows = sorted((row for row in self.draft.findings if Code(row[0]) in codes), key=lambda row: row[1])
            lines = [self._line(*row) for row in rows]
            if lines:
                more = max(len(lines) - SHOWN, 0)
                found.append({"status": status, "heading": heading, "lines": lines[:SHOWN], "more": more})
        return found

    def _line(self, code: str, place: int, words: str) -> tuple[str, str]:
        where = PLACES[self.draft.unit] % {"number": place} if place else ""
        return where, WORDS[Code(code)] % {"words": words}

    @property
    def differences(self) -> list[str]:
        return [DIFFERENCES[kind] % {"words": words} for kind, words in self.draft.differences or []]

    @property
    def facts(self) -> list[tuple[Any, str]]:
        """The plain fields that the file fills, by their names in the editor."""
        model = KINDS[self.draft.kind]
        named = [("intro", self.draft.intro), ("tags", ", ".join(self.draft.tags))]
        named += [
            (key.removesuffix("_id"), str(value))
            for key, value in self.draft.fields.items()
            if key not in STREAMS[self.draft.kind]
            and key not in {"proof_link", "industry_id"}
            and value not in ("", False)
        ]
        field: Any = model._meta.get_field
        return [(capfirst(str(field(key).verbose_name)), _say(value)) for key, value in named if value]

    @property
    def pictures(self) -> int:
        return sum(passage["kind"] == "figure" for part in self.parts for passage in part.passages)

    @property
    def sections(self) -> int:
        return len(self.draft.fields.get("body") or [])

    @cached_property
    def parts(self) -> list[Shown]:
        """The blocks as they will look."""
        shown: list[Shown] = []
        for name in STREAMS[self.draft.kind]:
            blocks = self.draft.fields.get(name) or []
            if name in {"answer", "proof"}:
                field: Any = KINDS["card"]._meta.get_field(name)
                if blocks:
                    shown.append(Shown(capfirst(str(field.verbose_name)), [self._show(block) for block in blocks]))
                continue
            for block in blocks:
                shown.append(self._show_part(block["type"], block["value"]))
        return shown

    def _show_part(self, kind: str, value: dict[str, Any]) -> Shown:
        if kind == "section":
            note = _("may be sent to a customer") if value.get("shareable") else ""
            return Shown(value["heading"], [self._show(block) for block in value["body"]], note)
        if kind == "rule":
            lines = [value.get(key) for key in ("why", "measure")]
            note = str(_levels.get(value.get("level"), ""))
            return Shown(value["statement"], [{"kind": "words", "text": line} for line in lines if line], note)
        words = [{"kind": "words", "text": value["changes"]}] if value.get("changes") else []
        return Shown(_("Version %(number)s") % {"number": value["version"]}, words, value.get("released") or "")

    def _show(self, block: Block) -> dict[str, Any]:
        kind, value = block["type"], block["value"]
        match kind:
            case "text":
                return {"kind": kind, "html": _render("text", _coming_link.sub(r"<u>\1</u>", value))}
            case "callout":
                text = _render("text", _coming_link.sub(r"<u>\1</u>", value["text"]))
                return {"kind": kind, "tone": value["kind"], "label": _tones[value["kind"]], "html": text}
            case "figure":
                return {"kind": kind, "url": self._picture_url(value["image"]), **value}
            case "quote":
                return {"kind": kind, **value}
            case _:
                return {"kind": kind, "html": _render(kind, value)}

    def _picture_url(self, image: int | str) -> str:
        if isinstance(image, str):
            return reverse("material_imports:picture", args=[self.public_id, image.removeprefix("picture:")])
        found = Image.objects.filter(pk=image).first()
        return found.file.url if found else ""


def _render(kind: str, value: Any) -> SafeString:
    block = _passages.child_blocks[kind]
    return block.render(block.to_python(value))


def _say(value: str) -> str:
    return _("yes") if value == "True" else value


class ImportMenuItem(MenuItem):
    """Shown to those who may import."""

    def is_shown(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and bool(importing.find_places(request.user))


class MaterialImportViewSet(ViewSet):
    name = "material_imports"
    url_prefix = "material-imports"
    icon = "upload"
    menu_label = gettext_lazy("Import materials")
    menu_name = "material-imports"
    menu_order = 130
    menu_item_class = ImportMenuItem
    add_to_admin_menu = True

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", ImportView.as_view(), name="index"),
            path("<str:public_id>/", PreviewView.as_view(), name="preview"),
            path("<str:public_id>/pictures/<str:digest>/", PictureView.as_view(), name="picture"),
        ]
