"""bus/sending/reseal.py: what is mended of a withdrawn key, and when it is a refusal like any other."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, cast

import pytest

from bus.directory.agencies import Directory
from bus.handling.transport import OutboxState
from bus.ports.records import Box, ReceiptLine
from bus.ports.store import Store
from bus.sending.reseal import PATIENCE, PAUSE, answer_withdrawn_key
from bus.trust.keys import Identity, new_identity
from schemas.codes import Outcome
from tests.fakes.store import Overtaken
from tests.scenarios.country import Land, document
from tests.scenarios.looking import rows


class Renewed:
    """A directory that names another sealing key of H49's."""

    def __init__(self, directory: Directory, identity: Identity) -> None:
        self._directory = directory
        self._keys = replace(directory.keys("H49"), sealing=tuple(key.public.to_bytes() for key in identity.sealing))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    def keys(self, mailbox: str) -> Any:
        return self._keys if mailbox == "H49" else self._directory.keys(mailbox)


@pytest.fixture
def land() -> Land:
    made = Land()
    made["G22"].dms.write(document())
    made.collect("G22")
    made.publish("G22")
    return made


def line(land: Land, **other: object) -> ReceiptLine:
    (row,) = rows(land, "G22", Box.OUT)
    said = ReceiptLine(
        message=row.docket.id,
        mailbox="H49",
        outcome=Outcome.REFUSED,
        code="key-withdrawn",
        at=land.now,
        docket_sha256=sha256(row.docket.to_json()).hexdigest(),
    )
    return replace(said, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "later", "mended"),
    [
        ({}, timedelta(0), True),
        ({}, PATIENCE, True),
        ({}, PATIENCE + timedelta(seconds=1), False),
        ({"docket_sha256": "0" * 64}, timedelta(0), False),
        ({"mailbox": "H53"}, timedelta(0), False),
        ({"message": "00000000-0000-7000-8000-00000000ffff"}, timedelta(0), False),
    ],
    ids=["at once", "to the end", "too late", "another docket", "another mailbox", "another message"],
)
def test_what_is_waited_for(land: Land, other: dict[str, object], later: timedelta, mended: bool) -> None:
    """A directory that knows no newer key yet is waited for; whatever else is said is a refusal."""
    said, now = line(land, **other), land.now + later
    office = land["G22"]
    assert answer_withdrawn_key(office.store, said, member=office.member, now=now) is mended
    assert [event.name for event in office.store.memory.events] == (["outbox.awaits-key"] if mended else [])
    (row,) = rows(land, "G22", Box.OUT)
    assert (row.state, row.next_at) == (
        (OutboxState.WAITING, now + PAUSE) if mended else (OutboxState.SENT, row.next_at)
    )


def test_a_newer_key_is_sealed_to_at_once(land: Land) -> None:
    """The same docket, the same content: only the wrap is another. The same said twice changes nothing more."""
    office = land["G22"]
    renewed = cast(Directory, Renewed(office.member.directory, new_identity()))
    office.member = replace(office.member, directory=renewed)
    with office.store.read() as tx:
        (before,) = tx.outbox.unfinished([line(land).message])
    assert answer_withdrawn_key(office.store, line(land), member=office.member, now=land.now)
    assert answer_withdrawn_key(office.store, line(land), member=office.member, now=land.now)
    with office.store.read() as tx:
        (after,) = tx.outbox.unfinished([line(land).message])
    assert [event.name for event in office.store.memory.events] == ["outbox.sealed-again"]
    assert after.docket == before.docket
    assert after.body != before.body


def test_who_holds_it_speaks_of_an_older_copy(land: Land) -> None:
    """Nothing is to be mended, and nobody told."""
    office = land["G22"]
    with office.store.write() as tx:
        tx.outbox.put_receipts([line(land, outcome=Outcome.HELD, code=None)])
    assert answer_withdrawn_key(office.store, line(land), member=office.member, now=land.now)
    assert not office.store.memory.events


def test_what_changed_while_it_was_sealed_is_looked_at_anew(land: Land) -> None:
    """Another recipient's line has sealed the message again in between: both wraps are in it."""
    office = land["G22"]
    renewed = cast(Directory, Renewed(office.member.directory, new_identity()))
    later = replace(office.member, directory=renewed)
    store = Overtaken(office.store, lambda: answer_withdrawn_key(office.store, line(land), member=later, now=land.now))
    assert answer_withdrawn_key(cast(Store, store), line(land), member=later, now=land.now)
    assert [event.name for event in office.store.memory.events] == ["outbox.sealed-again"]
