"""`lienthong transfers`: bars for a person, numbers for a program, and a look that goes on."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bus.errors import BlobsAway
from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.sending.upload import upload
from schemas.codes import BusinessType
from schemas.document import Business
from tests.fakes.blobs import FakeDepot
from tests.scenarios.country import document
from tests.scenarios.large import MIB, large_document, takes_large
from tests.unit.bus.cli.mailbox import Mailbox, made


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    mailbox = made(tmp_path)
    office = mailbox.land["G22"]
    office.member = takes_large(office.member, H49=2**32)
    yield mailbox
    mailbox.store.close()


def sending(mailbox: Mailbox) -> FakeDepot:
    """A few of 40 MiB are there, and then it is away; a revocation waits behind it."""
    depot, sent = FakeDepot(), large_document("G22", "H49", mib=40)
    mailbox.accept(sent)
    blobs = depot.of("G22")
    upload(mailbox.store, blobs, now=mailbox.land.now)
    business = Business(type=BusinessType.REVOKE, document_id=sent.id)
    mailbox.accept(document("G22", "H49", number=2, business=business))
    depot.away = "no route"
    with pytest.raises(BlobsAway):
        upload(mailbox.store, blobs, now=mailbox.land.now)
    return depot


def test_a_bar_for_each(mailbox: Mailbox) -> None:
    """In both languages: which document, what is done with it, how much of how much; and why it stands still."""
    assert mailbox.run("transfers").output.strip().endswith("No large attachment is under way.")
    sending(mailbox)
    said = mailbox.run("transfers", columns=120).output
    first = next(line for line in said.splitlines() if "1/CV-VP" in line)
    assert "đang gửi / sending" in first
    assert first.rstrip().endswith(f"{SEGMENTS_AT_ONCE} / 40 MiB")
    assert "━" in first
    assert "waits for another's files" in said
    assert "no route" in said


def test_programs_get_bytes(mailbox: Mailbox) -> None:
    """Of each, with the message it waits behind."""
    assert mailbox.json("transfers") == []
    sending(mailbox)
    large, behind = mailbox.json("transfers")
    assert (large["bytes"], large["done"], large["kind"], large["state"]) == (
        40 * MIB + 5,
        SEGMENTS_AT_ONCE * MIB,
        "stream",
        "uploading",
    )
    assert behind["behind"] == large["message"]
    assert (behind["bytes"], behind["document"]) == (0, "G22,2016/07/01,2/CV-VP")


def test_watching_goes_on(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look after look, until somebody ends it."""
    sending(mailbox)
    looks: list[Any] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    result = mailbox.run("transfers", "--watch", "--every", "0.5", columns=120)
    assert looks == [0.5] * 3
    assert f"{SEGMENTS_AT_ONCE} / 40 MiB" in result.output
