"""A broker's certificate that was revoked: looked for at the end of a real handshake."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from bus.errors import BadCertificate
from bus.rabbit.address import Tls
from bus.rabbit.broker_certificate import BrokerCertificateRevoked, Revocations, _objection, by_directory, by_lists
from bus.rabbit.pika_errors import is_of_a_revoked_broker, is_refusal
from bus.trust.authority import Withdrawal
from bus.trust.certificates import Certificate, Purpose, Revoked
from bus.trust.keys import SigningKey
from bus.trust.trust_store import TrustStore
from tests.identities import Papers

NOW = datetime.now(UTC)
YESTERDAY, TOMORROW = NOW - timedelta(days=1), NOW + timedelta(days=1)


@dataclass
class Server:
    """A TLS server that is no broker: nobody comes so far."""

    port: int
    papers: Papers
    certificate: Certificate
    folder: Path

    def store(self, *withdrawals: Withdrawal, made: datetime = NOW) -> TrustStore:
        lists = [self.papers.revoked(*withdrawals, at=made)]
        return TrustStore([self.papers.root.certificate], [self.papers.issuer.certificate], lists)

    def withdrawal(self, at: datetime, reason: x509.ReasonFlags = x509.ReasonFlags.unspecified) -> Withdrawal:
        return Withdrawal(serial=self.certificate.serial, at=at, reason=reason)

    def shake_hands(self, revocations: Revocations | None, *, cafile: str = "root.pem") -> None:
        context = Tls(cafile=self.folder / cafile, revocations=revocations).context()
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
            context.wrap_socket(plain, server_hostname="localhost").close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, papers, key = tmp_path_factory.mktemp("server"), Papers(NOW - timedelta(days=2)), SigningKey.generate()
    made = papers.certificate("bus", key, purpose=Purpose.BROKER, hosts=("localhost",))
    (folder / "root.pem").write_bytes(papers.root.certificate.to_pem())
    (folder / "issuer.pem").write_bytes(papers.issuer.certificate.to_pem())
    (folder / "crt").write_bytes(made.to_pem() + papers.issuer.certificate.to_pem())
    (folder / "key").write_bytes(key.to_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt", folder / "key")
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        ended = threading.Event()

        def answer() -> None:
            while not ended.is_set():
                plain, _ = listener.accept()
                with suppress(OSError), plain, context.wrap_socket(plain, server_side=True):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        yield Server(listener.getsockname()[1], papers, made, folder)
        ended.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join()


@pytest.mark.parametrize(
    ("at", "reason", "refused"),
    [
        (None, x509.ReasonFlags.unspecified, False),
        (YESTERDAY, x509.ReasonFlags.superseded, True),
        (TOMORROW, x509.ReasonFlags.superseded, False),
        (TOMORROW, x509.ReasonFlags.key_compromise, True),
    ],
    ids=["not named", "revoked", "from tomorrow on", "its key is out"],
)
def test_who_shows_a_revoked_certificate_is_refused(
    server: Server, at: datetime | None, reason: x509.ReasonFlags, refused: bool
) -> None:
    """By the lists of the edition, or by an operator's own file."""
    named = [server.withdrawal(at, reason)] if at else []
    for revocations in (by_directory(lambda: server.store(*named)), by_lists([server.papers.revoked(*named, at=NOW)])):
        if not refused:
            server.shake_hands(revocations)
            continue
        with pytest.raises(BrokerCertificateRevoked, match=f"{server.certificate.serial:x} was revoked") as caught:
            server.shake_hands(revocations)
        assert is_refusal(caught.value)
        assert is_of_a_revoked_broker(OSError(caught.value))
    assert not is_of_a_revoked_broker(OSError("away"))


def test_a_list_that_ended_cuts_off_nobody_else(server: Server) -> None:
    """It names whom it named; all others stand by chain and name."""
    long_ago = NOW - timedelta(days=9000)
    server.shake_hands(by_directory(lambda: server.store(made=long_ago)))
    with pytest.raises(BrokerCertificateRevoked):
        server.shake_hands(by_directory(lambda: server.store(server.withdrawal(YESTERDAY), made=long_ago)))


def test_where_nothing_is_known_chain_and_name_decide(server: Server) -> None:
    """Before the first edition; of an authority that the directory does not know; without any question."""
    elsewhere = Papers(NOW - timedelta(days=2))
    other = TrustStore([elsewhere.root.certificate], [], [server.papers.revoked(server.withdrawal(YESTERDAY), at=NOW)])
    for revocations in (by_directory(lambda: None), by_directory(lambda: other), by_lists([elsewhere.revoked()]), None):
        server.shake_hands(revocations)
    (server.folder / "elsewhere.pem").write_bytes(elsewhere.root.certificate.to_pem())
    with pytest.raises(ssl.SSLCertVerificationError):
        server.shake_hands(None, cafile="elsewhere.pem")


def test_the_issuer_alone_may_be_trusted(server: Server) -> None:
    """Without the root above it, which vouches for others too."""
    server.shake_hands(None, cafile="issuer.pem")


def test_a_certificate_that_we_cannot_read_is_none() -> None:
    """OpenSSL could; what the lists say of it nobody knows."""

    def never(certificate: Certificate) -> Revoked | None:
        raise AssertionError

    assert "cannot be read" in str(_objection(b"x", never))
    with pytest.raises(BadCertificate):
        Certificate.from_der(b"x")
