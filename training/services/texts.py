"""Texts that were brought to the library, looked up against what is there: which page has the address already, who is
the audience that a file names, where its links lead, which of its pictures the site has. Nothing is written here.
"""

import hashlib
import json
import posixpath
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext
from wagtail.images.fields import WagtailImageField
from wagtail.models import Locale, Page

from portal.accounts.models import User
from portal.content.models import Image, Product
from portal.core.errors import Refusal
from portal.partners.models import Audience, JobRole
from training.access import find_picture_collection
from training.carrying.documents import ERRORS, Block, Carried, Code, Finding, Unreadable
from training.carrying.folders import (
    MAX_FILE,
    MAX_MEMBERS,
    MAX_TEXTS,
    MAX_UNPACKED,
    MAX_UPLOAD,
    MB,
    BadArchive,
    Folder,
    TooMuch,
    open_folder,
)
from training.carrying.markdown import carry_markdown
from training.carrying.matching import CHANGED, Difference, compare, keep_ids, keep_unchanged, normalise
from training.carrying.passages import resolve_links, resolve_pictures
from training.carrying.shapes import Shaped, shape
from training.carrying.word import carry_word
from training.models import (
    CaseStudyPage,
    Industry,
    MaterialPage,
    ObjectionCardPage,
    ProductDocPage,
    StandardPage,
)

#: The types that a text makes honestly, with their pages.
KINDS: dict[str, type[MaterialPage]] = {
    "doc": ProductDocPage,
    "standard": StandardPage,
    "case": CaseStudyPage,
    "card": ObjectionCardPage,
}
#: Fields that hold blocks, by type.
STREAMS: dict[str, tuple[str, ...]] = {
    "doc": ("body", "versions"),
    "standard": ("rules", "body"),
    "case": ("body",),
    "card": ("answer", "proof"),
}

#: What becomes of a file: a new draft; a new draft revision of the page that is there; a new page beside it; nothing.
NEW, AGAIN, BESIDE, LEAVE = "new", "again", "beside", "leave"


@dataclass(frozen=True, slots=True)
class Choices:
    """What an editor chose for all files; what a file says of itself goes before."""

    kind: str
    owner: User
    audience: Audience | None


@dataclass(slots=True)
class Draft:
    """One file, read, looked up, and ready to be written.

    Attributes:
        fields: the page's own fields by name, blocks in the form that a StreamField stores; a figure's picture is named
            by the digest of its bytes, unless the site has it already.
        given: the names of further fields that the file gives (``tags``, ``product_ids``, ...), so that a page that is
            there keeps the rest.
        page_id: the page that has this address already.
        revision_id: the revision of it that was compared.
        differences: to that page.
        translation_key: of the material in another language that this one translates.
        fate: what becomes of it unless the editor chooses otherwise.
    """

    name: str
    unit: str
    kind: str
    title: str
    slug: str
    owner_id: int | None
    audience_id: int | None
    intro: str
    tags: list[str]
    product_ids: list[int]
    role_ids: list[int]
    order: int
    fields: dict[str, Any]
    given: list[str]
    findings: list[tuple[str, int, str]]
    page_id: int | None = None
    revision_id: int | None = None
    differences: list[tuple[str, str]] | None = None
    translation_key: str = ""
    fate: str = NEW

    @property
    def is_refused(self) -> bool:
        return any(code in ERRORS for code, _place, _words in self.findings)

    @property
    def is_unchanged(self) -> bool:
        return self.page_id is not None and self.differences == []

    @property
    def fates(self) -> list[str]:
        """What may become of it, the likeliest first."""
        if self.is_refused:
            return [LEAVE]
        if self.page_id is None:
            return [NEW, LEAVE]
        return [LEAVE, BESIDE] if self.is_unchanged else [AGAIN, BESIDE, LEAVE]


def open_texts(uploads: Iterable[tuple[str, bytes]]) -> Folder:
    try:
        folder = open_folder(uploads)
    except TooMuch as error:
        raise _explain_limit(error) from error
    except BadArchive as error:
        raise _explain_archive(error) from error
    if not folder.texts:
        raise Refusal(
            _("Nothing here can be imported: there is no Markdown (.md) and no Word document (.docx)."),
            remedy=_("Save older Word files as .docx first."),
            code="no_texts",
        )
    return folder


def _explain_limit(error: TooMuch) -> Refusal:
    match error.limit:
        case "file":
            message = _("“%(name)s” is larger than %(limit)d MB.") % {"name": error.name, "limit": MAX_FILE // MB}
        case "upload":
            message = _("All files together are larger than %(limit)d MB, from “%(name)s” on.") % {
                "name": error.name,
                "limit": MAX_UPLOAD // MB,
            }
        case "unpacked":
            message = _("“%(name)s” unpacks to more than %(limit)d MB.") % {
                "name": error.name,
                "limit": MAX_UNPACKED // MB,
            }
        case "members":
            message = _("“%(name)s” holds more than %(limit)d files.") % {"name": error.name, "limit": MAX_MEMBERS}
        case _:
            message = _("There are more than %(limit)d texts, from “%(name)s” on.") % {
                "name": error.name,
                "limit": MAX_TEXTS,
            }
    return Refusal(message, remedy=_("Import them in parts."), code=f"too_much_{error.limit}")


def _explain_archive(error: BadArchive) -> Refusal:
    names = {"name": error.name, "member": error.member}
    match error.why:
        case "encrypted":
            return Refusal(
                _("“%(name)s” is protected by a password.") % names,
                remedy=_("Pack it again without one."),
                code="encrypted",
            )
        case "outside":
            return Refusal(
                _("“%(name)s” names a file outside of itself: %(member)s.") % names,
                remedy=_("Pack the folder again; such an archive is not opened."),
                code="outside",
            )
        case _:
            return Refusal(
                _("“%(name)s” is not a zip file, or it is damaged.") % names,
                remedy=_("Pack the folder again."),
                code="broken_zip",
            )


class TextReader:
    """Reads the texts of one folder. What they name is looked up in a constant number of queries and two a file."""

    def __init__(self, folder: Folder, parent: Page, choices: Choices, by: User) -> None:
        self.folder = folder
        self.parent = parent
        self.choices = choices
        self.by = by
        self.products: dict[str, int] = _by_words((one.slug, one.name, one.pk) for one in Product.objects.all())
        self.roles: dict[str, int] = _by_words((one.slug, one.name, one.pk) for one in JobRole.objects.all())
        self.industries: dict[str, int] = _by_words((one.slug, one.name, one.pk) for one in Industry.objects.all())
        self.audiences: dict[str, int] = {_fold(one.name): one.pk for one in Audience.objects.all()}
        self.collection = find_picture_collection(by)
        #: By digest: a name and the bytes of the pictures that are not on the site yet.
        self.pictures: dict[str, tuple[str, bytes]] = {}
        self.bad_pictures: dict[str, str] = {}
        with override(parent.locale.language_code):
            self.opening = pgettext("heading of a text without one", "Introduction")

    def read(self) -> list[Draft]:
        read = [self._read_file(name, data) for name, data in sorted(self.folder.texts.items())]
        read.sort(key=lambda pair: (pair[0].order, pair[0].name))
        drafts = [draft for draft, _carried in read]
        _note_twins(drafts)
        targets = find_targets(drafts, self.parent)
        for draft, carried in read:
            if carried is not None:
                self._check_links(draft, carried, targets)
            if not draft.is_refused:
                self._match(draft, targets)
        return drafts

    def _read_file(self, name: str, data: bytes) -> tuple[Draft, Carried | None]:
        front: dict[str, tuple[Any, int]] = {}
        try:
            if name.lower().endswith(".docx"):
                carried = carry_word(name, data, new_id=new_id, opening=self.opening)
            else:
                carried, front = carry_markdown(name, data, new_id=new_id, opening=self.opening)
        except Unreadable as error:
            return self._empty(name, error.finding), None
        shaped = shape(carried, front, self.choices.kind, new_id=new_id)
        if KINDS[shaped.kind] not in type(self.parent).allowed_subpage_models():
            carried.note(Code.WRONG_PLACE, front.get("type", ("", 0))[1], shaped.kind)
        for part in STREAMS[shaped.kind]:
            resolve_pictures(shaped.fields.get(part) or [], self._picture_finder(carried, shaped))
        return self._look_up(carried, shaped), carried

    def _empty(self, name: str, finding: Finding) -> Draft:
        return Draft(
            name=name, unit="line", kind=self.choices.kind, title=posixpath.basename(name), slug="", owner_id=None,
            audience_id=None, intro="", tags=[], product_ids=[], role_ids=[], order=0, fields={}, given=[],
            findings=[_row(finding)], fate=LEAVE,
        )  # fmt: skip

    def _look_up(self, carried: Carried, shaped: Shaped) -> Draft:
        meta, fields = shaped.meta, dict(shaped.fields)
        audience_id = self.choices.audience.pk if self.choices.audience else None
        if meta.get("audience"):
            audience_id = self.audiences.get(_fold(meta["audience"]))
            if audience_id is None:
                # Without its audience the text would be open to every member.
                carried.note(Code.UNKNOWN_AUDIENCE, 0, meta["audience"])
        industry = fields.pop("industry", "")
        if industry:
            fields["industry_id"] = self.industries.get(_fold(industry))
            if fields["industry_id"] is None:
                del fields["industry_id"]
                carried.note(Code.UNKNOWN_INDUSTRY, 0, industry)
        given = ["title", *(key for key in ("intro", "tags", "audience") if key in meta)]
        given += [f"{key[:-1]}_ids" for key in ("products", "roles") if key in meta]
        product_ids = _find_all(meta.get("products", []), self.products, carried, Code.UNKNOWN_PRODUCT)
        role_ids = _find_all(meta.get("roles", []), self.roles, carried, Code.UNKNOWN_ROLE)
        return Draft(
            name=carried.name,
            unit=carried.unit,
            kind=shaped.kind,
            title=shaped.title,
            slug=shaped.slug,
            owner_id=self.choices.owner.pk,
            audience_id=audience_id,
            intro=meta.get("intro", ""),
            tags=meta.get("tags", []),
            product_ids=product_ids,
            role_ids=role_ids,
            order=meta.get("order", 1_000_001),
            fields=fields,
            given=given,
            findings=[_row(finding) for finding in carried.findings],
        )

    # --- Pictures -----------------------------------------------------------------------------------------------------
    def _picture_finder(self, carried: Carried, shaped: Shaped) -> Callable[[str], int | str | None]:
        places = dict(reversed(carried.pictures))
        shown_there: dict[str, int] | None = None

        def find(reference: str) -> int | str | None:
            own = carried.own_pictures.get(reference)
            if own is None:
                path = self.folder.find_picture(reference, beside=carried.name)
                own = (posixpath.basename(path), self.folder.pictures[path]) if path else None
            place = places.get(reference, 0)
            if own is None:
                nonlocal shown_there
                if shown_there is None:
                    shown_there = self._find_shown_pictures(shaped)
                stem = posixpath.splitext(posixpath.basename(reference))[0]
                if stem not in shown_there:
                    carried.note(Code.MISSING_PICTURE, place, reference)
                return shown_there.get(stem)
            name, content = own
            digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()  # as Wagtail's Image.file_hash
            known: int | None = Image.objects.filter(file_hash=digest).values_list("pk", flat=True).first()
            if known is not None:
                return known
            if self.collection is None:
                carried.note(Code.NO_RIGHT_TO_PICTURES, place, reference)
                return None
            if digest not in self.pictures and digest not in self.bad_pictures:
                problem = find_fault(name, content)
                if problem:
                    self.bad_pictures[digest] = problem
                else:
                    self.pictures[digest] = (name, content)
            if digest in self.bad_pictures:
                carried.note(Code.BAD_PICTURE, place, f"{name}: {self.bad_pictures[digest]}")
                return None
            return digest

        return find

    def _find_shown_pictures(self, shaped: Shaped) -> dict[str, int]:
        """The pictures that the page at this address shows already, by the names of their files without suffix: whoever
        brings a corrected text alone need not bring them again.
        """
        model = KINDS[shaped.kind]
        page = model.objects.child_of(self.parent).filter(slug=shaped.slug).first()
        if page is None:
            return {}
        latest = page.get_latest_revision_as_object()
        blocks = [block for part in STREAMS[shaped.kind] for block in _stored(latest, part)]
        passages = [
            one for block in blocks for one in (block["value"]["body"] if block["type"] == "section" else [block])
        ]
        ids = {one["value"].get("image") for one in passages if one["type"] == "figure"}
        images = Image.objects.filter(pk__in=[pk for pk in ids if isinstance(pk, int)])
        # Storage sets a name that was taken apart by seven letters: dot_a1B2c3D.png.
        return {
            re.sub(r"_\w{7}$", "", posixpath.splitext(posixpath.basename(one.file.name))[0]): one.pk for one in images
        }

    # --- Other pages --------------------------------------------------------------------------------------------------
    def _check_links(self, draft: Draft, carried: Carried, targets: Mapping[str, int]) -> None:
        proof = draft.fields.get("proof_link", "")
        for target, place in [*carried.links, *([(proof, 0)] if proof else [])]:
            key, anchor = split_target(target)
            if key not in targets:
                draft.findings.append((Code.DEAD_LINK, place, target.removeprefix("file:")))
            elif anchor and target != proof:
                draft.findings.append((Code.LINK_TO_SECTION, place, target.removeprefix("file:")))
        for part in STREAMS[draft.kind]:
            resolve_links(draft.fields.get(part) or [], lambda target: targets.get(split_target(target)[0]))

    def _match(self, draft: Draft, targets: Mapping[str, int]) -> None:
        """Find the page that has this address, or the one in another language that this text translates."""
        model = KINDS[draft.kind]
        there = Page.objects.child_of(self.parent).filter(slug=draft.slug).first()
        if there is None:
            other = self._find_original(draft, model)
            if other is not None:
                draft.translation_key = str(other.translation_key)
                for part in STREAMS[draft.kind]:
                    _take_ids(draft.fields.get(part) or [], _stored(other, part))
            return
        page = there.specific
        if not isinstance(page, model):
            draft.findings.append((Code.SLUG_TAKEN, 0, f"{draft.slug}: {page.title}"))
        elif not may_revise(page, self.by):
            draft.findings.append((Code.LOCKED, 0, page.title))
        if draft.is_refused:
            draft.fate = LEAVE
            return
        latest = page.get_latest_revision_as_object()
        draft.page_id, draft.revision_id = page.pk, page.latest_revision_id
        draft.differences = [(one.kind, one.words) for one in _compare_page(draft, latest, targets)]
        draft.fate = LEAVE if draft.is_unchanged else AGAIN

    def _find_original(self, draft: Draft, model: type[MaterialPage]) -> MaterialPage | None:
        """The same text in another language: of one type, at the same address below the parent's translation."""
        others = self.parent.get_translations()
        parents = [other.path for other in others]
        found = model.objects.filter(slug=draft.slug).exclude(locale_id=self.parent.locale_id)
        return next((page for page in found if page.path[: -page.steplen] in parents), None)


def _stored(page: Any, part: str) -> list[Block]:
    """The blocks of a page's field, as they are stored."""
    return [dict(block) for block in json.loads(json.dumps(list(getattr(page, part).raw_data), default=str))]


def _take_ids(new: list[Block], old: list[Block]) -> None:
    """The ids of the original's sections, by anchor alone: a translation's words are other words."""
    anchored = [block for block in new if isinstance(block["value"], dict) and block["value"].get("anchor")]
    known = {
        block["value"]["anchor"]: block["id"]
        for block in old
        if isinstance(block.get("value"), dict) and block["value"].get("anchor") and block.get("id")
    }
    for block in anchored:
        block["id"] = known.get(block["value"]["anchor"], block["id"])


def _compare_page(draft: Draft, page: Any, targets: Mapping[str, int]) -> list[Difference]:
    """What the file changes on the page; ids of blocks that go on are kept in the draft."""
    found: list[Difference] = []
    for part in STREAMS[draft.kind]:
        if part not in draft.fields:
            continue
        old = _stored(page, part)
        keep_ids(draft.fields[part], old)
        found += compare(draft.fields[part], old)
        draft.fields[part] = keep_unchanged(draft.fields[part], old)
    names = {"title": draft.title} if "title" in draft.given else {}
    if "intro" in draft.given and draft.intro:
        names["intro"] = draft.intro
    plain = {
        key: value for key, value in draft.fields.items() if key not in STREAMS[draft.kind] and key != "proof_link"
    }
    for key, value in (names | plain).items():
        if normalise(value) != normalise(getattr(page, key)):
            found.append(Difference(CHANGED, str(_label(type(page), key))))
    if "proof_link" in draft.fields:
        key, anchor = split_target(draft.fields["proof_link"])
        if (targets.get(key), anchor) != (page.proof_page_id, page.proof_anchor):
            found.append(Difference(CHANGED, str(_label(type(page), "proof_page"))))
    if "tags" in draft.given and sorted(draft.tags) != sorted(page.tags.names()):
        found.append(Difference(CHANGED, str(_label(type(page), "tags"))))
    for key, name, ids in (
        ("product_ids", "products", draft.product_ids),
        ("role_ids", "job_roles", draft.role_ids),
    ):
        if key in draft.given and set(ids) != {row.pk for row in getattr(page, name).all()}:
            found.append(Difference(CHANGED, str(_label(type(page), name))))
    if "audience" in draft.given and draft.audience_id != page.audience_id:
        found.append(Difference(CHANGED, str(_label(type(page), "audience"))))
    return found


def _label(model: type[MaterialPage], name: str) -> Any:
    field: Any = model._meta.get_field(name.removesuffix("_id"))
    return field.verbose_name


def may_revise(page: Page, by: User) -> bool:
    lock = page.get_lock()
    return bool(not page.alias_of_id and page.permissions_for_user(by).can_edit() and not (lock and lock.for_user(by)))


def _note_twins(drafts: Sequence[Draft]) -> None:
    """Two files of one address: neither is taken, since nobody knows which is meant."""
    count = Counter(draft.slug for draft in drafts if draft.slug)
    for draft in drafts:
        if count[draft.slug] > 1:
            others = [other.name for other in drafts if other.slug == draft.slug and other is not draft]
            draft.findings.append((Code.SLUG_TWICE, 0, f"{draft.slug}: {', '.join(others)}"))
            draft.fate = LEAVE


#: How a link names a material of a type: ``card:slug``.
_SCHEMES = {
    "productdocpage": ("doc",),
    "objectioncardpage": ("card",),
    "objectionguidepage": ("guide",),
    "casestudypage": ("case",),
    "standardpage": ("standard",),
    "callscriptpage": ("script",),
    "pricelistpage": ("price", "prices"),
    "videopage": ("video",),
    "coursepage": ("course",),
    "lessonpage": ("lesson",),
}


def find_targets(drafts: Iterable[Draft], parent: Page) -> dict[str, int]:
    """The materials that a link may lead to, by slug and by type and slug: the pages of the same language by their ids,
    and drafts of this import, which have none yet, by 0.
    """
    locale: Locale = parent.locale
    targets: dict[str, int] = {}
    for draft in drafts:
        if draft.slug and not draft.is_refused:
            targets |= {draft.slug: 0, f"{draft.kind}:{draft.slug}": 0}
    materials = MaterialPage.objects.filter(locale=locale).order_by("-path")
    for slug, pk, model in materials.values_list("slug", "pk", "content_type__model"):
        targets |= {slug: pk} | {f"{scheme}:{slug}": pk for scheme in _SCHEMES.get(model, ())}
    return targets


def split_target(target: str) -> tuple[str, str]:
    """What a link names, as :func:`find_targets` knows it, and the anchor: ``doc:slug#anchor``,
    ``file:folder/slug.md#anchor`` or ``slug#anchor``.
    """
    place, _hash, anchor = target.partition("#")
    if place.startswith("file:"):
        return posixpath.splitext(posixpath.basename(place.removeprefix("file:")))[0], anchor
    return place, anchor


def find_fault(name: str, content: bytes) -> str:
    """What is wrong with a picture, in words; empty where nothing is. Asked as Wagtail asks its own uploads."""
    file = SimpleUploadedFile(name, content)
    try:
        WagtailImageField().clean(file)
        file.seek(0)
        Image(file=file).clean()
    except ValidationError as error:
        return " ".join(str(message) for message in error.messages)
    return ""


def _row(finding: Finding) -> tuple[str, int, str]:
    return finding.code.value, finding.place, finding.words


def new_id() -> str:
    return str(uuid.uuid4())


def _fold(words: str) -> str:
    return " ".join(str(words).split()).casefold()


def _by_words(rows: Iterable[tuple[str, Any, int]]) -> dict[str, int]:
    """Rows by their slug and by their name in every language."""
    found: dict[str, int] = {}
    for slug, name, pk in rows:
        names = name.values() if isinstance(name, Mapping) else [str(name)]
        for words in (slug, *names):
            found.setdefault(_fold(words), pk)
    return found


def _find_all(words: Iterable[str], known: Mapping[str, int], carried: Carried, code: Code) -> list[int]:
    found = []
    for word in words:
        if (pk := known.get(_fold(word))) is None:
            carried.note(code, 0, word)
        elif pk not in found:
            found.append(pk)
    return found
