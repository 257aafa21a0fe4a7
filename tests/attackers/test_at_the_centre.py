"""Attacks by the centre, or by somebody in its place: editions of the directory that must not be accepted; and what
happens to an agency that is withdrawn, or changes its keys."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest
from click.testing import CliRunner
from pika import exceptions

from bus.cli.main import main
from bus.directory.charter import Charter, Terms, read_charter, sign_charter, signer_id
from bus.directory.container import SIGNED, WHOLE, opened
from bus.directory.edition import MAX_SKEW, Edition, load, sign, with_charter
from bus.directory.facts import KEYS, REVOKED, Change, Register
from bus.directory.header import STEP
from bus.directory.keys import MailboxKeys
from bus.directory.sources import key_entries
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
from bus.ports.adapter import Collected
from bus.rabbit.address import Address, Tls
from bus.rabbit.streams.directory_publisher import last_edition, publish_edition
from bus.sending.accept import accept
from bus.store.open import open_store
from bus.topology.names import AUTHORITY, exchange_of, inbox_of
from bus.trust.authority import Withdrawal, issue, new_issuer, new_root
from bus.trust.certificates import Certificate, Purpose
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from deploy import country as countries
from schemas.framing import frame, unframe
from tests.attackers.besieged import BAD, RESTING, VHOST, Besieged, write_entries
from tests.e2e.site import eventually

Signer = tuple[SigningKey, tuple[Certificate, ...], Edition]
"""A stolen signer, and the edition before it was revoked."""


def address(land: Besieged) -> Address:
    certificate, key = land.office.file(AUTHORITY)
    where = urlsplit(land.broker.amqps_url)
    url = f"amqps://{where.hostname}:{where.port}/{quote(VHOST, safe='')}"
    return Address.from_url(
        url, tls=Tls(cafile=land.office.root_file, certfile=certificate, keyfile=key), user=AUTHORITY
    )


def publish(land: Besieged, encoded: bytes) -> None:
    """Publishes an edition with the centre's login: to both streams, as the whole."""
    publish_edition(address(land), version=0, whole=encoded, change=encoded)


def version(land: Besieged) -> int:
    """Returns the number of the edition in force at the daemons."""
    mailboxes = json.loads(eventually(lambda: land.daemons[0].page("/healthz")[1]))["mailboxes"]
    return min(int(each["directory"]["version"]) for each in mailboxes)


@contextmanager
def unharmed(land: Besieged) -> Iterator[None]:
    """Publishes the right edition again after an attack has left another one on the stream."""
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
    """Signed by H17, with a good certificate of our authority, which is for another purpose."""
    folder = land.country.root / "keys" / "H17"
    key = load_keyring(folder).signing[0]
    return signed(land, signer=key, chain=load_certificates(folder)[key.id])


def altered(land: Besieged) -> bytes:
    encoded = bytearray(signed(land))
    encoded[-10] ^= 1
    return bytes(encoded)


def with_a_swapped_key(land: Besieged) -> bytes:
    """Signed by the centre itself; the sealing key listed for H49 is somebody else's."""
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
    """Sent from the authority's own login; the edition in force stays, and each mailbox's log says why."""
    with unharmed(land):
        publish(land, forge(land))  # type: ignore[operator]
        for mailbox in ("G22", "H49"):
            land.told(mailbox, "directory.refused", why)


def test_an_old_directory_is_not_taken(land: Besieged) -> None:
    """Correctly signed, but yesterday's: nobody goes back to keys that were withdrawn since."""
    old = land.edition()
    republish(land)
    eventually(lambda: version(land) == old.header.version + 1)
    with unharmed(land):
        publish(land, old.encoded)
        land.told("H49", "directory.refused", "is older than")


def test_two_directories_of_one_number_are_not_taken(land: Besieged) -> None:
    """A centre that sends two agencies different editions of one number is found out by the number."""
    held = land.edition()
    register = held.register.changed(Change((f"{KEYS}\tH17",), ()))
    with unharmed(land):
        publish(land, signed(land, register=register, version=held.header.version))
        land.told("H49", "directory.refused", "two different editions have the number")


# -- an edition is judged by what is held, too ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stolen(land: Besieged) -> Signer:
    """A signer of the directory whose key the attacker holds; the edition in force has revoked it."""
    key = SigningKey.generate()
    now = datetime.now(UTC)
    certificate = issue(land.office.issuer, key.public, name="directory", purpose=Purpose.DIRECTORY, at=now)
    before = land.edition()
    land.office.withdrawn = (*land.office.withdrawn, Withdrawal(serial=certificate.serial, at=now))
    republish(land)
    eventually(lambda: version(land) == before.header.version + 1)
    return key, (certificate, land.office.issuer.certificate), before


def with_list(land: Besieged, register: Register) -> Register:
    """The register in force, with the lists of revocation of another one."""
    held = land.edition().register
    gone = [f"{REVOKED}\t{code}" for code in held.codes(REVOKED)]
    put = [f"{REVOKED}\t{code}\t".encode() + (register.fact(REVOKED, code) or b"") for code in register.codes(REVOKED)]
    return held.changed(Change(tuple(gone), ())).changed(Change((), tuple(put)))


def without_list(land: Besieged) -> Register:
    return with_list(land, Register({}))


@pytest.mark.parametrize(
    ("forge", "event", "why"),
    [
        (lambda land, it: signed(land, signer=it[0], chain=it[1], register=with_list(land, it[2].register)),
         "directory.signer-revoked", "signs nothing any more"),
        (lambda land, it: signed(land, signer=it[0], chain=it[1], register=without_list(land)),
         "directory.signer-revoked", "signs nothing any more"),
        (lambda land, it: signed(land, register=with_list(land, it[2].register)),
         "directory.list-older", "is held"),
        (lambda land, it: signed(land, register=without_list(land)),
         "directory.list-missing", "missing in it"),
    ],
    ids=["revoked signer, earlier list", "revoked signer, no list", "earlier list", "no list"],
)  # fmt: skip
def test_no_revocation_is_undone(land: Besieged, stolen: Signer, forge: object, event: str, why: str) -> None:
    """Whoever signs: the lists that are held count, too, and none of them goes or grows younger."""
    with unharmed(land):
        publish(land, forge(land, stolen))  # type: ignore[operator]
        for mailbox in ("G22", "H49"):
            land.told(mailbox, event, why)


def numbered(land: Besieged, number: str) -> bytes:
    """Signed by the centre itself, with a number of any length."""
    _, _, chain, content = unframe(memoryview(signed(land))[len(WHOLE) :], at_most=4)
    header = re.sub(rb'"version":[0-9]+', f'"version":{number}'.encode(), opened(signed(land)).signed)
    return frame((header, land.office.directory_key.sign(SIGNED + header), chain, content), after=WHOLE)


@pytest.mark.parametrize(
    ("forge", "event", "why"),
    [
        (lambda land: numbered(land, "1" + "0" * 4000), "directory.version-out-of-bounds", "its number is above"),
        (lambda land: numbered(land, "1" + "0" * 18), "directory.version-out-of-bounds", "its number is above"),
        (lambda land: numbered(land, "1" + "0" * 9000), "directory.refused", "broken"),
        (lambda land: signed(land, version=9 * 10**15), "directory.version-out-of-bounds", "too far above"),
        (lambda land: signed(land, expires_at=datetime.now(UTC) + timedelta(days=36_500)),
         "directory.lifetime-out-of-bounds", "400 are most"),
        (lambda land: signed(land, issued_at=land.edition().header.issued_at - timedelta(hours=1)),
         "directory.dated-back", "before the one held"),
    ],
    ids=["10^4000", "10^18", "10^9000", "9 * 10^15", "for a hundred years", "dated back"],
)  # fmt: skip
def test_no_edition_ends_the_sequence(land: Besieged, forge: object, event: str, why: str) -> None:
    """Signed by the centre's own key: numbers and dates have bounds all the same."""
    with unharmed(land):
        publish(land, forge(land))  # type: ignore[operator]
        for mailbox in ("G22", "H49"):
            land.told(mailbox, event, why)


def test_a_stray_last_entry_keeps_no_daemon_from_starting(land: Besieged) -> None:
    """Whoever has the centre's login, and not its key, puts something last into the stream: a daemon that holds no
    edition takes the newest that may be taken."""
    with unharmed(land):
        for stray in (b"nothing", by_a_stranger(land)):
            publish(land, stray)
            (land.country.root / "held" / "directory.lt").unlink()
            with land.site.at_work(RESTING) as (daemon,):
                (mailbox,) = json.loads(daemon.page("/healthz")[1])["mailboxes"]
                assert mailbox["directory"]["version"] == land.edition().header.version


def test_an_older_sealing_key_does_not_come_back(land: Besieged) -> None:
    """The centre lists H49's statement of before first again, unaltered and not yet over: everybody refuses it, and H49
    itself says aloud what was tried with its mail."""
    code = "H49"
    before = json.loads(land.edition().register.fact(KEYS, code) or b"{}")
    rotate(land, code)
    register = land.edition().register
    now = json.loads(register.fact(KEYS, code) or b"{}")
    for sealing in (before["sealing"], [*before["sealing"], *now["sealing"]]):
        fact = json.dumps({**now, "sealing": sealing}, separators=(",", ":"))
        with unharmed(land):
            publish(land, signed(land, register=register.changed(Change((), (f"{KEYS}\t{code}\t{fact}".encode(),)))))
            for mailbox in ("G22", code):
                land.told(mailbox, "directory.statement-older", code)
            land.told(code, "directory.foreign-key", "older sealing key")


def test_the_bus_has_the_last_edition(land: Besieged) -> None:
    """A new reader reads the last edition from the stream, and checks it like any other."""
    encoded = last_edition(address(land), wait=60)
    assert encoded is not None
    found = load(encoded, roots=(land.office.root.certificate,), now=datetime.now(UTC))
    assert found.header == land.edition().header


def test_junk_on_the_bus_keeps_no_edition_out(land: Besieged) -> None:
    """Somebody with the authority's login leaves it where the last edition lies: `directory publish` says so, and
    publishes all the same."""
    certificate, key = land.office.file(AUTHORITY)
    where = urlsplit(land.broker.amqps_url)
    url = f"amqps://{where.hostname}:{where.port}/{quote(VHOST, safe='')}"
    arguments = ["directory", "publish", str(land.country.edition_file), "--root", str(land.office.root_file)]
    arguments += ["--broker", url, "--cert", str(certificate), "--key", str(key)]
    with unharmed(land):
        publish(land, b"junk")
        land.told("H49", "directory.refused", "no edition")
        result = CliRunner().invoke(main, arguments)
        assert (result.exit_code, "is no edition of ours" in result.stderr) == (0, True), result.output
    assert last_edition(address(land), wait=60) == land.edition().encoded


def republish(land: Besieged) -> None:
    """Publishes the next edition of the directory, from its present sources, to the daemons as a change."""
    before = land.edition()
    save_edition(
        land.country.edition_file,
        land.office.edition(land.country.directory_folder, version=before.header.version + 1),
    )
    countries.publish(land.country, land.broker, vhost=VHOST, before=before)


@contextmanager
def following(land: Besieged) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the centre's service that keeps the broker in step with the directory."""
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
        process.wait(60)


def test_a_withdrawn_agency_is_cut_off(land: Besieged) -> None:
    """Revoked, in the next edition, and its live connection is gone, it cannot log in again, and its mail still lies in
    its queue."""
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
            republish(land)
            land.broker.put_revoked([land.office.revoked()])
            with pytest.raises((exceptions.AMQPError, OSError)):  # noqa: PT012 — whichever turn finds it out
                while True:
                    connection.process_data_events(time_limit=0.5)
                    channel.basic_publish(exchange_of(code), "document.H49", b"x", land.properties(code))
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
    """H49 makes new keys while its daemon runs: messages under way to the old sealing key are opened, and the new
    signing key is used as soon as the directory lists it."""
    code = "H49"
    late = land.sealed(land.member("G22"), code)
    new_key = rotate(land, code)
    land.inject("G22", late.body, code)
    assert late.docket.document is not None
    eventually(lambda: land.site.filed(code, late.docket.document.id))  # type: ignore[union-attr]
    eventually(lambda: any(fact.get("key") == new_key for fact in facts(land, "keys.signing-with")))


def test_what_is_sealed_to_a_key_that_is_gone_is_sealed_again(land: Besieged) -> None:
    """H53 accepted a document before H49 changed its keys, and sends it after the old sealing key is gone: H49 says so,
    H53 seals it again by itself, and it is filed once."""
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
    """Makes new keys beside the old ones, their certificate, and the next edition; returns the new signing key's id."""
    folder = land.country.root / "keys" / code
    signing, sealing = SigningKey.generate(), SealingKey.generate()
    now = datetime.now(UTC)
    certificate = issue(land.office.issuer, signing.public, name=code, purpose=Purpose.MAILBOX, at=now)
    chain = certificate.to_pem() + land.office.issuer.certificate.to_pem()
    save_certificate(add_signing(folder, signing), chain)
    until = now + timedelta(days=300)
    statement = SealingStatement.sign(
        sealing.public,
        mailbox=code,
        since=land.office.began,
        until=until,
        signer=signing,
        serial=int(now.timestamp()),
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


def test_the_root_takes_mailboxes_back(land: Besieged) -> None:
    """The signer's key is stolen, and nobody has noticed: the thief drives the number up, and the mailboxes follow. The
    root's charter names another signer, and the mailboxes go back to the edition after the last good one. The thief
    signs nothing any more, nor does anybody else go back."""
    last = land.edition().header.version
    thief, thiefs_chain = land.office.directory_key, land.office.directory_chain
    driven = signed(land, version=last + STEP)
    publish(land, driven)
    eventually(lambda: version(land) == last + STEP)
    time.sleep(1.1)  # editions are compared by whole seconds: the next one is issued later

    key, now = SigningKey.generate(), datetime.now(UTC)
    certificate = issue(land.office.issuer, key.public, name="directory", purpose=Purpose.DIRECTORY, at=now)
    land.office.directory_key, land.office.directory_chain = key, (certificate, land.office.issuer.certificate)
    encoded = land.office.edition(land.country.directory_folder, version=last + 1)
    publish(land, encoded)
    land.told("H49", "directory.refused", "is older than")
    save_edition(land.country.edition_file, with_charter(encoded, reset(land, thiefs_chain[0], certificate, last)))
    countries.publish(land.country, land.broker, vhost=VHOST)
    eventually(lambda: version(land) == last + 1)

    with unharmed(land):
        publish(land, driven)
        land.told("H49", "directory.dated-back", "before the one held")
        publish(land, signed(land, signer=thief, chain=thiefs_chain))
        land.told("H49", "directory.signers-missing", "none that the charter names")
    republish(land)
    eventually(lambda: version(land) == last + 2)


def reset(land: Besieged, stolen: Certificate, signer: Certificate, last: int) -> Charter:
    """The root's word: of what was signed by the stolen certificate's key, nothing after `last` counts."""
    key, now = SigningKey.generate(), datetime.now(UTC)
    certificate = issue(land.office.root, key.public, name="charter", purpose=Purpose.CHARTER, at=now)
    signers, withdrawn = (signer_id(signer),), (signer_id(stolen),)
    terms = Terms(serial=1, issued_at=now, signers=signers, withdrawn=withdrawn, last=last)
    encoded = sign_charter(terms, signer=key, chain=(certificate,))
    return read_charter(encoded, roots=(land.office.root.certificate,), now=now, skew=MAX_SKEW)


def facts(land: Besieged, name: str) -> list[dict[str, object]]:
    return [fact for fact in land.daemons[0].facts() if fact["event"] == name]
