"""The ordinary road, told with a whole country in memory."""

from datetime import date, timedelta

import pytest

from bus.errors import (
    AgencyClosed,
    BadPackage,
    BrokerAway,
    NoMailbox,
    NotServed,
    TooLarge,
    UnknownAgency,
    WrongDirection,
)
from bus.handling.statuses import Handling
from bus.handling.transport import OutboxState, State
from bus.ports.records import Box, HandlingKey
from schemas.codes import Outcome, Priority, StatusCode
from schemas.document import Document
from schemas.status import Status
from tests.scenarios.country import Land, document, status

S = StatusCode


@pytest.fixture
def land() -> Land:
    return Land()


def handling(land: Land, at: str, of: Document, handler: str = "H49") -> Handling:
    key = HandlingKey(land["G22"].member.canonical(of.sender.code), of.id, handler)
    with land[at].store.read() as tx:
        return tx.dossiers.by_keys([key])[key].handling


def states(land: Land, at: str, box: Box) -> dict[State, int]:
    with land[at].store.read() as tx:
        return {state: count for state, count in tx.of(box).counts().items() if count}


def test_a_document_is_filed_and_its_arrival_comes_back(land: Land) -> None:
    """What is dropped at one agency is filed at the other as it was; the receipt and status 01 return by themselves."""
    sent = document()
    ref = land["G22"].dms.write(sent)
    land.settle()
    (filing,) = land["H49"].dms.filed.values()
    assert filing.document == sent
    assert filing.recipients == ("H49",)
    assert land["G22"].dms.heard == [("01", "H49")]
    (report,) = land["G22"].dms.reports.values()
    assert report.target == ref
    with land["G22"].store.read() as tx:
        (row,) = tx.outbox.rows(document=sent.id)
    assert (row.state, [line.outcome for line in row.recipients]) == (OutboxState.DONE, [Outcome.HELD])
    assert row.size == 0
    assert handling(land, "G22", sent) == handling(land, "H49", sent) == Handling(state=S.ARRIVED)


def test_the_bus_never_holds_plaintext(land: Land) -> None:
    """Neither outbox, nor broker, nor inbox has the words of a document."""
    land["G22"].dms.write(document(content=b"MOT BI MAT RIENG"))
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    with land["G22"].store.read() as tx:
        (out,) = tx.outbox.due(now=land.now + timedelta(days=1), limit=9, max_bytes=10**9)
    with land["H49"].store.read() as tx:
        (held,) = tx.inbox.due(now=land.now, limit=9, max_bytes=10**9)
    assert out.body == held.body
    assert b"MOT BI MAT RIENG" not in held.body
    assert "V/v thử".encode() not in held.body


def test_one_message_serves_many_recipients(land: Land) -> None:
    """Two units of one province and another province: two filings, one of them for both units, three arrivals."""
    sent = document("G22", "H49.06", "H49.07", "H53")
    land["G22"].dms.write(sent)
    land.settle()
    (filing,) = land["H49"].dms.filed.values()
    assert filing.recipients == ("H49.06", "H49.07")
    assert land["H53"].dms.documents == [sent.id]
    assert sorted(land["G22"].dms.heard) == [("01", "H49.06"), ("01", "H49.07"), ("01", "H53")]
    assert states(land, "G22", Box.OUT)[OutboxState.DONE] >= 1


def test_an_old_code_is_the_same_agency(land: Land) -> None:
    """A package that names 13-character codes finds the same mailbox and the same dossier."""
    sent = document("000.00.00.G22", "000.00.00.H49")
    land["G22"].dms.write(sent)
    land.settle()
    land["H49"].dms.write(status(S.ACCEPTED, sent, "000.00.00.H49", "G22"))
    land.settle()
    assert handling(land, "G22", sent).state is S.ACCEPTED


def test_handling_comes_back(land: Land) -> None:
    """Accepted, in progress, done: each reaches the sender; one that comes late changes nothing."""
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    for code in (S.ACCEPTED, S.IN_PROGRESS, S.DONE, S.ASSIGNED):
        land["H49"].dms.write(status(code, sent, "H49", "G22"))
        land.settle(3)
    assert [code for code, _ in land["G22"].dms.heard] == ["01", "03", "05", "06", "04"]
    assert handling(land, "G22", sent).state is S.DONE
    assert handling(land, "H49", sent).state is S.DONE


def test_a_batch_of_statuses_is_judged_in_its_order(land: Land) -> None:
    """03, 05, 06 in one batch end in 06, each applied to what the one before it left."""
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    for code in (S.ACCEPTED, S.IN_PROGRESS, S.DONE):
        land["H49"].dms.write(status(code, sent, "H49", "G22"))
    land.settle()
    with land["G22"].store.read() as tx:
        history = tx.dossiers.statuses(issuer="G22", document=sent.id)
    assert [(record.code, str(record.verdict)) for record in history] == [
        (S.ARRIVED, "applied"),
        (S.ACCEPTED, "applied"),
        (S.IN_PROGRESS, "applied"),
        (S.DONE, "applied"),
    ]


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (document("G22", "H99"), UnknownAgency),
        (document("G22", "H49", "H07"), NoMailbox),
        (document("H49", "G22"), NotServed),
        (BadPackage(path="/", why="x", why_vi="x", remedy="y", remedy_vi="y"), BadPackage),
        (status(S.DONE, document(), "G22", "G22"), WrongDirection),
        (document(content=b"x" * 13_000_000), TooLarge),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_sent_is_answered(land: Land, item: Document | Status, error: type[Exception]) -> None:
    """The document system is told why, with who must act; nothing of it enters the outbox; it is not offered again."""
    land["G22"].dms.write(item)
    (answer,) = land.collect("G22")
    assert isinstance(answer.error, error)
    assert not land["G22"].dms.waiting
    assert states(land, "G22", Box.OUT) == {}


def test_one_bad_submission_stops_nobody(land: Land) -> None:
    """The good one of a batch goes; each gets its own answer."""
    land["G22"].dms.write(document("G22", "H99"))
    land["G22"].dms.write(document(number=2))
    land.settle()
    assert land["H49"].dms.documents == ["G22,2016/07/01,2/CV-VP"]
    assert [bool(answer.error) for answer in land["G22"].dms.answers] == [True, False]


def test_the_same_submission_twice_is_sent_once(land: Land) -> None:
    """A crash after the commit and before the answer, and the same package under another name: both are duplicates."""
    sent = document()
    land["G22"].dms.crash_before_acknowledge = True
    land["G22"].dms.write(sent)
    (first,) = land.collect("G22")
    land["G22"].dms.crash_before_acknowledge = False
    (again,) = land.collect("G22")
    assert (again.duplicate, again.message) == (True, first.message)
    land["G22"].dms.write(sent, "another name")
    land["G22"].dms.write(sent, "a third")
    assert all(answer.duplicate for answer in land.collect("G22"))
    land.settle()
    assert land["H49"].dms.documents == [sent.id]


def test_twins_in_one_batch_are_one(land: Land) -> None:
    """Two files of the same content, offered together."""
    land["G22"].dms.write(document(), "a")
    land["G22"].dms.write(document(), "b")
    answers = land.collect("G22")
    assert [answer.duplicate for answer in answers] == [False, True]
    land.settle()
    assert len(land["H49"].dms.documents) == 1


def test_the_same_document_to_one_more_recipient_goes_on(land: Land) -> None:
    """Sent again with another recipient it is another content: the first one's handling goes on where it stood."""
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    land["H49"].dms.write(status(S.ACCEPTED, sent, "H49", "G22"))
    land.settle()
    land["G22"].dms.write(document("G22", "H49", "H53"))
    land.settle()
    assert land["H53"].dms.documents == [sent.id]
    assert handling(land, "G22", sent).state is S.ACCEPTED


def test_the_most_urgent_goes_first(land: Land) -> None:
    """Of what waits in the outbox, then the oldest."""
    for number, priority in enumerate((Priority.NORMAL, Priority.IMMEDIATE, Priority.URGENT, Priority.IMMEDIATE), 1):
        land["G22"].dms.write(document(number=number, priority=priority))
    land.collect("G22")
    with land["G22"].store.read() as tx:
        due = tx.outbox.due(now=land.now, limit=9, max_bytes=10**9)
    assert [entry.docket.document.id.split(",")[2][0] for entry in due if entry.docket.document] == list("2431")


def test_a_status_from_the_wrong_side_is_refused(land: Land) -> None:
    """13 from the recipient, and 06 from the sender, of a document that both know."""
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    land["H49"].dms.write(status(S.TAKE_BACK, sent, "H49", "G22"))
    land["G22"].dms.write(status(S.DONE, sent, "G22", "H49"))
    for code in ("H49", "G22"):
        (answer,) = land.collect(code)
        assert isinstance(answer.error, WrongDirection)


def test_without_a_broker_documents_wait(land: Land) -> None:
    """Accepted while the broker is away, sent when it is back; nothing is counted against the message."""
    land["G22"].dms.write(document())
    land["G22"].broker.cut()
    land.collect("G22")
    with pytest.raises(BrokerAway):
        land.publish("G22")
    land["G22"].broker.mend()
    land.settle()
    assert len(land["H49"].dms.documents) == 1


def test_closed_codes_name_their_successor(land: Land) -> None:
    """After the mergers a closed code is refused with its successor; an explicit rule forwards instead."""
    land.on(land.now.date().replace(year=2025, month=8))
    land["G22"].dms.write(document("G22", "H08"))
    (answer,) = land.collect("G22")
    assert isinstance(answer.error, AgencyClosed)
    assert "H49" in str(answer.error)
    forwarded = document("G22", "H39", number=2)
    land["G22"].dms.write(forwarded)
    land.settle()
    assert land["H53"].dms.documents == [forwarded.id]
    assert land["G22"].dms.heard == [("01", "H53")]


def test_what_was_sent_before_a_closure_still_arrives(land: Land) -> None:
    """A message that a since closed agency signed while it was open is taken in; its 01 cannot go, and that is said."""
    land.on(date(2025, 6, 20))
    sent = document("H08", "G22")
    land["H08"].dms.write(sent)
    land.collect("H08")
    land.publish("H08")
    land.on(date(2025, 7, 10))
    land.settle()
    assert land["G22"].dms.documents == [sent.id]
    with land["G22"].store.read() as tx:
        assert "arrival.unsent" in {event.name for event in tx.dossiers.events(document=sent.id)}


def test_a_closed_code_does_not_speak_by_setting_its_clock_back(land: Land) -> None:
    """Long after its closure nothing signed under it is taken, whatever date it bears; its sender is told."""
    land.on(date(2025, 6, 20))
    sent = document("H08", "G22")
    land["H08"].dms.write(sent)
    land.collect("H08")
    land.publish("H08")
    land.on(date(2026, 1, 10))
    land.settle()
    assert not land["G22"].dms.documents
    assert [bounce.error.code for bounce in land["H08"].dms.bounces] == ["bad-signature"]


def test_two_codes_of_one_agency_are_one_recipient(land: Land) -> None:
    """Old and new code in one To list: filed once, one arrival."""
    land["G22"].dms.write(document("G22", "H49", "000.00.00.H49"))
    land.settle()
    (filing,) = land["H49"].dms.filed.values()
    assert filing.recipients == ("H49",)
    assert land["G22"].dms.heard == [("01", "H49")]
