"""The checks of the recipients, for messages that the broker let through: an insider who lies, and a thief of keys."""

import dataclasses
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from bus.directory.member import Member
from bus.sending.address import address
from bus.sending.seal import seal
from bus.trust.keys import SigningKey
from bus.wire import envelope
from bus.wire.envelope import MAGIC
from schemas.codes import BusinessType
from schemas.content import pack_content
from schemas.document import Business
from schemas.framing import frame
from tests.attackers.besieged import EXPIRED, FOREIGN, INSIDER, MISUSED, REVOKED, Besieged, swapped
from tests.e2e.site import eventually

ME, VICTIM, OTHER = INSIDER, "H49", "H53"


def refused(land: Besieged, body: bytes, why: str, *, by: str = ME, user: str | None = "", at: str = VICTIM) -> None:
    """Asserts that the message is set aside with its reason, and in the event log; nothing is filed."""
    before = len(land.site.filed(at))
    land.inject(by, body, at, user=user)
    land.told(at, "inbox.set-aside", why)  # an unknown key is waited for, for some seconds
    assert len(land.site.filed(at)) == before


def test_a_message_in_anothers_name_is_refused(land: Besieged) -> None:
    """A message from the attacker's own exchange, in its own AMQP name, with a docket that says G22."""
    forger = dataclasses.replace(land.member("G22"), identity=land.member(ME).identity)
    refused(land, land.sealed(forger, VICTIM).body, "signed by G22, but user H17 published it")


def test_a_message_without_a_user_is_refused(land: Besieged) -> None:
    """Nobody vouches for who published it, however well it is signed."""
    refused(land, land.sealed(land.member(ME), VICTIM).body, "user (user_id missing) published it", user=None)


def test_yesterdays_message_played_again_by_a_recipient_is_refused(land: Besieged) -> None:
    """H17 received it honestly, and sends it to H49 unchanged: signature and seal are G22's, the publisher is not."""
    honest = land.sealed(land.member("G22"), VICTIM, ME, at=datetime.now(UTC) - timedelta(days=1))
    land.inject("G22", honest.body, VICTIM)
    assert honest.docket.document is not None
    eventually(lambda: land.site.filed(VICTIM, honest.docket.document.id))  # type: ignore[union-attr]
    refused(land, honest.body, f"{honest.docket.id} is signed by G22, but user H17")


def test_the_same_message_twice_is_filed_once(land: Besieged) -> None:
    """Sent again by its own sender, in the same second or a day later: receipted again, filed once."""
    entry = land.sealed(land.member(ME), VICTIM)
    for _ in range(3):
        land.inject(ME, entry.body, VICTIM)
    assert entry.docket.document is not None
    land.still_works()
    assert len(land.site.filed(VICTIM, entry.docket.document.id)) == 1


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((0,), "it does not fit key"),
        ((0, 1), "content altered since it was signed"),
        ((3,), "content altered since it was signed"),
        ((2, 3), "content altered since it was signed"),
        ((1,), "it does not fit key"),
    ],
    ids=["docket", "docket and signature", "content", "content and wraps", "signature"],
)
def test_parts_of_two_messages_make_none(land: Besieged, parts: tuple[int, ...], why: str) -> None:
    """Both messages are signed by the attacker and addressed to the victim; put together they are nobody's."""
    one, other = (land.sealed(land.member(ME), VICTIM).body for _ in range(2))
    refused(land, swapped(one, other, parts), why)


def test_wraps_of_another_message_open_nothing(land: Besieged) -> None:
    """Wraps are not signed, but tied to their docket: the content stays shut, and is kept for an operator to see."""
    one, other = (land.sealed(land.member(ME), VICTIM).body for _ in range(2))
    land.inject(ME, swapped(one, other, (2,)), VICTIM)
    land.told(VICTIM, "inbox.refused", "cannot-open")


def test_recipients_cannot_be_changed(land: Besieged) -> None:
    """A message to H53 put into H49's inbox is for somebody else."""
    refused(land, land.sealed(land.member(ME), OTHER).body, "not-for-us")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (EXPIRED, "expired at"),
        (REVOKED, "was revoked at"),
        (FOREIGN, "no chain leads from it to a root that is trusted"),
        (MISUSED, "not issued for this purpose"),
    ],
)
def test_a_bad_certificate_signs_nothing(land: Besieged, code: str, why: str) -> None:
    """The directory lists it, and its owner could log in to the broker; still it is refused, and its sender gets a
    signed receipt with the code."""
    thief = land.member(code, signing=land.bad_keys[code])
    entry = land.sealed(thief, VICTIM)
    refused(land, entry.body, why, by=code)
    with land.channel(code) as channel:

        def told() -> bytes:
            _, _, body = channel.basic_get(f"inbox.{code}", auto_ack=True)
            return body if body is not None and entry.docket.id.encode() in body else b""

        assert b'"outcome":"refused","code":"bad-certificate"' in eventually(told)


def test_a_key_of_its_own_is_not_the_agencys(land: Besieged) -> None:
    """A stolen login without the signing key."""
    refused(
        land, land.sealed(land.member(ME, signing=SigningKey.generate()), VICTIM).body, "not in the directory for H17"
    )


@pytest.mark.parametrize(
    ("ahead", "name", "detail"),
    [
        (timedelta(minutes=3), "clock.skew", "H17: its clock is"),
        (timedelta(minutes=20), "inbox.set-aside", "clock-ahead"),
        (timedelta(days=-400), "inbox.set-aside", "bad-certificate"),
    ],
    ids=["3 minutes ahead", "20 minutes ahead", "before its certificate"],
)
def test_clocks_are_judged(land: Besieged, ahead: timedelta, name: str, detail: str) -> None:
    """Up to five minutes are tolerated and reported; more is refused with the right words."""
    now = datetime.now(UTC)
    entry = land.sealed(land.member(ME), VICTIM)
    docket = entry.docket.model_copy(update={"created_at": now + ahead})
    member = land.member(ME)
    sent = land.site.papers.new(ME, (VICTIM,))
    encrypted = envelope.encrypt(pack_content(sent))
    about = docket.document.model_copy(update={"id": sent.id}) if docket.document else None
    docket = docket.model_copy(update={"content": encrypted.content, "document": about})
    key = member.sealing_key(VICTIM, now=now)
    body = envelope.seal(docket, encrypted, signer=member.identity.signing, recipients={VICTIM: key})
    land.inject(ME, body, VICTIM)
    land.told(VICTIM, name, detail)


def bombs() -> dict[str, bytes]:
    deep = b'{"version":1,"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    return {
        "a length that lies": MAGIC + b"\xff\xff\xff\xff" + b"x" * 100,
        "a million parts": MAGIC + b"\x00\x00\x00\x00" * 1_000_000,
        "JSON a hundred thousand deep": frame((deep, b"", b"", b""), after=MAGIC),
        "fifteen megabytes of docket": frame((b" " * 15_000_000, b"", b"", b""), after=MAGIC),
        "nothing": b"",
        "a web request": b"GET / HTTP/1.1\r\n\r\n",
    }


@pytest.mark.parametrize("name", list(bombs()))
def test_a_bomb_is_set_aside(land: Besieged, name: str) -> None:
    """Bytes made to cost memory or time: refused as no message, and the next document is filed."""
    land.inject(ME, bombs()[name], VICTIM)
    land.told(VICTIM, "inbox.set-aside", "bad-message")


def test_content_that_unfolds_without_end_is_refused(land: Besieged) -> None:
    """Correctly signed and sealed, but the frame inside has false lengths: refused, and the sender is told."""
    member: Member = land.member(ME)
    sent = land.site.papers.new(ME, (VICTIM,))
    lie = dataclasses.replace(address(member, sent), content=b"\xff\xff\xff\xff" * 1000)
    land.inject(ME, seal(member, lie, now=datetime.now(UTC)).body, VICTIM)
    land.told(VICTIM, "inbox.refused", "bad-message")


def test_rows_edited_in_a_store_are_found(land: Besieged) -> None:
    """An attacker who can write the file of H53's store replaces a waiting message by one in G22's name: it is never
    filed, and the event says that it is not what was signed."""
    revocation = land.site.papers.new(ME, (OTHER,)).model_copy(
        update={"business": Business(type=BusinessType.REVOKE, document_id="unknown")}
    )
    member = land.member(ME)
    waiting = seal(member, address(member, revocation), now=datetime.now(UTC))
    with land.site.at_work(OTHER):
        land.inject(ME, waiting.body, OTHER)
        land.told(OTHER, "target.awaited", "")
    forger = dataclasses.replace(land.member("G22"), identity=member.identity)
    forged = land.sealed(forger, OTHER)
    docket = forged.docket.model_copy(update={"id": waiting.docket.id})
    with sqlite3.connect(land.country.root / "stores" / f"{OTHER}.db") as store:
        (row,) = store.execute("SELECT sequence FROM inbox WHERE message = ?", (waiting.docket.id,)).fetchall()
        store.execute("UPDATE inbox_body SET body = ? WHERE sequence = ?", (forged.body, *row))
        store.execute(
            "UPDATE inbox SET docket = ?, sender = 'G22', next_at = 0 WHERE sequence = ?", (docket.to_json(), *row)
        )
    before = len(land.site.filed(OTHER))
    with land.site.at_work(OTHER):
        land.told(OTHER, "inbox.refused", "another docket than the one that was signed")
    assert len(land.site.filed(OTHER)) == before
