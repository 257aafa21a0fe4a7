"""The Python AS2 library with the same document: signed, encrypted, parsed, decrypted, verified, and a signed
receipt (MDN) made, parsed and verified. Two measures of it:

* `as2`, the kindest: both sides in one process, one such process for each core; no transport, nothing durable.
* `as2-http`, equal work: a sender's and a recipient's process, HTTP over loopback with connections that stay open,
  eight documents under way; each side has on disk what it sent or took before it says so.

`python -m tests.bench.as2 SECONDS SIZE` is one process of the first.
"""

import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

PASSWORD = "bench"
UNDER_WAY = 8
_ONE_DIGIT, _MORE = r"\d\.\d\.\d[a-z]*", r"\d+\.\d+\.\d+[a-z]*"


def measure(*, seconds: float, size: int) -> float:
    """Returns documents a second, of all cores together."""
    cores = len(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "tests.bench.as2", str(seconds), str(size)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(cores)]
    return sum(float(json.loads(process.communicate(timeout=seconds + 120)[0])["rate"]) for process in running)


def measure_http(folder: Path, *, seconds: float, size: int) -> float:
    """Returns documents a second, from one process to another over HTTP."""
    keys = {name: [each.decode() for each in _keys(name)] for name in ("G22", "H49")}
    (folder / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
    command = [sys.executable, "-m", "tests.bench.as2"]
    serving = subprocess.Popen([*command, "serve", str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert serving.stdout is not None
        port = serving.stdout.readline().strip()
        told = [*command, "post", str(folder), port, str(seconds), str(size)]
        done = subprocess.run(told, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + 120)
        return float(json.loads(done.stdout)["rate"])
    finally:
        serving.kill()
        serving.wait()


def _as2() -> Any:
    """Returns the library. Its oscrypto 1.3.0 does not recognise 3.0.19 as a version of OpenSSL, so its pattern is
    widened during the import."""
    search = re.search

    def patient(pattern: Any, *rest: Any) -> Any:
        return search(pattern.replace(_ONE_DIGIT, _MORE) if isinstance(pattern, str) else pattern, *rest)

    re.search = patient  # type: ignore[assignment]
    try:
        from pyas2lib import as2
    finally:
        re.search = search
    logging.getLogger("pyas2lib").setLevel(logging.CRITICAL)
    return as2


def _keys(name: str) -> tuple[bytes, bytes]:
    """Returns the private key with its self-signed certificate (RSA 2048, the usual choice there) as PEM, and the
    certificate alone."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSWORD.encode()),
    )
    return private + certificate, certificate


class Exchange:
    """A sender and a recipient who know each other."""

    def __init__(self, keys: Mapping[str, tuple[bytes, bytes]]) -> None:
        self.as2 = _as2()
        self.ours, self.seen = {}, {}
        for name, (both, certificate) in keys.items():
            self.ours[name] = self.as2.Organization(
                as2_name=name, sign_key=both, sign_key_pass=PASSWORD, decrypt_key=both, decrypt_key_pass=PASSWORD
            )
            self.seen[name] = self.as2.Partner(
                as2_name=name,
                verify_cert=certificate,
                encrypt_cert=certificate,
                validate_certs=False,
                sign=True,
                digest_alg="sha256",
                encrypt=True,
                enc_alg="aes_256_cbc",
                mdn_mode="SYNC",
                mdn_digest_alg="sha256",
            )

    def pass_on(self, content: bytes) -> None:
        """Sends one document, and takes its receipt back."""
        message = self.made(content)
        receipt = self.taken(message.headers_str + b"\r\n" + message.content)
        self.heard(message, receipt.headers_str + b"\r\n" + receipt.content)

    def made(self, content: bytes) -> Any:
        message = self.as2.Message(sender=self.ours["G22"], receiver=self.seen["H49"])
        message.build(content, content_type="application/octet-stream")
        return message

    def taken(self, raw: bytes) -> Any:
        """Takes a message. Returns its receipt."""
        arrived = self.as2.Message()
        status, (error, _), receipt = arrived.parse(raw, find_org_cb=self.ours.get, find_partner_cb=self.seen.get)
        assert status == "processed", error
        assert arrived.signed
        assert arrived.encrypted
        return receipt

    def heard(self, message: Any, raw: bytes) -> None:
        status, why = self.as2.Mdn().parse(raw, lambda *_: message)
        assert status == "processed", why


class _Log:
    """The durable log: messages are on disk before anybody is told."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def keep(self, raw: bytes) -> None:
        os.write(self._file, raw)
        os.fdatasync(self._file)


def _raw(headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return lines.encode() + b"\r\n" + body


def _exchange(folder: Path) -> Exchange:
    keys = json.loads((folder / "keys.json").read_text(encoding="utf-8"))
    return Exchange({name: (both.encode(), certificate.encode()) for name, (both, certificate) in keys.items()})


def serve(folder: Path) -> None:
    """Prints its port, and takes documents until it is killed."""
    exchange, log = _exchange(folder), _Log(folder / "taken.log")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            raw = _raw(self.headers.items(), body)
            receipt = exchange.taken(raw)
            log.keep(raw)
            self.send_response(200)
            for name, value in receipt.headers.items():
                self.send_header(name, " ".join(value.split()))
            self.send_header("Content-Length", str(len(receipt.content)))
            self.end_headers()
            self.wfile.write(receipt.content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


def post(folder: Path, port: int, seconds: float, size: int) -> None:
    exchange, log, content = _exchange(folder), _Log(folder / "sent.log"), os.urandom(size)
    end = time.perf_counter() + seconds

    def work(_: int) -> int:
        connection, count = HTTPConnection("127.0.0.1", port), 0
        while time.perf_counter() < end:
            message = exchange.made(content)
            log.keep(message.content)
            headers = {name: " ".join(value.split()) for name, value in message.headers.items()}
            connection.request("POST", "/", message.content, headers)
            answer = connection.getresponse()
            raw = _raw(answer.getheaders(), answer.read())
            exchange.heard(message, raw)
            log.keep(raw)
            count += 1
        connection.close()
        return count

    began = time.perf_counter()
    with ThreadPoolExecutor(UNDER_WAY) as pool:
        total = sum(pool.map(work, range(UNDER_WAY)))
    sys.stdout.write(json.dumps({"rate": total / (time.perf_counter() - began)}) + "\n")


def main(seconds: float, size: int) -> None:
    exchange, content = Exchange({name: _keys(name) for name in ("G22", "H49")}), os.urandom(size)
    exchange.pass_on(content)
    count, began = 0, time.perf_counter()
    while time.perf_counter() < began + seconds:
        exchange.pass_on(content)
        count += 1
    sys.stdout.write(json.dumps({"rate": count / (time.perf_counter() - began)}) + "\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case "serve", folder:
            serve(Path(folder))
        case "post", folder, port, seconds, size:
            post(Path(folder), int(port), float(seconds), int(size))
        case seconds, size:
            main(float(seconds), int(size))
        case _:
            sys.exit(__doc__)
