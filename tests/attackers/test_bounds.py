"""What one message, or one sender, can cost a recipient: what its store holds afterwards is counted."""

import dataclasses
import sqlite3
from datetime import UTC, datetime

from bus.receiving.file import ANSWERED_AT_ONCE
from bus.sending.address import address
from bus.sending.quota import SLACK
from bus.sending.seal import seal
from bus.wire import envelope
from bus.wire.envelope import MAGIC, SIGNED
from schemas.content import pack_content
from schemas.docket import MAX_ADDRESSES, Address
from schemas.framing import frame
from tests.attackers.besieged import ALLOWED, INSIDER, RESTING, Besieged
from tests.e2e.site import eventually

ME, VICTIM = INSIDER, "H49"


def held(land: Besieged, code: str) -> dict[str, int]:
    """Rows of each table of a mailbox's store, and the bytes of its bodies."""
    with sqlite3.connect(land.country.root / "stores" / f"{code}.db") as store:
        counts = {
            table: store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("inbox", "outbox", "dossier", "status", "event")
        }
        (size,) = store.execute("SELECT coalesce(sum(length(body)), 0) FROM outbox_body").fetchone()
    return {**counts, "bytes": size}


def units(count: int) -> tuple[Address, ...]:
    return tuple(Address(agency=f"{VICTIM}.{number}", mailbox=VICTIM) for number in range(count))


def cost(land: Besieged, before: dict[str, int]) -> dict[str, int]:
    return {name: count - before[name] for name, count in held(land, VICTIM).items()}


def test_a_docket_that_names_twenty_five_thousand_units(land: Besieged) -> None:
    """Less than 1 MiB, correctly signed: more than a docket may name, so it is no message. One row says so."""
    member = land.member(ME)
    honest = land.sealed(member, VICTIM)
    docket = honest.docket.model_copy(update={"recipients": units(24_000)})
    written = docket.to_json()
    assert len(written) < envelope.MAX_DOCKET
    signer = member.identity.signing
    signature = frame((signer.algorithm.encode(), signer.id.encode(), signer.sign(SIGNED + written)))
    parsed = envelope.parse(honest.body)
    before = held(land, VICTIM)
    land.inject(ME, frame((written, signature, b"", bytes(parsed.sealed)), after=honest.body[: len(MAGIC)]), VICTIM)
    land.told(VICTIM, "inbox.set-aside", "24000 recipients in its docket; 4096 are the most")
    spent = cost(land, before)
    assert (spent["inbox"], spent["dossier"], spent["status"]) == (0, 0, 0)
    assert spent["outbox"] <= 2


def test_a_docket_that_names_many_units_where_its_content_names_one(land: Besieged) -> None:
    """As many as a docket may name: refused when it is opened, before anything is filed or answered."""
    member = land.member(ME)
    honest = address(member, land.site.papers.new(ME, (VICTIM,)))
    before, filed = held(land, VICTIM), len(land.site.filed(VICTIM))
    entry = seal(member, dataclasses.replace(honest, recipients=units(MAX_ADDRESSES)), now=datetime.now(UTC))
    land.inject(ME, entry.body, VICTIM)
    land.told(VICTIM, "inbox.refused", "its docket says something else than its content")
    spent = cost(land, before)
    assert (spent["inbox"], spent["dossier"], spent["status"]) == (1, 0, 0)
    assert spent["outbox"] <= 3
    assert len(land.site.filed(VICTIM)) == filed


def test_a_document_for_many_units_is_answered_for_each(land: Besieged) -> None:
    """Content and docket name them all: it is filed once, and each unit answers once; what that costs is so much for
    each of them."""
    member, count = land.member(ME), ANSWERED_AT_ONCE + 8
    sent = land.site.papers.new(ME, (VICTIM,))
    parties = tuple(sent.recipients[0].model_copy(update={"code": each.agency}) for each in units(count))
    sent = sent.model_copy(update={"recipients": parties})
    before = held(land, VICTIM)
    land.inject(ME, seal(member, address(member, sent), now=datetime.now(UTC)).body, VICTIM)
    eventually(lambda: cost(land, before)["status"] >= count, within=240)
    spent = cost(land, before)
    assert (spent["inbox"], spent["dossier"], spent["status"]) == (1, count, count)
    assert count <= spent["outbox"] <= count + 3
    assert spent["bytes"] < 5_000 * count
    assert len(pack_content(sent)) * 60 > spent["bytes"]


def _told(land: Besieged, count: int) -> bool:
    """Whether so many lines of receipts come back to the attacker, who reads whatever is in its inbox."""
    told = [0]
    with land.channel(ME) as channel:

        def heard() -> bool:
            while (body := channel.basic_get(f"inbox.{ME}", auto_ack=True)[2]) is not None:
                told.append(body.count(b"too-much-held"))
            return sum(told) >= count

        return eventually(heard, within=120)


def test_a_flood_of_one_sender_is_held_up_to_its_quota(land: Besieged) -> None:
    """By a client of its own that counts nothing, while H53 rests: H53 takes in what one sender may have under way to
    it, and some; the rest is refused with a receipt, and leaves one event."""
    member = land.member(ME)
    with land.channel(ME) as channel:
        channel.queue_purge(f"inbox.{ME}")
        for _ in range(3 * ALLOWED):
            body = land.sealed(member, RESTING).body
            channel.basic_publish(f"agency.{ME}", f"document.{RESTING}", body, land.properties(ME))
    before = len(land.site.filed(RESTING))
    with land.site.at_work(RESTING):
        land.told(RESTING, "quota.over", f"messages from {ME}, not filed yet; the limit is {ALLOWED} messages")
        most = round(ALLOWED * SLACK)
        eventually(lambda: len(land.site.filed(RESTING)) - before >= most)
        assert _told(land, 3 * ALLOWED - most)
    assert len(land.site.filed(RESTING)) - before == most
