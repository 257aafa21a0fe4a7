"""adapters/folder/outgoing.py: from outgoing/ to sent/ or rejected/."""

import os
import tempfile
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.folder import client
from adapters.folder.check import FOLDERS
from adapters.folder.options import parse
from adapters.folder.outgoing import Outgoing
from bus.errors import BadPackage, NotServed, StateSecret, StoreFull, TooLarge
from bus.ports.adapter import Answer, Collected
from schemas.edxml import write
from schemas.values import MessageId
from tests.contract.adapter_site import a_document, a_status, accepted, ids

NOW = 1_800_000_000.0
AT = datetime(2026, 10, 31, 17, 30, tzinfo=UTC)
"""Already November in Việt Nam."""
REFUSED = NotServed(agency="G22", mailbox="H49")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    return tmp_path


def outgoing(root: Path, **options: object) -> Outgoing:
    return Outgoing(root, parse({"root": str(root), "quiet": 0, **options}), lambda: client.spool(root))


def put(root: Path, name: str, data: bytes | None = None, *, folder: str = "outgoing", age: float = 60) -> Path:
    path = root / folder / name
    path.write_bytes(write(a_document()) if data is None else data)
    os.utime(path, (NOW - age, NOW - age))
    return path


def answer(desk: Outgoing, answers: list[Answer]) -> None:
    desk.answered(answers)
    desk.settle(AT)


def listed(root: Path, folder: str) -> list[str]:
    return sorted(str(path.relative_to(root / folder)) for path in (root / folder).rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "name",
    [
        unicodedata.normalize("NFC", "Quyết định, số 5.edxml").encode(),
        unicodedata.normalize("NFD", "Quyết định, số 5.edxml").encode(),
        b"b\xe1\xbb\x83u \xff\xfe.edxml",
        ("ệ" * 83 + ".edxml").encode(),
        b"a\\x41.edxml",
        b"line\nbreak\t.EDXML",
        b"- (2).edxml",
    ],
)
def test_names_survive(root: Path, name: bytes) -> None:
    """Any bytes that a file system takes as a name are sent, and kept, under that name; a second file of the name is
    numbered."""
    desk = outgoing(root)
    for _ in range(2):
        put(root, os.fsdecode(name))
        collected = desk.collect(10, NOW)
        assert collected[0].ref.encode()
        answer(desk, accepted(collected))
    sent = [path.name for path in (root / "sent/2026/11").iterdir() if path.name != "messages.tsv"]
    assert len(sent) == 2
    assert name in map(os.fsencode, sent)
    assert all(path.lower().endswith(".edxml") for path in sent)
    for _ in range(2):
        put(root, os.fsdecode(name))
        answer(desk, [Answer(ref=item.ref, error=REFUSED) for item in desk.collect(10, NOW)])
    assert len(list((root / "rejected").glob("*.reason"))) == 2
    assert not listed(root, "outgoing")


def test_sent_by_the_month_of_viet_nam(root: Path) -> None:
    """An accepted package lies in its month, its message in the register there."""
    put(root, "a.edxml")
    desk = outgoing(root)
    (item,) = desk.collect(10, NOW)
    answer(desk, [Answer(ref=item.ref, message=MessageId("id-1"))])
    put(root, "a.edxml")
    (item,) = desk.collect(10, NOW)
    answer(desk, [Answer(ref=item.ref, message=MessageId("id-1"), duplicate=True)])
    names = ["a (2).edxml", "a (2).edxml.again", "a.edxml", "messages.tsv"]
    assert listed(root, "sent") == [f"2026/11/{name}" for name in names]
    assert "NOT sent once more" in (root / "sent/2026/11/a (2).edxml.again").read_text()
    rows = [line.split("\t") for line in (root / "sent/2026/11/messages.tsv").read_text().splitlines()]
    assert [row[1:] for row in rows] == [
        ["package", "message", "duplicate"],
        ["a.edxml", "id-1", ""],
        ["a (2).edxml", "id-1", "duplicate"],
    ]


def test_what_goes_again_says_to_whom(root: Path) -> None:
    """Beside the package, whatever else lies there, and in the register."""
    put(root, "a.edxml", write(a_document()).replace(b"<edXML:Subject>", b"<edXML:Subject>  "))
    desk = outgoing(root)
    (item,) = desk.collect(10, NOW)
    answer(desk, [Answer(ref=item.ref, message=MessageId("id-2"), again_to=("H53",), held_by=("H49",))])
    names = ["a.edxml", "a.edxml.again", "a.edxml.report", "messages.tsv"]
    assert listed(root, "sent") == [f"2026/11/{name}" for name in names]
    assert "H53" in (root / "sent/2026/11/a.edxml.again").read_text()
    assert (root / "sent/2026/11/messages.tsv").read_text().endswith("\tid-2\tagain to H53\n")


def test_what_was_forgiven_lies_beside(root: Path) -> None:
    """A package that leaves the standard and was sent has its .report; one that keeps to it has none."""
    odd = write(a_document()).replace(b"<edXML:Subject>", b"<edXML:Subject>  ")
    put(root, "good.edxml")
    put(root, "odd.edxml", odd)
    desk = outgoing(root)
    answer(desk, accepted(desk.collect(10, NOW)))
    assert listed(root, "sent") == [
        "2026/11/good.edxml",
        "2026/11/messages.tsv",
        "2026/11/odd.edxml",
        "2026/11/odd.edxml.report",
    ]


def test_an_answer_is_for_what_was_read(root: Path) -> None:
    """A package put under the same name since is not moved with the answer to the one before: it is sent itself."""
    put(root, "a.edxml")
    desk = outgoing(root)
    first = desk.collect(10, NOW)
    document = a_document()
    put(root, "a.edxml", write(document), age=30)
    answer(desk, accepted(first))
    assert listed(root, "sent") == []
    assert ids(desk.collect(10, NOW)) == [document.id]


def test_half_a_package_is_never_refused_while_it_may_grow(root: Path) -> None:
    """A file that stops in the middle waits for its end, as long as it grows and a good while longer; whole, it is
    sent; if nothing more comes, it is refused."""
    whole = write(a_document())
    desk = outgoing(root, unfinished=60)
    now = NOW
    for size in range(0, len(whole), 400):
        path = put(root, "a.edxml", whole[:size])
        assert desk.collect(10, now + 1) == []
        now += 55
        assert desk.collect(10, now) == []
    path.write_bytes(whole)
    (item,) = desk.collect(10, now)
    assert not isinstance(item.item, BadPackage)
    put(root, "a.edxml", whole[:-9])
    assert desk.collect(10, now) == []
    assert desk.collect(10, now + 59) == []
    (item,) = desk.collect(10, now + 60)
    assert isinstance(item.item, BadPackage)


def test_nonsense_waits_only_for_quiet(root: Path) -> None:
    """A package that is finished and wrong is refused as soon as it has been watched lying still."""
    put(root, "a.edxml", b"<edXML></edXML>")
    desk = outgoing(root, quiet=2)
    assert desk.collect(10, NOW) == []
    (item,) = desk.collect(10, NOW + 2)
    assert isinstance(item.item, BadPackage)


def test_a_state_secret_is_refused(root: Path) -> None:
    """A package marked so goes to rejected/, and says which channel to take."""
    secret = write(a_document())
    put(root, "a.edxml", secret.replace(b"</edXML:Subject>", b"</edXML:Subject><edXML:Secret>2</edXML:Secret>"))
    desk = outgoing(root)
    (item,) = desk.collect(10, NOW)
    assert isinstance(item.item, StateSecret)
    answer(desk, [Answer(ref=item.ref, error=item.item)])
    assert "đường văn bản mật" in (root / "rejected/a.edxml.reason").read_text(encoding="utf-8")


def test_too_large_is_refused_unread(root: Path) -> None:
    """A package over the limit is refused without reading it; the error has both figures."""
    put(root, "a.edxml", b"x" * 1001)
    (item,) = outgoing(root, largest=1000).collect(10, NOW)
    assert isinstance(item.item, TooLarge)
    assert (item.item.facts["size"], item.item.facts["limit"]) == (1001, 1000)


def test_a_batch_has_a_size(root: Path) -> None:
    """A batch has as many packages as fit, and the first one whatever its size."""
    size = len(write(a_document()))
    for age in range(6):
        put(root, f"{age}.edxml", age=age)
    assert len(outgoing(root, batch=size * 3 + size // 2).collect(10, NOW)) == 3
    assert len(outgoing(root, batch=1).collect(10, NOW)) == 1
    assert outgoing(root).collect(0, NOW) == []


def test_both_folders(root: Path) -> None:
    """Documents and statuses are told apart by what they are, not by where they lie; received/ is not sent back."""
    document, status = a_document(), a_status()
    put(root, "same.edxml", write(status))
    put(root, "same.edxml", write(document), folder="statuses", age=90)
    put(root, "x.edxml", folder="statuses/received")
    desk = outgoing(root)
    collected = desk.collect(10, NOW)
    assert ids(collected) == ids([document, status])
    answer(desk, accepted(collected))
    assert listed(root, "sent") == ["2026/11/messages.tsv", "2026/11/same (2).edxml", "2026/11/same.edxml"]
    assert listed(root, "statuses") == ["received/x.edxml"]


def test_try_later_stands_in_nobodys_way(root: Path) -> None:
    """Packages behind one that must wait are still offered."""
    documents = [a_document() for _ in range(2)]
    for age, document in enumerate(documents):
        put(root, f"{age}.edxml", write(document), age=60 - age)
    desk = outgoing(root)
    (first,) = desk.collect(1, NOW)
    answer(desk, [Answer(ref=first.ref, error=StoreFull(store="s", why="x"))])
    assert ids(desk.collect(1, NOW)) == [documents[1].id]
    assert ids(desk.collect(2, NOW)) == [documents[1].id, documents[0].id]


def test_what_cannot_be_moved_is_moved_later(root: Path) -> None:
    """While a settled package cannot be moved it is named as a trouble and not offered; then it is moved."""
    put(root, "a.edxml")
    desk = outgoing(root)
    (item,) = desk.collect(10, NOW)
    obstacle = root / "rejected" / "a.edxml.reason"
    obstacle.mkdir()
    answer(desk, [Answer(ref=item.ref, error=REFUSED)])
    assert list(desk.faults) == [item.ref]
    assert desk.collect(10, NOW) == []
    assert list(desk.faults) == [item.ref]
    obstacle.rmdir()
    desk.settle(AT)
    assert listed(root, "rejected") == ["a.edxml", "a.edxml.reason"]
    assert desk.collect(10, NOW) == []
    assert not desk.faults


def test_taken_back_by_the_clerk(root: Path) -> None:
    """A file that is gone before its answer comes is nobody's trouble."""
    put(root, "a.edxml")
    desk = outgoing(root)
    collected: list[Collected] = desk.collect(10, NOW)
    (root / "outgoing/a.edxml").unlink()
    answer(desk, accepted(collected))
    assert not desk.faults
    assert desk.collect(10, NOW) == []


@pytest.fixture
def ours() -> Iterator[Path]:
    """A root of somebody to whom permissions apply: where the tests run as root, of nobody, who we are meanwhile."""
    with tempfile.TemporaryDirectory(prefix="lienthong-") as folder:
        root = Path(folder)
        for name in FOLDERS:
            (root / name).mkdir()
        us, nobody = os.geteuid(), 65534
        if us == 0:
            for path in (root, *root.iterdir()):
                os.chown(path, nobody, -1)
            os.seteuid(nobody)
        try:
            yield root
        finally:
            os.seteuid(us)


def test_what_may_not_be_read_is_a_trouble(ours: Path) -> None:
    """A file that cannot be read is in `troubles`, is not offered, hinders no other, and is forgotten once it is
    gone."""
    root = ours
    path = put(root, "a.edxml")
    path.chmod(0)
    document = a_document()
    put(root, "b.edxml", write(document))
    desk = outgoing(root)
    assert ids(desk.collect(10, NOW)) == [document.id]
    assert "Permission denied" in str(next(iter(desk.faults.values())).error)
    path.unlink()
    desk.collect(10, NOW)
    assert not desk.faults
