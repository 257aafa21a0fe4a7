"""adapters/folder/outgoing.py: the lane of large packages."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest

from adapters.folder import client
from adapters.folder.check import FOLDERS
from adapters.folder.large_packages import LATER
from adapters.folder.options import MIB, parse
from adapters.folder.outgoing import NO_ROOM, Outgoing
from bus.errors import BadPackage, StoreFull, TooLarge
from bus.ports.adapter import Answer
from schemas.codes import Priority
from schemas.document import Attachment, Document
from schemas.edxml import SpoolFailed, write_pieces
from tests.contract.adapter_site import a_document, accepted, essence, ids
from tests.fakes.source import large

NOW = 1_800_000_000.0
AT = datetime(2026, 11, 5, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    return tmp_path


def outgoing(root: Path, spool: Callable[[], IO[bytes]] | None = None, **options: object) -> Outgoing:
    return Outgoing(root, parse({"root": str(root), "quiet": 0, **options}), spool or (lambda: client.spool(root)))


def put(root: Path, name: str, data: bytes, *, age: float = 60) -> Path:
    path = root / "outgoing" / name
    path.write_bytes(data)
    os.utime(path, (NOW - age, NOW - age))
    return path


def a_large_document(size: int = MIB, **facts: object) -> Document:
    return a_document(attachments=[large("a.pdf", size, content_id="1")], **facts)  # type: ignore[arg-type]


def written(document: Document) -> bytes:
    return b"".join(write_pieces(document))


def test_half_a_large_package_is_not_even_read(root: Path) -> None:
    """A copy takes minutes, and may stand still for a while: as long as its end is not there, nothing is decoded. If
    nothing more comes, it is refused."""
    spools: list[IO[bytes]] = []

    def spool() -> IO[bytes]:
        spools.append(client.spool(root))
        return spools[-1]

    whole = written(document := a_large_document())
    desk = outgoing(root, spool)
    for now, size in ((NOW, 900_000), (NOW + 50, 1_000_000), (NOW + 100, 1_100_000)):
        put(root, "a.edxml", whole[:size])
        assert [desk.collect_large(10, at) for at in (now, now + 1, now + 49)] == [[], [], []]
    assert not spools
    put(root, "a.edxml", whole + b"null")
    assert ids(desk.collect_large(10, NOW + 150)) == [document.id]
    put(root, "a.edxml", whole[:-9])
    assert [desk.collect_large(10, at) for at in (NOW + 151, NOW + 210)] == [[], []]
    (item,) = desk.collect_large(10, NOW + 211)
    assert isinstance(item.item, BadPackage)


def test_what_changes_while_it_is_read_is_not_what_was_read(root: Path) -> None:
    """If somebody changes or replaces the file while it is read, it is read again."""
    path = put(root, "a.edxml", written(document := a_large_document()))

    def spool() -> IO[bytes]:
        if path.stat().st_mtime == NOW - 60:
            os.utime(path, (NOW, NOW))
        return client.spool(root)

    desk = outgoing(root, spool)
    assert desk.collect_large(10, NOW) == []
    assert ids(desk.collect_large(10, NOW + 1)) == [document.id]


def test_nonsense_is_refused_once_it_was_watched(root: Path) -> None:
    """A package that is complete and wrong is refused once it was seen unchanged, as a small one is."""
    put(root, "a.edxml", b"<edXML>" + b" " * MIB + b"</edXML>")
    desk = outgoing(root, quiet=2)
    assert desk.collect_large(10, NOW) == []
    (item,) = desk.collect_large(10, NOW + 2)
    assert isinstance(item.item, BadPackage)


def test_too_large_is_refused_unread(root: Path) -> None:
    """A package over the limit is refused without reading it; the error has both figures."""
    put(root, "a.edxml", b"x" * (MIB + 1))
    (item,) = outgoing(root, largest=MIB).collect_large(10, NOW)
    assert isinstance(item.item, TooLarge)
    assert (item.item.facts["size"], item.item.facts["limit"]) == (MIB + 1, MIB)


def test_a_small_package_that_is_large_inside_changes_lanes(root: Path) -> None:
    """The unpacked size decides the lane: a ZIP of a few KiB may hold MiB."""
    document = a_document(attachments=[Attachment.of("a.txt", os.urandom(3000) * 400, content_id="1")])
    put(root, "a.edxml", written(document))
    desk = outgoing(root)
    assert [desk.collect(10, NOW) for _ in range(2)] == [[], []]
    (item,) = desk.collect_large(10, NOW)
    assert essence(item.item) == essence(document)
    desk.answered(accepted([item]))
    desk.settle(AT)
    assert [path.name for path in root.glob("sent/*/*/*.edxml")] == ["a.edxml"]
    assert [*desk.collect(10, NOW), *desk.collect_large(10, NOW)] == []


def test_later_is_after_all_others(root: Path) -> None:
    """A package answered with TryLater holds up no other, and is not read over and over."""
    first, second = a_large_document(), a_large_document()
    put(root, "1.edxml", written(first), age=90)
    put(root, "2.edxml", written(second), age=60)
    desk = outgoing(root)
    (item,) = desk.collect_large(1, NOW)
    desk.answered([Answer(ref=item.ref, error=StoreFull(store="s", why="x"))])
    assert ids(desk.collect_large(2, NOW)) == [second.id]
    assert ids(desk.collect_large(2, NOW + LATER)) == [second.id, first.id]


def full() -> IO[bytes]:
    raise OSError(28, "No space left on device")


def test_no_room_for_one_is_no_end_for_others(root: Path) -> None:
    """A package without disk space to be read is in `troubles` and is tried again later; a smaller one behind it is
    offered; if there is none, the disk is reported as full."""
    put(root, "a.edxml", written(a_large_document()))
    put(root, "b.edxml", b"<edXML>" + b" " * MIB + b"</edXML>", age=30)
    desk = outgoing(root, full)
    (item,) = desk.collect_large(10, NOW)
    assert isinstance(item.item, BadPackage)
    assert [str(fault.error) for fault in desk.faults.values()] == ["[Errno 28] No space left on device"]
    (root / "outgoing" / "b.edxml").unlink()
    assert desk.collect_large(10, NOW + NO_ROOM - 1) == []
    with pytest.raises(SpoolFailed):
        desk.collect_large(10, NOW + NO_ROOM)
    (root / "outgoing" / "a.edxml").unlink()
    assert desk.collect_large(10, NOW + NO_ROOM + 1) == []
    assert not desk.faults


def test_small_ones_need_no_room(root: Path) -> None:
    """Small packages are read in memory, even if they turn out to be large inside."""
    put(root, "a.edxml", written(a_document(attachments=[Attachment.of("a.txt", bytes(MIB), content_id="1")])))
    put(root, "b.edxml", written(document := a_document()), age=30)
    assert ids(outgoing(root, full).collect(10, NOW)) == [document.id]


def test_an_urgent_one_does_not_wait_for_a_large_one_to_be_read(root: Path) -> None:
    """While one thread reads for minutes, the other one offers packages and moves the answered files."""
    put(root, "large.edxml", written(a_large_document()))
    reading, go_on = threading.Event(), threading.Event()

    def spool() -> IO[bytes]:
        reading.set()
        assert go_on.wait(60)
        return client.spool(root)

    desk = outgoing(root, spool)
    offered: list[object] = []
    thread = threading.Thread(target=lambda: offered.extend(desk.collect_large(1, NOW)))
    thread.start()
    try:
        assert reading.wait(60)
        put(root, "urgent.edxml", written(document := a_document(priority=Priority.IMMEDIATE)))
        collected = desk.collect(10, NOW)
        assert ids(collected) == [document.id]
        desk.answered(accepted(collected))
        desk.settle(AT)
        assert [path.name for path in root.glob("sent/*/*/*.edxml")] == ["urgent.edxml"]
    finally:
        go_on.set()
        thread.join()
    assert len(offered) == 1


def test_two_threads_move_what_has_one_name(root: Path) -> None:
    """A name in sent/ is given once, whichever thread asks for it."""
    desk = outgoing(root)
    for folder in ("outgoing", "statuses"):
        for number in range(20):
            document = a_large_document(600_000) if folder == "outgoing" else a_document()
            (root / folder / f"{number}.edxml").write_bytes(written(document))

    def send(collect: Callable[[int, float], list[object]]) -> None:
        while collected := collect(1, NOW + 1e9):
            desk.answered(accepted(collected))  # type: ignore[arg-type]
            desk.settle(AT)

    threads = [threading.Thread(target=send, args=[each]) for each in (desk.collect, desk.collect_large)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(root.glob("sent/*/*/*.edxml"))) == 40
    assert len((root / "sent/2026/11/messages.tsv").read_text().splitlines()) == 41
    assert not desk.faults
