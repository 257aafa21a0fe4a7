"""The daemon's port: two pages, each honest about its state, and words for an operator where it cannot be had."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from bus.daemon.http import HealthServer
from bus.errors import BadConfig
from tests.scenarios.country import Land
from tests.unit.bus.daemon.offices import daemon_of


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.fixture
def server(land: Land) -> Iterator[HealthServer]:
    server = HealthServer(("127.0.0.1", 0), [daemon_of(land, "G22")])
    yield server
    server.close()


def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str, str]:
    """Status, type and body."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_healthz_is_json_with_a_status_that_means_it(land: Land, server: HealthServer) -> None:
    """200 while all is well, 503 while not: whoever restarts or routes needs no parser."""
    status, kind, body = get(server.port, "/healthz")
    assert (status, kind, json.loads(body)["ok"]) == (200, "application/json", True)
    land["G22"].broker.cut("no route")
    status, _, body = get(server.port, "/healthz?full=1")
    assert (status, json.loads(body)["ok"]) == (503, False)
    assert json.loads(body)["mailboxes"][0]["broker"]["last_error"] == "no route"


def test_metrics_are_in_the_format_that_monitors_read(server: HealthServer) -> None:
    """The road's and the process's own."""
    status, kind, body = get(server.port, "/metrics")
    assert status == 200
    assert kind.startswith("text/plain; version=")
    assert 'lienthong_link_up{mailbox="G22"} 1.0' in body
    assert "process_resident_memory_bytes" in body


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
