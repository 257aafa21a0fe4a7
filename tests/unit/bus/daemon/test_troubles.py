"""bus/daemon/troubles.py: what waits in the document system is said once, shown while it lasts, and its end is said."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from bus.daemon.health import health, states_only
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.metrics import RoadCollector
from bus.daemon.troubles import SAID
from bus.errors import BusError, NotReadable, NotTaken, StoreFull, said
from bus.ports.adapter import Trouble
from tests.fakes.store import MemoryStore
from tests.scenarios.country import Land
from tests.unit.bus.daemon.offices import daemon_of, step


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.fixture
def daemon(land: Land) -> MailboxDaemon:
    return daemon_of(land, "G22")


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


def unreadable(path: str) -> NotReadable:
    return NotReadable(path=path, why=said("không có quyền", "no permission"), user="lienthong")


def not_taken(path: str) -> NotTaken:
    return NotTaken(path=path, why=said("không phải gói tin", "no package"))


def waiting(land: Land, *errors: BusError) -> None:
    land["G22"].dms.in_trouble = [
        Trouble(ref=str(error.facts["path"]), since=land.now, error=error) for error in errors
    ]


def shown(said: Mapping[str, Any]) -> list[Any]:
    return list(said["mailboxes"])


def events(land: Land) -> list[str]:
    with land["G22"].store.read() as tx:
        return [f"{event.name} {event.detail}" for event in reversed(tx.dossiers.recent_events(limit=1000))]


def test_said_once_and_its_end_too(land: Land, daemon: MailboxDaemon, logs: list[Any]) -> None:
    """However often it is looked at: one line and one event when it begins, one when it ends; in both languages."""
    waiting(land, unreadable("outgoing/cv7.edxml"))
    for _ in range(3):
        assert not step(daemon, "troubles")
    assert [(entry["event"], entry["ref"]) for entry in logs] == [("dms.waiting", "outgoing/cv7.edxml")]
    assert events(land) == [
        "dms.waiting outgoing/cv7.edxml nằm chờ, người dùng lienthong không đọc được: không có quyền. Cho người dùng "
        "đó đọc và ghi (cùng nhóm, tệp 0660, thư mục 0770); sau đó gói tự được gửi. [not-readable; nơi gửi xử lý] / "
        "outgoing/cv7.edxml waits, and user lienthong cannot read it: no permission. Let that user read and write it "
        "(a shared group, files 0660, folders 0770); then it is sent by itself. [not-readable; sender acts]"
    ]
    waiting(land)
    for _ in range(2):
        step(daemon, "troubles")
    assert [entry["event"] for entry in logs] == ["dms.waiting", "dms.went-on"]
    assert events(land)[1:] == ["dms.went-on outgoing/cv7.edxml: không còn chờ / waits no more"]


def test_another_trouble_of_the_same_is_news(land: Land, daemon: MailboxDaemon, logs: list[Any]) -> None:
    """What could not be read and now cannot be taken is said again."""
    for error in (unreadable("outgoing/a"), not_taken("outgoing/a"), not_taken("outgoing/a")):
        waiting(land, error)
        step(daemon, "troubles")
    assert [entry["event"] for entry in logs] == ["dms.waiting"] * 2


def test_of_a_great_many_the_number_is_said(land: Land, daemon: MailboxDaemon) -> None:
    """Ten thousand files of the wrong kind write no ten thousand events."""
    waiting(land, *(not_taken(f"outgoing/{number}.docx") for number in range(SAID + 7)))
    for _ in range(2):
        step(daemon, "troubles")
    assert len(events(land)) == SAID + 1
    assert events(land)[-1].startswith("dms.waiting Và 7 tệp khác nữa")
    waiting(land, *(not_taken(f"outgoing/{number}.docx") for number in range(SAID)))
    step(daemon, "troubles")
    waiting(land, *(not_taken(f"outgoing/{number}.docx") for number in range(SAID + 1)))
    step(daemon, "troubles")
    assert "Và 1 tệp khác nữa" in events(land)[-1]


def test_a_store_that_is_full_hears_of_it_later(land: Land, daemon: MailboxDaemon, logs: list[Any]) -> None:
    """The log says it once, and the event is kept for when there is room."""

    class Full(MemoryStore):
        def write(self):  # type: ignore[no-untyped-def] # it never returns
            raise StoreFull(store="memory", why="no space")

    store = land["G22"].store
    land["G22"].store = Full()
    daemon = daemon_of(land, "G22")
    waiting(land, unreadable("outgoing/a"))
    for _ in range(2):
        with pytest.raises(StoreFull):
            step(daemon, "troubles")
    land["G22"].store = daemon._given.store = store
    step(daemon, "troubles")
    assert len(events(land)) == len(logs) == 1


def test_it_is_shown_while_it_lasts(land: Land, daemon: MailboxDaemon) -> None:
    """/healthz is not well and names it, with who must act; for everybody else there is the number, as in /metrics."""
    registry = CollectorRegistry()
    registry.register(RoadCollector([daemon]))

    def gauge() -> float | None:
        return registry.get_sample_value("lienthong_troubles", {"mailbox": "G22"})

    assert health([daemon])[0]
    assert gauge() == 0
    waiting(land, unreadable("outgoing/cv7.edxml"))
    step(daemon, "troubles")
    well, said = health([daemon])
    assert not well
    (facts,) = shown(said)
    (one,) = facts["troubles"]["oldest"]
    assert (one["ref"], one["since"], one["code"], one["who"]) == (
        "outgoing/cv7.edxml", land.now, "not-readable", "sender"
    )  # fmt: skip
    assert "không đọc được" in one["error_vi"]
    (states,) = shown(states_only(said))
    assert states["troubles"] == gauge() == 1
    assert "cv7" not in str(states)
