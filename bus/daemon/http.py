"""The HTTP port of a process: /healthz for supervisors, /metrics for monitors. It never shows content, and tells states
and counts only; who brings the operator's token is told ids, other agencies' names and errors, too.

Whoever reaches the port may be slow, silent or many: a request is bounded in bytes and in time, connections in number.
"""

import hmac
import http.client
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO, Final, TypeAlias

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from bus.daemon.health import health, states_only
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.metrics import RoadCollector
from bus.daemon.own_process import OwnProcess
from bus.daemon.standby import Standby
from bus.errors import BadConfig, Words, of_system, said
from schemas.printable import json_text

log = structlog.get_logger()

LONGEST_LINE: Final = 2048
"""Bytes of a request line."""
LONGEST_HEAD: Final = 16 * 1024
"""Bytes of all headers of a request."""
CONNECTIONS: Final = 16
"""Connections at one time, each with a thread. One more, and the oldest is closed: a monitor always gets in."""
PATIENCE: Final = 5.0
"""Seconds for a whole request, and for its answer."""
NO_DESCRIPTOR: Final = 0.1
"""Seconds before the next try where a connection cannot be accepted: the process has no file descriptor left."""
ALLOWED: Final = "GET, HEAD, OPTIONS"


Tell: TypeAlias = Callable[[], tuple[bool, Mapping[str, Any]]]
"""Whether all is well, and the whole answer of /healthz."""


@dataclass(frozen=True, slots=True)
class Pages:
    """What the pages are made of, and whom they tell everything."""

    collector: Collector
    tell: Tell
    states_only: Callable[[Mapping[str, Any]], Mapping[str, object]]
    """The answer for whoever is not the operator."""
    token: str | None
    """The operator's; None where nobody has one."""

    def is_the_operator(self, given: str) -> bool:
        """Whether a header Authorization holds the token; nobody's does where there is none."""
        word = given.removeprefix("Bearer ").strip().encode("utf-8", "surrogateescape")
        return self.token is not None and hmac.compare_digest(word, self.token.encode())


class PageServer:
    """Serves until closed. Raises BadConfig where it cannot listen there."""

    def __init__(self, address: tuple[str, int], pages: Pages, *, patience: float = PATIENCE) -> None:
        registry = CollectorRegistry(auto_describe=False)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        registry.register(pages.collector)
        try:
            self._server = _server_of(address)(address, pages, registry)
        except (OSError, OverflowError) as exc:  # OverflowError: no such port
            host, port = address
            why = of_system(exc) if isinstance(exc, OSError) else Words("không có cổng này", str(exc))
            told = said("{host}:{port}: {why}", "{host}:{port}: {why}", host=host, port=port, why=why)
            raise BadConfig(file="http.listen", why=told) from exc
        self._server.patience = patience
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": min(patience, 0.5)}, name="http", daemon=True
        )
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether anybody is answered."""
        return self._thread.is_alive()

    @property
    def port(self) -> int:
        return self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class HealthServer(PageServer):
    """Of a process of mailboxes."""

    def __init__(
        self,
        address: tuple[str, int],
        daemons: Sequence[MailboxDaemon | Standby],
        *,
        token: str | None = None,
        own: OwnProcess | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """`token`: the operator's, None where nobody has one."""
        pages = Pages(RoadCollector(daemons, own), lambda: health(daemons, own), states_only, token)
        super().__init__(address, pages, patience=patience)


class _Server(ThreadingHTTPServer):
    """One thread a connection, of which there are few, each for a short time."""

    daemon_threads = True
    patience = PATIENCE

    def __init__(self, address: tuple[str, int], pages: Pages, registry: CollectorRegistry) -> None:
        self.pages = pages
        self.registry = registry
        self._places = threading.BoundedSemaphore(CONNECTIONS)
        self._turn = threading.Lock()
        self._since: dict[socket.socket, float] = {}
        """The open connections, the oldest first."""
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self._let_go(over=0.0, most=1)
            if not self._places.acquire(timeout=1.0):
                self.shutdown_request(request)
                return
        with self._turn:
            self._since[request] = time.monotonic()
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system gives no thread
            self._places.release()
            raise  # the connection is closed, and the next one tried

    def get_request(self) -> tuple[Any, Any]:
        try:
            return super().get_request()
        except OSError:
            time.sleep(NO_DESCRIPTOR)  # it stays the next one in the queue: without a pause the thread would spin
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def shutdown_request(self, request: Any) -> None:
        with self._turn:
            self._since.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called by `serve_forever` twice a second: whoever sends a byte now and then is slow, too."""
        self._let_go(over=self.patience, most=CONNECTIONS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no fault of ours, and a traceback of it would bury the facts."""

    def _let_go(self, *, over: float, most: int) -> None:
        """Ends the oldest connections that are open for longer; their threads close them."""
        now = time.monotonic()
        with self._turn:
            late = [each for each, since in self._since.items() if now - since >= over][:most]
            for each in late:
                del self._since[each]
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # its client has gone


class _Server6(_Server):
    address_family = socket.AF_INET6


def _server_of(address: tuple[str, int]) -> type[_Server]:
    return _Server6 if ":" in address[0] else _Server


class _Head:
    """The headers of one request as `parse_request` reads them, bounded as a whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = LONGEST_HEAD

    def readline(self, size: int) -> bytes:
        line = self._file.readline(min(size, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise http.client.LineTooLong("headers")
        return line

    def close(self) -> None:
        self._file.close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE

    def handle_one_request(self) -> None:
        self.close_connection = True
        try:
            self.raw_requestline = self.rfile.readline(LONGEST_LINE + 1)
            if len(self.raw_requestline) > LONGEST_LINE:
                self.requestline, self.request_version, self.command = "", "", ""
                self.send_error(414)
                return
            self.rfile: Any = _Head(self.rfile)
            if self.raw_requestline and self.parse_request():
                self._respond()
            self.wfile.flush()
        except OSError:
            return  # too slow, or gone

    def _respond(self) -> None:
        match self.command:
            case "GET" | "HEAD":
                self._page(self.path.partition("?")[0])
            case "OPTIONS":
                self._answer(204, None, b"", Allow=ALLOWED)
            case _:
                self._answer(405, "text/plain; charset=utf-8", f"{ALLOWED}\n".encode(), Allow=ALLOWED)

    def _page(self, path: str) -> None:
        try:
            self._page_of(path)
        except OSError:
            raise
        except Exception as error:
            log.exception("http.failed", path=path)  # an empty answer would say nothing
            self._answer(500, "text/plain; charset=utf-8", f"{type(error).__name__}\n".encode())

    def _page_of(self, path: str) -> None:
        match path:
            case "/metrics":
                self._metrics()
            case "/healthz":
                self._health()
            case _:
                self._answer(404, "text/plain; charset=utf-8", b"/healthz, /metrics\n")

    def _metrics(self) -> None:
        if "application/openmetrics-text" in self.headers.get("Accept", ""):
            body: bytes = openmetrics.generate_latest(self.server.registry)  # type: ignore[no-untyped-call]
            self._answer(200, openmetrics.CONTENT_TYPE_LATEST, body)
        else:
            self._answer(200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self.server.registry))

    def _health(self) -> None:
        given = self.headers.get("Authorization")
        if given is not None and not self.server.pages.is_the_operator(given):
            self._answer(401, "text/plain; charset=utf-8", b"token_file\n", **{"WWW-Authenticate": "Bearer"})
            return
        well, said = self.server.pages.tell()
        told = said if given else self.server.pages.states_only(said)
        body = json_text(told, indent=2, default=_plain).encode() + b"\n"
        self._answer(200 if well else 503, "application/json", body)

    def _answer(self, code: int, content_type: str | None, body: bytes, **headers: str) -> None:
        self.send_response(code)
        if content_type is not None:
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        return "lienthong"

    def log_message(self, format: str, *args: object) -> None:
        """Every scrape in the log would bury the facts."""


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
