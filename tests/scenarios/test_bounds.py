"""The most that one message costs who takes it in: rows, bytes and statements of each commit, and what is sealed for
it, for the worst that is allowed of each kind. What is beyond is refused; what may be under way has its bounds, too."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bus.errors import StoreFull
from bus.handling.transport import InboxState, OutboxState
from bus.ports.adapter import Answer
from bus.ports.records import Arrival, Box, OutboxEntry
from bus.receiving.deliver import deliver
from bus.receiving.file import ANSWERED_AT_ONCE
from bus.receiving.outcome import Delivery
from bus.receiving.receipts import HELD_BACK
from bus.receiving.take_in import AT_ONCE, take_in
from bus.sending.address import address
from bus.sending.quota import SLACK
from bus.sending.receipts import receipt
from bus.sending.seal import seal
from bus.store.open import open_store
from bus.trust.keys import SealingPublicKey, SigningKey
from schemas.agency import Quota
from schemas.codes import BusinessType, Outcome, StatusCode
from schemas.docket import MAX_ACKNOWLEDGED, MAX_ADDRESSES, Acknowledged, Address
from schemas.document import Business, Replaced
from schemas.values import MessageId
from tests.fakes.keys import UsedWithinWrite
from tests.scenarios.country import Land, document, status
from tests.scenarios.looking import inject, rows
from tests.scenarios.test_costs import called

MOST_NAMED = 256


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.mark.parametrize(
    "use",
    [
        lambda member: member.identity.signing.sign(b"x"),
        lambda member: member.identity.sealing[0].keep(b"x", "y"),
        lambda member: member.identity.sealing[0].recall(b"x" * 60, "y"),
        lambda member: member.identity.sealing[0].unwrap(b"x", b"y"),
    ],
    ids=["sign", "keep", "recall", "unwrap"],
)
def test_no_key_is_used_while_others_wait_to_write(land: Land, use: Callable[[Any], object]) -> None:
    """Every story of the country in memory runs with keys that see to it; beside a write they do their work."""
    office = land["G22"]
    use(office.member)
    with office.store.write(), pytest.raises(UsedWithinWrite):
        use(office.member)


# -- what one message costs --------------------------------------------------------------------------------------------


def units(count: int) -> list[str]:
    return [f"H49.{number}" for number in range(1, count + 1)]


@dataclass
class Counted:
    """What a store was asked since it was opened, by commits: rows written, their bytes, and statements."""

    commits: list[list[int]] = field(default_factory=lambda: [[0, 0, 0]])

    def asked(
        self, _connection: object, _cursor: object, statement: str, given: Any, _context: object, many: bool
    ) -> None:
        self.commits[-1][2] += 1
        if statement.lstrip().split(" ", 1)[0].rstrip() in {"INSERT", "UPDATE", "DELETE"}:
            values = given if many else [given]
            self.commits[-1][0] += len(values)
            self.commits[-1][1] += sum(len(each) for row in values for each in _texts(row))

    def committed(self, _connection: object) -> None:
        self.commits.append([0, 0, 0])

    @property
    def largest(self) -> tuple[int, int, int]:
        """Of one commit."""
        rows, size, statements = zip(*self.commits, strict=True)
        return max(rows), max(size), max(statements)

    @property
    def all(self) -> tuple[int, int]:
        return sum(each[0] for each in self.commits), sum(each[1] for each in self.commits)


def _texts(row: Any) -> Iterator[str | bytes]:
    values = row.values() if isinstance(row, dict) else row
    return (each for each in values if isinstance(each, str | bytes))


def circular(land: Land) -> Sequence[OutboxEntry]:
    member = land["G22"].member
    return [seal(member, address(member, document("G22", *units(MAX_ADDRESSES))), now=land.now)]


def replacement(land: Land) -> Sequence[OutboxEntry]:
    many = tuple(Replaced(document_id=f"x{number}") for number in range(MOST_NAMED))
    member = land["G22"].member
    sent = document(business=Business(type=BusinessType.REPLACE, replaced=many))
    return [seal(member, address(member, sent), now=land.now)]


def statuses(land: Land) -> Sequence[OutboxEntry]:
    member = land["G22"].member
    said = status(StatusCode.TAKE_BACK, document(), "G22", "H49")
    return [seal(member, address(member, said), now=land.now)]


def receipts(land: Land) -> Sequence[OutboxEntry]:
    lines = [
        Acknowledged(
            message=MessageId(f"00000000-0000-7000-8000-{number:012d}"),
            docket_sha256="0" * 64,
            outcome=Outcome.REFUSED,
            code="key-withdrawn",
        )
        for number in range(MAX_ACKNOWLEDGED)
    ]
    return [receipt(land["G22"].member, Address(agency="H49", mailbox="H49"), lines, now=land.now)]


@dataclass(frozen=True)
class Bound:
    """Of one commit: rows, bytes, statements. Of the message: rows for each agency it is for, bytes for each of its
    own, signatures and wraps."""

    rows: int
    size: int
    statements: int
    all_rows: float
    all_size: float
    sealed: int


WORST = {
    "a document for all agencies of a country, units of one mailbox": (
        circular,
        Bound(rows=8_000, size=8_000_000, statements=80, all_rows=7, all_size=60, sealed=2 * MAX_ADDRESSES + 2),
    ),
    "a replacement of as many documents as one may name": (
        replacement,
        Bound(rows=30, size=60_000, statements=7 * MOST_NAMED, all_rows=30, all_size=12, sealed=4),
    ),
    "a status": (statuses, Bound(rows=20, size=20_000, statements=25, all_rows=20, all_size=10, sealed=2)),
    "a receipt of as many lines as one may have": (
        receipts,
        Bound(rows=4, size=400_000, statements=40, all_rows=4, all_size=2, sealed=0),
    ),
}


@pytest.mark.parametrize(("made", "bound"), WORST.values(), ids=WORST.keys())
def test_the_worst_of_each_kind(
    land: Land, tmp_path: Path, made: Callable[[Land], Sequence[OutboxEntry]], bound: Bound
) -> None:
    """Counted from its arrival to the end of its delivery: nothing grows faster than what its sender has sent."""
    (entry,) = made(land)
    office = land["H49"]
    counted = Counted()
    store = open_store(f"sqlite:///{tmp_path}/H49.db", owner="H49")
    event.listen(store.engine, "before_cursor_execute", counted.asked)
    event.listen(store.engine, "commit", counted.committed)
    arrival = Arrival(tag=(1, 1), body=entry.body, user="G22")
    try:
        with called(SigningKey.sign, SealingPublicKey.wrap) as calls:
            take_in(store, [arrival], member=office.member, now=land.now, verified=office.verified)
            while deliver(store, office.dms, _delivery(land, "H49")).more:
                pass
    finally:
        store.close()
    rows, size, statements = counted.largest
    all_rows, all_size = counted.all
    agencies = len(entry.docket.recipients)
    measured = (rows, size, statements, all_rows / agencies, all_size / len(entry.body), sum(calls.values()))
    most = (bound.rows, bound.size, bound.statements, bound.all_rows, bound.all_size, bound.sealed)
    assert all(one <= other for one, other in zip(measured, most, strict=True)), (measured, most)


def _delivery(land: Land, code: str) -> Delivery:
    office = land[code]
    return Delivery(member=office.member, now=land.now, dice=lambda: 0.0, verified=office.verified)


def test_many_receipts_are_recorded_in_commits_of_a_bounded_size(land: Land) -> None:
    """Each has the lines it may have; a batch of them is no one transaction."""
    (entry,) = receipts(land)
    office, before = land["H49"], land["H49"].store.commits
    count = AT_ONCE // MAX_ACKNOWLEDGED * 2 + 1
    arrivals = [Arrival(tag=(1, number), body=entry.body, user="G22") for number in range(count)]
    assert take_in(office.store, arrivals, member=office.member, now=land.now).receipts == count
    assert office.store.commits - before == 3


# -- a document for many units -----------------------------------------------------------------------------------------


def test_a_docket_that_names_many_units_where_its_content_names_one(land: Land) -> None:
    """Refused before anything is filed or answered: one receipt, one event."""
    member = land["G22"].member
    honest = address(member, document("G22", "H49.1"))
    many = tuple(Address(agency=unit, mailbox="H49") for unit in units(MAX_ADDRESSES))
    entry = seal(member, replace(honest, recipients=many), now=land.now)
    inject(land, "H49", entry.body)
    land.take_in("H49")
    assert land.deliver("H49").refused == 1
    assert not land["H49"].dms.filed
    memory = land["H49"].store.memory
    assert (len(memory.outbox), len(memory.dossiers), len(memory.events)) == (2, 0, 1)
    assert "docket says something else" in memory.events[0].detail


def test_each_unit_of_a_mailbox_answers_once_however_often_it_is_interrupted(land: Land) -> None:
    """The disk is full in the middle of its status 01s: what was kept is not sent again, the rest follows."""
    office, count = land["H49"], 2 * ANSWERED_AT_ONCE + 10
    land["G22"].dms.write(document("G22", *units(count)))
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    before = office.store.commits
    office.store.room = before + 1  # of the three commits one is left
    with pytest.raises(StoreFull):
        land.deliver("H49")
    (row,) = rows(land, "H49", Box.IN)
    assert row.state is InboxState.WAITING
    with office.store.read() as tx:
        assert [each.answered for each in tx.inbox.due(now=land.now, limit=1, max_bytes=1)] == [ANSWERED_AT_ONCE]
    office.store.room = None
    assert land.deliver("H49").filed == 1
    assert office.store.commits - before == 3
    answers = [out.entry.docket for out in office.store.memory.outbox.values() if out.entry.docket.status]
    assert sorted(docket.sender.agency for docket in answers) == sorted(units(count))
    assert len(office.store.memory.dossiers) == count
    assert all(each.handling.state is StatusCode.ARRIVED for each in office.store.memory.dossiers.values())


def test_a_batch_of_ordinary_documents_is_one_commit(land: Land) -> None:
    """As it always was."""
    for number in range(1, 101):
        land["G22"].dms.write(document("G22", "H49", "H49.1", number=number))
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    before = land["H49"].store.commits
    assert land.deliver("H49").filed == 100
    assert land["H49"].store.commits - before == 1


# -- what may be under way ---------------------------------------------------------------------------------------------


def refused(answers: Sequence[Answer]) -> list[str]:
    return [str(answer.error) for answer in answers if answer.error]


def test_who_has_too_much_under_way_is_told_the_figures(land: Land) -> None:
    """Whom, how much, the limit, and what to do; others are written to as ever; later it goes on."""
    land.allow("H49", Quota(messages=3))
    for number in range(1, 6):
        land["G22"].dms.write(document(number=number))
    land["G22"].dms.write(document("G22", "H53", number=6))
    answers = land.collect("G22")
    assert [answer.error is None for answer in answers] == [True] * 3 + [False] * 2 + [True]
    assert refused(answers)[0] == (
        "H49 has not taken in what came before: with this, 4 messages are under way; the limit is 3. Send it again "
        "when H49 has taken in some; if it is urgent, call them, or send it another way. "
        "[too-much-under-way; sender acts]"
    )
    land.settle()
    assert len(land["H49"].dms.filed) == 3
    land["G22"].dms.write(document(number=4))
    assert not refused(land.collect("G22"))
    with land["G22"].store.read() as tx:
        assert set(tx.outbox.under_way()) == {"H49"}


@pytest.mark.parametrize(
    ("quota", "unit"), [(Quota(bytes=4000), "bytes"), (Quota(messages=1), "messages")], ids=["bytes", "messages"]
)
def test_each_limit_counts(land: Land, quota: Quota, unit: str) -> None:
    """Bytes, too: of what is accepted in the same batch, and of what lies there already."""
    land.allow("H49", quota)
    for number in (1, 2):
        land["G22"].dms.write(document(number=number, content=b"%PDF" + bytes(2500)))
    (said,) = refused(land.collect("G22"))
    assert f"{unit} are under way" in said
    land["G22"].dms.write(document(number=3, content=b"%PDF" + bytes(2500)))
    assert refused(land.collect("G22"))


def test_automatic_statuses_are_never_refused(land: Land) -> None:
    """Nobody has written them, and nobody could write them again: they wait."""
    land.allow("G22", Quota(messages=1))
    for number in range(1, 4):
        land["G22"].dms.write(document(number=number))
    land.settle()
    for _ in range(3):
        land.wait(HELD_BACK)
        land.settle(4)
    assert sorted(land["G22"].dms.heard) == [("01", "H49")] * 3


def flood(land: Land, count: int) -> list[MessageId]:
    """By a client that counts nothing."""
    member = land["G22"].member
    entries = [seal(member, address(member, document(number=number)), now=land.now) for number in range(1, count + 1)]
    for entry in entries:
        inject(land, "H49", entry.body)
    return [entry.docket.id for entry in entries]


def test_a_flood_of_one_sender_is_not_held(land: Land) -> None:
    """Up to its quota, and some; the rest is refused with a receipt, is in nobody's way, and leaves one event a batch.
    Mail of others comes in as ever."""
    land.allow("H49", Quota(messages=10))
    flood(land, 40)
    land["H53"].dms.write(document("H53", "H49"))
    land.collect("H53")
    land.publish("H53")
    land.take_in("H49")
    office = land["H49"]
    with office.store.read() as tx:
        held = tx.inbox.held_from()
    assert (held["G22"].messages, held["H53"].messages) == (round(10 * SLACK), 1)
    assert [each.name for each in office.store.memory.events] == ["quota.over"]
    assert "would hold 12 messages from G22" in office.store.memory.events[0].detail
    lines = [line for out in office.store.memory.outbox.values() for line in out.entry.docket.acknowledges]
    assert sorted(line.code or "held" for line in lines) == ["held"] * 12 + ["too-much-held"] * 29
    assert land.deliver("H49").filed == 12
    assert not land.exchange.depth("dead")


def test_what_a_recipient_has_no_room_for_is_sent_again(land: Land) -> None:
    """An honest sender of before, or one that was told a larger quota: it loses nothing, and nobody is told of it."""
    for number in range(1, 31):
        land["G22"].dms.write(document(number=number))
    land.collect("G22")
    land.publish("G22")
    land.allow("H49", Quota(messages=10))
    land.take_in("H49")
    land.publish("H49")
    land.take_in("G22")
    states = [row.state for row in rows(land, "G22", Box.OUT)]
    assert (states.count(OutboxState.DONE), states.count(OutboxState.SENT)) == (11, 19)
    assert not land["G22"].dms.bounces
    for _ in range(3):
        land.wait(HELD_BACK)
        land.settle(4)
    assert len(land["H49"].dms.filed) == 30
    assert not land["G22"].dms.bounces


def test_after_two_weeks_people_are_told(land: Land) -> None:
    """A recipient that files nothing for so long is a matter for a telephone."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.allow("H49", Quota(bytes=1))
    land.wait(timedelta(days=14))
    land.take_in("H49")
    land.publish("H49")
    land.take_in("G22")
    land.deliver("G22")
    assert [bounce.error.code for bounce in land["G22"].dms.bounces] == ["too-much-held"]


def test_what_was_withdrawn_counts_no_more(land: Land) -> None:
    """Nor what was receipted, or refused."""
    land.allow("H49", Quota(messages=1))
    land["G22"].dms.write(document())
    (answer,) = land.collect("G22")
    assert answer.message
    store = land["G22"].store
    with store.read() as tx:
        assert tx.outbox.under_way(["H49", "H53"])["H49"].messages == 1
    out = store.memory.outbox[answer.message]
    store.memory.outbox[answer.message] = replace(out, entry=replace(out.entry, state=OutboxState.CANCELLED))
    with store.read() as tx:
        assert tx.outbox.under_way(["H49"]) == {}
