"""What lies in `outgoing/` or `statuses/` and is never taken: by its name, by its kind, by its permissions. Found by
looking at the folder itself, so that a new process finds the same.

The rules of names are one table; a name that no rule mentions is no package. Files of the operating system, and texts
of ours, wait for nobody.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from adapters.folder.names import SUFFIX, is_package, shown
from bus.errors import BusError, NotReadable, NotTaken, Words

WAITS: Final = 60.0
"""Seconds that a file may lie unchanged before it is named."""
LOOKED_AT: Final = 5_000
"""Packages whose permissions are looked at in one look, at most; whoever reads the others finds out by himself."""
NAMED: Final = 1_000
"""Files that are named, at most."""
LOOKED_INTO: Final = 1_000
"""Names of a subfolder that are looked at, at most."""

OURS: Final = (".reason", ".report", ".changes", ".again", ".withdrawn")
"""Texts beside packages; a clerk may have moved them along with the package."""
_SYSTEM: Final = re.compile(
    r"thumbs\.db|desktop\.ini|\.ds_store|\._.*|\.nfs.*|\.fuse_hidden.*|\.lienthong.*|\.smb.*|\.~lock\..*|~\$.*"
    r"|lost\+found|@eadir|#recycle|\$recycle\.bin|system volume information|\.snapshots?|\.trash.*|\.directory",
    re.IGNORECASE,
)
"""Files and folders of operating systems, storage devices and office software."""
_ENDINGS = r"\.(?:tmp|temp|part|partial|filepart|crdownload|download|swp|bak)|~"
_TEMPORARY: Final = re.compile(rf"[.~].*|.*(?:{_ENDINGS})", re.IGNORECASE | re.DOTALL)
_LAST: Final = re.compile(rf"(?:{_ENDINGS}|\.xml)\Z", re.IGNORECASE)
_INSIDE: Final = re.compile(r"(.*?\.edxml).*", re.IGNORECASE | re.DOTALL)


class Remedy(NamedTuple):
    why: Words
    do: Words


_EXPORT = Words(
    "Gửi bằng gói .edxml do phần mềm quản lý văn bản xuất ra; lấy tệp này khỏi đây",
    "Send it as an .edxml package made by the document system; take this file out of here",
)
_NO_PACKAGE = Words("tên không có đuôi .edxml", "its name does not end in .edxml")


def _renamed(name: str) -> Words:
    better = shown(_better(name))
    return Words(f'Đổi tên thành "{better}"', f'Rename it to "{better}"')


def _better(name: str) -> str:
    """Returns the name under which a file would be taken."""
    bare = name.strip().lstrip(".~")
    inside = _INSIDE.fullmatch(bare)
    if inside and inside[1].lower() != SUFFIX:
        return inside[1]
    return (_LAST.sub("", bare) or "1") + SUFFIX


_BY_NAME: Final[tuple[tuple[Callable[[str], bool], Words, Callable[[str], Words]], ...]] = (
    (
        lambda name: bool(_TEMPORARY.fullmatch(name)),
        Words("tên này là tên tạm, của tệp đang chép dở", "this is a temporary name, of a file that is being written"),
        lambda name: Words(
            f'Chép xong thì đổi tên thành "{shown(_better(name))}"; bỏ dở thì xóa',
            f'Once it is whole, rename it to "{shown(_better(name))}"; if it was given up, delete it',
        ),
    ),
    (
        lambda name: is_package(name.strip()),
        Words("tên có dấu cách ở cuối", "its name ends in a blank"),
        _renamed,
    ),
    (
        lambda name: bool(_INSIDE.fullmatch(name)),
        Words("tên có thêm gì đó sau .edxml", "its name goes on behind .edxml"),
        _renamed,
    ),
    (
        lambda name: name.lower().rstrip().endswith(".xml"),
        _NO_PACKAGE,
        lambda name: Words(
            f'Nếu đây là gói tin thì đổi tên thành "{shown(_better(name))}"; không phải thì lấy khỏi đây',
            f'If it is a package, rename it to "{shown(_better(name))}"; if not, take it out of here',
        ),
    ),
    (lambda _: True, _NO_PACKAGE, lambda _: _EXPORT),
)
"""Of names that are no package's: which, why, and what to do. The first that fits counts."""

_LINK = Remedy(
    Words("đó là liên kết, không phải tệp", "it is a link and no file"),
    Words("Chép chính tệp đó vào đây", "Copy the file itself into this folder"),
)
_FOLDER = Remedy(
    Words("gói tin nằm trong thư mục con, nơi không được xem", "packages lie in a subfolder, which is not looked into"),
    Words("Chuyển các gói .edxml ra khỏi thư mục con", "Move the .edxml packages out of the subfolder"),
)
_ODD = Remedy(Words("đó không phải tệp thường", "it is no regular file"), _EXPORT)


class Found(NamedTuple):
    """Something that is never taken."""

    ref: str
    changed_at: float
    """By the disk's clock; nobody can set that time back."""
    is_temporary: bool
    """Somebody may be writing it."""
    error: BusError


def look(folder: str, path: Path, *, user: str, for_owner: bool = False) -> Iterator[Found]:
    """Yields what is never taken in one folder, however short a time it has been there. `for_owner`: asks what the
    folder's owner may read, since root may read all. Raises OSError if the folder cannot be read."""
    packages = 0
    owner = path.stat() if for_owner else None
    with os.scandir(path) as entries:
        for entry in entries:
            if _waits_for_nobody(folder, entry):
                continue
            if is_package(entry.name) and entry.is_file(follow_symlinks=False):
                packages += 1
                if packages > LOOKED_AT or _is_readable(entry, owner):
                    continue
            try:
                at = entry.stat(follow_symlinks=False).st_ctime
                if error := _error(folder, entry, user):
                    is_temporary = bool(_TEMPORARY.fullmatch(entry.name))
                    yield Found(f"{folder}/{shown(entry.name)}", at, is_temporary, error)
            except FileNotFoundError:
                continue  # taken away since it was listed


def _waits_for_nobody(folder: str, entry: os.DirEntry[str]) -> bool:
    name = entry.name
    return bool(_SYSTEM.fullmatch(name)) or name.endswith(OURS) or (folder, name) == ("statuses", "received")


def _is_readable(entry: os.DirEntry[str], owner: os.stat_result | None) -> bool:
    if owner is None or owner.st_uid == 0:
        return os.access(entry.path, os.R_OK, effective_ids=True)
    found = entry.stat(follow_symlinks=False)
    if found.st_uid == owner.st_uid:
        return bool(found.st_mode & stat.S_IRUSR)
    return bool(found.st_mode & (stat.S_IRGRP if found.st_gid == owner.st_gid else stat.S_IROTH))


def _visible(name: str) -> str:
    """Returns the name with blanks at its ends that can be seen."""
    inner = name.strip()
    start = name.index(inner) if inner else 0
    return "␠" * start + shown(inner) + "␠" * (len(name) - start - len(inner))


def _error(folder: str, entry: os.DirEntry[str], user: str) -> BusError | None:
    path = f"{folder}/{_visible(entry.name)}"
    remedy = _remedy(entry)
    if remedy is None:
        return None
    if isinstance(remedy, Words):
        return NotReadable(path=path, why=remedy, user=user)
    return NotTaken(path=path, why=remedy.why, do=Words(f"{remedy.do.vi}.", f"{remedy.do}."))


def _remedy(entry: os.DirEntry[str]) -> Remedy | Words | None:
    """Returns what is wrong and what to do; only what is wrong if the file may not be read; None if it is right."""
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        return _FOLDER if _has_packages(entry.path) else None
    if stat.S_ISLNK(mode):
        return _LINK
    if not stat.S_ISREG(mode):
        return _ODD
    if is_package(entry.name):
        return Words("không có quyền đọc", "no permission to read it")
    return next(Remedy(why, do(entry.name)) for fits, why, do in _BY_NAME if fits(entry.name))


def _has_packages(path: str) -> bool:
    try:
        with os.scandir(path) as entries:
            return any(is_package(entry.name) for entry in islice(entries, LOOKED_INTO))
    except OSError:
        return False  # nobody can tell
