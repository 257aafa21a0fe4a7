"""/healthz: whether all is well, and what is not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bus.daemon.descriptors import Descriptors
from bus.daemon.health import health, states_only
from bus.daemon.log_stream import LogStream
from bus.daemon.loops import Loop
from bus.daemon.own_process import OwnProcess
from bus.errors import StoreFull, StoreIncomplete
from schemas.clock import local
from tests.fakes.store import MemoryStore
from tests.scenarios.country import Land
from tests.unit.bus.daemon.offices import daemon_of, failing


class BrokenStore(MemoryStore):
    """Its disk is gone."""

    def read(self):  # type: ignore[no-untyped-def] # it never returns
        raise StoreFull(store="memory", why="disk I/O error")


class IncompleteStore(MemoryStore):
    """Its file was damaged, and some of it is lost."""

    def incomplete(self) -> StoreIncomplete:
        return StoreIncomplete(report="H49.db.losses-20261130T000000Z.json")


@pytest.fixture
def land() -> Land:
    return Land(now=datetime.now(UTC) - timedelta(hours=1))


@pytest.mark.parametrize(
    ("trouble", "well"),
    [("none", True), ("link", False), ("blocked", False), ("loop", False), ("store", False), ("losses", False)],
)
def test_health_is_good_where_everything_is(land: Land, trouble: str, well: bool) -> None:
    """One mailbox in trouble is enough for the process; the answer names which, and leaves the others well."""
    match trouble:
        case "link":
            land["H49"].broker.cut()
        case "blocked":
            land["H49"].broker.block()
        case "store":
            land["H49"].store = BrokenStore()
        case "losses":
            land["H49"].store = IncompleteStore()
        case _:
            pass
    one, other = daemon_of(land, "G22"), daemon_of(land, "H49")
    if trouble == "loop":
        failing(other, "deliver", "the document system does not answer", land)
    fine, said = health([one, other])
    mailboxes = said["mailboxes"]
    assert isinstance(mailboxes, list)
    assert (fine, said["ok"]) == (well, well)
    assert [(each["mailbox"], each["ok"]) for each in mailboxes] == [("G22", True), ("H49", well)]
    assert mailboxes[0]["outbox"] == {}


def test_health_says_what_is_wrong(land: Land) -> None:
    """In the loop's own words, since when; of the store, in the error's."""
    land["H49"].store = BrokenStore()
    daemon = daemon_of(land, "H49")
    failing(daemon, "deliver", "the document system does not answer", land)
    _, said = health([daemon])
    mailboxes = said["mailboxes"]
    assert isinstance(mailboxes, list)
    assert mailboxes[0]["loops"]["deliver"]["error"] == "the document system does not answer"
    assert mailboxes[0]["loops"]["deliver"]["failing_since"] == land.now
    assert "disk I/O error" in mailboxes[0]["store"]


def test_a_recovered_store_is_no_well_one_until_it_is_dealt_with(land: Land) -> None:
    """The operator is told what to run; all else is told as ever; strangers hear that the store fails, and no more."""
    land["H49"].store = IncompleteStore()
    _, said = health([daemon_of(land, "H49")])
    mailboxes = said["mailboxes"]
    assert isinstance(mailboxes, list)
    assert "lienthong store losses" in mailboxes[0]["store"]
    assert "lienthong store losses" in mailboxes[0]["store_vi"]
    assert mailboxes[0]["inbox"] == {}
    told = states_only(said)["mailboxes"]
    assert isinstance(told, list)
    assert told[0]["store"] == "failing"


def test_states_are_told_without_names_and_words(land: Land) -> None:
    """What is left for everybody: whether it is well, since when, how much. No error, no id, no machine."""
    land["H49"].store = BrokenStore()
    daemon = daemon_of(land, "H49")
    failing(daemon, "deliver", "document H49,2026/11/22,1 is in the way", land)
    land["H49"].broker.cut("amqps://bus1 does not answer")
    _, said = health([daemon])
    told = states_only(said)["mailboxes"]
    assert isinstance(told, list)
    states = told[0]
    assert set(states) == {"mailbox", "ok", "loops", "broker", "store"}
    assert states["store"] == "failing"
    assert set(states["loops"]["deliver"]) == {"ok_at", "failing_since", "code", "alive"}
    assert set(states["broker"]) <= {"connected", "publishing", "consuming", "reconnects", "since"}
    assert not {"H49,2026", "bus1", "disk"} & set(str(states).split())


def test_of_transfers_everybody_is_told_the_number() -> None:
    """Ids and errors of large attachments are the operator's."""
    facts = {"mailbox": "H49", "ok": True, "loops": {}, "transfers": [{"message": "id-1"}], "outbox": {"sent": 1}}
    facts |= {"directory": {"version": 3, "refused": "signed by X"}, "waits_for": "host 7", "standing": "standby"}
    assert states_only({"ok": True, "mailboxes": [facts]}) == {
        "ok": True,
        "loops": {},
        "mailboxes": [
            {
                "mailbox": "H49",
                "ok": True,
                "standing": "standby",
                "outbox": {"sent": 1},
                "loops": {},
                "directory": {"version": 3},
                "transfers": 1,
            }
        ],
    }


def test_what_is_gone_at_the_broker_is_named(land: Land) -> None:
    """A connection alone is not enough: the bus must be there."""
    land["H49"].broker.lacking = ("route",)
    fine, said = health([daemon_of(land, "G22"), daemon_of(land, "H49")])
    assert not fine
    assert said["wrong"] == ["H49: RabbitMQ thiếu một phần của trục / H49: RabbitMQ lacks a part of the bus"]
    mailboxes: Any = said["mailboxes"]
    assert mailboxes[1]["broker"]["lacking"] == ("route",)


def test_the_first_words_say_why_it_is_not_well(land: Land) -> None:
    """In two languages, for whoever asks: what is wrong since when, and no error's words."""
    land["H49"].store = BrokenStore()
    daemon = daemon_of(land, "H49")
    failing(daemon, "deliver", "document H49,2026/11/22,1 is in the way", land)
    land["H49"].broker.cut("amqps://bus1 does not answer")
    _, said = health([daemon_of(land, "G22"), daemon])
    at = local(land.now, seconds=True)
    assert states_only(said)["wrong"] == said["wrong"] == [
        f"H49 deliver: lỗi từ {at} / H49 deliver: fails since {at}",
        "H49: chưa nối được RabbitMQ / H49: no connection to RabbitMQ",
        "H49: không đọc được kho / H49: its store cannot be read",
    ]  # fmt: skip
    assert list(said)[:2] == ["ok", "wrong"]


def test_a_loop_of_no_mailbox_counts_too(land: Land) -> None:
    """The one that follows the directory: where its edition cannot be kept, that is said."""
    own = OwnProcess()
    follower = Loop("directory", lambda: False, idle=1, mailbox="*")
    own.watch([], [follower])
    assert health([], own)[0]
    follower.health.failing_since, follower.health.error = land.now, "disk full"
    well, said = health([], own)
    assert not well
    assert "directory: fails since" in str(said["wrong"])
    loops = said["loops"]
    assert isinstance(loops, dict)
    assert loops["directory"]["error"] == "disk full"


def test_the_process_is_part_of_it(land: Land) -> None:
    """A full log and a thread that has ended are 503 with words; short descriptors are a warning."""
    stream = LogStream(None)
    own = OwnProcess(threads={"lienthong-io": lambda: False}, log_stream=stream)
    own.descriptors = Descriptors(limit=64, wanted=96)
    stream.write("a\n")
    well, said = health([daemon_of(land, "G22")], own)
    assert not well
    assert "thread lienthong-io has ended" in str(said["wrong"])
    assert "1 lines are lost: no standard output" in str(said["wrong"])
    assert "only 64 files may be open" in str(said["warnings"])
    assert said["threads"] == {"expected": 1, "alive": 0, "ended": ["lienthong-io"]}


class LeavingStore(MemoryStore):
    """It answers once, and then no more."""

    reads = 0

    def read(self) -> Any:
        self.reads += 1
        if self.reads > 1:
            raise StoreFull(store="memory", why="disk I/O error")
        return super().read()


def test_a_store_that_goes_away_meanwhile_is_said(land: Land) -> None:
    """Between two questions of one answer: still an answer, and the same one."""
    land["H49"].store = LeavingStore()
    well, said = health([daemon_of(land, "H49")])
    mailboxes = said["mailboxes"]
    assert isinstance(mailboxes, list)
    assert not well
    assert "disk I/O error" in mailboxes[0]["store"]
    assert "inbox" not in mailboxes[0]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"denied": "H49", "last_error": "x"}, "RabbitMQ refuses the user (broker-denied)"),
        ({"lacking": ("route",), "last_error": "x"}, "RabbitMQ lacks a part of the bus"),
        ({"lacking": ("inbox.H49",), "last_error": "x"}, "its queue inbox.H49 is gone at RabbitMQ"),
        ({"lacking": ("route",), "connected": False}, "no connection to RabbitMQ"),
        ({"blocked": "low on disk"}, "RabbitMQ blocks publishers"),
        ({"last_error": "no route"}, "no connection to RabbitMQ"),
    ],
)
def test_why_the_link_is_down_is_told_apart(
    land: Land, monkeypatch: pytest.MonkeyPatch, state: dict[str, object], words: str
) -> None:
    """Four troubles with four remedies; none of the names that go with them but its own."""
    land["H49"].broker.cut("no route")
    monkeypatch.setattr(land["H49"].broker, "state", lambda: state)
    _, said = health([daemon_of(land, "H49")])
    assert f"H49: {words}" in str(said["wrong"])
