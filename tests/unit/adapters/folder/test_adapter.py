"""adapters/folder/adapter.py: the folders as a document system. The contract itself is in tests/contract/."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.folder import FolderAdapter
from adapters.folder.names import of_document
from bus.errors import DmsAway, RefusedByDms
from bus.ports import Bounce
from schemas.codes import BusinessType, StatusCode
from schemas.edxml import read, write
from tests.contract.adapter_site import a_document, a_filing, a_message, a_report, a_status, accepted, ids

FOLDERS = [
    ".lienthong",
    ".lienthong/staged",
    "incoming",
    "outgoing",
    "rejected",
    "sent",
    "statuses",
    "statuses/received",
]


def adapter(root: Path, **options: object) -> FolderAdapter:
    return FolderAdapter({"root": str(root), "quiet": 0, **options})


def folders(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_dir())


def test_folders_are_made_at_start_only(tmp_path: Path) -> None:
    """The first start makes what is missing; a share that goes away later is not built anew under its name."""
    root = tmp_path / "dms" / "h49"
    at_work = adapter(root)
    assert folders(root) == FOLDERS
    root.rename(tmp_path / "unmounted")
    for call in (lambda: at_work.collect(1), lambda: at_work.deliver([a_filing()])):
        with pytest.raises(DmsAway):
            call()
    assert not root.exists()


def test_folders_are_not_made_when_told_so(tmp_path: Path) -> None:
    """With create = false an empty mount point stays empty, and is complained of."""
    at_work = adapter(tmp_path, create=False)
    assert folders(tmp_path) == []
    assert len(at_work.check()) == len(FOLDERS)
    with pytest.raises(DmsAway):
        at_work.collect(1)


def test_a_root_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """The adapter starts all the same; check names the folder in both languages."""
    (tmp_path / "file").touch()
    (sentence,) = adapter(tmp_path / "file" / "dms").check()
    assert "Không có thư mục" in sentence
    assert "There is no folder" in sentence


@pytest.mark.parametrize(("names", "part"), [("letters", "-SA-TTĐT_"), ("ascii", "-SA-TTDT_")])
def test_names_as_the_options_say(tmp_path: Path, names: str, part: str) -> None:
    """Filed packages keep Vietnamese letters in their names, or do without."""
    (filed,) = adapter(tmp_path, names=names).deliver([a_filing()])
    assert filed.ref is not None
    assert part in filed.ref
    assert (tmp_path / filed.ref).is_file()


def test_what_is_filed_is_a_national_package(tmp_path: Path) -> None:
    """The clerk's software finds the canonical form, byte for byte."""
    filing, report = a_filing(), a_report()
    at_work = adapter(tmp_path)
    (document,), (status,) = at_work.deliver([filing]), at_work.report([report])
    assert (tmp_path / (document.ref or "")).read_bytes() == write(filing.document)
    assert read((tmp_path / (status.ref or "")).read_bytes()).item == report.status
    assert (status.ref or "").startswith("statuses/received/20260106T093000_03_G22_")


def test_nothing_else_lies_in_incoming(tmp_path: Path) -> None:
    """Temporary files are elsewhere: software that watches the folder sees whole packages only."""
    at_work = adapter(tmp_path)
    at_work.deliver([a_filing() for _ in range(5)])
    assert {path.suffix for path in (tmp_path / "incoming").iterdir()} == {".edxml"}
    assert list((tmp_path / ".lienthong" / "staged").iterdir()) == []


def test_targets_elsewhere_are_passed_over(tmp_path: Path) -> None:
    """What this mailbox sent itself, what another adapter filed, and what climbs out of the folder are not marked."""
    refs = ["outgoing/a.edxml#1", "dms:77", "incoming/", "incoming/../../a", "sent/2026/11/a.edxml"]
    at_work = adapter(tmp_path)
    (filed,) = at_work.deliver([a_filing(a_document(business=BusinessType.UPDATE), refs)])
    (told,) = at_work.report([a_report(a_status(StatusCode.TAKE_BACK), target="outgoing/a.edxml#1")])
    assert filed.error is told.error is None
    assert list(tmp_path.rglob("*.changes")) == []


def test_a_disk_in_trouble_counts_against_no_message(tmp_path: Path) -> None:
    """Where nothing at all can be filed, TryLater is raised for all, not answered for each: a message that was
    answered so too often would be parked."""
    at_work = adapter(tmp_path)
    filings = [a_filing() for _ in range(2)]
    for filing in filings:
        staged = tmp_path / ".lienthong/staged" / of_document(filing.document, filing.message, ascii_only=False)
        staged.symlink_to("nowhere")
    with pytest.raises(DmsAway):
        at_work.deliver(filings)
    assert [filed.error for filed in at_work.deliver(filings)] == [None, None]


def test_a_bounce_of_something_unknown_is_shown_too(tmp_path: Path) -> None:
    """Even without the name of the package the clerk learns which message was refused."""
    bounce = Bounce(
        ref=None,
        message=a_message(),
        document=None,
        mailbox="G22",
        error=RefusedByDms(document="x", why="y"),
        at=datetime(2026, 1, 6, tzinfo=UTC),
    )
    at_work = adapter(tmp_path)
    at_work.bounced([bounce])
    (path,) = (tmp_path / "rejected").iterdir()
    assert path.name == f"-.{bounce.message}.G22.reason"
    (tmp_path / "rejected").rename(tmp_path / "gone")
    with pytest.raises(DmsAway):
        at_work.bounced([bounce])


def test_check_names_what_is_left_over(tmp_path: Path) -> None:
    """A settled package that cannot be moved is in check, with the reason."""
    at_work = adapter(tmp_path)
    (tmp_path / "outgoing/a.edxml").write_bytes(write(a_document()))
    collected = at_work.collect(1)
    (tmp_path / "sent").rmdir()
    (tmp_path / "sent").touch()
    at_work.acknowledge(accepted(collected))
    sentences = at_work.check()
    assert any("sent" in sentence for sentence in sentences)
    assert any("a.edxml" in sentence for sentence in sentences)


def test_check_speaks_of_folders_on_other_disks(tmp_path: Path) -> None:
    """A move between file systems is not whole or not at all: check says which folder is apart."""
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this system has one file system only")
    (tmp_path / "incoming").symlink_to(elsewhere)
    (sentence,) = adapter(tmp_path).check()
    assert "incoming" in sentence
    assert "another file system" in sentence


def test_sending_and_filing_share_nothing(tmp_path: Path) -> None:
    """The two halves may run in two threads."""
    at_work = adapter(tmp_path)
    documents = [a_document() for _ in range(60)]
    for number, document in enumerate(documents):
        (tmp_path / "outgoing" / f"{number:02}.edxml").write_bytes(write(document))
    sent: list[str] = []

    def send() -> None:
        while collected := at_work.collect(5):
            sent.extend(ids(collected))
            at_work.acknowledge(accepted(collected))

    thread = threading.Thread(target=send)
    thread.start()
    for _ in range(12):
        at_work.deliver([a_filing() for _ in range(5)])
    thread.join()
    assert sorted(sent) == sorted(ids(documents))
    assert len(list((tmp_path / "incoming").iterdir())) == 60
