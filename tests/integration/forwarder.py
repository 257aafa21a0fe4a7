"""A TCP forwarder that a test can cut, stall and mend: the network's part in a fault."""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self


class Forwarder:
    """Listens on loopback and passes bytes on to one address. Threads do the work; nothing is kept."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._far: set[socket.socket] = set()
        self._lost: set[socket.socket] = set()
        self._pace: tuple[float, float] | None = None
        self._cut = False
        self._flowing = threading.Event()
        self._flowing.set()
        self._passed_at = 0.0
        self._thread = threading.Thread(target=self._accept, name="forwarder", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Ends every connection; a new one is ended at once, until `mend`."""
        with self._lock:
            self._cut = True
            ending, self._open = self._open, set()
            self._far, self._lost = set(), set()
        for each in ending:
            _end(each)

    def stall(self) -> None:
        """Passes nothing on, and tells nobody, until `mend`: what a failing firewall does."""
        self._flowing.clear()

    def lose(self, *, answers_only: bool = False) -> None:
        """Half-open: what the present connections carry is dropped from here on, or only what comes back on them, and
        nobody is told of anything, not even of their end. New connections are well."""
        with self._lock:
            self._lost |= self._far if answers_only else self._open

    def slow(self, bytes_per_second: float, *, latency: float = 0.0) -> None:
        """Every piece comes late and in small bites, each way, until `mend`."""
        self._pace = (bytes_per_second, latency)

    def mend(self) -> None:
        self._cut = False
        self._pace = None
        self._flowing.set()

    def quiet(self, seconds: float) -> bool:
        """Whether nothing has passed for so long."""
        return time.monotonic() - self._passed_at > seconds

    def close(self) -> None:
        self.cut()
        self._flowing.set()
        _end(self._listener)
        self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                _end(near)
                continue
            far.settimeout(None)
            with self._lock:
                ended = self._cut
                if not ended:
                    self._open |= {near, far}
                    self._far.add(far)
            if ended:
                _end(near)
                _end(far)
                continue
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), name="forwarder", daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                if source in self._lost:
                    continue
                self._pass(data, sink)
        if source in self._lost or sink in self._lost:
            return  # ended with all others
        for each in (source, sink):
            with self._lock:
                self._open.discard(each)
                self._far.discard(each)
            _end(each)

    def _pass(self, data: bytes, sink: socket.socket) -> None:
        if pace := self._pace:
            time.sleep(pace[1])
        while data:
            bite = len(data) if pace is None else max(1, int(pace[0] / 20))
            sink.sendall(data[:bite])
            self._passed_at = time.monotonic()
            data = data[bite:]
            if pace:
                time.sleep(0.05)
            pace = self._pace


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
