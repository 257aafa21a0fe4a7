"""adapters/folder/settling.py: the answered packages on their way out of outgoing/."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.folder import client
from adapters.folder.check import FOLDERS
from adapters.folder.mapping import REGISTER
from adapters.folder.options import parse
from adapters.folder.outgoing import Outgoing
from bus.errors import NotServed
from bus.ports.adapter import Answer, Collected
from schemas.document import Document
from schemas.edxml import write
from schemas.values import MessageId
from tests.contract.adapter_site import a_document, accepted

NOW = 1_800_000_000.0
AT = datetime(2026, 11, 30, tzinfo=UTC)
REFUSED = NotServed(agency="G22", mailbox="H49")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    return tmp_path


def outgoing(root: Path, longest: int = 255) -> Outgoing:
    return Outgoing(root, parse({"root": str(root), "quiet": 0}), lambda: client.spool(root), lambda: longest)


def put(root: Path, name: str, data: bytes) -> Path:
    path = root / "outgoing" / name
    path.write_bytes(data)
    os.utime(path, (NOW - 60, NOW - 60))
    return path


def answer(desk: Outgoing, answers: list[Answer]) -> None:
    desk.answered(answers)
    desk.settle(AT)


def sent(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "sent/2026/11").iterdir())


def rows(root: Path) -> list[list[str]]:
    lines = (root / "sent/2026/11" / REGISTER).read_text().splitlines()
    return [line.split("\t")[1:] for line in lines[1:]]


@contextmanager
def immovable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each folder is a mount of its own meanwhile."""

    def rename(self: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        yield


@pytest.mark.parametrize("way", ["moved into its place", "written over it"])
def test_another_package_of_the_same_size_and_time_is_not_moved(root: Path, way: str) -> None:
    """An export with fixed times, or a disk that keeps two seconds: it stays, and is a submission of its own."""
    first = write(a_document(subject="V/v số 7"))
    second = first.replace("V/v số 7".encode(), "V/v số 8".encode())
    desk = outgoing(root)
    put(root, "cv.edxml", first)
    collected = desk.collect(10, NOW)
    put(root, "x" if way.startswith("moved") else "cv.edxml", second)
    if way.startswith("moved"):
        (root / "outgoing/x").rename(root / "outgoing/cv.edxml")
    answer(desk, accepted(collected))
    assert not list((root / "sent/").rglob("*.edxml"))
    (item,) = desk.collect(10, NOW)
    assert isinstance(item.item, Document)
    assert item.item.subject == "V/v số 8"
    answer(desk, accepted([item]))
    assert sent(root) == ["cv.edxml", REGISTER]


def test_an_answer_of_a_process_before_moves_what_looks_the_same(root: Path) -> None:
    """A process that did not read the file has its size and time to go by."""
    put(root, "cv.edxml", write(a_document()))
    collected = outgoing(root).collect(10, NOW)
    answer(outgoing(root), accepted(collected))
    assert sent(root) == ["cv.edxml", REGISTER]


def test_what_stays_is_registered_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that was sent and cannot be moved is tried again and again, also after a restart: its message has one
    line; then it is moved under that name."""
    put(root, "cv.edxml", write(a_document()))
    with immovable(monkeypatch):
        for duplicate in (False, True, True):
            desk = outgoing(root)
            (item,) = desk.collect(10, NOW)
            answer(desk, [Answer(ref=item.ref, message=MessageId("id-1"), duplicate=duplicate)])
            for _ in range(3):
                desk.settle(AT)
            assert [fault.since for fault in desk.faults.values()] == [AT.timestamp()]
            assert desk.answer_to(item.ref) is not None
            assert not desk.collect(10, NOW)
    desk.settle(AT)
    assert sent(root) == ["cv.edxml", "cv.edxml.again", REGISTER]
    assert rows(root) == [["cv.edxml", "id-1", ""]]
    assert not desk.faults


def test_a_name_that_is_taken_meanwhile_is_another_line(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The register says under which name a package lies."""
    put(root, "cv.edxml", write(a_document()))
    desk = outgoing(root)
    with immovable(monkeypatch):
        answer(desk, [Answer(ref=item.ref, message=MessageId("id-1")) for item in desk.collect(10, NOW)])
    (root / "sent/2026/11/cv.edxml").touch()
    desk.settle(AT)
    assert rows(root) == [["cv.edxml", "id-1", ""], ["cv (2).edxml", "id-1", ""]]


@pytest.mark.parametrize("name", ["ệ" * 44 + ".edxml", "a.edxml"])
def test_a_disk_with_short_names_has_room_for_the_reason(root: Path, name: str) -> None:
    """The package keeps its name; that of the text beside it is cut, and so is that of a second package."""
    desk = outgoing(root, longest=143)
    for _ in range(2):
        put(root, name, write(a_document()))
        answer(desk, [Answer(ref=item.ref, error=REFUSED) for item in desk.collect(10, NOW)])
    there = sorted(path.name for path in (root / "rejected").iterdir())
    assert name in there
    assert len(there) == 4
    assert all(len(each.encode()) <= 143 for each in there)


def test_what_was_taken_back_is_forgotten(root: Path) -> None:
    """Nothing is kept of packages that somebody took away before they were answered."""
    desk = outgoing(root)
    path = put(root, "cv.edxml", write(a_document()))
    collected: list[Collected] = desk.collect(10, NOW)
    desk.forget_what_is_gone()
    path.unlink()
    desk.forget_what_is_gone()
    answer(desk, accepted(collected))
    assert not desk.faults
