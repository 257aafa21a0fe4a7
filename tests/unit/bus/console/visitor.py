"""Somebody who asks the API without a network: the application over a ledger in SQLite, and a client of it."""

import asyncio
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from starlette.types import ASGIApp

from bus.console.app import application
from bus.console.callers import PREFIX, Caller, Callers, Credential, digest
from bus.console.desk import Desk
from bus.console.recorder import Recorder
from bus.console.roles import Role
from bus.directory.onlooker import Onlooker
from bus.files.directory import default_folder, load
from bus.handling.clocks import TABLE, by_code
from bus.ledger.access import Access, Logged, page, record
from bus.ledger.open import open_ledger
from tests.contract.ledger_rows import NOW  # the moment of the papers

HOST = "so-cai.example.vn"

CALLERS = {
    "operator": Caller(name="trực ban", role=Role.OPERATOR),
    "supervisor": Caller(name="văn phòng", role=Role.SUPERVISOR),
    "agency": Caller(name="sở nội vụ", role=Role.AGENCY, agencies=frozenset({"H49.06"})),
    "H49": Caller(name="Quảng Ninh", role=Role.AGENCY, agencies=frozenset({"H49"})),
    "H53": Caller(name="Sơn La", role=Role.AGENCY, agencies=frozenset({"H53"})),
    "stranger": Caller(name="nơi khác", role=Role.AGENCY, agencies=frozenset({"H01"})),
    "nobody": Caller(name="chưa khai mã", role=Role.AGENCY),
    "auditor": Caller(name="thanh tra", role=Role.AUDITOR),
}


def key_of(name: str) -> str:
    return PREFIX + digest(name.encode())[:43]


@cache
def onlooker() -> Onlooker:
    """The project's own directory, which nobody signed."""
    return Onlooker(directory=load(default_folder(), on=NOW.date()))


@cache
def _empty() -> bytes:
    """The file of an empty ledger: to make its tables anew for each test takes longer than the test."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        open_ledger(f"sqlite:///{file}", exclusive=False).close()
        return file.read_bytes()


class LedgerInFile:
    """A ledger in SQLite, of which nothing is left."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        file = Path(self._folder.name) / "ledger.db"
        file.write_bytes(_empty())
        self.ledger = open_ledger(f"sqlite:///{file}", exclusive=False)
        self.reading, self.writing = self.ledger.reading, self.ledger.writing

    def record(self, accesses: Sequence[Access]) -> None:
        with self.writing() as connection:
            record(connection, accesses)

    def close(self) -> None:
        self.ledger.close()
        self._folder.cleanup()


class Visitor:
    """Asks, under a name of CALLERS."""

    def __init__(self, ledger: Any = None) -> None:
        self.ledger = ledger or LedgerInFile()
        self.recorder = Recorder(self.ledger.record)
        callers = Callers(
            keys=[Credential(sha256=digest(key_of(name).encode()), caller=caller) for name, caller in CALLERS.items()]
        )
        self.desk = Desk(
            ledger=self.ledger,
            callers=callers,
            recorder=self.recorder,
            onlooker=onlooker,
            clocks=by_code(TABLE),
            clock=lambda: NOW,
        )
        self.app: ASGIApp = application(self.desk, hosts=[HOST, "testserver"])

    def get(self, path: str, who: str | None = "supervisor", **how: Any) -> httpx.Response:
        return self.ask("GET", path, who, **how)

    def ask(self, method: str, path: str, who: str | None = "supervisor", **how: Any) -> httpx.Response:
        headers = dict(how.pop("headers", {}))
        if who is not None:
            headers.setdefault("Authorization", f"Bearer {key_of(who)}")

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=f"https://{HOST}") as client:
                return await client.request(method, path, headers=headers, **how)

        return asyncio.run(asked())

    def log(self) -> list[Logged]:
        """The newest first."""
        with self.ledger.reading() as connection:
            return page(connection)

    def close(self) -> None:
        self.recorder.close()
        self.ledger.close()
