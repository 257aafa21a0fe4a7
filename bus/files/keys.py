"""The private keys of a mailbox as a folder of PEM files, and a password as a file. What the bytes mean is
bus/keys.py's; here is who may read them, and that none is ever overwritten.

    signing.pem      signs dockets
    sealing-1.pem    opens content; a higher number is newer
    sealing-2.pem
"""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from bus.errors import BadConfig
from bus.keys import Identity, SealingKey, SigningKey

SIGNING: Final = "signing.pem"
_SEALING = re.compile(r"sealing-([0-9]{1,9})\.pem")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LARGEST: Final = 64 * 1024

_Key = TypeVar("_Key", SigningKey, SealingKey)


def save_identity(folder: Path, identity: Identity) -> None:
    """Makes the folder if need be. Raises BadConfig where it holds keys already, or cannot be written."""
    _make_folder(folder)
    if taken := [*_sealing_files(folder), *(path for path in (folder / SIGNING,) if path.exists())]:
        raise BadConfig(file=taken[0], why="đã có khóa, không ghi đè (holds keys already; they are never overwritten)")
    for number, key in enumerate(reversed(identity.sealing), start=1):
        _create(folder / f"sealing-{number}.pem", key.to_pem())
    _create(folder / SIGNING, identity.signing.to_pem())


def add_sealing(folder: Path, key: SealingKey) -> Path:
    """Puts a newer sealing key beside those already there, which go on opening. Raises BadConfig."""
    files = _sealing_files(folder)
    if not files:
        raise BadConfig(file=folder, why="chưa có khóa (holds no keys yet)")
    path = folder / f"sealing-{_number(files[0]) + 1}.pem"
    _create(path, key.to_pem())
    return path


def load_identity(folder: Path) -> Identity:
    """Raises BadConfig where a key is missing, broken, or readable by others than its owner."""
    files = _sealing_files(folder)
    if not files:
        raise BadConfig(file=folder, why="không có sealing-*.pem (no sealing-*.pem in this folder)")
    signing = _load(folder / SIGNING, SigningKey.from_pem)
    return Identity(signing, tuple(_load(path, SealingKey.from_pem) for path in files))


def read_secret(path: Path) -> str:
    """A password: the file's first line. Raises BadConfig as `load_identity` does."""
    try:
        lines = _read(path).decode("utf-8").splitlines()
    except UnicodeDecodeError as exc:
        raise BadConfig(file=path, why="không phải UTF-8 (not UTF-8)") from exc
    if not lines or not lines[0]:
        raise BadConfig(file=path, why="dòng đầu trống (its first line is empty)")
    return lines[0]


def _load(path: Path, from_pem: Callable[[bytes], _Key]) -> _Key:
    data = _read(path)
    try:
        return from_pem(data)
    except ValueError as exc:
        raise BadConfig(file=path, why=f"không đọc được khóa (no key in it): {exc}") from exc


def _sealing_files(folder: Path) -> list[Path]:
    """Newest first."""
    try:
        found = [path for path in folder.iterdir() if _SEALING.fullmatch(path.name)]
    except OSError as exc:
        raise BadConfig(file=folder, why=exc.strerror) from exc
    return sorted(found, key=_number, reverse=True)


def _number(path: Path) -> int:
    match = _SEALING.fullmatch(path.name)
    assert match is not None
    return int(match[1])


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise BadConfig(file=folder, why=exc.strerror) from exc


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _OTHERS:
                why = f"quyền {stat.S_IMODE(mode):04o} cho người khác đọc (others may read it): chmod 600"
                raise BadConfig(file=path, why=why)
            return file.read(_LARGEST)
    except OSError as exc:
        raise BadConfig(file=path, why=exc.strerror) from exc


def _create(path: Path, data: bytes) -> None:
    """All of it or nothing, for the owner alone, and never in the place of another."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(draft)
        finally:
            draft.unlink()
        _sync(path.parent)
    except OSError as exc:
        raise BadConfig(file=path, why=exc.strerror) from exc


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
