"""The daemon's port: two pages, each honest about its state, and words for an operator where it cannot be had. Whoever
is slow, silent, many or curious gets little of it."""

import contextlib
import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from bus.daemon.http import CONNECTIONS, LONGEST_HEAD, LONGEST_LINE, NO_DESCRIPTOR, HealthServer
from bus.errors import BadConfig
from tests.scenarios.country import Land
from tests.unit.bus.daemon.offices import daemon_of


@pytest.fixture
def land() -> Land:
    return Land()


TOKEN = "0123456789abcdef"


@pytest.fixture
def server(land: Land) -> Iterator[HealthServer]:
    server = HealthServer(("127.0.0.1", 0), [daemon_of(land, "G22")], token=TOKEN)
    yield server
    server.close()


@pytest.fixture
def hasty() -> Iterator[HealthServer]:
    """One that waits for a second."""
    server = HealthServer(("127.0.0.1", 0), [], patience=1.0)
    yield server
    server.close()


def get(port: int, path: str, host: str = "127.0.0.1", token: str | None = None) -> tuple[int, str, str]:
    """Status, type and body."""
    request = urllib.request.Request(f"http://{host}:{port}{path}")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_healthz_is_json_with_a_status_that_means_it(land: Land, server: HealthServer) -> None:
    """200 while all is well, 503 while not: whoever restarts or routes needs no parser."""
    status, kind, body = get(server.port, "/healthz")
    assert (status, kind, json.loads(body)["ok"]) == (200, "application/json", True)
    land["G22"].broker.cut("no route")
    status, _, body = get(server.port, "/healthz?full=1", token=TOKEN)
    assert (status, json.loads(body)["ok"]) == (503, False)
    assert json.loads(body)["mailboxes"][0]["broker"]["last_error"] == "no route"


def test_the_words_of_errors_are_the_operators(land: Land, server: HealthServer) -> None:
    """Without the token: states, counts and times, with the same status. With a wrong one nothing, so that it is
    noticed."""
    land["G22"].broker.cut("no route")
    status, _, body = get(server.port, "/healthz")
    assert (status, "no route" in body) == (503, False)
    assert "last_error" not in json.loads(body)["mailboxes"][0]["broker"]
    for wrong in ("", TOKEN[:-1], TOKEN + "0", "đ"):
        assert get(server.port, "/healthz", token=wrong.encode().decode("latin-1"))[0] == 401


def test_without_a_token_nobody_is_the_operator() -> None:
    """No word opens what was not configured."""
    server = HealthServer(("127.0.0.1", 0), [])
    try:
        assert [get(server.port, "/healthz", token=word)[0] for word in ("", "None", TOKEN)] == [401] * 3
    finally:
        server.close()


def test_metrics_are_in_the_format_that_monitors_read(server: HealthServer) -> None:
    """The road's and the process's own."""
    status, kind, body = get(server.port, "/metrics")
    assert status == 200
    assert kind.startswith("text/plain; version=0.0.4")
    assert 'lienthong_link_up{mailbox="G22"} 1.0' in body
    assert "process_resident_memory_bytes" in body


def test_openmetrics_is_for_those_who_ask(server: HealthServer) -> None:
    """Prometheus asks for it in Accept; older monitors get the text format."""
    status, headers, body = ask(server, "GET", "/metrics", Accept="application/openmetrics-text;version=1.0.0,*/*")
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, "application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def ask(server: HealthServer, method: str, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/other"])
def test_head_answers_as_get_without_the_body(server: HealthServer, path: str) -> None:
    """The same status, type and length."""
    status, headers, body = ask(server, "HEAD", path)
    got, got_headers, _ = ask(server, "GET", path)
    assert (status, headers["Content-Type"], body) == (got, got_headers["Content-Type"], b"")
    assert int(headers["Content-Length"]) > 0


def test_other_methods_are_told_which_there_are(server: HealthServer) -> None:
    """OPTIONS lists them; POST and unknown words are 405."""
    status, headers, body = ask(server, "OPTIONS", "/healthz")
    assert (status, headers["Allow"], body) == (204, "GET, HEAD, OPTIONS", b"")
    for method in ("POST", "PUT", "DELETE", "TRACE", "BREW"):
        status, headers, _ = ask(server, method, "/healthz")
        assert (status, headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * LONGEST_LINE + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /healthz HTTP/1.1\r\n" + b"X: " + b"a" * LONGEST_HEAD + b"\r\n\r\n", b"431"),
        (b"GET /healthz HTTP/1.1\r\n" + b"X: a\r\n" * 3000 + b"\r\n", b"431"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"<!DOCTYPE HTML>"),
        (b"\r\n\r\n", b""),
        (b"", b""),
    ],
    ids=["long line", "long header", "many headers", "TLS", "empty line", "nothing"],
)
def test_a_request_is_bounded_in_bytes(server: HealthServer, request_: bytes, status: bytes) -> None:
    """Whatever is sent, the answer is short and the next one is served."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        answer = b""
        with contextlib.suppress(OSError):  # reset: it had not read all of it
            line.sendall(request_)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(100)
    assert not answer or status in answer
    assert get(server.port, "/healthz")[0] == 200


def drip(line: socket.socket) -> None:
    """A byte now and then, for a long time."""
    for letter in b"GET /healthz HTTP/1.1\r\n" + b"X: a\r\n" * 1000:
        line.sendall(bytes([letter]))
        time.sleep(0.05)


def test_who_is_slow_is_let_go(hasty: HealthServer) -> None:
    """The silent one, and the one that sends a byte now and then."""
    silent = socket.create_connection(("127.0.0.1", hasty.port), timeout=30)
    slow = socket.create_connection(("127.0.0.1", hasty.port), timeout=30)
    with silent, slow:
        assert silent.recv(1) == b""
        with pytest.raises(OSError):  # noqa: PT011 — reset or broken pipe, as the system has it
            drip(slow)


def test_connections_are_bounded_and_a_monitor_still_gets_in(server: HealthServer) -> None:
    """Of a hundred silent clients the oldest make room: never more threads than places."""
    before = threading.active_count()
    held = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(100)]
    assert get(server.port, "/healthz")[0] == 200
    assert threading.active_count() - before <= CONNECTIONS + 1  # one may be ending
    for each in held:
        each.close()


def test_a_port_that_does_not_exist_is_a_wrong_configuration() -> None:
    """Said as one, instead of a traceback."""
    with pytest.raises(BadConfig, match=r"127\.0\.0\.1:99999"):
        HealthServer(("127.0.0.1", 99999), [])


def test_any_other_page_names_the_two(server: HealthServer) -> None:
    """404 with where to look."""
    assert get(server.port, "/admin") == (404, "text/plain; charset=utf-8", "/healthz, /metrics\n")


def test_requests_leave_nothing_in_the_log(server: HealthServer, capfd: pytest.CaptureFixture[str]) -> None:
    """Every scrape there would bury the facts."""
    get(server.port, "/metrics")
    assert capfd.readouterr() == ("", "")


def test_a_port_that_is_taken_is_a_wrong_configuration(land: Land) -> None:
    """Said as one, with the address, instead of a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
        with pytest.raises(BadConfig) as caught:
            HealthServer(address, [])
    assert f"127.0.0.1:{address[1]}: Address already in use" in str(caught.value)
    assert "http.listen" in str(caught.value)


def test_it_listens_on_ipv6_where_told_to() -> None:
    """`[::1]:9100` in the TOML is such an address."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    server = HealthServer(("::1", 0), [])
    try:
        assert get(server.port, "/healthz", host="[::1]")[0] == 200
    finally:
        server.close()


def test_a_page_that_fails_says_so(land: Land, server: HealthServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 with the kind of error, and the whole of it in the log: an empty answer would say nothing."""

    def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(land["G22"].broker), "state", broken)
    with capture_logs() as logs:
        assert get(server.port, "/healthz")[::2] == (500, "ZeroDivisionError\n")
    assert [entry["event"] for entry in logs] == ["http.failed"]


def test_a_connection_without_a_thread_costs_no_place(server: HealthServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system gives none for a while: each such connection is closed, and afterwards all places are there."""

    def start(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        for _ in range(CONNECTIONS + 1):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
                assert line.recv(1) == b""
    assert get(server.port, "/healthz")[0] == 200
    assert server.is_alive()


def test_without_descriptors_the_port_waits(hasty: HealthServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that cannot be accepted stays in the queue; it is tried some times a second, and then answered."""
    tries: list[None] = []
    real = socket.socket.accept

    def accept(self: socket.socket) -> tuple[socket.socket, object]:
        if len(tries) < 3:
            tries.append(None)
            raise OSError(24, "Too many open files")
        return real(self)

    monkeypatch.setattr(socket.socket, "accept", accept)
    began = time.monotonic()
    assert get(hasty.port, "/healthz")[0] == 200
    assert len(tries) == 3
    assert time.monotonic() - began > 2 * NO_DESCRIPTOR


def test_health_is_read_by_people_too(server: HealthServer) -> None:
    """A line a fact, Vietnamese as it is written, and a line break at the end."""
    body = get(server.port, "/healthz")[2]
    assert body.startswith('{\n  "ok": true,\n  "wrong": [],')
    assert body.endswith("}\n")
