"""Large attachments through a real RabbitMQ, between folders, by daemons that are killed on the way."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bus.ports.blobs import SEGMENTS_AT_ONCE
from schemas.document import Attachment, Document
from schemas.edxml import read_file, write_pieces
from tests.e2e.site import Daemon, Site, eventually, founded
from tests.fakes.source import large
from tests.integration.broker_world import World

MIB = 1024 * 1024
MEMORY = 120_000_000
"""Bytes that a daemon may have, however large a file is: 90 MB when it is idle, and room for twice four segments and
the copies of them that are on their way. Measured: 110 MB."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def own(broker: World, tmp_path: Path) -> Iterator[Site]:
    with founded(tmp_path, broker, mailboxes=2, largest=5 * 1024 * MIB) as site:
        yield site


def a_large_document(site: Site, size: int) -> Document:
    sender, recipient = site.country.mailboxes
    small = site.new(sender, recipient)
    return small.model_copy(update={"attachments": (*small.attachments, large("Bản vẽ.zip", size, content_id="cid:9"))})


def drop(site: Site, document: Document) -> None:
    folder = site.folder(document.sender.code, "outgoing")
    draft = folder / ".large.tmp"
    with draft.open("wb") as file:
        file.writelines(write_pieces(document))
    draft.rename(folder / "large.edxml")


def files_of(document: Document) -> list[tuple[str, int, str]]:
    return [(each.name, each.size, _digest(each)) for each in document.attachments]


def _digest(attachment: Attachment) -> str:
    digest = hashlib.sha256()
    for piece in attachment.pieces():
        digest.update(piece)
    return digest.hexdigest()


def filed(site: Site, code: str) -> list[list[tuple[str, int, str]]]:
    """Returns the files of each document in an agency's folder: name, size, digest."""
    found = []
    for path in site.folder(code, "incoming").glob("*.edxml"):
        with path.open("rb") as file:
            item = read_file(file, spool=tempfile.TemporaryFile).item
            assert isinstance(item, Document)
            found.append(files_of(item))
    return found


def progress(daemon: Daemon, name: str) -> list[int]:
    """Returns the numbers of segments that the log reports."""
    facts: list[dict[str, Any]] = daemon.facts()
    return [fact["segments"] for fact in facts if fact["event"] == name]


@pytest.mark.long  # over a line that is slow on purpose
def test_both_ends_are_killed_in_the_middle(own: Site) -> None:
    """The file arrives identical to the byte; neither end starts from the beginning: no confirmed segment is sent
    again, and no stored one is fetched again. Both report their progress meanwhile."""
    sender, recipient = own.country.mailboxes
    sent = a_large_document(own, 40 * MIB)
    own.forwarder.slow(6 * MIB)
    with own.at_work(processes=2) as (one, _):
        drop(own, sent)
        eventually(lambda: any(done >= SEGMENTS_AT_ONCE for done in progress(one, "blob.sent")), within=120)
        one.process.kill()
        one.process.wait()
    trace = own.command("trace", sent.id, code=sender).output
    assert "uploading" in trace
    assert "of 40 MiB" in trace
    (row,) = own.json("transfers", code=sender)
    assert 0 < row["done"] < row["bytes"] == 40 * MIB
    with own.at_work(processes=2) as (one, other):
        eventually(lambda: any(done >= SEGMENTS_AT_ONCE for done in progress(other, "blob.fetched")), within=240)
        fetched = progress(other, "blob.fetched")[-1]
        other.process.kill()
        other.process.wait()
        assert all(done * MIB > row["done"] for done in progress(one, "blob.sent"))
    assert filed(own, recipient) == []
    assert "fetching" in own.command("trace", sent.id, code=recipient).output
    own.forwarder.mend()
    with own.at_work(processes=2) as (_, other):
        eventually(lambda: own.heard(sender, sent.id) == [("01", recipient)], within=120)
        again = progress(other, "blob.fetched")
    assert all(done > fetched for done in again)
    assert filed(own, recipient) == [files_of(sent)]
    assert "fetched 40 MiB" in own.command("trace", sent.id, code=recipient).output


def test_a_large_file_takes_little_memory(own: Site) -> None:
    """200 MiB through two daemons, each of x."""
    sender, recipient = own.country.mailboxes
    sent = a_large_document(own, 200 * MIB)
    with own.at_work(processes=2) as daemons:
        drop(own, sent)
        eventually(lambda: own.heard(sender, sent.id) == [("01", recipient)], within=300, every=0.5)
        most = [_peak(daemon) for daemon in daemons]
    assert filed(own, recipient) == [files_of(sent)]
    assert max(most) < MEMORY, most


def _peak(daemon: Daemon) -> int:
    """Returns the peak memory of a process in bytes."""
    for line in Path(f"/proc/{daemon.process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise AssertionError(os.uname().sysname)
