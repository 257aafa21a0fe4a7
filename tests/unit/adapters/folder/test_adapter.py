"""adapters/folder/adapter.py: the folders as a document system. The contract itself is in tests/contract/."""

import errno
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.folder import FolderAdapter
from adapters.folder.names import of_document
from bus.errors import DmsAway, HeldAfterAll, RefusedByDms, Withdrawn
from bus.ports.adapter import Bounce, Filed, Filing
from schemas.codes import BusinessType, StatusCode
from schemas.document import Attachment, Trace
from schemas.edxml import read, write, write_pieces
from schemas.values import MessageId
from tests.contract.adapter_site import a_document, a_filing, a_message, a_report, a_status, accepted, ids
from tests.fakes.source import Generated, large

PROJECT = Path(__file__).parents[4]
END_OF_TIME = datetime(9999, 12, 31, 23, tzinfo=UTC)
"""A moment that Việt Nam's clock cannot show."""

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


_IN_ASCII = """
import sys, time
from adapters.folder import FolderAdapter
from bus.ports import Answer
from tests.contract.adapter_site import a_filing, a_message
adapter = FolderAdapter({"root": sys.argv[1], "quiet": 0})
(first, second) = adapter.collect(10)
adapter.acknowledge([Answer(ref=first.ref, message=a_message()), Answer(ref=second.ref, error=second.item)])
(filed,) = adapter.deliver([a_filing()])
(said,) = adapter.check()
assert filed.ref.isascii() and sys.getfilesystemencoding() == "ascii" and "LANG=C.UTF-8" in said
"""


def test_a_machine_without_utf_8_sends_names_of_any_letters(tmp_path: Path) -> None:
    """Under LANG=C of old: what people named in Vietnamese is sent, refused and registered under its own name."""
    adapter(tmp_path)
    for second, (name, data) in enumerate(
        [("Quyết định.edxml", write(a_document())), ("Đề án.edxml", b"<edXML/></edXML>")]
    ):
        path = tmp_path / "outgoing" / name
        path.write_bytes(data)
        os.utime(path, (second + 1, second + 1))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "LC_ALL": "C", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", _IN_ASCII, str(tmp_path)],
        env=environment | {"PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert not list((tmp_path / "outgoing").iterdir())
    assert (tmp_path / "rejected/Đề án.edxml.reason").is_file()
    (register,) = tmp_path.rglob("messages.tsv")
    assert "Quyết định.edxml" in register.read_text(encoding="utf-8")


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
    (tmp_path / ".lienthong/staged").rmdir()
    with pytest.raises(DmsAway):
        at_work.deliver(filings)
    (tmp_path / ".lienthong/staged").mkdir()
    with pytest.MonkeyPatch.context() as disk:
        disk.setattr(os, "fsync", _full)
        with pytest.raises(DmsAway, match="No space left"):
            at_work.deliver(filings)
    assert [filed.error for filed in at_work.deliver(filings)] == [None, None]


def _full(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_one_papers_trouble_is_its_own(tmp_path: Path) -> None:
    """Where the only paper of a call cannot be written, that is its answer: a raised error would count against
    nothing, come back for ever, and keep statuses and bounces waiting."""
    at_work = adapter(tmp_path)
    filing = a_filing()
    staged = tmp_path / ".lienthong/staged" / of_document(filing.document, filing.message, ascii_only=False)
    staged.mkdir()
    (filed,) = at_work.deliver([filing])
    assert isinstance(filed.error, DmsAway)


@pytest.mark.parametrize("trouble", ["a folder", "no space"])
def test_a_changes_file_in_trouble_is_its_papers_own(tmp_path: Path, trouble: str) -> None:
    """A batch of one revocation whose target's `.changes` cannot be read or written: answered, whatever the disk says,
    and named."""
    at_work = adapter(tmp_path)
    (old,) = at_work.deliver([a_filing()])
    changes = tmp_path / f"{old.ref}.changes"
    if trouble == "a folder":
        changes.mkdir()
    else:
        (tmp_path / ".lienthong/changes.tmp").symlink_to("/dev/full")
    (filed,) = at_work.deliver([a_filing(a_document(business=BusinessType.REVOKE), [old.ref or ""])])
    assert isinstance(filed.error, DmsAway)
    assert changes.name in str(filed.error)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A date that no package can hold is no trouble of the disk: its sender is told, in no words of the document; the
    others are filed."""
    at_work = adapter(tmp_path)
    good = a_report()
    bad = a_report(a_status().model_copy(update={"at": END_OF_TIME}))
    told = at_work.report([bad, good])
    assert isinstance(told[0].error, RefusedByDms)
    assert told[0].error.facts["document"] == bad.status.concerns.document_id
    assert "OverflowError" in str(told[0].error)
    assert (told[1].error, len(list((tmp_path / "statuses/received").iterdir()))) == (None, 1)
    trace = Trace.model_construct(agency="H49.06", at=END_OF_TIME)
    (filed,) = at_work.deliver([a_filing(a_document().model_copy(update={"traces": (trace,)}))])
    assert isinstance(filed.error, RefusedByDms)


def test_messages_of_two_senders_are_two(tmp_path: Path) -> None:
    """The name of a message holds its sender's mailbox: the same id from another is filed beside it, under a name that
    says so, also where one name is the beginning of the other."""
    at_work = adapter(tmp_path)
    (old,) = at_work.deliver([a_filing()])
    update, one = a_document(business=BusinessType.UPDATE), a_message()
    names = [MessageId(f"{one}.{mailbox}") for mailbox in ("H49.06", "H49", "G22")]
    filings = [replace(a_filing(update, [old.ref or ""]), message=name) for name in names]
    for _ in range(2):
        filed = at_work.deliver(filings)
        assert [(each.ref or "").rpartition("_")[2] for each in filed] == [f"{name}.edxml" for name in names]
    lines = (tmp_path / f"{old.ref}.changes").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[-1] for line in lines] == names


def test_all_that_was_sent_is_sent_again(tmp_path: Path) -> None:
    """Both sides lost their stores, and `sent/` was put back: the same comes in new messages, and nothing is filed
    twice. What another mailbox says, and what differs in anything, is filed."""
    filings, reports = [a_filing() for _ in range(3)], [a_report(), a_report()]
    first = adapter(tmp_path)
    refs = [filed.ref for filed in (*first.deliver(filings), *first.report(reports))]
    assert len(set(refs)) == 5

    def named(number: int, mailbox: str) -> MessageId:
        return MessageId(f"019b0000-0000-7000-8000-{number:012}.{mailbox}")

    def of(mailbox: str, first: int) -> list[Filed]:
        at_work = adapter(tmp_path)
        new = [replace(each, message=named(number, mailbox)) for number, each in enumerate(filings, first)]
        told = [replace(each, message=named(number + 100, mailbox)) for number, each in enumerate(reports, first)]
        answers = [*at_work.deliver(new), *at_work.report(told)]
        messages = [*(each.message for each in new), *(each.message for each in told)]
        assert len(at_work.holds(dict.fromkeys(messages))) == 5
        return answers

    assert len({filed.ref for filed in of("G22", 1)} - set(refs)) == 5
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*.edxml")}
    known = {filed.ref for filed in of("G22", 11)}
    assert {path: path.stat().st_ino for path in tmp_path.rglob("*.edxml")} == before
    assert {filed.ref for filed in of("G22", 21)} == known
    other = filings[0].document.model_copy(update={"subject": "V/v khác"})
    (filed,) = adapter(tmp_path).deliver([Filing(document=other, recipients=("G22",), message=named(99, "G22"))])
    assert filed.ref not in known


def test_closed_to_other_users(tmp_path: Path) -> None:
    """Nothing that the adapter makes can be read by everybody, however lax the umask."""
    before = os.umask(0)
    try:
        root = tmp_path / "dms"
        at_work = adapter(root)
        (old,) = at_work.deliver([a_filing()])
        at_work.deliver([a_filing(a_document(business=BusinessType.REVOKE), [old.ref or ""])])
        (root / "outgoing/a.edxml").write_bytes(write(a_document()))
        (root / "outgoing/a.edxml").chmod(0o600)
        at_work.acknowledge(accepted(at_work.collect(1)))
    finally:
        os.umask(before)
    made = [root, *root.rglob("*")]
    assert len(made) > 12
    assert [path for path in made if path.stat().st_mode & 0o007] == []


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


def test_a_bounce_that_cannot_be_shown_hinders_no_other(tmp_path: Path) -> None:
    """The others are shown, and it is asked for again."""
    at_work = adapter(tmp_path)
    error, at = RefusedByDms(document="x", why="y"), datetime(2026, 1, 6, tzinfo=UTC)
    bounces = [
        Bounce(ref=None, message=a_message(), document=None, mailbox="G22", error=error, at=at) for _ in range(2)
    ]
    (tmp_path / f"rejected/-.{bounces[0].message}.G22.reason").mkdir()
    with pytest.raises(DmsAway):
        at_work.bounced(bounces)
    assert (tmp_path / f"rejected/-.{bounces[1].message}.G22.reason").is_file()


def withdrawn(ref: str | None, message: MessageId) -> list[Bounce]:
    """An operator took it back: neither recipient gets it."""
    at = datetime(2026, 1, 6, tzinfo=UTC)
    return [
        Bounce(ref=ref, message=message, document=None, mailbox=mailbox, error=Withdrawn(mailbox=mailbox), at=at)
        for mailbox in ("H53", "G22")
    ]


def sent(root: Path, at_work: FolderAdapter) -> tuple[str, MessageId, Path]:
    """A package that the bus has accepted, with its ref and its message."""
    (root / "outgoing/a.edxml").write_bytes(write(a_document()))
    os.utime(root / "outgoing/a.edxml", (1, 1))  # else it may have come while the folder is listed, and waits
    (answer,) = accepted(at_work.collect(1))
    at_work.acknowledge([answer])
    assert answer.message
    (package,) = root.glob("sent/*/*/a.edxml")
    return answer.ref, answer.message, package


def test_what_was_withdrawn_is_marked_where_it_lies(tmp_path: Path) -> None:
    """Beside the package in sent/, one text for all recipients; told twice, it is there once, and nothing elsewhere."""
    at_work = adapter(tmp_path)
    ref, message, package = sent(tmp_path, at_work)
    for each in (at_work, adapter(tmp_path)):
        each.bounced(withdrawn(ref, message))
    assert "G22, H53" in package.with_name("a.edxml.withdrawn").read_text()
    assert sorted(path.name for path in package.parent.iterdir()) == ["a.edxml", "a.edxml.withdrawn", "messages.tsv"]
    assert not list((tmp_path / "rejected").iterdir())


def test_what_was_withdrawn_and_arrived_after_all_is_marked_so(tmp_path: Path) -> None:
    """At the head of the text that said otherwise, once for each recipient; nothing lies elsewhere."""
    at_work = adapter(tmp_path)
    ref, message, package = sent(tmp_path, at_work)
    bounces = withdrawn(ref, message)
    at_work.bounced(bounces)
    late = [replace(each, error=HeldAfterAll(mailbox=each.mailbox, document="x")) for each in bounces]
    for told in ([late[0]], late, late):
        at_work.bounced(told)
    text = package.with_name("a.edxml.withdrawn").read_text()
    assert text.startswith("CẬP NHẬT")
    assert (text.count("CORRECTED"), text.count("Withdrawn at")) == (2, 1)
    assert not list((tmp_path / "rejected").iterdir())


def test_what_was_never_withdrawn_and_arrived_after_all_is_said_in_rejected(tmp_path: Path) -> None:
    """There lies what said that it was not in time."""
    at_work = adapter(tmp_path)
    ref, message, _ = sent(tmp_path, at_work)
    at_work.bounced([replace(withdrawn(ref, message)[0], error=HeldAfterAll(mailbox="H53", document="x"))])
    assert [path.name for path in (tmp_path / "rejected").iterdir()] == [f"a.edxml.{message}.H53.reason"]


def test_what_was_withdrawn_and_is_not_there_any_more(tmp_path: Path) -> None:
    """A clerk has moved it: the texts lie in rejected/, one for each recipient."""
    at_work = adapter(tmp_path)
    ref, message, package = sent(tmp_path, at_work)
    package.unlink()
    at_work.bounced(withdrawn(ref, message))
    assert len(list((tmp_path / "rejected").glob("a.edxml.*.reason"))) == 2


def test_a_mark_that_cannot_be_written_is_asked_for_again(tmp_path: Path) -> None:
    """And what else was to be told is told."""
    at_work = adapter(tmp_path)
    ref, message, package = sent(tmp_path, at_work)
    package.with_name("a.edxml.withdrawn").mkdir()
    other = replace(withdrawn(ref, message)[0], message=a_message(), error=RefusedByDms(document="x", why="y"))
    with pytest.raises(DmsAway):
        at_work.bounced([*withdrawn(ref, message), other])
    assert len(list((tmp_path / "rejected").iterdir())) == 1


def test_check_names_what_is_left_over(tmp_path: Path) -> None:
    """A settled package that cannot be moved is in check, with the reason."""
    at_work = adapter(tmp_path)
    (tmp_path / "outgoing/a.edxml").write_bytes(write(a_document()))
    os.utime(tmp_path / "outgoing/a.edxml", (1, 1))  # else it may have come while the folder is listed, and waits
    collected = at_work.collect(1)
    shutil.rmtree(tmp_path / "sent")
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
    assert ".lienthong/staged → incoming" in sentence
    assert "hai thư mục nằm ở hai ổ gắn khác nhau" in sentence
    assert "the two folders are on different mounts" in sentence


def test_sending_and_filing_share_nothing(tmp_path: Path) -> None:
    """The two halves may run in two threads."""
    at_work = adapter(tmp_path)
    documents = [a_document() for _ in range(60)]
    for number, document in enumerate(documents):
        (tmp_path / "outgoing" / f"{number:02}.edxml").write_bytes(write(document))
    sent: list[str] = []

    def send() -> None:
        while len(sent) < len(documents):
            collected = at_work.collect(5)
            sent.extend(ids(collected))
            at_work.acknowledge(accepted(collected))

    thread = threading.Thread(target=send)
    thread.start()
    for _ in range(12):
        at_work.deliver([a_filing() for _ in range(5)])
    thread.join()
    assert sorted(sent) == sorted(ids(documents))
    assert len(list((tmp_path / "incoming").iterdir())) == 60


def test_the_spool_may_lie_elsewhere(tmp_path: Path) -> None:
    """The spool may be on a disk with more space; `check` says whether it can be used."""
    spool = tmp_path / "spool"
    at_work = adapter(tmp_path / "dms", spool=str(spool))
    (sentence,) = at_work.check()
    assert str(spool) in sentence
    spool.mkdir()
    assert not at_work.check()


def test_no_room_to_read_is_a_disk_in_trouble(tmp_path: Path) -> None:
    """It counts against no document, and is over when there is room."""
    spool = tmp_path / "spool"
    at_work = adapter(tmp_path / "dms", spool=str(spool))
    document = a_document(attachments=[large("a.pdf", 1 << 20, content_id="1")])
    with (tmp_path / "dms" / "outgoing" / "a.edxml").open("wb") as file:
        file.writelines(write_pieces(document))
    with pytest.raises(DmsAway, match="No such file"):
        at_work.collect_large(1)
    assert any("a.edxml" in sentence for sentence in at_work.check())


def test_a_large_document_that_no_package_can_hold_is_refused(tmp_path: Path) -> None:
    """It is refused as a small one is: trying again would not help."""
    source = Generated(1 << 32)
    attachment = Attachment(name="a.bin", size=1 << 32, sha256="0" * 64, content_id="1", source=source)
    (filed,) = adapter(tmp_path).deliver([a_filing(a_document(attachments=[attachment]))])
    assert isinstance(filed.error, RefusedByDms)
    assert not list((tmp_path / ".lienthong" / "staged").iterdir())
