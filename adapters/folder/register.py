"""The register of each month of `sent/`: which message each package became. A message is registered once, however often
its package is moved in vain; no line is cut, whatever the disk does."""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from adapters.folder.client import FILE_MODE
from adapters.folder.mapping import REGISTER, REGISTER_HEAD, Line
from adapters.folder.names import is_package, shown
from schemas.printable import cell
from schemas.values import MessageId

_CELLS = 4
_TAIL = 64 * 1024


class Register:
    """The months' registers. One thread at a time."""

    def __init__(self) -> None:
        self._path: Path | None = None
        """The register whose lines are known; read when the first duplicate comes: most months have none."""
        self._known: set[bytes] = set()

    def add(self, path: Path, lines: Sequence[Line]) -> None:
        """Adds those that are new; durable when it returns. A duplicate is new under another file name only: a package
        that could not be moved away is answered again after each restart. Raises OSError, and has then added none."""
        if any(line.is_duplicate for line in lines) and path != self._path:
            self._known = _lines_of(path)
            self._path = path
        new = [line for line in lines if not line.is_duplicate or _key(line.package, line.message) not in self._known]
        if new:
            append(path, "".join(line.text for line in new).encode(), head=REGISTER_HEAD.encode())
        if path == self._path:
            self._known.update(_key(line.package, line.message) for line in new)


def append(path: Path, data: bytes, *, head: bytes) -> None:
    """Appends to a file; durable when it returns, or nothing is added and OSError raised. A new file starts with
    `head`."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, FILE_MODE)
    try:
        before, joint = _mended(fd)
        os.ftruncate(fd, before)
        view = memoryview((joint if before else head) + data)
        try:
            while view:
                view = view[os.write(fd, view) :]
            os.fdatasync(fd)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(fd, before)
            raise
    finally:
        os.close(fd)


def _mended(fd: int) -> tuple[int, bytes]:
    """Returns the size without a line that a power cut left torn, and what ends its last line: a line break where
    somebody's editor left it out."""
    size = os.fstat(fd).st_size
    start = max(0, size - _TAIL)
    tail = os.pread(fd, size - start, start)
    if not tail or tail.endswith(b"\n"):
        return size, b""
    last = tail.rpartition(b"\n")[2]
    if last.count(b"\t") >= _CELLS - 1:  # its message is whole
        return size, b"\n"
    return size - len(last), b""


def _lines_of(path: Path) -> set[bytes]:
    with contextlib.suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        rows = (line.rstrip("\r\n").split("\t") for line in file)
        return {_key(row[1], row[2]) for row in rows if len(row) >= _CELLS}
    return set()


def _key(package: str, message: str) -> bytes:
    return hashlib.blake2s(f"{package}\t{message}".encode(errors="replace"), digest_size=8).digest()


def find(sent: Path, message: MessageId) -> Path | None:
    """Returns the package, the newest month first; None if it is not in `sent/` any more. Raises OSError."""
    for register in sorted(sent.glob(f"[0-9]*/[0-9]*/{REGISTER}"), reverse=True):
        noted = set(_packages(register, message))
        for path in sorted(register.parent.iterdir()) if noted else ():
            if is_package(path.name) and cell(shown(path.name)) in noted:
                return path
    return None


def _packages(register: Path, message: MessageId) -> list[str]:
    """Returns the cells of its packages: several, if it was submitted again."""
    rows = (line.split("\t") for line in register.read_text(encoding="utf-8", errors="replace").splitlines())
    return [row[1] for row in rows if len(row) > 2 and row[2] == message]
