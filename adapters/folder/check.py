"""What stands in the way of working in the folders, a sentence each in two languages. It makes nothing that stays: an
operator may check under another name than the daemon's."""

import errno
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from adapters.folder import client
from adapters.folder.faults import reason, words
from adapters.folder.options import FolderOptions
from adapters.folder.refs import OUTGOING, REJECTED, SENT, STATUSES
from bus.errors import Words

INCOMING, RECEIVED = "incoming", "statuses/received"
STATE, STAGED = ".lienthong", ".lienthong/staged"
FOLDERS = (OUTGOING, STATUSES, INCOMING, RECEIVED, SENT, REJECTED, STATE, STAGED)
MOVES = (
    (OUTGOING, SENT),
    (OUTGOING, REJECTED),
    (STATUSES, SENT),
    (STATUSES, REJECTED),
    (STAGED, INCOMING),
    (STAGED, RECEIVED),
    (STATE, INCOMING),
    (STATE, REJECTED),
)
"""The pairs of folders between which files are moved."""
TRIAL = ".lienthong-check"


def check(root: Path, options: FolderOptions, spool: Path, *, will_make: bool) -> Iterator[str]:
    """`will_make`: folders that are missing will be made when the daemon starts. Where it has been at work before, that
    is no excuse: somebody has taken them away since, or looks in the wrong place."""
    will_make = will_make and not os.path.lexists(root / STATE)
    yield from _encoding()
    amiss = list(_amiss(root, will_make=will_make))
    yield from amiss
    if not amiss:
        yield from _letters(root / INCOMING, options)
        yield from _immovable(root)
    if options.spool is not None:
        yield from _unspoolable(spool)


def _encoding() -> Iterator[str]:
    if not holds_letters():
        name = sys.getfilesystemencoding()
        yield (
            f"Tên tệp được đọc theo bảng mã {name}, không phải UTF-8: chạy với LANG=C.UTF-8; cho đến lúc đó tên tệp "
            f"đến không có dấu. / File names are read as {name}, not as UTF-8: run with LANG=C.UTF-8; until then the "
            "names of received files have no Vietnamese letters."
        )


def holds_letters() -> bool:
    """Returns whether this process can write Vietnamese letters into file names."""
    return sys.getfilesystemencoding().replace("-", "").lower() == "utf8"


def _amiss(root: Path, *, will_make: bool) -> Iterator[str]:
    """Yields the folders that are missing and will not be made, and those that cannot be used."""
    try:
        if not client.is_folder(root):
            yield from _no_root(root, will_make=will_make)
            return
        for folder in (root / name for name in FOLDERS):
            if client.is_folder(folder):
                if error := client.probe(folder, TRIAL):
                    yield _cannot_write(folder, error)
            elif os.path.lexists(folder):
                yield f"{folder} không phải thư mục. / {folder} is no folder."
            elif not (will_make and client.usable(root)):
                make = _making(folder)
                yield f"Thiếu thư mục {folder}: {make} / Folder {folder} is missing: {make}"
    except OSError as exc:  # not even looked at: that is no absence
        yield _cannot_write(root, exc)


def _no_root(root: Path, *, will_make: bool) -> Iterator[str]:
    above = next((folder for folder in root.parents if os.path.lexists(folder)), root)
    if os.path.lexists(root) or not will_make:
        yield (
            f"Không có thư mục {root}: xem lại root trong tệp cấu hình, hoặc gắn ổ; cần tạo thì: {_making(root)} / "
            f"There is no folder {root}: look at root in the configuration, or mount it; to make it: {_making(root)}"
        )
    elif not client.usable(above):
        yield (
            f"Không có thư mục {root}, và người dùng {client.user()} không tạo được nó trong {above}. / "
            f"There is no folder {root}, and user {client.user()} cannot make it in {above}."
        )


def _making(folder: Path) -> str:
    return f"install -d -o {client.user()} -m 0770 {shlex.quote(str(folder))}"


def _cannot_write(folder: Path, error: OSError) -> str:
    why, user = reason(error), client.user()
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"Người dùng {user} không ghi được vào {folder}: {why.vi}. Cho {user} làm chủ thư mục, hay cùng nhóm với "
            f"chế độ 0770. / User {user} cannot write to {folder}: {why}. Let {user} own the folder, or share its "
            "group with mode 0770."
        )
    return f"Không ghi được vào {folder}: {why.vi}. / {folder} cannot be written to: {why}."


def _letters(incoming: Path, options: FolderOptions) -> Iterator[str]:
    if options.names == "ascii" or not holds_letters() or not client.is_folder(incoming):
        return
    if error := client.probe(incoming, ".lienthong-Đề-ừ"):
        why = reason(error)
        yield (
            f'{incoming} không giữ được chữ Việt trong tên tệp ({why.vi}): đặt names = "ascii". / '
            f'{incoming} cannot hold Vietnamese file names ({why}): set names = "ascii".'
        )


def _immovable(root: Path) -> Iterator[str]:
    """Yields why files cannot be moved between some of the folders: they lie on two file systems, or are mounted one by
    one from the same."""
    pairs: dict[Words, list[str]] = {}
    for source, target in MOVES:
        if not (client.is_folder(root / source) and client.is_folder(root / target)):
            continue  # it will be made
        if error := client.probe_move(root / source, root / target, TRIAL):
            pairs.setdefault(reason(error), []).append(f"{source} → {target}")
    for why, found in pairs.items():
        which = ", ".join(found)
        yield (
            f"Không chuyển được tệp giữa các thư mục ({which}): {why.vi}. Gắn cả {root} làm một, không gắn riêng từng "
            f"thư mục. / Files cannot be moved between folders ({which}): {why}. Mount {root} as one, not each "
            "folder by itself."
        )


def _unspoolable(spool: Path) -> Iterator[str]:
    try:
        client.spool(spool).close()
    except OSError as exc:
        why = words(exc)
        yield f"Không ghi được vào {spool}: {why.vi}. / {spool} cannot be written to: {why}."
