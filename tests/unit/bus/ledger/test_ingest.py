"""bus/ledger/ingest.py on SQLite, over a stream in memory; the real stream is in tests/integration/test_ledger.py."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bus.directory.onlooker import Onlooker
from bus.errors import BrokerAway
from bus.ledger import keep
from bus.ledger.derived import Derived
from bus.ledger.ingest import MOST_WAITED_FOR
from bus.ledger.judge import Why
from bus.ledger.records import Lifeline
from bus.ledger.tables import GENUINE
from bus.ledger.tables import now as in_use
from bus.rabbit.streams.audit_reader import Continuity
from bus.sending.address import address
from bus.sending.seal import seal
from bus.topology.names import AUDIT, DEAD
from bus.trust.keys import new_identity
from schemas.codes import Outcome, StatusCode
from schemas.docket import DocumentKey
from tests.scenarios.country import document, status
from tests.unit.bus.ledger.recorded import Recorded, recorded
from tests.unit.bus.receiving.mail import sealed

S = StatusCode


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Recorded]:
    with recorded(tmp_path) as made:
        yield made


def exchange_some(kept: Recorded, count: int = 3) -> None:
    """Documents from G22 to H49, each acknowledged and accepted."""
    land = kept.land
    for number in range(1, count + 1):
        item = document("G22", "H49", number=number)
        land["G22"].dms.write(item)
        land.settle(2)
        land["H49"].dms.write(status(S.ACCEPTED, item, "H49", "G22", at=land.now))
    land.settle()


def lifeline(kept: Recorded, id_: str, tables: Derived = in_use) -> Lifeline:
    key = DocumentKey(issuer="G22", id=id_)
    with kept.ledger.reading() as connection:
        number = keep.numbers_of(connection, [key], tables=tables)[key]
        return keep.lifelines(connection, [number], tables=tables)[number]


def counted(kept: Recorded, table: str) -> int:
    with kept.ledger.reading() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def dump(kept: Recorded, *tables: str) -> dict[str, list[tuple[object, ...]]]:
    with kept.ledger.reading() as connection:
        return {
            table: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}"))), key=repr) for table in tables
        }


DERIVED = ("document", "delivery", "obligation", "daily")


def test_a_documents_way(kept: Recorded) -> None:
    """Sent, received, acknowledged, accepted: all of it follows from what the stream tells."""
    exchange_some(kept, 1)
    kept.read_all()
    line = lifeline(kept, "G22,2016/07/01,1/CV-VP")
    assert line.document.known
    delivery = line.deliveries["H49"]
    assert (delivery.outcome, delivery.state) == (Outcome.HELD, S.ACCEPTED)
    assert delivery.first(S.ARRIVED) is not None
    assert all(not each.is_open for each in line.obligations if each.clock in {"acknowledge", "accept"})


def test_every_event_once(kept: Recorded) -> None:
    """Whatever is published again, within one batch or later, and read again."""
    exchange_some(kept)
    kept.stream.again(0, 1, 2)
    kept.read_all()
    before = dump(kept, "event", "seen", "receipt_line", *DERIVED)
    kept.stream.again(*range(len(kept.stream.messages)))
    kept.read_all()
    kept.begin_again()
    kept.read_all()
    assert dump(kept, "event", "seen", "receipt_line", *DERIVED) == before
    assert kept.ingest.state.again == 0


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_batches_make_no_difference(tmp_path: Path, batch: int) -> None:
    """However the stream is cut, the same follows from it."""
    found = []
    for size in (batch, 500):
        (tmp_path / str(size)).mkdir()
        with recorded(tmp_path / str(size), batch=size) as kept:
            exchange_some(kept)
            kept.read_all()
            found.append(dump(kept, "daily"))
    assert found[0] == found[1]


def test_offsets_have_gaps(kept: Recorded) -> None:
    """A gap is no loss, and no alarm."""
    kept.stream.gaps = 3
    exchange_some(kept, 1)
    kept.read_all()
    kept.begin_again()
    exchange_some(kept, 2)
    kept.read_all()
    assert not kept.ingest.state.alarms
    assert counted(kept, "document") == 2


def test_begins_where_it_stopped(kept: Recorded) -> None:
    """What was committed is not asked for again."""
    exchange_some(kept, 1)
    kept.read_all()
    kept.begin_again()
    exchange_some(kept, 2)
    kept.read_all()
    assert kept.ingest.state.again == 0
    assert kept.ingest.state.found[Continuity.SAME] == 1


def test_a_stream_made_anew(kept: Recorded) -> None:
    """Its numbers say nothing about the one before: it is read from its beginning, what is known already is not kept
    twice, and that is an alarm."""
    exchange_some(kept)
    kept.read_all()
    old = list(kept.stream.messages)
    documents = counted(kept, "document")
    kept.stream.recreate()
    for each in old[:4]:
        kept.stream.append(each.publisher, each.key, each.body)
    kept.begin_again()
    kept.read_all()
    (alarm,) = kept.ingest.state.alarms
    assert (alarm.found, alarm.epoch) == (Continuity.ANOTHER, 1)
    assert counted(kept, "document") == documents
    assert kept.ingest.state.again == 4
    kept.begin_again()
    kept.read_all()
    assert not kept.ingest.state.alarms


def test_a_stream_that_forgot_what_was_not_read(kept: Recorded) -> None:
    """That is an alarm; what is left is kept."""
    exchange_some(kept, 1)
    kept.read_all()
    exchange_some(kept, 2)
    kept.stream.forget(len(kept.stream.messages) - 3)
    kept.begin_again()
    kept.read_all()
    assert [each.found for each in kept.ingest.state.alarms] == [Continuity.CUT]
    assert kept.ingest.state.epoch == 0


def test_a_broker_that_is_away(kept: Recorded) -> None:
    """The step says so, and goes on later where it was."""
    exchange_some(kept, 1)
    kept.ingest.step()
    kept.stream.is_away = True
    with pytest.raises(BrokerAway):
        kept.ingest.step()
    assert not kept.ingest.state.is_open
    kept.stream.is_away = False
    exchange_some(kept, 2)
    kept.read_all()
    assert kept.ingest.state.is_open
    assert counted(kept, "document") == 2


def test_what_is_forged_is_kept_and_changes_nothing(kept: Recorded) -> None:
    """Nor does it keep out the genuine message of the same id."""
    exchange_some(kept, 1)
    honest = list(kept.stream.messages)
    kept.stream.recreate()
    for each in honest:
        kept.stream.append("H53", each.key, each.body)
    kept.read_all()
    assert counted(kept, "document") == 0
    assert set(kept.ingest.state.standings) == {"not-its-user"}
    for each in honest:
        kept.stream.append(each.publisher, each.key, each.body)
    kept.read_all()
    assert lifeline(kept, "G22,2016/07/01,1/CV-VP").deliveries["H49"].state is S.ACCEPTED


def test_keys_made_up_hold_nobody_up(kept: Recorded) -> None:
    """A moment is waited for the first of them; who signs each message with another has a batch a step, all the same,
    until the directory has a newer edition."""
    office, asked = kept.land["G22"], list[Onlooker]()

    def onlooker() -> Onlooker:
        asked.append(kept.onlooker())
        return asked[-1]

    kept.ingest = kept.make()
    kept.ingest._onlooker = onlooker
    kept.ingest._early = 0.01
    waits = list[int]()
    for _ in range(MOST_WAITED_FOR + 3):
        office.member = replace(office.member, identity=new_identity())
        kept.stream.append("G22", "document.H49", sealed(kept.land).body)
        asked.clear()
        assert kept.ingest.step()
        waits.append(len(asked) - 1)
    assert waits == [1] * MOST_WAITED_FOR + [0] * 3


def test_what_was_judged_when_it_came_is_not_judged_again(kept: Recorded) -> None:
    """A stream read from its beginning a year later is full of what nobody would take in any more: all of it is known,
    and nothing of it a forgery."""
    exchange_some(kept)
    kept.read_all()
    kept.land.now += timedelta(days=400)
    kept.stream.again(*range(len(kept.stream.messages)))
    kept.read_all()
    assert set(kept.ingest.state.standings) == {GENUINE}
    first = kept.stream.messages[0]
    kept.stream.append("H53", first.key, first.body)
    kept.read_all()
    assert kept.ingest.state.standings["not-its-user"] == 1, "who sends on another's is still told of"


def test_a_forger_cannot_hide_behind_the_key_of_the_dead(kept: Recorded) -> None:
    """What is set aside and nobody knows is kept, as not genuine; what came before is counted, a year later too."""
    exchange_some(kept, 1)
    genuine = kept.stream.messages[0]
    office = kept.land["G22"]
    office.member = replace(office.member, identity=new_identity())
    bad = sealed(kept.land).body
    kept.stream.append("G22", "document.H49", bad)
    kept.read_all()
    assert kept.ingest.state.standings["bad-signature"] == 1
    for body in (genuine.body, bad):
        kept.stream.append("H49", DEAD, body)
    kept.read_all()
    assert dict(kept.ingest.state.passed_over) == {Why.SET_ASIDE: 2}
    kept.land.now += timedelta(days=400)
    kept.stream.append("H49", DEAD, genuine.body)
    kept.read_all()
    assert dict(kept.ingest.state.passed_over) == {Why.SET_ASIDE: 3}
    assert "not-its-user" not in kept.ingest.state.standings
    forged = sealed(kept.land).body
    kept.stream.append("H53", DEAD, forged)
    kept.read_all()
    assert kept.ingest.state.standings["not-its-user"] == 1
    assert dict(kept.ingest.state.passed_over) == {Why.SET_ASIDE: 3}
    assert kept.ingest.state.again == 0


def test_bytes_that_are_no_message(kept: Recorded) -> None:
    """Passed over, and counted."""
    kept.stream.append("G22", "document.H49", b"GET / HTTP/1.1")
    exchange_some(kept, 1)
    kept.read_all()
    assert dict(kept.ingest.state.passed_over) == {"no-message": 1}
    assert counted(kept, "document") == 1


def test_a_database_from_yesterday(kept: Recorded, tmp_path: Path) -> None:
    """Restored, it goes on from where it was then, and catches up."""
    exchange_some(kept, 1)
    kept.read_all()
    with kept.ledger.reading() as connection:
        old = keep.checkpoint(connection, AUDIT)
    assert old is not None
    exchange_some(kept, 3)
    kept.read_all()
    whole = dump(kept, *DERIVED)
    with kept.ledger.writing() as connection:
        keep.keep_checkpoint(connection, old)
    kept.begin_again()
    kept.read_all()
    assert dump(kept, *DERIVED) == whole
    assert kept.ingest.state.found[Continuity.SAME] == 1


def test_a_forged_time_hides_nothing(kept: Recorded) -> None:
    """Dated years ahead, it does not make a ledger that is behind look level."""
    exchange_some(kept, 1)
    kept.ingest._batch = 1
    assert kept.ingest.step()
    oldest = kept.ingest.state.oldest
    kept.stream.forget(len(kept.stream.messages))
    member = kept.land["G22"].member
    ahead = seal(member, address(member, document(number=9)), now=kept.land.now + timedelta(days=900))
    kept.stream.append("G22", "document.H49", ahead.body)
    assert kept.ingest.step()
    assert dict(kept.ingest.state.standings) == {GENUINE: 1, "clock-ahead": 1}
    assert kept.ingest.state.oldest == oldest


def test_how_far_behind(kept: Recorded) -> None:
    """By the age of what was read last, while more waits."""
    exchange_some(kept, 1)
    kept.ingest._batch = 1
    assert kept.ingest.step()
    kept.land.now = kept.land.now.replace(hour=5)
    assert kept.ingest.state.behind(kept.land.now).total_seconds() > 3600
    kept.ingest._batch = 500
    kept.read_all()
    assert not kept.ingest.state.behind(kept.land.now)
