"""What was uploaded: single files, a zip of a folder, or both. Nothing is unpacked to a disk."""

import io
import lzma
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from training.carrying.documents import Code, Unreadable, short

TEXTS = (".md", ".markdown", ".docx")
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg")

MB = 1024 * 1024
#: One file, in bytes.
MAX_FILE = 20 * MB
#: All of them, in bytes, as they come and unpacked, however many archives they come in.
MAX_UPLOAD = 40 * MB
MAX_UNPACKED = 100 * MB
#: Files of all archives, and texts in all.
MAX_MEMBERS = 2000
MAX_TEXTS = 200
#: A text in letters: some two hundred printed pages.
MAX_LETTERS = 400_000

#: What an archive made on a Mac or in Windows holds beside the files that one meant.
_JUNK = re.compile(r"(^|/)(__MACOSX/|\.[^/]*$|Thumbs\.db$|desktop\.ini$|~\$)", re.IGNORECASE)


@dataclass(slots=True)
class Folder:
    """Texts and pictures by path, and the files that nothing is done with."""

    texts: dict[str, bytes] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    aside: list[str] = field(default_factory=list)

    def find_picture(self, reference: str, *, beside: str) -> str | None:
        """The path of the picture that a text names.

        Looked for from the text's own folder, then from the top, then by its name alone if only one has it.

        Args:
            beside: the path of the text.
        """
        wanted = unquote(reference).replace("\\", "/").partition("?")[0].partition("#")[0]
        for start in (posixpath.dirname(beside), ""):
            path = posixpath.normpath(posixpath.join(start, wanted.lstrip("/") if not start else wanted))
            if path in self.pictures:
                return path
        named = [path for path in self.pictures if posixpath.basename(path) == posixpath.basename(wanted)]
        return named[0] if len(named) == 1 else None


@dataclass(slots=True)
class Room:
    """How much archives may still unpack to, in bytes and in files."""

    unpacked: int
    members: int


class TooMuch(Exception):
    """What was uploaded is beyond a limit.

    Attributes:
        limit: which one: ``file``, ``upload``, ``unpacked``, ``members``, ``texts``.
        name: the file that goes beyond it.
    """

    def __init__(self, limit: str, name: str = "") -> None:
        super().__init__(f"{limit}: {name}")
        self.limit = limit
        self.name = name


class BadArchive(Exception):
    """An archive cannot be taken.

    Attributes:
        why: ``broken``, ``encrypted``, or ``outside`` (it names a file outside of itself).
        name: the archive.
        member: the file within it.
    """

    def __init__(self, why: str, name: str, member: str = "") -> None:
        super().__init__(f"{name}: {why} {member}")
        self.why = why
        self.name = name
        self.member = short(member)


def open_folder(uploads: Iterable[tuple[str, bytes]]) -> Folder:
    """Everything that was uploaded, archives opened.

    Raises:
        TooMuch: beyond a limit.
        BadArchive: an archive is broken or encrypted, or names a file outside of itself.
    """
    folder = Folder()
    room = Room(MAX_UNPACKED, MAX_MEMBERS)
    total = 0
    for name, data in uploads:
        path = _plain(name)
        total += len(data)
        if total > MAX_UPLOAD:
            raise TooMuch("upload", path)
        if path.lower().endswith(".zip"):
            _open_archive(folder, path, data, room)
        elif len(data) > MAX_FILE:
            raise TooMuch("file", path)
        else:
            _put(folder, path, data)
    return folder


def _plain(name: str) -> str:
    """A name without the folders that a browser might add, and without what is not to be printed."""
    base = posixpath.basename(name.replace("\\", "/"))
    return "".join(sign for sign in base if sign.isprintable())[:200] or "file"


def _put(folder: Folder, path: str, data: bytes) -> None:
    lower = path.lower()
    if lower.endswith(TEXTS):
        free = path
        number = 2
        while free in folder.texts:  # two uploads of one name: both are shown
            free, number = f"{path} ({number})", number + 1
        folder.texts[free] = data
        if len(folder.texts) > MAX_TEXTS:
            raise TooMuch("texts", path)
    elif lower.endswith(PICTURES):
        folder.pictures[path] = data
    else:
        folder.aside.append(path)


def _open_archive(folder: Folder, name: str, data: bytes, room: Room) -> None:
    for path, content in read_archive(name, data, room):
        if not _JUNK.search(path):
            _put(folder, path, content)


def read_archive(name: str, data: bytes, room: Room | None = None) -> Iterable[tuple[str, bytes]]:
    """The files of an archive, each within the limits; sizes are checked before and while they are unpacked.

    Args:
        room: what other archives have left; without it this one has all.

    Raises:
        TooMuch, BadArchive: see :func:`open_folder`.
    """
    room = room or Room(MAX_UNPACKED, MAX_MEMBERS)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError) as error:
        raise BadArchive("broken", name) from error
    members = [member for member in archive.infolist() if not member.is_dir()]
    room.members -= len(members)
    if room.members < 0:
        raise TooMuch("members", name)
    if sum(member.file_size for member in members) > room.unpacked:
        raise TooMuch("unpacked", name)
    found = []
    for member in members:
        path = _true_name(member)
        if _leads_outside(path):
            raise BadArchive("outside", name, path)
        if member.flag_bits & 0x1:
            raise BadArchive("encrypted", name, path)
        if member.file_size > MAX_FILE:
            raise TooMuch("file", f"{name}: {path}")
        try:
            with archive.open(member) as file:
                content = file.read(MAX_FILE + 1)
        except (
            zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError, ValueError,
            MemoryError,  # LZMA sets aside what the file asks for, up to 4 GB
        ) as error:  # fmt: skip
            raise BadArchive("broken", name, path) from error
        room.unpacked -= len(content)
        if room.unpacked < 0 or len(content) > MAX_FILE:  # an archive may lie about its sizes
            raise TooMuch("unpacked", name)
        found.append((posixpath.normpath(path), content))
    return found


def _true_name(member: zipfile.ZipInfo) -> str:
    """The name as its maker wrote it. Windows packs Russian names in code page 866 without saying so."""
    name = member.filename.replace("\\", "/")
    if member.flag_bits & 0x800 or name.isascii():
        return name
    raw = name.encode("cp437", errors="replace")
    for encoding in ("utf-8", "cp866"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name


def _leads_outside(path: str) -> bool:
    return path.startswith("/") or ".." in path.split("/") or bool(re.match(r"[A-Za-z]:", path)) or "\0" in path


def read_letters(name: str, data: bytes) -> tuple[str, str]:
    """A text file as text, and its encoding: UTF-8 with or without its mark, UTF-16 with its mark, else that of Windows,
    1251 or 1252.

    Raises:
        Unreadable: empty, too long, broken UTF-8 (with the line), or no text at all.
    """
    if not data.strip():
        raise Unreadable(Code.EMPTY, name=name)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text, encoding = data.decode("utf-16", errors="replace"), "UTF-16"
    else:
        try:
            text, encoding = data.decode("utf-8-sig"), "UTF-8"
        except UnicodeDecodeError as error:
            text, encoding = _read_windows(name, data, error)
    if "\0" in text:
        raise Unreadable(Code.NOT_TEXT, name=name, place=text.count("\n", 0, text.index("\0")) + 1)
    if len(text) > MAX_LETTERS:
        raise Unreadable(Code.TOO_LONG, name=name)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip("\ufeff \n\t"):
        raise Unreadable(Code.EMPTY, name=name)
    return text, encoding


def _read_windows(name: str, data: bytes, error: UnicodeDecodeError) -> tuple[str, str]:
    """A text that is not UTF-8: as Windows-1251 if it then reads as Russian, as Windows-1252 if its words are Latin;
    else the line of the first bad byte.
    """
    line = data.count(b"\n", 0, error.start) + 1
    mended = data.decode("utf-8", errors="replace")
    bad = mended.count("\N{REPLACEMENT CHARACTER}")
    good = sum(not sign.isascii() for sign in mended) - bad
    if good > 2 * bad:
        raise Unreadable(Code.BROKEN_UTF8, name=name, place=line, words=mended.split("\n")[line - 1]) from error
    for encoding, own in (("cp1251", _is_russian), ("cp1252", _is_western)):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if own(text):
            return text, f"Windows-{encoding[2:]}"
    raise Unreadable(Code.NOT_TEXT, name=name, place=line) from error


def _is_russian(text: str) -> bool:
    """Mostly Russian letters among those beyond ASCII, and in words of their own: a lone one among Latin letters is a
    Latin letter with an accent, misread.
    """
    words = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
    russian = [word for word in words if all("А" <= sign <= "я" or sign in "Ёё" for sign in word)]
    return len(russian) * 10 >= len(words) * 7 and bool(russian)


def _is_western(text: str) -> bool:
    """Words that begin with Latin letters as most words do, and hold few others."""
    letters = re.findall(r"[^\W\d_]", text)
    foreign = [sign for sign in letters if not sign.isascii()]
    return len(foreign) * 4 <= len(letters) and all("À" <= sign <= "ÿ" or sign in "ŒœŠšŽžŸ" for sign in foreign)
