"""The HTTP server of the console, perhaps over TLS with client certificates.

uvicorn serves. What it lacks is here: the client's certificate in the ASGI scope, and a limit on how long a request may
take to come.
"""

import asyncio
import socket
import threading
from typing import Any, Final

import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from bus.console.desk import CERTIFICATE
from bus.console.tls import Tls, context_of
from bus.errors import BadConfig, Words, of_system, said

log = structlog.get_logger()

CONNECTIONS: Final = 500
"""At one time; one more is answered 503."""
PATIENCE: Final = 10
"""Seconds for a request to come whole, and between two requests of one connection."""
LONGEST_HEAD: Final = 16 * 1024
"""Bytes of a request line with its headers."""
GRACE: Final = 3
"""Seconds for the answers under way when it is told to stop."""


class Server:
    """Serves `app` at an address. Raises BadConfig where it cannot listen there, or TLS cannot be set up."""

    def __init__(self, app: ASGIApp, *, address: tuple[str, int], tls: Tls | None, patience: int = PATIENCE) -> None:
        self._socket = _listening(address)
        try:
            config = uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,  # the process logs facts, and the log of access has who asked
                access_log=False,
                proxy_headers=False,  # a header names nobody
                server_header=False,
                date_header=True,
                limit_concurrency=CONNECTIONS,
                backlog=CONNECTIONS,
                timeout_keep_alive=patience,
                timeout_graceful_shutdown=GRACE,
                h11_max_incomplete_event_size=LONGEST_HEAD,
            )
            config.load()
            config.ssl = context_of(tls) if tls else None
        except BaseException:
            self._socket.close()
            raise
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="console", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """In a thread of its own: signals are the process's affair (bus/console/process.py)."""
        self._thread.start()
        log.info("console.listening", port=self.port, tls=self._server.config.is_ssl)

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """Ends the answers under way, or gives them up after a while."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(2 * GRACE)
        self._socket.close()


class _WithCertificate:
    """Tells the application whose connection it is."""

    def __init__(self, app: Any, certificate: bytes) -> None:
        self._app = app
        self._certificate = certificate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, CERTIFICATE: self._certificate}, receive, send)


class _Protocol(H11Protocol):
    """One connection. A request that does not come whole in time ends it; the keep-alive timer of uvicorn runs only
    between requests, and not before the first."""

    _coming: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if certificate:
            self.app = _WithCertificate(self.app, certificate)
        self._expect()

    def data_received(self, data: bytes) -> None:
        if self._coming is None:  # the next request begins
            self._expect()
        super().data_received(data)
        if self._is_answering():
            self._came()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._came()

    def connection_lost(self, exc: Exception | None) -> None:
        self._came()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete and not cycle.more_body

    def _expect(self) -> None:
        self._coming = self.loop.call_later(self.timeout_keep_alive, self._too_slow)

    def _came(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None

    def _too_slow(self) -> None:
        self._coming = None
        if not self.transport.is_closing():
            self.transport.close()


def _listening(address: tuple[str, int]) -> socket.socket:
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(CONNECTIONS)
        made.set_inheritable(False)
    except (OSError, OverflowError) as exc:
        made.close()
        why = of_system(exc) if isinstance(exc, OSError) else Words("không có cổng này", str(exc))
        raise BadConfig(
            file="api.listen", why=said("{host}:{port}: {why}", "{host}:{port}: {why}", host=host, port=port, why=why)
        ) from exc
    return made
