"""adapters/folder/register.py: which message each package became; no line twice, and none cut."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.folder.mapping import REGISTER, REGISTER_HEAD, Line, registered
from adapters.folder.register import Register, append, find
from bus.ports import Answer
from schemas.values import MessageId

AT = datetime(2026, 11, 30, tzinfo=UTC)


def line(package: str, message: str, *, duplicate: bool = False) -> Line:
    return registered(package, Answer(ref="x", message=MessageId(message), duplicate=duplicate), AT)


def rows(path: Path) -> list[list[str]]:
    head, *lines = path.read_text().splitlines()
    assert head + "\n" == REGISTER_HEAD
    return [each.split("\t")[1:] for each in lines]


def test_a_package_is_registered_under_each_of_its_names_once(tmp_path: Path) -> None:
    """The same package that is answered again after a restart, since it could not be moved, is no news; one that was
    put back, and has a number now, is."""
    path = tmp_path / "messages.tsv"
    Register().add(path, [line("a.edxml", "1"), line("b.edxml", "2")])
    register = Register()
    for _ in range(3):
        register.add(path, [line("a.edxml", "1", duplicate=True), line("c.edxml", "3")])
        register.add(path, [line("a (2).edxml", "1", duplicate=True)])
    assert rows(path) == [
        ["a.edxml", "1", ""],
        ["b.edxml", "2", ""],
        ["c.edxml", "3", ""],
        ["a (2).edxml", "1", "duplicate"],
        ["c.edxml", "3", ""],
        ["c.edxml", "3", ""],
    ]


def test_each_month_has_its_own(tmp_path: Path) -> None:
    """The months before are not looked at."""
    register = Register()
    for month in ("10", "11"):
        register.add(tmp_path / month, [line("a.edxml", "1", duplicate=True)])
    assert rows(tmp_path / "10") == rows(tmp_path / "11") == [["a.edxml", "1", "duplicate"]]


@pytest.mark.parametrize("room", [0, 1, 30, 70])
def test_a_full_disk_cuts_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """What does not fit whole is taken back, and added once there is room."""
    path, real = tmp_path / "messages.tsv", os.write
    append(path, b"1\n", head=b"head\n")
    left = room

    def write(fd: int, data: bytes) -> int:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        wrote = real(fd, bytes(data)[:left])
        left -= wrote
        return wrote

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(OSError, match="No space left"):
            append(path, b"x" * 80 + b"\n", head=b"head\n")
    assert path.read_bytes() == b"head\n1\n"


@pytest.mark.parametrize(
    ("there", "then"),
    [
        (b"", b"head\nnew\n"),
        (b"he", b"head\nnew\n"),
        (b"head\n", b"head\nnew\n"),
        (b"head\nat\ta.edxml\t01", b"head\nnew\n"),
        (b"head\nat\ta.edxml\t01\t", b"head\nat\ta.edxml\t01\t\nnew\n"),
        (b"head\nat\ta.edxml\t01\t\n", b"head\nat\ta.edxml\t01\t\nnew\n"),
    ],
)
def test_a_line_that_a_power_cut_left_is_mended(tmp_path: Path, there: bytes, then: bytes) -> None:
    """A line without its whole message id is taken out; one that lacks only its end is ended."""
    path = tmp_path / "r"
    if there:
        path.write_bytes(there)
    append(path, b"new\n", head=b"head\n")
    assert path.read_bytes() == then


def noted(sent: Path, month: str, *lines: tuple[str, str]) -> None:
    folder = sent / month
    folder.mkdir(parents=True)
    text = "".join(registered(name, Answer(ref="x", message=MessageId(id_)), AT).text for name, id_ in lines)
    (folder / REGISTER).write_text(REGISTER_HEAD + text + "a line that was torn")
    for name, _ in lines:
        (folder / name).touch()


@pytest.mark.parametrize("name", ["cv 12.edxml", "=1+1.edxml", "Đề án\t1.edxml"])
def test_a_package_is_found_whatever_its_name(tmp_path: Path, name: str) -> None:
    """The register holds a name as a cell; the files beside it are no packages."""
    noted(tmp_path, "2026/11", ("other.edxml", "id-2"), (name, "id-1"))
    (tmp_path / "2026/11" / f"{name}.report").touch()
    assert find(tmp_path, MessageId("id-1")) == tmp_path / "2026/11" / name


def test_the_newest_month_comes_first(tmp_path: Path) -> None:
    """It may lie in two; and where a clerk has taken it away, it is not found."""
    noted(tmp_path, "2026/10", ("a.edxml", "id-1"))
    noted(tmp_path, "2026/11", ("b.edxml", "id-1"))
    assert find(tmp_path, MessageId("id-1")) == tmp_path / "2026/11/b.edxml"
    (tmp_path / "2026/11/b.edxml").unlink()
    assert find(tmp_path, MessageId("id-1")) == tmp_path / "2026/10/a.edxml"
    (tmp_path / "2026/10/a.edxml").unlink()
    assert find(tmp_path, MessageId("id-1")) is None
    assert find(tmp_path / "nowhere", MessageId("id-1")) is None
