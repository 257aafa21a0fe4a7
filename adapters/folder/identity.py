"""Which file it is that was read: another one under its name, of the same size and time, is another submission.

The device's number of a file and the time of its last change (which nobody can set) settle it without reading. Some
network file systems give a file a new number now and then: there its content decides. Of a large file, samples.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WHOLE: Final = 1024 * 1024
"""Bytes up to which a file is compared whole."""
_SAMPLES, _SAMPLE, _DIGEST = 64, 16 * 1024, 16


@dataclass(frozen=True, slots=True)
class Identity:
    number: tuple[int, int]
    """Device and inode."""
    changed_ns: int
    """ctime."""
    digest: bytes


def identity(fd: int, data: bytes | None = None) -> Identity:
    """Returns the identity of an open file; `data` is all of it, where it was read. Raises OSError."""
    found = os.fstat(fd)
    is_read = data is not None and len(data) == found.st_size <= WHOLE
    digest = hashlib.blake2b(data or b"", digest_size=_DIGEST).digest() if is_read else _digest(fd, found.st_size)
    return Identity((found.st_dev, found.st_ino), found.st_ctime_ns, digest)


def is_same(path: Path, known: Identity, *, moved: bool = False) -> bool:
    """Returns whether the file is the known one. `moved`: it was renamed since, which counts as a change on some
    disks. Raises OSError."""
    found = path.lstat()
    if (found.st_dev, found.st_ino) == known.number and (moved or found.st_ctime_ns == known.changed_ns):
        return True
    with _opened(path) as fd:
        return _digest(fd, os.fstat(fd).st_size) == known.digest


def _digest(fd: int, size: int) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST)
    if size <= WHOLE:
        digest.update(os.pread(fd, size, 0))
    else:
        step = (size - _SAMPLE) // (_SAMPLES - 1)
        for number in range(_SAMPLES):  # the first has the head, the last one the end
            digest.update(os.pread(fd, _SAMPLE, min(number * step, size - _SAMPLE)))
        digest.update(os.pread(fd, _SAMPLE, size - _SAMPLE))
    return digest.digest()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        yield fd
    finally:
        os.close(fd)
