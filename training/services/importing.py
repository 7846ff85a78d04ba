"""Importing a folder of texts: first everything is read and shown, then all of it becomes drafts, or nothing does.

Between the two steps one row waits, :class:`MaterialImport`, with what was read and the pictures; it is forgotten after a
day. Nothing is ever published here.
"""

import io
import json
import posixpath
import uuid
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.models import Page

from portal.accounts.models import User
from portal.content.models import Image, Product
from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Audience, JobRole
from training.access import find_picture_collection, may_add_below
from training.carrying.documents import Block
from training.carrying.passages import resolve_links, resolve_pictures
from training.models import LibraryPage, MaterialImport, MaterialPage, ObjectionGuidePage
from training.services.texts import (
    AGAIN,
    BESIDE,
    KINDS,
    LEAVE,
    NEW,
    STREAMS,
    Choices,
    Draft,
    TextReader,
    find_targets,
    may_revise,
    new_id,
    open_texts,
    split_target,
)

#: How long what was read waits for its confirmation.
KEEP = timedelta(hours=24)


# --- Step one: read ---------------------------------------------------------------------------------------------------


def read_materials(
    uploads: Iterable[tuple[str, bytes]], *, parent: Page, choices: Choices, by: User, now: datetime
) -> MaterialImport:
    """Read what was uploaded and keep it to be looked at and confirmed. No page and no picture is made.

    1. Check that the editor may add pages below ``parent``.
    2. Open archives, within the limits.
    3. Read each text, look up what it names, compare it with the page that has its address.
    4. Check each picture that a text shows.
    5. Keep all that in one row; rows of which nobody thought for a day go.

    Args:
        uploads: names and contents; a name ending in ``.zip`` is a folder.
        parent: the library or the guide that the drafts come to stand in; its language is theirs.

    Raises:
        NotAllowed: the editor may not add pages there.
        Refusal: what was uploaded as a whole cannot be taken; the message names the file.
    """
    # 1
    _check_right(parent, by)
    if KINDS[choices.kind] not in type(parent).allowed_subpage_models():
        raise Refusal(
            _("Materials of this type do not stand there."),
            remedy=_("Objection cards stand in a guide, everything else in the library."),
            code="wrong_place",
        )
    # 2
    folder = open_texts(uploads)
    # 3
    reader = TextReader(folder, parent, choices, by)
    drafts = reader.read()
    # 5
    with transaction.atomic():
        forget_imports(now=now)
        return MaterialImport.objects.create(
            parent_id=parent.pk,
            drafts={"files": [asdict(draft) for draft in drafts], "aside": folder.aside, "made": []},
            pictures=_pack(reader.pictures),
            by=by,
            uploaded_at=now,
        )


def _check_right(parent: Page, by: User) -> None:
    if not may_add_below(parent, by):
        raise NotAllowed(
            _("You may not add pages to “%(parent)s”.") % {"parent": parent.title},
            remedy=_("Ask an administrator for the permission, or choose another place."),
            code="may_not_add",
        )


# --- Between the steps ------------------------------------------------------------------------------------------------


def describe_import(waiting: MaterialImport) -> list[Draft]:
    """The files as they were read, in the order in which they will stand."""
    return [
        Draft(
            **{
                **row,
                "findings": [tuple(one) for one in row["findings"]],
                "differences": None if row["differences"] is None else [tuple(one) for one in row["differences"]],
            }
        )
        for row in waiting.drafts["files"]
    ]


def open_picture(waiting: MaterialImport, digest: str) -> tuple[str, bytes] | None:
    """A picture that waits, by the digest of its bytes: its name and the bytes."""
    return _unpack(bytes(waiting.pictures)).get(digest)


def _pack(pictures: Mapping[str, tuple[str, bytes]]) -> bytes:
    """Pictures as one archive; they are compressed already."""
    if not pictures:
        return b""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for digest, (name, content) in pictures.items():
            archive.writestr(f"{digest}/{name}", content)
    return packed.getvalue()


def _unpack(packed: bytes) -> dict[str, tuple[str, bytes]]:
    if not packed:
        return {}
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = [name.partition("/") for name in archive.namelist()]
        return {digest: (name, archive.read(f"{digest}/{name}")) for digest, _slash, name in names}


def drop_import(waiting: MaterialImport) -> None:
    """Forget what was read: nothing of it was written anywhere."""
    MaterialImport.objects.filter(pk=waiting.pk).delete()


def forget_imports(*, now: datetime) -> int:
    """Forget imports of a day ago, confirmed or not; returns how many."""
    deleted, _by_model = MaterialImport.objects.filter(uploaded_at__lt=now - KEEP).delete()
    return deleted


# --- Step two: write --------------------------------------------------------------------------------------------------


def import_materials(
    waiting: MaterialImport, *, fates: Mapping[int, str], by: User, now: datetime
) -> list[MaterialPage]:
    """Make drafts of what was read and confirmed: all of them, or none.

    1. Lock the import: confirmed twice, it is carried out once.
    2. Check again what may have changed since it was shown: the right, the addresses, the pages that are to be revised.
    3. Make the pictures.
    4. Make the pages, so that their texts can link to each other.
    5. Fill them and save each as a draft revision, logged.

    If anything of this fails, nothing of it remains, the files of the pictures included.

    Args:
        fates: what is to become of a file, by its number, where that differs from what was proposed.

    Returns:
        The drafts, in their order.

    Raises:
        NotAllowed: the editor may not add pages there any more.
        Refusal: it was confirmed already, nothing is left to import, or something changed in the meantime.
    """
    saved: list[tuple[Any, str]] = []
    try:
        with transaction.atomic():
            return _write(waiting, fates=fates, by=by, now=now, saved=saved)
    except BaseException:
        for storage, name in saved:
            storage.delete(name)
        raise


def _write(
    waiting: MaterialImport, *, fates: Mapping[int, str], by: User, now: datetime, saved: list[tuple[Any, str]]
) -> list[MaterialPage]:
    # 1
    locked = MaterialImport.objects.select_for_update().filter(pk=waiting.pk, imported_at__isnull=True).first()
    if locked is None:
        raise Refusal(_("This import was carried out or dropped already."), code="done")
    # 2
    parent = Page.objects.get(pk=locked.parent_id).specific
    _check_right(parent, by)
    chosen = _choose(describe_import(locked), fates)
    targets = _check_pages(chosen, parent, by)
    # 3
    images = _make_images(chosen, _unpack(bytes(locked.pictures)), by, saved)
    # 4
    pages = {id(draft): _open_page(draft, fate, parent, by) for draft, fate in chosen}
    for draft, _fate in chosen:
        targets |= {key: pages[id(draft)].pk for key in (draft.slug, f"{draft.kind}:{draft.slug}")}
    # 5
    for draft, fate in chosen:
        page = pages[id(draft)]
        _fill(page, draft, whole=fate != AGAIN, images=images, targets=targets)
        if fate != AGAIN:
            page.save(clean=False)
        page.save_revision(user=by, log_action=True, changed=True, clean=False)
    made = [{"page_id": pages[id(draft)].pk, "name": draft.name, "fate": fate} for draft, fate in chosen]
    locked.drafts = {"files": [], "aside": locked.drafts["aside"], "made": made}
    locked.pictures = b""
    locked.imported_at = now
    locked.save(update_fields=["drafts", "pictures", "imported_at"])
    return [pages[id(draft)] for draft, _fate in chosen]


def _choose(drafts: Sequence[Draft], fates: Mapping[int, str]) -> list[tuple[Draft, str]]:
    chosen = []
    for number, draft in enumerate(drafts):
        fate = fates.get(number, draft.fate)
        if fate not in draft.fates:
            raise Refusal(_("“%(name)s” cannot be imported in this way.") % {"name": draft.name}, code="bad_fate")
        if fate != LEAVE:
            chosen.append((draft, fate))
    if not chosen:
        raise Refusal(
            _("Nothing is left to import."), remedy=_("Choose at least one file, or drop the import."), code="nothing"
        )
    return chosen


def _check_pages(chosen: Sequence[tuple[Draft, str]], parent: Page, by: User) -> dict[str, int]:
    """Refuse if the tree is not as it was when it was shown; returns where links may lead."""
    taken = set(Page.objects.child_of(parent).values_list("slug", flat=True))
    users = set(User.objects.filter(pk__in=[draft.owner_id for draft, _fate in chosen]).values_list("pk", flat=True))
    audiences = set(Audience.objects.values_list("pk", flat=True))
    for draft, fate in chosen:
        if fate == AGAIN:
            page = Page.objects.filter(pk=draft.page_id).first()
            if page is None or page.latest_revision_id != draft.revision_id or not may_revise(page, by):
                raise _changed_meanwhile(draft)
        taken_since = fate == NEW and draft.slug in taken
        if taken_since or draft.owner_id not in users or (draft.audience_id and draft.audience_id not in audiences):
            raise _changed_meanwhile(draft)
        if fate == BESIDE:
            draft.slug = _free_slug(draft.slug, taken)
            for part in STREAMS[draft.kind]:
                _givenew_ids(draft.fields.get(part) or [])
        taken.add(draft.slug)
    return find_targets((), parent)


def _changed_meanwhile(draft: Draft) -> Refusal:
    return Refusal(
        _("“%(name)s”: its page, its owner or its audience has changed since this was shown.") % {"name": draft.name},
        remedy=_("Nothing was imported. Upload the files again to see how things stand."),
        code="changed_meanwhile",
    )


def _free_slug(slug: str, taken: set[str]) -> str:
    number = 2
    while f"{slug[:240]}-{number}" in taken:
        number += 1
    return f"{slug[:240]}-{number}"


def _givenew_ids(blocks: Iterable[Block]) -> None:
    """A page beside another is another page: a citation of that one does not mean it."""
    for block in blocks:
        block["id"] = new_id()
        if block["type"] == "section":
            _givenew_ids(block["value"]["body"])


def _make_images(
    chosen: Sequence[tuple[Draft, str]],
    pictures: Mapping[str, tuple[str, bytes]],
    by: User,
    saved: list[tuple[Any, str]],
) -> dict[str, int]:
    """The pictures that the chosen texts show, as images; their files are told in ``saved`` as they are written."""
    wanted: dict[str, str] = {}
    for draft, _fate in chosen:
        for figure in _figures(draft):
            if isinstance(figure["image"], str):
                wanted.setdefault(figure["image"].removeprefix("picture:"), figure["alt"] or figure["caption"])
    collection = find_picture_collection(by)
    if wanted and collection is None:
        raise NotAllowed(_("You may not add pictures."), code="may_not_add_pictures")
    images: dict[str, int] = {}
    for digest, words in wanted.items():
        name, content = pictures[digest]
        image = Image(
            title=(words or posixpath.splitext(name)[0])[:255],
            file=ContentFile(content, name=name),
            uploaded_by_user=by,
            collection=collection,
        )
        image.clean()
        image._set_image_file_metadata()
        image.save()
        saved.append((image.file.storage, image.file.name))
        images[digest] = image.pk
    return images


def _figures(draft: Draft) -> Iterator[dict[str, Any]]:
    for part in STREAMS[draft.kind]:
        for block in draft.fields.get(part) or []:
            inner = block["value"]["body"] if block["type"] == "section" else [block]
            yield from (one["value"] for one in inner if one["type"] == "figure")


def _open_page(draft: Draft, fate: str, parent: Page, by: User) -> Any:
    """The page to be written: the one that is there, as it was last saved, or a new one without a text."""
    if fate == AGAIN:
        return Page.objects.get(pk=draft.page_id).specific.get_latest_revision_as_object()
    page = KINDS[draft.kind](title=draft.title, slug=draft.slug, locale=parent.locale, owner=by, live=False)
    if draft.translation_key and fate == NEW and not _is_translated(draft, parent):
        page.translation_key = uuid.UUID(draft.translation_key)
    page.has_unpublished_changes = True
    parent.refresh_from_db()
    try:
        parent.add_child(instance=page)
    except (ValidationError, IntegrityError) as error:
        raise _changed_meanwhile(draft) from error
    return page


def _is_translated(draft: Draft, parent: Page) -> bool:
    same = Page.objects.filter(translation_key=draft.translation_key, locale_id=parent.locale_id)
    return bool(same.exists())


def _fill(page: Any, draft: Draft, *, whole: bool, images: Mapping[str, int], targets: Mapping[str, int]) -> None:
    """Put what the file says into the page.

    Args:
        whole: of a new page; one that is there keeps what the file does not name.
    """

    def find_page(target: str) -> int | None:
        return targets.get(split_target(target)[0])

    for key, value in draft.fields.items():
        if key == "proof_link":
            proof, anchor = split_target(value)
            page.proof_page_id, page.proof_anchor = targets.get(proof), anchor if proof in targets else ""
        elif key in STREAMS[draft.kind]:
            resolve_pictures(value, images.get)
            resolve_links(value, find_page)
            setattr(page, key, json.dumps(value))
        else:
            setattr(page, key, value)
    if whole or "title" in draft.given:
        page.title = draft.title
    if whole or draft.intro:
        page.intro = draft.intro
    if whole:
        page.owner_id = draft.owner_id
    if whole or "audience" in draft.given:
        page.audience_id = draft.audience_id
    if whole or "tags" in draft.given:
        page.tags.set(draft.tags)
    if whole or "product_ids" in draft.given:
        page.products.set(Product.objects.filter(pk__in=draft.product_ids))
    if whole or "role_ids" in draft.given:
        page.job_roles.set(JobRole.objects.filter(pk__in=draft.role_ids))


def find_places(by: User) -> list[Page]:
    """Where the editor may import to: libraries and guides, each in its language, by their place in the tree."""
    libraries = LibraryPage.objects.select_related("locale").order_by("path")
    guides = ObjectionGuidePage.objects.select_related("locale").order_by("path").defer_streamfields()
    places: list[Page] = [page for page in [*libraries, *guides] if may_add_below(page, by)]
    return sorted(places, key=lambda page: page.path)


def find_owners() -> Any:
    """Who may keep a material: everybody who may enter the administration, by name."""
    enters = Q(
        groups__permissions__codename="access_admin", groups__permissions__content_type__app_label="wagtailadmin"
    )
    people = User.objects.filter(Q(is_superuser=True) | enters, is_active=True).values("pk")
    return User.objects.filter(pk__in=people).order_by("last_name", "first_name", "email")
