"""Whether a broker is there, what it speaks, and which ports are free: looks from outside, and keeps nothing."""

import socket
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx


class NoBroker(RuntimeError):
    """Neither Docker nor an installed server could be used; the text says why, and what to do."""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def kept_ports(file: Path, count: int) -> list[int]:
    """Free ports, drawn once and kept in a file, so that what names them stays right. Raises NoBroker."""
    if not file.exists():
        ports = free_ports(count)
        file.write_text(" ".join(map(str, ports)) + "\n")
        return ports
    ports = [int(port) for port in file.read_text().split()]
    for port in ports:
        with socket.socket() as each:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just given back still counts as free
            try:
                each.bind(("127.0.0.1", port))
            except OSError as error:
                raise NoBroker(f"127.0.0.1:{port}: cổng đang bận / the port is in use ({file})") from error
    return ports


def version_of(management_url: str, user: str, password: str) -> str | None:
    """What the management interface says; None while it says nothing."""
    try:
        answer = httpx.get(f"{management_url}/api/overview", auth=(user, password), timeout=5, trust_env=False)
    except httpx.HTTPError:
        return None
    return str(answer.json()["rabbitmq_version"]) if answer.status_code == httpx.codes.OK else None


def speaks_amqp(host: str, port: int) -> bool:
    """Docker accepts connections to a published port before anything listens inside, so a connection is no proof."""
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False


def speaks_tls(host: str, port: int) -> bool:
    """Whether the server's half of a handshake comes: in TLS 1.3 it refuses a client without certificate after that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), timeout=5) as connection, context.wrap_socket(connection):
            return True
    except OSError:
        return False


def run(*command: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> str:
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout, check=True)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip()
        raise NoBroker(f"{' '.join(command[:2])}: {said}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoBroker(f"{' '.join(command[:2])}: {error}") from error
    return done.stdout
