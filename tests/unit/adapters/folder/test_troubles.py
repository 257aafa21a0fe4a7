"""adapters/folder/troubles.py: what waits and does not go on, by what was met and by a look at the folders."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.folder import FolderAdapter
from bus.errors import NotServed, StoreFull
from bus.ports import Answer
from schemas.edxml import write
from schemas.values import MessageId
from tests.contract.adapter_site import a_document, accepted, ids
from tests.unit.adapters.folder.test_settling import immovable

MINUTE = timedelta(minutes=1, seconds=10)


class Desk:
    """An adapter, its clock, and a package in outgoing/."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.began = self.now = datetime.now(UTC)
        self.adapter = FolderAdapter({"root": str(root), "quiet": 0}, clock=lambda: self.now.timestamp())

    def put(self, name: str = "cv7.edxml") -> Path:
        path = self.root / "outgoing" / name
        path.write_bytes(write(a_document()))
        os.utime(path, (1, 1))
        return path

    def codes(self) -> dict[str, str]:
        return {trouble.ref: trouble.error.code for trouble in self.adapter.troubles(self.now)}

    def told(self) -> list[str]:
        return sorted(path.name for path in (self.root / "outgoing").glob("*.reason"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "dms")


def test_a_package_on_its_way_is_no_trouble(desk: Desk) -> None:
    """Nor is one that waits for its turn, for however long."""
    desk.put()
    assert not desk.codes()
    desk.now += timedelta(days=1)
    assert not desk.codes()
    assert not desk.adapter.check()


def test_a_name_that_is_never_taken(desk: Desk) -> None:
    """After a minute; beside it is why; it goes with the file."""
    path = desk.put("cv.docx")
    assert not desk.codes()
    desk.now += MINUTE
    assert desk.codes() == {"outgoing/cv.docx": "not-taken"}
    assert desk.told() == ["cv.docx.reason"]
    assert any("outgoing/cv.docx" in sentence for sentence in desk.adapter.check())
    path.rename(path.with_name("cv.edxml"))
    assert not desk.codes()
    assert not desk.told()


def test_a_temporary_name_is_given_its_minute(desk: Desk) -> None:
    """`check` names a wrong name at once, and a file that somebody may be writing when it has not changed for a
    minute."""
    desk.put("cv.edxml.part")
    desk.put("cv.docx")
    desk.now += timedelta(seconds=5)
    (sentence,) = desk.adapter.check()
    assert "cv.docx" in sentence
    desk.now += MINUTE
    assert len(desk.adapter.check()) == 2
    assert len(desk.codes()) == 2


def test_a_disk_whose_clock_is_ahead(desk: Desk) -> None:
    """A file that this process has seen unchanged for a minute has waited for a minute."""
    desk.put("cv.docx")
    desk.now -= timedelta(hours=1)
    assert len(desk.adapter.check()) == 1
    assert not desk.codes()
    desk.now += MINUTE
    assert desk.codes() == {"outgoing/cv.docx": "not-taken"}


def test_sent_and_not_moved(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that it was sent, as which message, and that it is not to be sent again; over when it is moved."""
    desk.put()
    with immovable(monkeypatch):
        (item,) = desk.adapter.collect(10)
        desk.adapter.acknowledge([Answer(ref=item.ref, message=MessageId("id-1"))])
        assert not desk.codes()
        desk.now += MINUTE
        desk.adapter.collect(10)
        assert desk.codes() == {"outgoing/cv7.edxml": "sent-not-moved"}
        (trouble,) = desk.adapter.troubles(desk.now)
        assert trouble.since == desk.began
        assert "was sent (message id-1)" in trouble.error.in_english()
        assert "Không gửi lại." in trouble.error.in_vietnamese()
        assert "hai ổ gắn khác nhau" in trouble.error.in_vietnamese()
    desk.adapter.collect(10)
    assert not desk.codes()
    assert not desk.told()


def test_refused_and_not_moved(desk: Desk) -> None:
    """The reason cannot be written where it belongs: it is said here, and beside the package."""
    desk.put()
    (item,) = desk.adapter.collect(10)
    (desk.root / "rejected/cv7.edxml.reason").mkdir()
    error = NotServed(agency="G22", mailbox="H49")
    desk.adapter.acknowledge([Answer(ref=item.ref, error=error)])
    desk.now += MINUTE
    assert desk.codes() == {"outgoing/cv7.edxml": "refused-not-moved"}
    text = (desk.root / "outgoing/cv7.edxml.reason").read_text(encoding="utf-8")
    assert error.in_vietnamese() in text
    assert error.in_english() in text


def test_answered_with_later(desk: Desk) -> None:
    """A package that the bus cannot accept now says why; the first accepted answer ends it."""
    desk.put()
    for _ in range(3):
        collected = desk.adapter.collect(10)
        desk.adapter.acknowledge([Answer(ref=item.ref, error=StoreFull(store="s", why="x")) for item in collected])
        desk.now += MINUTE / 2
    assert desk.codes() == {"outgoing/cv7.edxml": "store-full"}
    desk.adapter.acknowledge(accepted(desk.adapter.collect(10)))
    assert not desk.codes()


@pytest.mark.parametrize(
    ("number", "code"), [(errno.EACCES, "not-readable"), (errno.EIO, "not-taken")], ids=["closed", "broken"]
)
def test_not_read(desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int, code: str) -> None:
    """Whatever the disk says when it is read, the sentence has it, and the file's name."""
    desk.put()

    def fails(path: Path, expected: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr("adapters.folder.client.read", fails)
    assert not desk.adapter.collect(10)
    desk.now += MINUTE
    assert desk.codes() == {"outgoing/cv7.edxml": code}
    (trouble,) = desk.adapter.troubles(desk.now)
    assert "outgoing/cv7.edxml" in trouble.error.in_english()
    assert os.strerror(number) in trouble.error.in_english()


def test_a_folder_that_is_away(desk: Desk) -> None:
    """It is said after a minute, while the other folder is collected; `check` says it at once."""
    document = a_document()
    (desk.root / "outgoing").rename(desk.root / "elsewhere")
    (desk.root / "statuses/cv8.edxml").write_bytes(write(document))
    os.utime(desk.root / "statuses/cv8.edxml", (1, 1))
    assert not desk.codes()
    desk.now += MINUTE
    assert desk.codes() == {"outgoing/": "dms-away"}
    assert ids(desk.adapter.collect(10)) == [document.id]
    assert any("outgoing" in sentence for sentence in desk.adapter.check())
    (desk.root / "elsewhere").rename(desk.root / "outgoing")
    assert not desk.codes()
    (desk.root / "statuses").rename(desk.root / "elsewhere")
    document = a_document()
    (desk.root / "outgoing/cv9.edxml").write_bytes(write(document))
    os.utime(desk.root / "outgoing/cv9.edxml", (1, 1))
    assert ids(desk.adapter.collect(10)) == [document.id]
