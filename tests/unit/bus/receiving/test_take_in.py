"""bus/receiving/take_in.py: what becomes of each arrival of a batch, and what is said of it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bus.ports.records import Arrival, Undecodable
from bus.receiving.set_asides import SetAsides
from bus.receiving.take_in import TakenIn, take_in
from schemas.codes import Outcome
from tests.scenarios.country import Land, document
from tests.unit.bus.receiving.mail import arrival, sealed

UNDECODABLE = Undecodable(why="nested more than 16 deep", size=7, sha256="0a" * 32)
HOUR = timedelta(hours=1)
Batch = Callable[[Land], Sequence[Arrival]]


@pytest.fixture
def land() -> Land:
    return Land()


def one(land: Land) -> Sequence[Arrival]:
    return [arrival(sealed(land))]


def twice(land: Land) -> Sequence[Arrival]:
    return 2 * [arrival(sealed(land))]


def same_id(land: Land) -> Sequence[Arrival]:
    """Another message under an id that its sender has used."""
    first = sealed(land)
    land["G22"].member = replace(land["G22"].member, new_id=lambda: first.docket.id)
    return [arrival(first), arrival(sealed(land, document(number=2)))]


def rubbish(_: Land) -> Sequence[Arrival]:
    return [Arrival(tag=(1, 1), body=b"rubbish", user="G22")]


def copy_of_rubbish(_: Land) -> Sequence[Arrival]:
    return [Arrival(tag=(1, 1), body=b"rubbish", user="G22", is_copy=True)]


def undecodable(land: Land) -> Sequence[Arrival]:
    """However good its body is."""
    return [replace(arrival(sealed(land)), user=None, undecodable=UNDECODABLE)]


def forged(land: Land) -> Sequence[Arrival]:
    return [arrival(sealed(land), user="H53")]


def expired(land: Land) -> Sequence[Arrival]:
    late = [arrival(sealed(land, lasts=HOUR))]
    land.wait(HOUR * 2)
    return late


def expired_copy_of_a_held_one(land: Land) -> Sequence[Arrival]:
    late = [arrival(sealed(land, lasts=HOUR))]
    take_in(land["H49"].store, late, member=land["H49"].member, now=land.now)
    land.wait(HOUR * 2)
    return late


@pytest.mark.parametrize(
    ("batch", "taken", "answers", "events"),
    [
        (one, TakenIn(held=1), [(Outcome.HELD, None)], []),
        (twice, TakenIn(held=1, duplicates=1), [(Outcome.HELD, None)] * 2, []),
        (
            same_id,
            TakenIn(held=1, set_aside=1),
            [(Outcome.HELD, None), (Outcome.REFUSED, "bad-message")],
            ["inbox.set-aside"],
        ),
        (rubbish, TakenIn(set_aside=1), [], ["inbox.set-aside"]),
        (copy_of_rubbish, TakenIn(), [], []),
        (undecodable, TakenIn(set_aside=1), [], ["inbox.undecodable"]),
        (forged, TakenIn(set_aside=1), [(Outcome.REFUSED, "not-its-user")], ["inbox.set-aside"]),
        (expired, TakenIn(set_aside=1), [(Outcome.REFUSED, "expired")], ["inbox.expired"]),
        (expired_copy_of_a_held_one, TakenIn(duplicates=1), [(Outcome.HELD, None)], []),
    ],
)
def test_what_becomes_of_it(
    land: Land, batch: Batch, taken: TakenIn, answers: list[tuple[Outcome, str | None]], events: list[str]
) -> None:
    """Counted, receipted, and told of: each of them once."""
    office = land["H49"]
    arrivals = batch(land)
    with office.store.read() as tx:
        before = {row.docket.id for row in tx.outbox.rows()}
    assert take_in(office.store, arrivals, member=office.member, now=land.now) == taken
    with office.store.read() as tx:
        sent = [row.docket for row in tx.outbox.rows() if row.docket.id not in before]
        found = [event.name for event in tx.dossiers.recent_events(limit=9)]
    receipts = [docket for docket in sent if docket.recipients != (docket.sender,)]
    assert [(line.outcome, line.code) for docket in receipts for line in docket.acknowledges] == answers
    assert found == events
    aside = len(sent) - len(receipts)
    assert aside == sum(events.count(name) for name in ("inbox.set-aside", "inbox.undecodable")), (
        "what nobody can judge lies in the queue of the dead"
    )


def test_what_is_left_of_undecodable_properties_is_kept(land: Land) -> None:
    """Their size and digest go with the bytes to the queue of the dead, and into the event."""
    office = land["H49"]
    arrivals = undecodable(land)
    take_in(office.store, arrivals, member=office.member, now=land.now)
    with office.store.read() as tx:
        (entry,) = tx.outbox.due(now=land.now, limit=9, max_bytes=2**20)
        (event,) = tx.dossiers.recent_events(limit=9)
    assert entry.body == arrivals[0].body
    assert entry.headers["x-lienthong-undecodable"] == f"7 {'0a' * 32} nested more than 16 deep"
    assert entry.headers["x-lienthong-reason"] == "bad-message"
    assert event.detail is not None
    assert f"nested more than 16 deep; 7 bytes, SHA-256 {'0a' * 32}" in event.detail


def test_one_receipt_a_sender(land: Land) -> None:
    """However many of its messages a batch holds; as urgent as the most urgent of them."""
    office = land["H49"]
    arrivals = [arrival(sealed(land, document(number=number))) for number in range(1, 4)]
    take_in(office.store, arrivals, member=office.member, now=land.now)
    with office.store.read() as tx:
        (row,) = tx.outbox.rows()
    assert len(row.docket.acknowledges) == 3


@pytest.mark.parametrize("patient", [True, False])
def test_what_is_early_is_given_back(land: Land, patient: bool) -> None:
    """Signed with a key that the directory here does not know yet: not kept, not acknowledged, not set aside."""
    other = Land()
    early = arrival(sealed(other))
    office = land["H49"]
    taken = take_in(office.store, [early], member=office.member, now=land.now, patient=patient)
    assert taken == (TakenIn(early=(early,)) if patient else TakenIn(set_aside=1))
    assert office.store.commits == (0 if patient else 1)


def test_nothing_is_kept_where_the_commit_fails(land: Land) -> None:
    """A full disk: the batch is taken again as a whole."""
    office = land["H49"]
    office.store.full = True
    with pytest.raises(Exception, match="memory"):
        take_in(office.store, one(land), member=office.member, now=land.now)
    with office.store.read() as tx:
        assert not tx.inbox.rows()
        assert not tx.outbox.rows()


def test_one_publisher_does_not_fill_the_queue_of_the_dead(land: Land) -> None:
    """Beyond the bound its bad messages are counted and told once, with the last one's digest; another's are set
    aside as ever."""
    here, bound = land["H49"], SetAsides(messages=2, size=1000)
    flood = [Arrival(tag=(1, number), body=b"rubbish %d" % number, user="H17") for number in range(5)]
    other = Arrival(tag=(1, 9), body=b"other rubbish", user="G22")
    taken = take_in(here.store, [*flood, other], member=here.member, now=land.now, set_asides=bound)
    assert taken == TakenIn(set_aside=6, dropped=3)
    assert take_in(here.store, flood[:1], member=here.member, now=land.now, set_asides=bound).dropped == 1
    with here.store.read() as tx:
        dead = [entry.body for entry in tx.outbox.due(now=land.now, limit=10, max_bytes=1 << 20)]
        told = [(event.name, event.detail) for event in tx.dossiers.recent_events(limit=10)]
    assert dead == [b"rubbish 0", b"rubbish 1", b"other rubbish"]
    assert sorted(name for name, _ in told) == ["inbox.set-aside"] * 3 + ["set-aside.dropped"] * 2
    digest = hashlib.sha256(b"rubbish 4").hexdigest()
    assert any(detail.startswith("H17: 3 messages") and digest in detail for _, detail in told)
