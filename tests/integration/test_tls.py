"""A broker that lets in certificates only: who gets in, who is cut off, and what its limits count.

What an insider may not do once he is in is tests/attackers/test_at_the_broker.py's; the permissions themselves are
test_topology.py's.
"""

import os
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args
from urllib.parse import quote, urlsplit

import httpx
import pika
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from pika import exceptions
from pika.adapters.blocking_connection import BlockingConnection
from pika.credentials import ExternalCredentials

from bus.ports.records import Confirmation
from bus.rabbit.address import Address, Tls
from bus.rabbit.admin.management import Management
from bus.rabbit.command_connection import connect_to_first, logged_in_as
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.link import Link
from bus.rabbit.link_settings import LinkSettings
from bus.topology.drift import Act, diff
from bus.topology.names import LEDGER, OPERATOR, Login, exchange_of, inbox_of, user_of
from bus.topology.wanted import BrokerLimits, Topology, topology
from bus.trust.authority import Authority, Withdrawal, anchor_of, issue, new_issuer
from bus.trust.certificates import Certificate, Purpose
from bus.trust.keys import SigningKey
from deploy.local_broker import Kind, LocalBroker, local_broker
from deploy.node import TlsFiles
from tests.admitted import LIMIT, admitted, refusal
from tests.contract.broker import publication
from tests.e2e.site import eventually
from tests.identities import Papers, handmade
from tests.identities import named as named_subject

VHOST = "certified"
A, B, C = "G22", "H49.01", "H53"
COUNTED = "H08"
"""In no other test: its connections are counted."""
LIMITS = BrokerLimits(connections=3, channels=8)
LOST = (exceptions.AMQPError, OSError)


@dataclass
class Certified:
    """The broker, the authority it trusts, and who is at the door."""

    broker: LocalBroker
    papers: Papers
    folder: Path
    management: Management
    revoked: tuple[Withdrawal, ...] = ()

    def wanted(self, *, withdrawn: Sequence[str] = (), limits: BrokerLimits = LIMITS) -> Topology:
        version = self.management.version()
        return topology(
            [A, B, C, COUNTED], vhost=VHOST, limits=limits, version=version, withdrawn=withdrawn, login=Login.URN
        )

    def apply(self, wanted: Topology) -> tuple[str, ...]:
        """Users without password. What was done."""
        changes = diff(self.management.topology(VHOST), wanted)
        self.management.apply(changes, vhost=VHOST, hashes={user.name: "" for user in wanted.users})
        return tuple(f"{change.kind} {change.what} {change.name}" for change in changes)

    def revoke(self, certificate: Certificate) -> None:
        now = datetime.now(UTC)
        self.revoked = (*self.revoked, Withdrawal(serial=certificate.serial, at=now))
        self.broker.put_revoked([self.papers.revoked(*self.revoked, at=now)])

    def certificate(
        self, file: str, code: str, *, papers: Papers | None = None, days: float = 1, purpose: Purpose = Purpose.MAILBOX
    ) -> Certificate:
        """A new key and its certificate, in files."""
        signers = papers or self.papers
        key = SigningKey.generate()
        made = signers.certificate(code, key, purpose=purpose, lasts=timedelta(days=days))
        write(self.folder / file, made, key, signers.issuer)
        return made

    def connect(
        self, file: str | None, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, within: float = 60
    ) -> BlockingConnection:
        """`within`: seconds for the broker to forget connections that are closed."""
        context = ssl.create_default_context(cafile=self.folder / "root")
        context.maximum_version = newest
        if file is not None:
            context.load_cert_chain(self.folder / f"{file}.crt", self.folder / f"{file}.key")
        where = urlsplit(self.broker.amqps_url)
        parameters = pika.ConnectionParameters(
            str(where.hostname),
            int(where.port or 0),
            VHOST,
            ExternalCredentials(),
            ssl_options=pika.SSLOptions(context, where.hostname),
            connection_attempts=1,
            socket_timeout=10,
        )
        return admitted(parameters, within=within)

    @contextmanager
    def connected(self, file: str) -> Iterator[BlockingConnection]:
        connection = self.connect(file)
        try:
            yield connection
        finally:
            if connection.is_open:
                connection.close()


def named(code: str) -> str:
    """The mailbox's user."""
    return user_of(code, Login.URN)


def write(path: Path, certificate: Certificate, key: SigningKey, issuer: Authority) -> None:
    path.with_name(f"{path.name}.crt").write_bytes(certificate.to_pem() + issuer.certificate.to_pem())
    private = path.with_name(f"{path.name}.key")
    private.touch(mode=0o600)
    private.write_bytes(key.to_pem())


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    forced = os.environ.get("LIENTHONG_TEST_BROKER")
    prefer: Kind | None = next((kind for kind in get_args(Kind) if kind == forced), None)
    folder = tmp_path_factory.mktemp("certified")
    papers = Papers(datetime.now(UTC) - timedelta(days=2))
    (folder / "root").write_bytes(papers.root.certificate.to_pem())
    (folder / "vouching").write_bytes(anchor_of(papers.issuer).to_pem())
    key = SigningKey.generate()
    made = papers.certificate("broker", key, purpose=Purpose.BROKER, hosts=("localhost", "127.0.0.1"))
    write(folder / "broker", made, key, papers.issuer)
    files = TlsFiles(
        roots=folder / "vouching",
        certfile=folder / "broker.crt",
        keyfile=folder / "broker.key",
        revoked=[papers.revoked()],
    )
    with local_broker(prefer, tls=files, plain=False) as broker:
        scheme, _, rest = broker.management_url.partition("://")
        with Management(f"{scheme}://{broker.user}:{broker.password}@{rest}") as management:
            bus = Certified(broker, papers, folder, management)
            for code in (A, B, C, COUNTED):
                bus.certificate(code, code, days=10)
            bus.apply(bus.wanted())
            yield bus


def cut_after(connection: BlockingConnection) -> None:
    """The broker closes it."""
    with pytest.raises(LOST):  # noqa: PT012 — whichever turn finds it out
        while True:
            connection.process_data_events(time_limit=0.1)


def test_one_import_is_all(bus: Certified) -> None:
    """BrokerLimits too are there at once, and a second look finds nothing to do."""
    assert diff(bus.management.topology(VHOST), bus.wanted(), prune=True) == ()


def test_a_certificate_is_the_login(bus: Certified) -> None:
    """Its URN is the user: it reads that one's inbox and writes in that one's name."""
    with bus.connected(A) as mine, bus.connected(B) as theirs:
        channel = mine.channel()
        channel.confirm_delivery()
        own = pika.BasicProperties(user_id=named(A))
        channel.basic_publish(exchange_of(A), f"document.{B}", b"x", own, mandatory=True)
        method, properties, _ = theirs.channel().basic_get(inbox_of(B), auto_ack=True)
        assert method is not None
        assert properties is not None
        assert properties.user_id == named(A)
        with pytest.raises(exceptions.ChannelClosedByBroker, match="user_id"):
            channel.basic_publish(exchange_of(A), f"document.{B}", b"x", pika.BasicProperties(user_id=named(B)))


def test_a_link_finds_out_what_the_broker_calls_it(bus: Certified) -> None:
    """Also where it begins with the other name: the broker's refusal tells the right one, and nothing is lost."""
    tls = Tls(cafile=bus.folder / "root", certfile=bus.folder / f"{A}.crt", keyfile=bus.folder / f"{A}.key")
    url = bus.broker.amqps_url.replace("%2F", VHOST)
    for first in (named(A), A):
        settings = LinkSettings(mailbox=A, url=url, tls=tls)
        settings.own_user.name = first
        with IoThread() as io:
            link = Link(settings, io=io)
            try:
                assert link.wait_ready(60)
                assert list(link.publish([publication(1)])) == [Confirmation.CONFIRMED]
            finally:
                link.close()
        assert (settings.own_user.name, settings.own_user.is_known) == (named(A), True)
    bus.certificate("operator", OPERATOR, days=10, purpose=Purpose.SERVICE)
    tls = Tls(cafile=bus.folder / "root", certfile=bus.folder / "operator.crt", keyfile=bus.folder / "operator.key")
    address = Address.from_url(url, tls=tls, user=OPERATOR)
    connection, _ = connect_to_first([address], name="lienthong test", heartbeat=30)
    assert logged_in_as(connection, address, exchange="") == named(OPERATOR)
    connection.close()


def foreign(bus: Certified) -> None:
    bus.certificate("odd", A, papers=Papers(bus.papers.begin))


def expired(bus: Certified) -> None:
    bus.certificate("odd", A)


def revoked(bus: Certified) -> None:
    made = bus.certificate("odd", A, days=10)
    bus.connect("odd").close()
    bus.revoke(made)


def unknown(bus: Certified) -> None:
    bus.certificate("odd", "X99", days=10)


def another_issuer(bus: Certified) -> None:
    sibling(bus, "Test sibling")


def namesake(bus: Certified) -> None:
    """Its revocation list would be ours, by its name."""
    sibling(bus, bus.papers.issuer.certificate.name)


def sibling(bus: Certified, name: str) -> None:
    """A certificate of our root, by another issuer below it."""
    other = new_issuer(bus.papers.root, name, at=bus.papers.begin)
    key = SigningKey.generate()
    made = issue(other, key.public, name=A, purpose=Purpose.MAILBOX, at=bus.papers.begin)
    write(bus.folder / "odd", made, key, other)


def no_operator(bus: Certified) -> None:
    """A mailbox's certificate in a service's name."""
    bus.certificate("odd", OPERATOR, days=10)


def no_urn(bus: Certified) -> None:
    """With the right common name, and for clients; a broker's certificate has no URN."""
    now = bus.papers.begin
    key = ec.generate_private_key(ec.SECP256R1())
    made = handmade(
        named_subject(A), key, bus.papers.issuer, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), begin=now
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write(bus.folder / "odd", made, SigningKey.from_pem(pem), bus.papers.issuer)


@pytest.mark.parametrize(
    "come",
    [foreign, expired, revoked, unknown, another_issuer, namesake, no_operator, no_urn],
    ids=lambda come: come.__name__,
)
def test_a_wrong_certificate_is_no_login(bus: Certified, come: object) -> None:
    """Of an authority with our authority's very names; over; revoked a moment ago while the node runs; of nobody whom
    the broker knows; of another authority below the same root, whatever its name; in a service's name; without a
    URN."""
    assert callable(come)
    come(bus)
    with pytest.raises(LOST):
        bus.connect("odd")
    bus.connect(A).close()


@pytest.mark.parametrize(
    ("file", "newest"), [(None, ssl.TLSVersion.TLSv1_3), (A, ssl.TLSVersion.TLSv1_2)], ids=["none", "TLS 1.2"]
)
def test_nothing_less_is_taken(bus: Certified, file: str | None, newest: ssl.TLSVersion) -> None:
    """No handshake without a certificate, nor in an older TLS."""
    with pytest.raises(LOST):
        bus.connect(file, newest=newest)


def test_a_withdrawn_mailbox_is_cut_off_and_its_mail_stays(bus: Certified) -> None:
    """With a certificate that still counts: its live connection goes within thirty seconds, it cannot come back, what
    was sent to it waits, and once it is no longer withdrawn all is as before."""
    live = bus.connect(C)
    with bus.connected(A) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(exchange_of(A), f"document.{C}", b"waits", pika.BasicProperties(user_id=named(A)))
        withdrawn = bus.wanted(withdrawn=[C])
        assert bus.apply(withdrawn) == (f"{Act.REMOVE} user {named(C)}",)
        cut_after(live)
        with pytest.raises(LOST):
            bus.connect(C)
        assert diff(bus.management.topology(VHOST), withdrawn, prune=True) == ()
        assert connection.is_open
        channel.basic_publish(exchange_of(A), f"document.{C}", b"waits too", pika.BasicProperties(user_id=named(A)))
    assert bus.apply(bus.wanted()) == (f"{Act.CREATE} user {named(C)}",)
    with bus.connected(C) as back:
        channel = back.channel()
        assert [channel.basic_get(inbox_of(C), auto_ack=True)[2] for _ in range(2)] == [b"waits", b"waits too"]


def test_who_has_a_revoked_certificate_must_come_with_the_new_one(bus: Certified) -> None:
    """The agency stays, its old certificate does not: its connections are closed, made a moment ago or not, and the
    others' are left alone."""
    old = bus.certificate("old", B, days=10)
    with bus.connected(A) as other:
        live = [bus.connect("old"), bus.connect("old")]
        bus.revoke(old)
        bus.management.disconnect([named(B), "X99"])
        for connection in live:
            cut_after(connection)
        with pytest.raises(LOST):
            bus.connect("old")
        bus.connect(B).close()
        other.process_data_events()
        assert other.is_open


def test_connections_and_channels_are_counted(bus: Certified) -> None:
    """One more than the limit is refused, and says so: as soon as the broker has counted those before."""
    held = [bus.connect(COUNTED) for _ in range(LIMITS.connections)]
    try:
        assert LIMIT in eventually(lambda: refusal(lambda: bus.connect(COUNTED, within=0).close()))
        for _ in range(LIMITS.channels):
            held[0].channel()
        assert "limit" in eventually(lambda: refusal(held[1].channel))
    finally:
        for connection in held:
            if connection.is_open:
                connection.close()


def test_limits_that_somebody_changed_are_mended(bus: Certified) -> None:
    """More than a mailbox should have, none where there should be some, and some where there should be none."""
    auth = (bus.broker.user, bus.broker.password)
    with httpx.Client(base_url=f"{bus.broker.management_url}/api/user-limits", auth=auth, trust_env=False) as api:
        api.put(f"/{quote(named(A))}/max-connections", json={"value": 900}).raise_for_status()
        api.delete(f"/{quote(named(B))}/max-channels").raise_for_status()
        api.put(f"/{quote(named(LEDGER))}/max-connections", json={"value": 0}).raise_for_status()
    assert set(bus.apply(bus.wanted())) == {f"{Act.CHANGE} user {named(name)}" for name in (A, B, LEDGER)}
    assert diff(bus.management.topology(VHOST), bus.wanted(), prune=True) == ()
