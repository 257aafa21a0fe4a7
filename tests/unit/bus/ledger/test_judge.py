"""bus/ledger/judge.py: one row for each check. Who may speak for whom is bus/directory/onlooker.py's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bus.directory.edition import MAX_SKEW
from bus.directory.onlooker import Onlooker
from bus.ledger.judge import MAX_AGE, Judged, NoEvent, Why, judge
from bus.ledger.tables import GENUINE
from bus.rabbit.streams.audit_reader import AuditMessage
from bus.topology.names import DEAD
from bus.trust.keys import new_identity
from bus.wire import envelope
from bus.wire.envelope import Encrypted
from schemas.docket import Address
from schemas.values import AgencyCode, MailboxCode
from tests.scenarios.country import Land
from tests.unit.bus.receiving.mail import sealed

SECOND = timedelta(seconds=1)


def message(body: bytes, *, publisher: MailboxCode | None = "G22", key: str = "document.H49") -> AuditMessage:
    return AuditMessage(offset=7, publisher=publisher, key=key, body=body)


def onlooker(land: Land) -> Onlooker:
    return Onlooker(directory=land["H53"].member.directory)


def honest(land: Land) -> AuditMessage:
    return message(sealed(land).body)


def altered(land: Land) -> AuditMessage:
    body = sealed(land).body
    return message(body[:-1] + bytes([body[-1] ^ 1]))


def signed_by_nobody(land: Land) -> AuditMessage:
    land["G22"].member = replace(land["G22"].member, identity=new_identity())
    return message(sealed(land).body)


def by_anothers_exchange(land: Land) -> AuditMessage:
    return message(sealed(land).body, publisher="H49")


def as_if_from(agency: AgencyCode, mailbox: MailboxCode) -> Callable[[Land], AuditMessage]:
    """Signed by G22's key, in the name of others."""

    def told(land: Land) -> AuditMessage:
        entry = sealed(land)
        docket = entry.docket.model_copy(update={"sender": Address(agency=agency, mailbox=mailbox)})
        assert docket.content is not None
        content = Encrypted(bytes(32), envelope.parse(entry.body).sealed, docket.content)
        keys = {code: office.member.identity.sealing[0].public for code, office in land.offices.items()}
        signer = land["G22"].member.identity.signing
        return message(envelope.seal(docket, content, signer=signer, recipients=keys), publisher=mailbox)

    return told


@pytest.mark.parametrize(
    ("told", "standing"),
    [
        (honest, GENUINE),
        (altered, "bad-signature"),
        (signed_by_nobody, "bad-signature"),
        (by_anothers_exchange, "not-its-user"),
        (as_if_from("H99", "H99"), "no-key"),
        (as_if_from("H49", "H49"), "bad-signature"),
        (as_if_from("H53", "G22"), "bad-signature"),
    ],
    ids=[
        "honest",
        "altered",
        "signed by nobody",
        "others' exchange",
        "a stranger",
        "a stolen name",
        "not its agency",
    ],
)
def test_what_stands_against_a_message(told: Callable[[Land], AuditMessage], standing: str) -> None:
    """The first check that fails names the error, as a recipient would."""
    land = Land()
    (judged,) = judge(onlooker(land), [told(land)], land.now)
    assert isinstance(judged, Judged)
    assert judged.standing == standing


@pytest.mark.parametrize(
    ("later", "standing"),
    [
        (-MAX_SKEW, GENUINE),
        (-MAX_SKEW - SECOND, "clock-ahead"),
        (MAX_AGE, GENUINE),
        (MAX_AGE + SECOND, "too-old"),
    ],
)
def test_time(later: timedelta, standing: str) -> None:
    """From the future, or so old that no recipient takes it: it does not count."""
    land = Land()
    (judged,) = judge(onlooker(land), [honest(land)], land.now + later)
    assert isinstance(judged, Judged)
    assert judged.standing == standing


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (lambda land: message(b"GET / HTTP/1.1"), Why.NO_MESSAGE),
        (lambda land: message(sealed(land).body, publisher=None), Why.NO_MAILBOX),
        (lambda land: message(sealed(land).body, publisher="H49", key=DEAD), Why.SET_ASIDE),
    ],
)
def test_what_is_no_event(given: Callable[[Land], AuditMessage], why: Why) -> None:
    """Bytes that are no message, what an operator put there, what a recipient sends on to the dead."""
    land = Land()
    (found,) = judge(onlooker(land), [given(land)], land.now)
    assert isinstance(found, NoEvent)
    assert found.why is why


def test_a_forger_cannot_hide_behind_the_key_of_the_dead() -> None:
    """What its sender did not sign is judged, whoever sets it aside; whether it is known, the ingest sees."""
    land = Land()
    for told in (altered(land), signed_by_nobody(land)):
        (judged,) = judge(onlooker(land), [replace(told, publisher="H49", key=DEAD)], land.now)
        assert isinstance(judged, Judged)
        assert (judged.standing, judged.is_set_aside, judged.may_be_early) == ("not-its-user", True, False)


def test_a_sender_cannot_hide_behind_the_key_of_the_dead() -> None:
    """What it publishes with that key first may travel by others in CC: it is judged like everything of its own."""
    land = Land()
    (judged,) = judge(onlooker(land), [message(sealed(land).body, key=DEAD)], land.now)
    assert isinstance(judged, Judged)
    assert (judged.standing, judged.is_set_aside) == (GENUINE, False)


def test_one_stranger_costs_the_others_nothing() -> None:
    """One result each, in order."""
    land = Land()
    found = judge(onlooker(land), [message(b""), honest(land), message(b"LT\x01\n"), honest(land)], land.now)
    assert [isinstance(each, Judged) for each in found] == [False, True, False, True]


def test_only_who_the_broker_vouches_for_may_be_early() -> None:
    """An unknown key is waited for where it came by its sender's own exchange."""
    land = Land()
    told = signed_by_nobody(land)
    for publisher, early in (("G22", True), ("H49", False)):
        (judged,) = judge(onlooker(land), [replace(told, publisher=publisher)], land.now)
        assert isinstance(judged, Judged)
        assert judged.may_be_early is early
