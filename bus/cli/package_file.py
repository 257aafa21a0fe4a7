"""A package that is named on a command line: a file, a pipe, or `-` for what comes on standard input. Opened so that it
can be read more than once; whatever cannot be, is copied to a file without a name first."""

import errno
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Final

from schemas.codes import Label
from schemas.edxml.limits import LARGE, MIB

STANDARD_INPUT: Final = "-"

_WHY: Final = {
    errno.ENOENT: Label("không có tệp này", "there is no such file"),
    errno.EACCES: Label("không có quyền đọc", "no permission to read it"),
    errno.EISDIR: Label("đây là thư mục", "it is a folder"),
    errno.ENAMETOOLONG: Label("tên tệp quá dài", "its name is too long"),
    errno.ENOSPC: Label("hết chỗ trên đĩa tạm", "the disk for temporary files is full"),
}


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Raises OSError. Of a stream no more is taken than the largest package has."""
    if name == STANDARD_INPUT:
        with _seekable(sys.stdin.buffer) as file:
            yield file
    else:
        with Path(name).open("rb") as stream, _seekable(stream) as file:
            yield file


def spool_beside(name: str) -> IO[bytes]:
    """A file without a name for large attachments: on the package's own disk where we may write there, since others may
    be in memory."""
    if name == STANDARD_INPUT:
        return tempfile.TemporaryFile()
    try:
        return tempfile.TemporaryFile(dir=Path(name).parent)
    except OSError:
        return tempfile.TemporaryFile()


def why(error: OSError) -> Label:
    """Why a file cannot be read, in words."""
    known = _WHY.get(error.errno or 0)
    said = error.strerror or type(error).__name__
    return known or Label(f"hệ điều hành từ chối ({said})", said)


@contextmanager
def _seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        size = 0
        while size <= LARGE.package and (piece := stream.read(MIB)):
            size += copy.write(piece)
        copy.seek(0)
        yield copy
