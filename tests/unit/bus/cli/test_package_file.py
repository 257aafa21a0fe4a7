"""Where a package on a command line may come from, and why it cannot be read."""

import errno
import io
import os
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from bus.cli.package_file import opened, spool_beside, why
from schemas.edxml.limits import MIB


def read_twice(file: BinaryIO) -> bytes:
    content = file.read()
    file.seek(0)
    assert file.read() == content
    return content


def test_a_file_is_opened_as_it_is(tmp_path: Path) -> None:
    """Also one whose name is no UTF-8."""
    name = os.fsdecode(os.fsencode(tmp_path) + b"/c\xabng.edxml")
    Path(name).write_bytes(b"<a/>")
    with opened(name) as file:
        assert read_twice(file) == b"<a/>"


def test_a_pipe_can_be_read_twice(tmp_path: Path) -> None:
    """A pipe gives its bytes once: they are kept."""
    pipe, content = tmp_path / "pipe", bytes(3 * MIB + 1)
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    with opened(str(pipe)) as file:
        assert read_twice(file) == content
    writer.join()


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash is standard input, and there is no folder beside it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"<a/>")))
    with opened("-") as file:
        assert read_twice(file) == b"<a/>"
    with spool_beside("-") as spool:
        assert spool.write(b"x") == 1


@pytest.mark.parametrize("folder", [".", "nowhere"])
def test_a_spool_is_had_anyway(tmp_path: Path, folder: str) -> None:
    """Beside the package, or where temporary files are."""
    with spool_beside(str(tmp_path / folder / "a.edxml")) as spool:
        assert spool.write(b"x") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "vi", "en"),
    [
        (OSError(errno.ENOENT, "No such file"), "không có tệp này", "there is no such file"),
        (OSError(errno.EIO, "I/O error"), "hệ điều hành từ chối (I/O error)", "I/O error"),
        (OSError("odd"), "hệ điều hành từ chối (OSError)", "OSError"),
    ],
)
def test_why_is_said_in_words(error: OSError, vi: str, en: str) -> None:
    """In two languages, whatever the language of the system."""
    assert why(error) == (vi, en)
