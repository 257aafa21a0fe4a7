"""The port of a daemon: /healthz for whoever restarts it, /metrics for whoever watches it. No content, ever."""

import json
import socket
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.metrics import RoadCollector, health
from bus.daemon.standby import Standby
from bus.errors import BadConfig


class HealthServer:
    """Serves until closed. Raises BadConfig where it cannot listen there."""

    def __init__(self, address: tuple[str, int], daemons: Sequence[MailboxDaemon | Standby]) -> None:
        registry = CollectorRegistry(auto_describe=False)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        registry.register(RoadCollector(daemons))
        try:
            self._server = _server_of(address)(address, _handler(registry, daemons))
        except OSError as exc:
            host, port = address
            raise BadConfig(file="http.listen", why=f"{host}:{port}: {exc.strerror or exc}") from exc
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


def _server_of(address: tuple[str, int]) -> type[_Server]:
    return _Server6 if ":" in address[0] else _Server


def _handler(registry: CollectorRegistry, daemons: Sequence[MailboxDaemon | Standby]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                case "/healthz":
                    well, said = health(daemons)
                    body = json.dumps(said, default=lambda value: value.isoformat()).encode()
                    self._answer(200 if well else 503, "application/json", body)
                case _:
                    self._answer(404, "text/plain; charset=utf-8", b"/healthz, /metrics\n")

        def _answer(self, code: int, content_type: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Every scrape in the log would bury the facts."""

    return Handler
