"""Attacks in somebody else's name: fresh keys for a mailbox, a service's name, an authority beside ours, a server in
the broker's place."""

import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pika import exceptions

from bus.cli.main import main
from bus.files.keys import load_signer, signing_files
from bus.topology.names import AUTHORITY, OPERATOR, exchange_of, inbox_of
from bus.trust.authority import Authority, issue, new_issuer
from bus.trust.certificates import Purpose
from bus.trust.keys import SigningKey
from deploy.country import LIENTHONG
from tests.attackers.besieged import INSIDER, RESTING, STOLEN, Besieged
from tests.attackers.test_at_the_broker import REFUSED
from tests.e2e.site import eventually
from tests.identities import handmade, named

VICTIM = "G22"


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def test_a_strangers_keys_are_not_renewed_as_a_mailboxs(tmp_path: Path) -> None:
    """A request in the right name and the name's own sealing key are not enough: `ca renew` asks for the key in force,
    `ca issue` for what the agency reads out. Nothing changes in the directory's entry."""
    authority, entry = tmp_path / "ca", tmp_path / "keys-G22.toml"
    run("ca", "init", authority)
    for whose in ("theirs", "mine"):
        run("keys", "request", tmp_path / whose, "--mailbox", VICTIM, "--out", tmp_path / f"{whose}.req")
    read = load_signer(signing_files(tmp_path / "theirs")[0]).id
    run("ca", "issue", authority, tmp_path / "theirs.req", "--fingerprint", read, "--entry", entry)
    before = entry.read_bytes()
    asked = tmp_path / "mine.req"
    said = run("ca", "renew", authority, VICTIM, asked, "--entry", entry, code=1).stderr
    assert "not signed by the key in force" in said
    said = run("ca", "issue", authority, asked, "--beside", "--fingerprint", read, "--entry", entry, code=1).stderr
    assert "wrong-fingerprint" in said
    assert entry.read_bytes() == before


def context_of(land: Besieged, folder: Path, issuer: Authority, name: str) -> ssl.SSLContext:
    """Returns the TLS context of a mailbox's certificate in this name, by this authority."""
    key = SigningKey.generate()
    made = issue(issuer, key.public, name=name, purpose=Purpose.MAILBOX, at=datetime.now(UTC))
    (folder / "crt").write_bytes(made.to_pem() + issuer.certificate.to_pem())
    (folder / "key").write_bytes(key.to_pem())
    context = land.context(None)
    context.load_cert_chain(folder / "crt", folder / "key")
    return context


@pytest.mark.parametrize("service", [OPERATOR, AUTHORITY])
def test_a_mailbox_called_like_a_service_is_not_that_service(land: Besieged, tmp_path: Path, service: str) -> None:
    """Not even by our own issuer's certificate: the two have different URNs, and the broker knows no such mailbox."""
    land.connect(service).close()
    with pytest.raises(REFUSED):
        land.connect(service, context=context_of(land, tmp_path, land.office.issuer, service))


def hosts_only(land: Besieged) -> Authority:
    """An authority below our root that may vouch for hosts of one domain."""
    key, root = ec.generate_private_key(ec.SECP256R1()), land.office.root
    certificate = handmade(
        named("Hosts only"), key, root,
        x509.BasicConstraints(ca=True, path_length=0),
        root.certificate.parsed.extensions.get_extension_for_class(x509.KeyUsage).value,
        x509.NameConstraints([x509.DNSName("example.vn")], None),
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
            root.certificate.parsed.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        ),
        begin=land.office.began, lasts=timedelta(days=99),
    )  # fmt: skip
    return Authority(certificate, key)


def namesake(land: Besieged) -> Authority:
    """An authority below our root that is called as our issuer is."""
    name = land.office.issuer.certificate.name
    return new_issuer(land.office.root, name, at=land.office.began)


@pytest.mark.parametrize("authority", [hosts_only, namesake])
def test_another_authority_below_the_root_lets_nobody_in(land: Besieged, tmp_path: Path, authority: object) -> None:
    """It vouches for what it was made for; the broker trusts the bus's issuer, not the root that both have."""
    assert callable(authority)
    with pytest.raises(REFUSED):
        land.connect(VICTIM, context=context_of(land, tmp_path, authority(land), VICTIM))
    land.connect(VICTIM).close()


def test_an_insider_names_nobody_but_itself(land: Besieged) -> None:
    """By no name that the victim has or could have, nor by its own of another broker."""
    for user in (VICTIM, "urn:lienthong:mailbox:G22", "urn:lienthong:service:operator", INSIDER):
        with land.channel(INSIDER) as channel:
            properties = land.properties(INSIDER)
            properties.user_id = user
            with pytest.raises(exceptions.ChannelClosedByBroker, match="user_id"):
                channel.basic_publish(exchange_of(INSIDER), f"document.{VICTIM}", b"x", properties)
    with land.channel(INSIDER) as channel, pytest.raises(exceptions.ChannelClosedByBroker):
        channel.basic_get(inbox_of(VICTIM))


@contextmanager
def impostor(land: Besieged) -> Iterator[int]:
    """A server at the broker's host, with the stolen certificate; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*land.office.file(STOLEN))
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        ended = threading.Event()

        def answer() -> None:
            while not ended.is_set():
                plain, _ = listener.accept()
                with suppress(OSError), plain, context.wrap_socket(plain, server_side=True):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        ended.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join()


def test_a_revoked_broker_is_refused(land: Besieged, tmp_path: Path) -> None:
    """Chain, host and dates are right, and the directory's list names it: the daemon stays away and says so in its log
    and events, `adapter check` says it, and so does an operator's command that is given the list."""
    ours = land.country.config(RESTING)
    text = re.sub(r"(?s)\[http\].*", "", ours.read_text(encoding="utf-8"))
    with impostor(land) as port:
        config, log = tmp_path / "misled.toml", tmp_path / "daemon.log"
        config.write_text(re.sub(r"(amqps://[^:]+):\d+", rf"\1:{port}", text), encoding="utf-8")
        config.chmod(0o600)
        serial = f"{land.office.withdrawn[0].serial:x}"
        said = run("adapter", "check", config, "--wait", "20", code=1).output
        assert serial in said
        assert "broker-revoked" in said or "the broker's certificate" in said
        with log.open("wb") as into:
            daemon = subprocess.Popen([*LIENTHONG, "adapter", "run", str(config)], stdout=into, stderr=into)
        try:
            eventually(lambda: '"broker.revoked"' in log.read_text(encoding="utf-8"))
            eventually(lambda: "broker.revoked" in run("events", "-c", config, "--json").stdout)
        finally:
            daemon.terminate()
            daemon.wait(timeout=30)
        (tmp_path / "crl.pem").write_bytes(land.office.revoked().to_pem())
        certificate, key = land.office.file(OPERATOR)
        login = ("--cafile", land.office.root_file, "--certfile", certificate, "--keyfile", key)
        url = f"amqps://127.0.0.1:{port}/besieged"
        refused = run("dead", "list", "--amqp", url, *login, "--crl", tmp_path / "crl.pem", code=1).stderr
        assert serial in refused
        assert "broker-revoked" in refused
