"""Private files, which only their owner may read, and public files, which are replaced as a whole."""

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from bus.crashpoints import reached
from bus.errors import BadConfig, of_system, said

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_GROUP_READS: Final = stat.S_IRGRP
_HANDED: Final = "CREDENTIALS_DIRECTORY"
"""Where systemd puts the secrets of a service (LoadCredential=): root's, and readable for its group."""
_LARGEST: Final = 64 * 1024
_NOT_HERE: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM, errno.EMLINK})
"""What file systems say that know no hard links, or cannot synchronise a folder (FAT, CIFS, some of FUSE)."""


def make_private_folder(folder: Path) -> None:
    """Raises BadConfig where it cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise BadConfig(file=folder, why=of_system(exc)) from exc


def read_private(path: Path) -> bytes:
    """Its first 64 KiB. Raises BadConfig where it cannot be read, or others may read it too."""
    try:
        with path.open("rb") as file:
            check_private(path, os.fstat(file.fileno()))
            return file.read(_LARGEST)
    except OSError as exc:
        raise BadConfig(file=path, why=of_system(exc)) from exc


def check_private(path: Path, status: os.stat_result) -> None:
    """Raises BadConfig where others than its owner may read it. A group may where that is how secrets are handed to a
    service: systemd's LoadCredential=, and Kubernetes' fsGroup, a file of root's for a group of ours."""
    mode = stat.S_IMODE(status.st_mode)
    others = mode & _OTHERS
    if others == _GROUP_READS and (_is_handed_over(path) or _is_root_s_for_us(status)):
        return
    if others:
        why = said(
            "quyền {mode:04o} cho người khác đọc: chmod 600 {path}",
            "others may read it (mode {mode:04o}): chmod 600 {path}",
            mode=mode,
            path=path,
        )
        raise BadConfig(file=path, why=why)


def _is_handed_over(path: Path) -> bool:
    folder = os.environ.get(_HANDED)
    return bool(folder) and path.resolve().is_relative_to(Path(folder or "").resolve())


def _is_root_s_for_us(status: os.stat_result) -> bool:
    return status.st_uid == 0 != status.st_gid and status.st_gid in {os.getegid(), *os.getgroups()}


def create_private(path: Path, data: bytes) -> None:
    """All of it or nothing, for the owner alone, and never in the place of another. On disk when this returns."""
    draft = _draft(path)
    try:
        try:
            _write(draft, data, 0o600)
            reached("private.drafted")
            _put(draft, path)
            reached("private.created")
        finally:
            draft.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as exc:
        raise _unwritten(path, exc) from exc


def write_public(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """In the place of what was there, whole or not at all. On disk when this returns."""
    draft = _draft(path)
    try:
        try:
            _write(draft, data, mode)
            reached("public.drafted")
            draft.replace(path)
            reached("public.replaced")
        finally:
            draft.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as exc:
        raise _unwritten(path, exc) from exc


def _unwritten(path: Path, exc: OSError) -> BadConfig:
    if path.parent.is_dir():
        return BadConfig(file=path, why=of_system(exc))
    why = said(
        "không có thư mục {folder}: mkdir -p {folder}",
        "there is no folder {folder}: mkdir -p {folder}",
        folder=path.parent,
    )
    return BadConfig(file=path, why=why)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _put(draft: Path, path: Path) -> None:
    """Gives the draft its name. Raises FileExistsError where there is such a file."""
    try:
        path.hardlink_to(draft)
    except OSError as exc:
        if exc.errno not in _NOT_HERE:
            raise
        # No hard links: an empty file takes the place, and the draft takes the empty one's. A crash in between leaves
        # that, which no reader takes for a key.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            draft.replace(path)
        except OSError:
            path.unlink()
            raise


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in _NOT_HERE:
            raise
    finally:
        os.close(descriptor)
