"""What stands around every answer, as ASGI: safe headers, the ETag, HEAD, and which hosts are answered at all.

Nobody is let in by a path here: routes ask who it is (bus/console/desk.py).
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any, Final

from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of what is no page."""

_SAFE: Final[Sequence[tuple[bytes, bytes]]] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"authorization"),
)
"""Unless an answer says otherwise. `no-cache`: kept, and asked for again with its ETag."""

_HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


def around(app: ASGIApp, *, hosts: Sequence[str]) -> ASGIApp:
    """`hosts`: the names by which this machine is asked; another one is answered 400."""
    return SafeHeaders(TrustedHostMiddleware(ETags(app), allowed_hosts=list(hosts), www_redirect=False))


class SafeHeaders:
    """Adds them to every answer, to that of a fault too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        wanted = (*_SAFE, _HSTS) if scope["scheme"] == "https" else _SAFE

        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                there = {name.lower() for name, _ in headers}
                message = {**message, "headers": [*headers, *(each for each in wanted if each[0] not in there)]}
            await send(message)

        return await self._app(scope, receive, safely)


class ETags:
    """An answer of 200 has the hash of its bytes as its ETag; who names that in If-None-Match gets 304 and no bytes.
    HEAD is GET without the bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            return await self._app(scope, receive, send)
        whole = _Whole()
        await self._app({**scope, "method": "GET"}, receive, whole.take)
        start, body = whole.start, whole.body
        headers = [each for each in start["headers"] if each[0].lower() != b"content-length"]
        if start["status"] == 200:
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            headers.append((b"etag", tag.encode()))
            if tag in _named(scope):
                kept = [each for each in headers if each[0].lower() not in {b"content-type", b"content-disposition"}]
                await send({**start, "status": 304, "headers": kept})
                return await send({"type": "http.response.body", "body": b""})
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        return await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class _Whole:
    """An answer, held until it is whole: pages are bounded."""

    def __init__(self) -> None:
        self.start: dict[str, Any] = {}
        self._parts: list[bytes] = []

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = {"headers": [], **message}
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))

    @property
    def body(self) -> bytes:
        return b"".join(self._parts)


def _named(scope: Scope) -> set[str]:
    """The tags of If-None-Match, compared weakly (RFC 9110 §13.1.2)."""
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"]
    return {tag for value in given for tag in _TAG.findall(value)}
