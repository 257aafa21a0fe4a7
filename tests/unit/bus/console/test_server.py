import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp, Receive, Scope, Send

from bus.console.desk import CERTIFICATE
from bus.console.server import LONGEST_HEAD, Server
from bus.console.tls import Tls, context_of
from bus.errors import BadConfig

LOCAL = ("127.0.0.1", 0)


async def whoami(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the client's certificate."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope.get(CERTIFICATE, b"nobody")})


@contextmanager
def serving(app: ASGIApp = whoami, *, tls: Tls | None = None, patience: int = 10) -> Iterator[Server]:
    server = Server(app, address=LOCAL, tls=tls, patience=patience)
    server.start()
    try:
        yield server
    finally:
        server.close()
        assert not server.is_alive()


class Pair:
    """A certificate with its key, self-signed, as PEM files."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOCAL[0]))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.der = certificate.public_bytes(serialization.Encoding.DER)
        self.file, self.key = folder / f"{name}.crt", folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    folder = tmp_path_factory.mktemp("pairs")
    return {name: Pair(folder, name) for name in ("server", "client", "stranger")}


def answer(server: Server, *, context: ssl.SSLContext | None = None) -> bytes:
    scheme = "http" if context is None else "https"
    verify = False if context is None else context  # no context is made for nothing
    return httpx.get(f"{scheme}://{LOCAL[0]}:{server.port}/", verify=verify, trust_env=False).content


def client(pairs: dict[str, Pair], name: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=pairs["server"].file)
    if name is not None:
        context.load_cert_chain(pairs[name].file, pairs[name].key)
    return context


def test_it_answers_until_it_is_closed() -> None:
    """And nobody afterwards."""
    with serving() as server:
        assert answer(server) == b"nobody"
        port = server.port
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{LOCAL[0]}:{port}/", trust_env=False)


def test_a_certificate_is_told_of(pairs: dict[str, Pair]) -> None:
    """Only one that the authority vouches for; who has a key needs none."""
    own, known = pairs["server"], pairs["client"]
    tls = Tls(certfile=str(own.file), keyfile=str(own.key), client_cafile=str(known.file))
    with serving(tls=tls) as server:
        assert answer(server, context=client(pairs, "client")) == known.der
        assert answer(server, context=client(pairs, None)) == b"nobody"
        with pytest.raises(httpx.TransportError):
            answer(server, context=client(pairs, "stranger"))
        with socket.create_connection((LOCAL[0], server.port)) as clear:
            clear.settimeout(5)
            clear.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" not in _rest(clear)


def test_nobody_is_asked_for_a_certificate_without_an_authority(pairs: dict[str, Pair]) -> None:
    """Then keys alone count."""
    own = pairs["server"]
    with serving(tls=Tls(certfile=str(own.file), keyfile=str(own.key), client_cafile=None)) as server:
        assert answer(server, context=client(pairs, "client")) == b"nobody"


SLOW: Sequence[tuple[str, Sequence[bytes]]] = [
    ("says nothing", []),
    ("begins and goes silent", [b"GET / HTTP/1.1\r\n"]),
    ("says a byte now and then", [b"G", b"E", b"T", b" ", b"/", b" ", b"H", b"T"]),
    ("promises a body", [b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"]),
    ("goes silent in its second request", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost:"]),
]


@pytest.mark.parametrize(("what", "sent"), SLOW, ids=[what for what, _ in SLOW])
def test_a_slow_client_is_let_go(what: str, sent: Sequence[bytes]) -> None:
    """Whatever it does: its connection ends in time, and others are answered meanwhile."""

    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await whoami(scope, receive, send)

    with serving(reads, patience=1) as server, socket.create_connection((LOCAL[0], server.port)) as slow:
        slow.settimeout(8)
        for part in sent:
            with suppress(OSError):
                slow.sendall(part)
            time.sleep(0.3)
        assert answer(server) == b"nobody"
        began = time.monotonic()
        _rest(slow)
        assert time.monotonic() - began < 4


def test_a_slow_answer_is_waited_for() -> None:
    """The limit is of the question."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(2)
        await whoami(scope, receive, send)

    with serving(slow, patience=1) as server:
        assert answer(server) == b"nobody"


def test_a_head_is_bounded() -> None:
    """Longer headers are refused before they have come whole."""
    with serving() as server, socket.create_connection((LOCAL[0], server.port)) as long:
        long.settimeout(8)
        with suppress(OSError):
            long.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 64 * LONGEST_HEAD)
        assert b"200" not in _rest(long)


def test_a_hundred_at_once_are_answered() -> None:
    """Each on a connection of its own."""
    with serving() as server, ThreadPoolExecutor(100) as people:
        assert list(people.map(lambda _: answer(server), range(100))) == [b"nobody"] * 100


def test_a_taken_port_is_told_of() -> None:
    """So is a host that this machine is not, and no port at all."""
    with serving() as server:
        for address in ((LOCAL[0], server.port), ("192.0.2.1", 0), (LOCAL[0], 70000)):
            with pytest.raises(BadConfig, match=r"api\.listen"):
                Server(whoami, address=address, tls=None)


def test_files_that_are_no_certificate_are_told_of(pairs: dict[str, Pair], tmp_path: Path) -> None:
    """By their name, before anybody is answered."""
    own, other = pairs["server"], pairs["client"]
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    rows: list[tuple[Path, Path | None, Path | None, Path]] = [
        (tmp_path / "none.crt", own.key, None, tmp_path / "none.crt"),
        (own.file, other.key, None, own.file),
        (junk, None, None, junk),
        (own.file, own.key, junk, junk),
    ]
    for certfile, keyfile, cafile, named in rows:
        tls = Tls(certfile=str(certfile), keyfile=_text(keyfile), client_cafile=_text(cafile))
        with pytest.raises(BadConfig) as told:
            context_of(tls)
        assert told.value.facts["file"] == str(named)
        with pytest.raises(BadConfig):
            Server(whoami, address=LOCAL, tls=tls)


def test_closing_gives_up_an_answer_that_does_not_end() -> None:
    """After a while, from another thread."""
    begun = threading.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.sleep(60)

    with ThreadPoolExecutor(1) as people:
        with serving(endless) as server:
            asked = people.submit(answer, server)
            assert begun.wait(10)
        assert asked.exception(timeout=10) is not None or asked.result() != b"nobody"


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _rest(connection: socket.socket) -> bytes:
    """All that comes until the other side ends it."""
    got = b""
    with suppress(ConnectionError):
        while part := connection.recv(4096):
            got += part
    return got
