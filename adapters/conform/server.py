"""A line between an adapter and its server that can be cut: what one of them writes is handed on, a piece at a time,
and the pieces of the adapter's are counted. One thread, no thread: it serves while a process works."""

import contextlib
import select
import socket
import time
from types import TracebackType
from typing import Final, Self

from adapters.conform.alive import limit
from adapters.conform.processes import Child

_PIECE: Final = 64 * 1024
_PATIENCE: Final = 1.0
"""Seconds that a server's answer is waited for before the cut."""


class Proxy:
    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._adapters: set[socket.socket] = set()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listening.getsockname()[:2]
        return str(host), int(port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._drop()
        self._listening.close()

    def serve(self, child: Child, *, cut_at: int | None = None, answered: bool = False, is_killed: bool = True) -> int:
        """Hands on until the process has ended, and returns how many writes of it came by. At the write `cut_at` the
        line is cut: before it is handed on, or (`answered`) when the server has answered it; the process is killed
        then, or lives on and may connect again."""
        writes, until = 0, time.monotonic() + limit()
        while time.monotonic() < until:
            watched: list[Child | socket.socket] = [child, self._listening, *self._pairs]
            ready = select.select(watched, [], [], 1.0)[0]
            for each in ready:
                if each is self._listening:
                    self._accept()
                elif isinstance(each, socket.socket) and each in self._pairs:
                    piece = self._read(each)
                    if piece and each in self._adapters:
                        writes += 1
                        if writes == cut_at:
                            self._cut(each, piece if answered else b"", child if is_killed else None)
                            continue
                    self._hand_on(each, piece)
            if child in ready and len(ready) == 1:
                break
        self._drop()
        return writes

    def _accept(self) -> None:
        adapter = self._listening.accept()[0]
        try:
            server = socket.create_connection(self._server, timeout=_PATIENCE)
        except OSError:
            adapter.close()
            return
        self._adapters.add(adapter)
        self._pairs[adapter], self._pairs[server] = server, adapter

    def _cut(self, adapter: socket.socket, piece: bytes, child: Child | None) -> None:
        server = self._pairs[adapter]
        if piece:
            with contextlib.suppress(OSError):
                server.sendall(piece)
                select.select([server], [], [], _PATIENCE)
        if child:
            child.kill()
        self._drop()

    @staticmethod
    def _read(each: socket.socket) -> bytes:
        try:
            return each.recv(_PIECE)
        except OSError:
            return b""

    def _hand_on(self, each: socket.socket, piece: bytes) -> None:
        other = self._pairs[each]
        if piece:
            with contextlib.suppress(OSError):
                other.sendall(piece)
            return
        for gone in (each, other):
            self._pairs.pop(gone, None)
            self._adapters.discard(gone)
            gone.close()

    def _drop(self) -> None:
        for each in self._pairs:
            each.close()
        self._pairs.clear()
        self._adapters.clear()
