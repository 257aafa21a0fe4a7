"""Many people ask the ledger at once, over HTTP, while it goes on writing."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert

from bus.console.app import application
from bus.console.callers import Caller, Callers, Credential, digest
from bus.console.desk import Desk
from bus.console.late import LateLedger
from bus.console.recorder import Recorder
from bus.console.roles import Role
from bus.console.server import Server
from bus.handling.clocks import TABLE, by_code
from bus.ledger.access import page, verify
from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from bus.ledger.tables import silence
from tests.contract.ledger_rows import NOW
from tests.unit.bus.console.papers import keep_papers
from tests.unit.bus.console.visitor import key_of, onlooker

PEOPLE = 100
ASKED = ("deliveries?limit=3", "documents?text=12", "documents/1", "obligations", "deliveries/counts")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """The ledger's own process has it, too."""
    opened = open_ledger(url)
    with opened.writing() as connection:
        keep_papers(connection)
    yield opened
    opened.close()


@pytest.fixture
def server(url: str, ledger: Ledger) -> Iterator[Server]:
    late = LateLedger(lambda: open_ledger(url, exclusive=False))
    recorder = Recorder(late.record)
    callers = Callers(
        keys=[
            Credential(sha256=digest(key_of(name).encode()), caller=Caller(name=name, role=Role.SUPERVISOR))
            for name in map(str, range(PEOPLE))
        ]
    )
    desk = Desk(
        ledger=late, callers=callers, recorder=recorder, onlooker=onlooker, clocks=by_code(TABLE), clock=lambda: NOW
    )
    made = Server(application(desk, hosts=["127.0.0.1"]), address=("127.0.0.1", 0), tls=None)
    made.start()
    yield made
    made.close()
    recorder.close()
    late.close()


def test_a_hundred_people_at_once(server: Server, ledger: Ledger) -> None:
    """Each is answered, each the same as if alone; each question stands once in the log of access, which is whole; and
    whoever writes to the ledger meanwhile is let in between."""
    base = f"http://127.0.0.1:{server.port}/api/v1"
    together, ended, written = threading.Barrier(PEOPLE), threading.Event(), list[int]()

    def ask(name: str) -> list[tuple[int, bytes]]:
        with httpx.Client(headers={"Authorization": f"Bearer {key_of(name)}"}, trust_env=False, verify=False) as client:
            together.wait(30)
            answers = [client.get(f"{base}/{path}", timeout=60) for path in ASKED]
            return [(answer.status_code, answer.content) for answer in answers]

    def write() -> None:
        row = {"cause": "*", "subject": "*", "reason": "x", "by": "x", "begins_at": 0, "ends_at": 0}
        while not ended.is_set():
            with ledger.writing() as connection:
                connection.execute(insert(silence), {"number": len(written) + 1, **row})
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with ThreadPoolExecutor(PEOPLE) as people:
            answered = list(people.map(ask, map(str, range(PEOPLE))))
    finally:
        ended.set()
        writer.join(30)
    assert {status for answers in answered for status, _ in answers} == {200}
    assert all(answers == answered[0] for answers in answered)
    assert written
    with ledger.reading() as connection:
        assert verify(connection).rows == PEOPLE * len(ASKED)
        rows = page(connection, limit=PEOPLE * len(ASKED))
    assert {(row.who, row.what) for row in rows} == {
        (str(number), what)
        for number in range(PEOPLE)
        for what in ("deliveries.list", "documents.find", "documents.show", "obligations.list", "deliveries.count")
    }
