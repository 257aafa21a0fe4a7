"""Certificates, clocks and keys in a country that an authority vouches for."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from bus.directory.keys import MailboxKeys
from bus.errors import NoKey, NotUnderstood
from bus.handling.transport import InboxState, OutboxState
from bus.operations.events import recent_events
from bus.ports.records import Box
from bus.receiving.take_in import take_in
from bus.sending.address import address
from bus.sending.seal import seal
from bus.topology.names import DEAD
from bus.topology.versions import OLDEST
from bus.trust.authority import Withdrawal
from bus.trust.certificates import Certificate
from bus.trust.keys import Identity, SealingKey, SigningKey
from schemas.codes import BusinessType, Priority
from schemas.document import Business
from schemas.values import MessageId
from tests.fakes.broker import FakeExchange
from tests.identities import Papers
from tests.scenarios.country import document
from tests.scenarios.guarded import GuardedLand
from tests.scenarios.looking import events, inject, rows

URGENT = document(priority=Priority.IMMEDIATE)


@pytest.fixture
def land() -> GuardedLand:
    return GuardedLand()


def names(land: GuardedLand, at: str) -> list[str]:
    return [event.name for event in recent_events(land[at].store, limit=99)]


def reasons(land: GuardedLand) -> list[object]:
    return [headers["x-lienthong-reason"] for headers in land.exchange.headers(DEAD)]


def test_a_document_goes_and_comes_back(land: GuardedLand) -> None:
    """Signed with a certificate's key, sealed to a stated key."""
    land["G22"].dms.write(document())
    land.settle()
    assert land["H49"].dms.documents == [document().id]
    assert land["G22"].dms.heard == [("01", "H49")]


@pytest.mark.parametrize(
    ("how", "heard"),
    [("expired", True), ("revoked", True), ("not listed", False), ("another's name", False), ("foreign", True)],
)
def test_a_certificate_that_does_not_count_signs_nothing(land: GuardedLand, how: str, heard: bool) -> None:
    """The message is set aside, and its sender is told where it is known who that is."""
    old = land["G22"].member.identity
    match how:
        case "expired":
            land.give_keys("G22", lasts=timedelta(days=5))
        case "revoked":
            serial = Certificate.from_der(land.keys["G22"].certificates[0]).serial
            withdrawal = Withdrawal(serial=serial, at=land.now, reason=x509.ReasonFlags.superseded)
            land.lists = [land.papers.revoked(withdrawal)]
        case "not listed":
            land.give_keys("G22")
            land["G22"].member = replace(land["G22"].member, identity=old)
        case "another's name":
            land.keys["G22"] = replace(land.keys["G22"], certificates=land.keys["H53"].certificates)
            identity = land["H53"].member.identity
            land["G22"].member = replace(land["G22"].member, identity=replace(old, signing=identity.signing))
        case _:
            signer = SigningKey.generate()
            foreign = Papers(land.papers.begin).certificate("G22", signer)
            stated = land.papers.statement("G22", old.sealing[0], signer)
            land.keys["G22"] = MailboxKeys(certificates=(foreign.der,), sealing=(stated.encoded,))
            land["G22"].member = replace(land["G22"].member, identity=Identity(signer, old.sealing))
    land.publish_keys()
    land["G22"].dms.write(document("G22", "H49"))
    land.settle()
    assert not land["H49"].dms.documents
    assert set(reasons(land)) == {"bad-certificate" if how != "not listed" else "bad-signature"}
    assert bool(land["G22"].dms.bounces) is (heard or how in {"not listed"}) or how == "another's name"
    assert "inbox.set-aside" in names(land, "H49")


def test_what_was_signed_before_a_revocation_still_arrives(land: GuardedLand) -> None:
    """Superseded, not stolen: the message on its way is as good as it was."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    serial = Certificate.from_der(land.keys["G22"].certificates[0]).serial
    land.wait(timedelta(hours=1))
    land.lists = [land.papers.revoked(Withdrawal(serial=serial, at=land.now))]
    land.publish_keys()
    land.settle()
    assert land["H49"].dms.documents == [document().id]


@pytest.mark.parametrize(
    ("ahead", "filed", "told", "bounced"),
    [
        (timedelta(seconds=10), True, None, False),
        (timedelta(minutes=4), True, "clock.skew", False),
        (timedelta(minutes=6), False, "inbox.set-aside", True),
    ],
)
def test_clocks_differ(land: GuardedLand, ahead: timedelta, filed: bool, told: str | None, bounced: bool) -> None:
    """A little is nothing, up to five minutes are told, more is refused, and the sender hears it."""
    land["G22"].dms.write(document())
    land.wait(ahead)
    land.collect("G22")
    land.publish("G22")
    land.wait(-ahead)
    land.take_in("H49")
    land.deliver("H49")
    assert bool(land["H49"].dms.documents) is filed
    assert told is None or told in names(land, "H49")
    land.settle()
    assert [bounce.error.code for bounce in land["G22"].dms.bounces] == (["clock-ahead"] if bounced else [])


def test_what_is_older_than_memory_is_refused(land: GuardedLand) -> None:
    """A message that could be played again without being known for a duplicate."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.wait(timedelta(days=366))
    land.take_in("H49")
    assert names(land, "H49") == ["inbox.set-aside"]
    with land["H49"].store.read() as tx:
        (event,) = tx.dossiers.recent_events(limit=1)
    assert "too-old" in event.detail


def test_a_message_published_by_another_is_refused_and_he_is_told(land: GuardedLand) -> None:
    """Its own sender is not: somebody who plays his message again cannot make him believe that it was refused."""
    member = land["G22"].member
    entry = seal(member, address(member, document("G22", "H49", "H53")), now=land.now)
    inject(land, "H49", entry.body, sender="H53")
    land.take_in("H49")
    land.publish("H49")
    assert reasons(land) == ["not-its-user"]
    assert land.exchange.depth("inbox.H53") == 1
    assert land.exchange.depth("inbox.G22") == 0


def test_a_message_that_nobody_vouches_for_is_refused(land: GuardedLand) -> None:
    """Without the broker's word who published it; nobody is told, for nobody is known."""
    member = land["G22"].member
    entry = seal(member, address(member, document()), now=land.now)
    link = land.exchange.link("H49")
    inject(land, "H49", entry.body)
    (arrival,) = link.receive(limit=1, wait=0)
    taken = take_in(land["H49"].store, [replace(arrival, user=None)], member=land["H49"].member, now=land.now)
    assert taken.set_aside == 1
    assert not [row for row in rows(land, "H49", Box.OUT) if row.docket.recipients[0].mailbox == "G22"]


def test_an_operator_puts_back_what_had_died(land: GuardedLand) -> None:
    """Published by somebody who is no mailbox: the signature is the sender's, and that is enough."""
    member = land["G22"].member
    entry = seal(member, address(member, document()), now=land.now)
    link = land.exchange.link("G22", user="operator")
    from bus.wire.message import publication

    link.publish([publication(entry)])
    land.settle()
    assert land["H49"].dms.documents == [document().id]


# -- keys that change --------------------------------------------------------------------------------------------------


def test_old_sealing_keys_open_until_they_are_gone(land: GuardedLand) -> None:
    """Sealed to the old one, taken in after the change."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.give_keys("H49", keep=True)
    land.publish_keys()
    land.settle()
    assert land["H49"].dms.documents == [document().id]


@pytest.mark.parametrize("stale", [False, True])
def test_what_is_sealed_to_a_withdrawn_key_is_sealed_again(land: GuardedLand, stale: bool) -> None:
    """The recipient says so, the sender seals again by itself, once its directory knows the new key; the other
    recipient has it once."""
    land["G22"].dms.write(document("G22", "H49", "H53"))
    land.collect("G22")
    land.give_sealing("H49")
    land.publish_keys("H49", "H53", *(() if stale else ("G22",)))
    land.settle(3)
    if stale:
        assert "outbox.awaits-key" in events(land, "G22", document("G22", "H49", "H53").id)
        land.publish_keys()
        land.wait(timedelta(minutes=6))
    land.settle()
    assert land["H49"].dms.filings == 1
    assert land["H53"].dms.filings == 1
    assert "outbox.sealed-again" in events(land, "G22", document("G22", "H49", "H53").id)
    assert not land["G22"].dms.bounces
    assert not reasons(land)
    assert sorted(land["G22"].dms.heard) == [("01", "H49"), ("01", "H53")]


def test_an_urgent_one_is_sealed_again_at_once_though_it_is_said_four_times() -> None:
    """Two copies of the message, and two of each receipt: the pause is for who knows no newer key."""
    land = GuardedLand(exchange=FakeExchange("G22", "H49", "H53", "H08", version=OLDEST))
    land["G22"].dms.write(URGENT)
    land.collect("G22")
    land.give_sealing("H49")
    land.publish_keys()
    land.settle()
    assert land["H49"].dms.filings == 1
    assert "outbox.awaits-key" not in events(land, "G22", URGENT.id)
    assert not land["G22"].dms.bounces


def test_what_was_sealed_again_is_no_refusal_when_the_first_copy_comes_late() -> None:
    """The copy by the lane was sealed again, and is held; the message itself stood behind many others meanwhile."""
    land = GuardedLand(exchange=FakeExchange("G22", "H49", "H53", "H08", version=OLDEST))
    land["G22"].dms.write(URGENT)
    land.collect("G22")
    land.give_sealing("H49")
    land.publish_keys()
    land.publish("G22")
    office = land["H49"]
    (copy, late) = office.broker.receive(limit=9, wait=0)
    assert (copy.is_copy, late.is_copy) == (True, False)
    take_in(office.store, [copy], member=office.member, now=land.now)
    land.settle()
    take_in(office.store, [late], member=office.member, now=land.now)
    land.settle()
    assert office.dms.filings == 1
    assert not land["G22"].dms.bounces
    (row,) = rows(land, "G22", Box.OUT)
    assert [line.outcome for line in row.recipients] == ["held"]


def test_an_old_word_of_a_withdrawn_key_refuses_nothing_that_is_held(land: GuardedLand) -> None:
    """Its sender has the receipt a second time, from a past day of the audit stream."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.give_sealing("H49")
    land.publish_keys()
    for step in (land.publish, land.take_in):
        step("G22"), step("H49")
    land.publish("H49")
    office = land["G22"]
    (word,) = office.broker.receive(limit=9, wait=0)
    for _ in range(2):
        take_in(office.store, [word], member=office.member, now=land.now)
        land.settle()
    assert land["H49"].dms.filings == 1
    assert not office.dms.bounces


def test_a_key_that_never_comes_is_a_refusal_in_the_end(land: GuardedLand) -> None:
    """Three days later the sender's people are told."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.give_sealing("H49")
    land.publish_keys("H49")
    for _ in range(2):
        land.settle(3)
        land.wait(timedelta(days=2))
    land.settle(4)
    assert [bounce.error.code for bounce in land["G22"].dms.bounces] == ["key-withdrawn"]


def test_a_receipt_about_another_docket_seals_nothing(land: GuardedLand) -> None:
    """Nor one for a message that is done."""
    from bus.errors import KeyWithdrawn
    from bus.sending.receipts import receipt
    from schemas.codes import Outcome
    from schemas.docket import Acknowledged, Address

    land["G22"].dms.write(document())
    land.collect("G22")
    (row,) = rows(land, "G22", Box.OUT)
    lines = [
        Acknowledged(message=message, docket_sha256="0" * 64, outcome=Outcome.REFUSED, code=KeyWithdrawn.code)
        for message in (row.docket.id, MessageId("unknown"))
    ]
    to = Address(agency="G22", mailbox="G22")
    inject(land, "G22", receipt(land["H49"].member, to, lines, now=land.now).body, sender="H49")
    land.take_in("G22")
    assert names(land, "G22") == []


@pytest.mark.parametrize("lost", ["keys", "directory"])
def test_without_the_means_it_waits(land: GuardedLand, lost: str) -> None:
    """The content key cannot be recalled, or the directory has no key for the recipient any more."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.give_sealing("H49")
    if lost == "keys":
        own = land["G22"].member
        land["G22"].member = replace(own, identity=replace(own.identity, sealing=(SealingKey.generate(),)))
        land.publish_keys()
    else:
        land.publish_keys("H49")
        member = land["H49"].member
        tomorrow = land.now + timedelta(days=1)
        stated = land.papers.statement("H49", member.identity.sealing[0], member.identity.signing, at=tomorrow)
        land.keys["H49"] = replace(land.keys["H49"], sealing=(stated.encoded,))
        land.publish_keys("G22")
    land.settle(3)
    assert "outbox.awaits-key" in events(land, "G22", document().id)
    assert rows(land, "G22", Box.OUT, OutboxState.WAITING)


def test_a_key_before_or_after_its_time_is_not_sealed_to(land: GuardedLand) -> None:
    """The statement says from when to when."""
    land.give_keys("H49", at=land.now + timedelta(days=1))
    land.publish_keys()
    member = land["G22"].member
    with pytest.raises(NoKey):
        member.sealing_key("H49", now=land.now)
    assert member.sealing_key("H49", now=land.now + timedelta(days=2)).id == land["H49"].member.identity.sealing[0].id


def test_a_key_that_the_directory_still_names_is_our_own_fault(land: GuardedLand) -> None:
    """The message is kept, and can be released once the key is there."""
    own = land["H49"].member
    land["H49"].member = replace(own, identity=replace(own.identity, sealing=(SealingKey.generate(),)))
    land["G22"].dms.write(document())
    land.settle()
    assert rows(land, "H49", Box.IN, InboxState.REFUSED)
    assert [bounce.error.code for bounce in land["G22"].dms.bounces] == ["cannot-open"]


def test_an_edition_a_moment_late_loses_nothing(land: GuardedLand) -> None:
    """H49 signs with a new key already; G22's directory learns of it a moment later: until then the message waits."""
    land["H49"].dms.write(document("H49", "G22"))
    land.give_keys("H49", keep=True)
    land.publish_keys("H49")
    land.collect("H49")
    land.publish("H49")
    office = land["G22"]
    arrivals = office.broker.receive(limit=9, wait=0)
    early = take_in(office.store, arrivals, member=office.member, now=land.now, patient=True)
    assert early.early == tuple(arrivals)
    land.publish_keys()
    inject(land, "G22", b"no message", sender="H53")
    both = [*arrivals, *office.broker.receive(limit=9, wait=0)]
    taken = take_in(office.store, both, member=office.member, now=land.now, patient=True)
    assert (taken.held, taken.set_aside, taken.early) == (1, 1, ())


def test_a_key_that_nobody_knows_waits_alone(land: GuardedLand) -> None:
    """What came with it is taken in meanwhile."""
    land["H49"].dms.write(document("H49", "G22"))
    land["H53"].dms.write(document("H53", "G22"))
    land.give_keys("H49")
    land.publish_keys("H49")
    for code in ("H49", "H53"):
        land.collect(code)
        land.publish(code)
    office = land["G22"]
    arrivals = office.broker.receive(limit=9, wait=0)
    taken = take_in(office.store, arrivals, member=office.member, now=land.now, patient=True)
    assert (taken.held, len(taken.early)) == (1, 1)


# -- what a mailbox takes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), [('code = "H49"\n[[mail', 'code = "H49"\ntakes = [0]\n[[mail')])
def test_a_mailbox_says_what_it_takes(land: GuardedLand, old: str, new: str) -> None:
    """The sender is told at once; what comes all the same is refused."""
    land.agencies = land.agencies.replace(old, new)
    assert "takes" in land.agencies
    revocation = document(business=Business(type=BusinessType.REVOKE, document_id="x"))
    stale = seal(land["G22"].member, address(land["G22"].member, revocation), now=land.now)
    land.publish_keys()
    with pytest.raises(NotUnderstood, match="H49"):
        address(land["G22"].member, revocation)
    inject(land, "H49", stale.body)
    land["G22"].dms.write(document())
    land.settle()
    assert reasons(land) == ["not-understood"]
    assert land["H49"].dms.documents == [document().id]


def test_an_adapter_of_another_version_is_not_written_to(land: GuardedLand) -> None:
    """Before anything is sealed."""
    land.agencies = land.agencies.replace('versions = [1, 2]\ncode = "H49"', 'versions = [2]\ncode = "H49"')
    land.publish_keys()
    with pytest.raises(NotUnderstood, match="version 1"):
        address(land["G22"].member, document())


# -- a store in other hands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [True, False])
@pytest.mark.parametrize("edited", ["body", "docket"])
def test_what_was_edited_in_the_store_is_not_filed(land: GuardedLand, edited: str, restarted: bool) -> None:
    """Bytes of another, or another docket over the same bytes; after a restart, when nothing is remembered, and while
    what was taken in is."""
    from bus.receiving.verified import Verified

    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    forger = land.as_another("G22", identity=land["H53"].member.identity)
    forged = seal(forger, address(forger, document(number=2)), now=land.now)
    store = land["H49"].store
    with store.write() as tx:
        ((identity, held),) = list(tx.memory.inbox.items())
        docket = held.entry.docket if edited == "body" else held.entry.docket.model_copy(update={"attachments": 7})
        body = forged.body if edited == "body" else held.entry.body
        if edited == "body":
            docket = forged.docket
        tx.memory.inbox[identity] = replace(held, entry=replace(held.entry, docket=docket, body=body))
    if restarted:
        land["H49"].verified = Verified()
    land.deliver("H49")
    assert not land["H49"].dms.documents
    with store.read() as tx:
        assert any("bad-signature" in event.detail for event in tx.dossiers.recent_events(limit=9))


def test_after_a_restart_what_was_kept_is_verified_once_more(land: GuardedLand) -> None:
    """And filed."""
    from bus.receiving.verified import Verified

    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    land["H49"].verified = Verified()
    land.deliver("H49")
    assert land["H49"].dms.documents == [document().id]
