"""Somebody who asks the API in memory: the application with a ledger in SQLite, and a client that speaks HTTP to it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import StaticPool
from starlette.types import ASGIApp

from bus.console.app import application
from bus.console.callers import PREFIX, Caller, Callers, Credential, digest
from bus.console.desk import Desk
from bus.console.recorder import Recorder
from bus.console.roles import Role
from bus.ledger.access import Access, Logged, page, record
from bus.ledger.tables import metadata
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


class LedgerInMemory:
    """As far as the API needs one."""

    def __init__(self) -> None:
        self.engine: Engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        metadata.create_all(self.engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    def record(self, accesses: Sequence[Access]) -> None:
        with self.engine.begin() as connection:
            record(connection, accesses)


class Visitor:
    """Asks, under a name of CALLERS."""

    def __init__(self, ledger: Any = None) -> None:
        self.ledger = ledger or LedgerInMemory()
        self.recorder = Recorder(self.ledger.record)
        callers = Callers(
            keys=[Credential(sha256=digest(key_of(name).encode()), caller=caller) for name, caller in CALLERS.items()]
        )
        self.desk = Desk(ledger=self.ledger, callers=callers, recorder=self.recorder, clock=lambda: NOW)
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
        if isinstance(self.ledger, LedgerInMemory):
            self.ledger.engine.dispose()
