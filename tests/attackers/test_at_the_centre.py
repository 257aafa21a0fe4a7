"""Editions of the directory that the centre, or whoever sits in its place, should not have sent; and what happens to an
agency that is withdrawn, or changes its keys."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest
from pika import exceptions

from bus.authority import Withdrawal, issue, new_issuer, new_root
from bus.certificates import Certificate, Purpose
from bus.edition import load, sign
from bus.files.edition import save_edition
from bus.files.keys import (
    add_sealing,
    add_signing,
    load_certificates,
    load_keyring,
    save_certificate,
    save_statement,
    sealing_files,
)
from bus.keys import SealingKey, SigningKey
from bus.listing import MailboxKeys, key_entries
from bus.ports import Collected
from bus.rabbit.address import Address, Tls
from bus.rabbit.announce import last_edition, publish_edition
from bus.register import KEYS, Change
from bus.sending import accept
from bus.statement import SealingStatement
from bus.store import open_store
from bus.topology import AUTHORITY, exchange_of, inbox_of
from deploy import country as countries
from tests.attackers.besieged import BAD, VHOST, Besieged, write_entries
from tests.e2e.site import eventually


def address(land: Besieged) -> Address:
    certificate, key = land.office.file(AUTHORITY)
    where = urlsplit(land.broker.amqps_url)
    url = f"amqps://{where.hostname}:{where.port}/{quote(VHOST, safe='')}"
    return Address.from_url(
        url, tls=Tls(cafile=land.office.root_file, certfile=certificate, keyfile=key), user=AUTHORITY
    )


def publish(land: Besieged, encoded: bytes) -> None:
    """As whoever holds the centre's login: to both streams, as the whole."""
    publish_edition(address(land), version=0, whole=encoded, change=encoded)


def version(land: Besieged) -> int:
    """Which edition the daemons go by."""
    mailboxes = json.loads(eventually(lambda: land.daemons[0].page("/healthz")[1]))["mailboxes"]
    return min(int(each["directory"]["version"]) for each in mailboxes)


@contextmanager
def unharmed(land: Besieged) -> Iterator[None]:
    """What an attack left as the last whole edition on the stream is followed by the right one again."""
    before = version(land)
    try:
        yield
        assert version(land) == before
    finally:
        edition = land.edition()
        publish_edition(address(land), version=edition.header.version, whole=edition.encoded, change=edition.encoded)


def signed(land: Besieged, **changes: object) -> bytes:
    now = datetime.now(UTC)
    held = land.edition()
    fields: dict[str, object] = {
        "version": held.header.version + 1,
        "issued_at": now,
        "expires_at": now + timedelta(days=1),
        "signer": land.office.directory_key,
        "chain": land.office.directory_chain,
    }
    register = changes.pop("register", held.register)
    return sign(register, **{**fields, **changes})  # type: ignore[arg-type]


def by_a_stranger(land: Besieged) -> bytes:
    now = datetime.now(UTC)
    issuer = new_issuer(new_root("Elsewhere", at=now), "Elsewhere issuer", at=now)
    key = SigningKey.generate()
    certificate = issue(issuer, key.public, name="directory", purpose=Purpose.DIRECTORY, at=now)
    return signed(land, signer=key, chain=(certificate, issuer.certificate))


def by_an_agency(land: Besieged) -> bytes:
    """H17 has a good certificate of the very authority, for something else."""
    folder = land.country.root / "keys" / "H17"
    key = load_keyring(folder).signing[0]
    return signed(land, signer=key, chain=load_certificates(folder)[key.id])


def altered(land: Besieged) -> bytes:
    encoded = bytearray(signed(land))
    encoded[-10] ^= 1
    return bytes(encoded)


def with_a_swapped_key(land: Besieged) -> bytes:
    """Signed by the centre itself: for H49 there stands a sealing key of somebody else's."""
    register = land.edition().register
    mine, theirs = (json.loads(register.fact(KEYS, code) or b"{}") for code in ("H49", "H17"))
    fact = json.dumps({**mine, "sealing": theirs["sealing"]}, separators=(",", ":"))
    return signed(land, register=register.changed(Change((), (f"{KEYS}\tH49\t{fact}".encode(),))))


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (by_a_stranger, "its signer is not the authority"),
        (by_an_agency, "not issued for this purpose"),
        (altered, "its content"),
        (with_a_swapped_key, "may have been swapped"),
        (lambda land: signed(land, expires_at=datetime.now(UTC) - timedelta(minutes=10)), "expired at"),
        (lambda land: signed(land, issued_at=datetime.now(UTC) + timedelta(hours=2)), "yet to come"),
        (lambda land: b"LTD\x01 and nothing", "it is broken"),
    ],
    ids=["stranger", "agency", "altered", "swapped key", "expired", "from the future", "broken"],
)  # fmt: skip
def test_a_forged_directory_is_not_taken(land: Besieged, forge: object, why: str) -> None:
    """From the authority's own login; the edition held stays, and each mailbox's log says why."""
    with unharmed(land):
        publish(land, forge(land))  # type: ignore[operator]
        for mailbox in ("G22", "H49"):
            land.told(mailbox, "directory.refused", why)


def test_an_old_directory_is_not_taken(land: Besieged) -> None:
    """Rightly signed, and of yesterday: nobody is brought back to keys that were withdrawn since."""
    old = land.edition()
    republish(land)
    eventually(lambda: version(land) == old.header.version + 1)
    with unharmed(land):
        publish(land, old.encoded)
        land.told("H49", "directory.refused", "is older than")


def test_two_directories_of_one_number_are_not_taken(land: Besieged) -> None:
    """A centre that tells one agency this and another that is found out by the number."""
    held = land.edition()
    register = held.register.changed(Change((f"{KEYS}\tH17",), ()))
    with unharmed(land):
        publish(land, signed(land, register=register, version=held.header.version))
        land.told("H49", "directory.refused", "two different editions have the number")


def test_the_bus_has_the_last_edition(land: Besieged) -> None:
    """Whoever comes new reads it from the stream, and judges it like any other."""
    encoded = last_edition(address(land), wait=5)
    assert encoded is not None
    found = load(encoded, roots=(land.office.root.certificate,), now=datetime.now(UTC))
    assert found.header == land.edition().header


def republish(land: Besieged) -> None:
    """The next edition of the directory, from its sources as they are by now, to the daemons as a change."""
    before = land.edition()
    save_edition(
        land.country.edition_file,
        land.office.edition(land.country.directory_folder, version=before.header.version + 1),
    )
    countries.publish(land.country, land.broker, vhost=VHOST, before=before)


@contextmanager
def following(land: Besieged) -> Iterator[subprocess.Popen[bytes]]:
    """The centre's service that keeps the broker in step with the directory."""
    arguments = ["topology", "apply", "--vhost", VHOST, "--directory", str(land.country.edition_file)]
    arguments += ["--root", str(land.office.root_file), "--as-of", land.country.as_of.isoformat(), "--follow", "1"]
    for code in set(land.country.mailboxes).difference(BAD):  # those keep their login: other stories need it
        arguments += ["--mailbox", code]
    with (land.country.root / "logs" / "follow.log").open("ab") as log:
        process = subprocess.Popen(
            [*countries.LIENTHONG, *arguments],
            env=os.environ | {"LIENTHONG_MANAGEMENT_URL": countries.management_of(land.broker)},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def test_a_withdrawn_agency_is_cut_off(land: Besieged) -> None:
    """Revoked, in the next edition, and within thirty seconds its live connection is gone, it cannot log in again, and
    its mail still lies in its queue."""
    code = "H17"
    connection = land.connect(code)
    channel = connection.channel()
    listed = key_entries((land.country.directory_folder / "keys.toml").read_bytes(), mailbox=code)
    assert listed is not None
    withdrawals = land.office.withdrawn
    now = datetime.now(UTC)
    serials = [Certificate.from_der(der).serial for der in listed.certificates]
    try:
        land.office.withdrawn = (*withdrawals, *(Withdrawal(serial=serial, at=now) for serial in serials))
        land.inject("G22", land.sealed(land.member("G22"), code).body, code)
        with following(land):
            began = time.monotonic()
            republish(land)
            land.broker.put_revoked([land.office.revoked()])
            with pytest.raises((exceptions.AMQPError, OSError)):  # noqa: PT012 — whichever turn finds it out
                while time.monotonic() - began < 30:
                    connection.process_data_events(time_limit=0.5)
                    channel.basic_publish(exchange_of(code), "document.H49", b"x", land.properties(code))
            assert time.monotonic() - began < 30
            with pytest.raises((exceptions.AMQPError, OSError)):
                land.connect(code)
        with land.api() as api:
            queue = api.get(f"/api/queues/{VHOST}/{inbox_of(code)}").raise_for_status().json()
        assert queue["name"] == inbox_of(code)
        eventually(lambda: version(land) == land.edition().header.version)
        land.inject("H53", land.sealed(land.member("H53"), "H49").body, "H49")
    finally:
        land.office.withdrawn = withdrawals
        land.broker.put_revoked([land.office.revoked()])
        with following(land) as process:
            republish(land)
            eventually(lambda: _can(land, code), every=0.5)
            assert process.poll() is None
    eventually(lambda: version(land) == land.edition().header.version)


def _can(land: Besieged, code: str) -> bool:
    try:
        land.connect(code, within=0).close()
    except (exceptions.AMQPError, OSError):
        return False
    return True


def test_keys_change_without_a_stop_and_without_loss(land: Besieged) -> None:
    """H49 makes new keys while its daemon runs: what is under way to the old sealing key is opened, and the new signing
    key is used as soon as the directory names it."""
    code = "H49"
    late = land.sealed(land.member("G22"), code)
    new_key = rotate(land, code)
    land.inject("G22", late.body, code)
    assert late.docket.document is not None
    eventually(lambda: land.site.filed(code, late.docket.document.id))  # type: ignore[union-attr]
    eventually(lambda: any(fact.get("key") == new_key for fact in facts(land, "keys.signing-with")))


def test_what_is_sealed_to_a_key_that_is_gone_is_sealed_again(land: Besieged) -> None:
    """H53 accepted a document before H49 changed its keys, and sends it when the old sealing key is nowhere any more:
    H49 says so, H53 seals it again by itself, and it is filed, once."""
    code, sender = "H49", "H53"
    sent = land.site.new(sender, code)
    store = open_store(f"sqlite:///{land.country.root / 'stores' / sender}.db", owner=sender)
    (answer,) = accept(store, [Collected(ref="1", item=sent)], member=land.member(sender), now=datetime.now(UTC))
    store.close()
    assert answer.error is None
    folder = land.country.root / "keys" / code
    old = sealing_files(folder)
    rotate(land, code)
    read = len(facts(land, "keys.read"))
    for path in old:
        path.unlink()
        path.with_suffix(".pub").unlink()
    eventually(lambda: len(facts(land, "keys.read")) > read)
    with land.site.at_work(sender):
        land.told(code, "inbox.not-opened", "key-withdrawn")
        land.told(sender, "outbox.sealed-again", code)
        eventually(lambda: land.site.filed(code, sent.id))
        eventually(lambda: ("01", code) in land.site.heard(sender, sent.id))
    assert len(land.site.filed(code, sent.id)) == 1


def rotate(land: Besieged, code: str) -> str:
    """New keys beside the old ones, their certificate, and the next edition; the new signing key's id."""
    folder = land.country.root / "keys" / code
    signing, sealing = SigningKey.generate(), SealingKey.generate()
    now = datetime.now(UTC)
    certificate = issue(land.office.issuer, signing.public, name=code, purpose=Purpose.MAILBOX, at=now)
    chain = certificate.to_pem() + land.office.issuer.certificate.to_pem()
    save_certificate(add_signing(folder, signing), chain)
    until = now + timedelta(days=300)
    statement = SealingStatement.sign(
        sealing.public, mailbox=code, since=land.office.began, until=until, signer=signing
    )
    save_statement(add_sealing(folder, sealing), statement)
    file = land.country.directory_folder / "keys.toml"
    entries = {each: key_entries(file.read_bytes(), mailbox=each) for each in land.country.mailboxes}
    before = entries[code]
    assert before is not None
    entries[code] = MailboxKeys(certificates=(certificate.der, *before.certificates), sealing=(statement.encoded,))
    write_entries(file, entries)
    republish(land)
    eventually(lambda: version(land) == land.edition().header.version)
    return signing.id


def facts(land: Besieged, name: str) -> list[dict[str, object]]:
    return [fact for fact in land.daemons[0].facts() if fact["event"] == name]
