"""Files that only their owner may read, and public ones that are replaced whole. What is in them is others' to know."""

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from bus.crashpoints import reached
from bus.errors import BadConfig

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LARGEST: Final = 64 * 1024


def make_private_folder(folder: Path) -> None:
    """Raises BadConfig where it cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise BadConfig(file=folder, why=exc.strerror) from exc


def read_private(path: Path) -> bytes:
    """Its first 64 KiB. Raises BadConfig where it cannot be read, or others may read it too."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _OTHERS:
                why = f"quyền {stat.S_IMODE(mode):04o} cho người khác đọc (others may read it): chmod 600"
                raise BadConfig(file=path, why=why)
            return file.read(_LARGEST)
    except OSError as exc:
        raise BadConfig(file=path, why=exc.strerror) from exc


def create_private(path: Path, data: bytes) -> None:
    """All of it or nothing, for the owner alone, and never in the place of another. On disk when this returns."""
    draft = _draft(path)
    try:
        try:
            _write(draft, data, 0o600)
            reached("private.drafted")
            path.hardlink_to(draft)
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
        return BadConfig(file=path, why=exc.strerror)
    return BadConfig(file=path, why=f"không có thư mục (there is no folder) {path.parent}: mkdir -p {path.parent}")


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
