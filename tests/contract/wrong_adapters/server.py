"""The register behind a server: a line of JSON with statements, one transaction, a line with their rows. And the tables
over such a line."""

import json
import socket
import socketserver
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bus.errors import BadConfig, DmsAway
from tests.contract.wrong_adapters.register import NotTaken, RegisterAdapter, SqliteFile, Statement
from tests.contract.wrong_adapters.site import RegisterSite
from tests.contract.wrong_adapters.wrong import MarksInASecondCommit

PROJECT = Path(__file__).parents[3]


class Line:
    """One connection a transaction."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    def run(self, statements: Sequence[Statement]) -> list[list[list[Any]]]:
        try:
            with socket.create_connection(self._address, timeout=10) as line, line.makefile("rb") as answers:
                line.sendall(json.dumps(statements).encode() + b"\n")
                answer = answers.readline()
        except OSError as exc:
            raise DmsAway(why=str(exc)) from exc
        if not answer.endswith(b"\n"):
            raise DmsAway(why="the line was cut")
        match json.loads(answer):
            case {"rows": rows}:
                return list(rows)
            case {"not taken": why}:
                raise NotTaken(why)
            case other:
                raise DmsAway(why=str(other))

    def is_there(self) -> bool:
        try:
            self.run([("SELECT 1 FROM outgoing LIMIT 1", [])])
        except DmsAway:
            return False
        return True


class OverALine(RegisterAdapter):
    """Options: `host` and `port`."""

    def __init__(self, options: Mapping[str, object]) -> None:
        match options:
            case {"host": str(host), "port": int(port), **others} if not others:
                self.tables = Line((host, port))
            case _:
                raise BadConfig(file="register", why="host, port: the server of the register / máy chủ của sổ")


class MarksInASecondRequest(OverALine, MarksInASecondCommit):
    """Two transactions over two connections, for what is one."""


class OverALineSite(RegisterSite):
    kind = OverALine

    def __init__(self, options: Mapping[str, object], folder: Path) -> None:
        super().__init__(options, folder)
        port_file = folder / "port"
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.wrong_adapters.server", str(self.path), str(port_file)], cwd=PROJECT
        )
        while not port_file.exists():
            assert self._server.poll() is None
            time.sleep(0.01)
        self.server = self._address = ("127.0.0.1", int(port_file.read_text()))
        self.wrong_options = ({}, {"host": "a"}, {"host": "a", "port": "b"})

    def make(self, options: Mapping[str, object] | None = None) -> RegisterAdapter:
        host, port = self._address
        return self.kind({"host": host, "port": port} if options is None else options)

    def through(self, address: tuple[str, int]) -> None:
        self._address = address

    @contextmanager
    def away(self) -> Iterator[None]:
        before, self._address = self._address, ("127.0.0.1", 9)
        with super().away():
            yield
        self._address = before

    def close(self) -> None:
        self._server.kill()
        self._server.wait()


class _Request(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        if not line.endswith(b"\n"):
            return  # it was cut half way: nothing is done
        assert isinstance(self.server, Server)
        try:
            answer: object = {"rows": self.server.tables.run([tuple(each) for each in json.loads(line)])}
        except NotTaken as exc:
            answer = {"not taken": str(exc)}
        except DmsAway as exc:
            answer = {"away": str(exc)}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class Server(socketserver.TCPServer):
    allow_reuse_address = True

    def __init__(self, path: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.tables = SqliteFile(path)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news."""


if __name__ == "__main__":
    server = Server(Path(sys.argv[1]))
    port_file = Path(sys.argv[2])
    half = port_file.with_suffix(".half")
    half.write_text(str(server.server_address[1]))
    half.rename(port_file)
    server.serve_forever()
