"""bus/store/maintenance.py: what is done for a store's file, sound or damaged. Page by page: test_salvage.py."""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bus.errors import AlreadyRunning, NoStore, NotInAFile, NotPossible, StoreDamaged, StoreIncomplete, StoreLost
from bus.handling.transport import InboxState, OutboxState
from bus.operations.messages import retry
from bus.ports.records import Box, InboxEntry, OutboxChange, OutboxEntry
from bus.store.backup import backup
from bus.store.losses import Remedy, open_reports
from bus.store.maintenance import RECOVERED, SETTLED, Checked, check, check_readable, recover, settle_losses
from bus.store.open import open_store
from bus.store.sql.sqlite import recovery_of
from bus.topology.names import DEAD
from tests.contract.store import NOW, arrived, due, mid, put, row, sending, settle
from tests.contract.store_blobs import come, keep, key, large, moved, orphans, segments, take
from tests.unit.bus.store.filled import body_of, described, receipt

COUNT = 60
BODY = 7070  # a row a page: what does not fit goes to overflow pages, and the rest is more than half of one


E = TypeVar("E", OutboxEntry, InboxEntry)


def whole(entry: E, length: int = BODY) -> E:
    """With a body of that length, which is the one that its docket describes."""
    size = length - 2000
    for _ in range(2):
        content = os.urandom(size)
        docket = described(entry.docket, content)
        body = body_of(docket, content)
        size += length - len(body)
    assert len(body) == length
    return replace(entry, docket=docket, body=body)


def checked(path: Path) -> Checked:
    return check(url(path), owner="H49")


def lost(path: Path, box: Box, remedy: Remedy, *, now: datetime | None = None) -> tuple[str | None, ...]:
    """Recovers; the messages of a box that a remedy brings back."""
    return tuple(
        each.message for each in recover(url(path), owner="G22" if box is Box.OUT else "H49", now=now).of(remedy, box)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with sixty messages each way, all of them waiting; with bodies that fill pages of their own."""
    path = tmp_path / "H49.db"
    store = open_store(f"sqlite:///{path}", owner="H49")
    put(store, *(whole(sending(number)) for number in range(1, COUNT + 1)))
    with store.write() as tx:
        tx.inbox.put([whole(arrived(number)) for number in range(1, COUNT + 1)])
    store.close()
    return path


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def pages(path: Path) -> dict[str, int]:
    """The first page of each table and index; all others by "table:n", counted from its first row on."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))


def overwrite(path: Path, *numbers: int) -> None:
    with path.open("r+b") as file:
        for number in numbers:
            file.seek((number - 1) * 4096)
            file.write(os.urandom(4096))


def test_a_sound_store(path: Path) -> None:
    """Nothing to say, daemon or not."""
    assert checked(path) == Checked()
    store = open_store(url(path), owner="H49")
    assert checked(path) == Checked()
    store.close()


def test_no_store(tmp_path: Path) -> None:
    """There is nothing to look at, and nothing is made."""
    for what in (check, recover):
        with pytest.raises(NoStore):
            what(url(tmp_path / "none.db"), owner="H49")
    assert not list(tmp_path.glob("none.db"))


def test_damaged_indexes_cost_nothing(path: Path) -> None:
    """They are made anew; every row and body is there, and the file is as a new one is: WAL, and space given back."""
    found = pages(path)
    overwrite(path, *(found[name] for name in ("outbox_at_once", "inbox_document", "sqlite_autoindex_outbox_1")))
    before = checked(path)
    assert before.findings
    assert before.losses
    assert before.losses.is_complete
    done = recover(url(path), owner="H49")
    assert done.is_complete
    assert not open_reports(path)
    assert done.rows == {Box.OUT: COUNT, Box.IN: COUNT}
    assert checked(path) == Checked()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    store = open_store(url(path), owner="H49")
    with store.read() as tx:
        assert len(tx.outbox.due(now=NOW, limit=100, max_bytes=1 << 30)) == COUNT
        assert len(tx.inbox.due(now=NOW, limit=100, max_bytes=1 << 30)) == COUNT
    store.close()


def test_it_stays_whose_it_was(path: Path) -> None:
    """Recovered by root, it is its daemon's as before, and nobody else's."""
    user = 4711 if os.geteuid() == 0 else os.geteuid()
    os.chown(path, user, -1)
    path.chmod(0o600)
    recover(url(path), owner="H49")
    there = path.stat()
    assert (there.st_uid, stat.S_IMODE(there.st_mode)) == (user, 0o600)


def leaves(path: Path, table: str) -> list[int]:
    """Pages that hold a table's rows, in their order, as its first page names them."""
    with path.open("rb") as file:
        file.seek((pages(path)[table] - 1) * 4096)
        page = file.read(4096)
    assert page[0] == 5  # an interior page of a table
    cells = int.from_bytes(page[3:5], "big")
    starts = [int.from_bytes(page[12 + 2 * cell : 14 + 2 * cell], "big") for cell in range(cells)]
    return [*(int.from_bytes(page[start : start + 4], "big") for start in starts), int.from_bytes(page[8:12], "big")]


def test_lost_bodies_are_named(path: Path) -> None:
    """To be sent: cancelled, so that their system may send them again. Received: forgotten, so that they may come
    again. What had left already only waits for its receipt. The damaged file is kept."""
    store = open_store(url(path), owner="H49")
    settle(store, OutboxChange(message=mid(30), state=OutboxState.SENT, attempts=1, next_at=NOW, at=NOW))
    store.close()
    out, into = leaves(path, "outbox_body"), leaves(path, "inbox_body")
    overwrite(path, out[9], out[29], into[4], into[40], into[41])
    done = recover(url(path), owner="H49", now=datetime(2026, 11, 26, tzinfo=UTC))
    assert done.kept == str(path.with_name("H49.db.damaged-20261126T000000Z"))
    assert [each.message for each in done.of(Remedy.RESEND)] == [mid(10)]
    assert [each.message for each in done.of(Remedy.REPLAY)] == [mid(5), mid(41), mid(42)]
    assert [(each.message, each.state) for each in done.of(Remedy.NONE)] == [(mid(30), OutboxState.SENT)]
    assert done.lost == {"outbox_body": 2, "inbox_body": 3, "inbox": 3}
    assert done.rows == {Box.OUT: COUNT, Box.IN: COUNT - 3}
    store = open_store(url(path), owner="H49")
    assert row(store, 10).state is OutboxState.CANCELLED
    assert (row(store, 30).state, row(store, 30).next_at) == (OutboxState.SENT, None)
    assert (row(store, 9).state, row(store, 9).size) == (OutboxState.WAITING, BODY)
    store.close()


def test_what_has_no_body_is_told_all_the_same(path: Path) -> None:
    """A refusal that waits to be told is an entry without content: the page where its body lay costs nothing."""
    store = open_store(url(path), owner="H49")
    with store.write() as tx:
        tx.inbox.put([arrived(COUNT + 1, body=b"")])
    store.close()
    overwrite(path, leaves(path, "inbox_body")[-1])
    assert mid(COUNT + 1) not in lost(path, Box.IN, Remedy.REPLAY)
    store = open_store(url(path), owner="H49")
    with store.read() as tx:
        told = [each.body for each in tx.inbox.due(now=NOW, limit=100, max_bytes=1 << 30) if each.docket.id == mid(61)]
    assert told == [b""]
    store.close()


def test_nothing_is_made_of_what_lost_its_body(path: Path) -> None:
    """What was sent already cannot be sent again, which `retry` says; what is cancelled is not told as late."""
    store = open_store(url(path), owner="H49")
    put(store, *(whole(sending(number, expires_at=NOW)) for number in (71, 72)))
    settle(store, OutboxChange(message=mid(71), state=OutboxState.SENT, attempts=1, next_at=NOW, at=NOW))
    store.close()
    overwrite(path, *leaves(path, "outbox_body")[-2:])
    assert lost(path, Box.OUT, Remedy.RESEND) == (mid(72),)
    store = open_store(url(path), owner="H49")
    with pytest.raises(NotPossible):
        retry(store, Box.OUT, [mid(71)], now=NOW)
    with store.read() as tx:
        assert [each.docket.id for each in tx.outbox.expired(now=NOW, limit=9)] == [mid(71)]
        assert len(tx.outbox.due(now=NOW, limit=100, max_bytes=1 << 30)) == COUNT
    store.close()


def lose_the_list(path: Path) -> None:
    overwrite(path, 1)


def lose_the_owner(path: Path) -> None:
    found = pages(path)
    overwrite(path, found["owner"], found["sqlite_autoindex_owner_1"])


@pytest.mark.parametrize("lose", [lose_the_list, lose_the_owner])
def test_too_little_left(path: Path, lose: Callable[[Path], None]) -> None:
    """Nobody guesses whose a store is, or of what version: only a backup helps. The file stays what it is, alone."""
    lose(path)
    before, beside = path.read_bytes(), {*path.parent.iterdir(), path.with_name("H49.db.lock")}
    done = checked(path)
    assert isinstance(done.lost, StoreLost)
    assert not done.in_use
    with pytest.raises(StoreLost):
        recover(url(path), owner="H49")
    assert path.read_bytes() == before
    assert set(path.parent.iterdir()) == beside


def noise(path: Path) -> None:
    path.write_bytes(os.urandom(9000))


def no_tables(path: Path) -> None:
    path.write_bytes(b"")


def names_of_noise(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(
        data.replace(b"tableoutbox", b"tab\xff\xfe\xfdutbox").replace(b"CREATE TABLE", b"CREATE TA\xff\xfeE")
    )


@pytest.mark.parametrize("lose", [noise, no_tables, names_of_noise])
def test_a_glance(path: Path, lose: Callable[[Path], None]) -> None:
    """Of a file without its list of tables nobody says that nothing is missing."""
    check_readable(url(path))
    lose(path)
    with pytest.raises(StoreDamaged):
        check_readable(url(path))


def test_not_under_a_daemon(path: Path) -> None:
    """It would go on writing into the file that is replaced."""
    store = open_store(url(path), owner="H49")
    with pytest.raises(AlreadyRunning):
        recover(url(path), owner="H49")
    store.close()


def test_a_damaged_key_table(path: Path) -> None:
    """The table of recipients has no row numbers: it is read from both ends. Who is missing there stands in the docket,
    and is sent to again."""
    store = open_store(url(path), owner="H49")
    note = whole(sending(99))
    junk = receipt(99, sender="G22", to="G22", body=b"junk")
    dead: dict[str, Any] = {
        "docket": junk,
        "body": b"junk",
        "key": None,
        "outstanding": (DEAD,),
        "headers": {"x-lienthong-reason": "expired"},
    }
    put(store, replace(note, **dead))
    before = {each.docket.id: each.outstanding for each in due(store)}
    store.close()
    overwrite(path, pages(path)["outbox_recipient"])
    recover(url(path), owner="H49")
    assert checked(path) == Checked()
    store = open_store(url(path), owner="H49")
    assert {each.docket.id: each.outstanding for each in due(store)} == before
    store.close()


def test_a_recovery_cut_short_is_said(path: Path) -> None:
    """What lies in the store's place meanwhile is not the store, whatever SQLite thinks of it: neither `check` nor
    `backup` takes it for one."""
    recovery_of(path).write_bytes(b"")
    (said,) = checked(path).findings
    assert "cut short" in said
    with pytest.raises(StoreDamaged, match="cut short"):
        backup(url(path), path.with_name("copy.db"), to=None)


def test_a_damaged_store_is_no_backup(path: Path) -> None:
    """It is not copied day by day over the good ones; an empty file is none either."""
    overwrite(path, *leaves(path, "outbox_body")[3:5])
    with pytest.raises(StoreDamaged):
        backup(url(path), path.with_name("copy.db"), to=None)
    assert not path.with_name("copy.db").exists()
    path.write_bytes(b"")
    done = checked(path)
    assert done.findings == ("tệp rỗng / it is empty",)
    assert f"Store {path} cannot be recovered: it is empty." in str(done.lost)


def true(entry: E) -> E:
    """With blobs whose digest is that of their three segments."""
    digests = b"".join(sha256(each.data).digest() for each in segments(1, 2, 3))
    assert entry.docket.blobs
    blobs = tuple(blob.model_copy(update={"sha256": sha256(digests).hexdigest()}) for blob in entry.docket.blobs)
    return replace(entry, docket=entry.docket.model_copy(update={"blobs": blobs}))


def test_a_lost_segment_is_seen(path: Path) -> None:
    """What was whole and is not any more is named like a lost body, what was being fetched is fetched anew, and what is
    nobody's any more is dropped in time."""
    store = open_store(url(path), owner="H49")
    for number in (501, 502):
        keep(store, Box.OUT, key(number), 1, 2, 3)
        put(store, whole(true(large(number))))
    fetched = InboxState.FETCHED
    take(store, *(whole(true(each)) for each in (come(501), come(502, state=fetched), come(503, state=fetched))))
    for number in (501, 502, 503):
        keep(store, Box.IN, key(number), 1, 2, 3)
        with store.write() as tx:
            finished_at = None if number == 501 else NOW
            tx.inbox.put_transfer(moved(number, done=3, mark="5", finished_at=finished_at))
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute('DELETE FROM outbox_segment WHERE number = 2 AND "of" = 2')
        connection.execute('DELETE FROM inbox_segment WHERE number = 2 AND "of" < 3')
        connection.execute("DELETE FROM inbox_blob WHERE number = 1")
    connection.close()

    done = recover(url(path), owner="H49")
    assert [(each.box, each.message) for each in done.messages] == [(Box.OUT, mid(502)), (Box.IN, mid(502))]
    store = open_store(url(path), owner="H49")
    with store.read() as tx:
        assert tx.outbox.rows(message=mid(501))[0].state is OutboxState.UPLOADING
        assert tx.outbox.rows(message=mid(502))[0].state is OutboxState.CANCELLED
        assert {row.docket.id for row in tx.inbox.rows(state=InboxState.FETCHED)} == {mid(503)}
        (fetching,) = tx.inbox.transfers([mid(501)])
        assert (fetching.done, fetching.mark) == (0, None)
        assert tx.outbox.orphans(before=NOW) == [key(502)]
        assert tx.inbox.orphans(before=NOW) == [key(502)]
    keep(store, Box.IN, key(501), 1)
    assert orphans(store, Box.IN) == [key(502)]
    store.close()


def test_what_is_missing_is_said_until_it_is_dealt_with(path: Path) -> None:
    """A report lies beside the store, an event is kept, and the store says so, however often it is opened, until an
    operator says that it is done."""
    store = open_store(url(path), owner="H49")
    assert store.incomplete() is None
    store.close()
    overwrite(path, leaves(path, "inbox_body")[4])
    done = recover(url(path), owner="H49", now=datetime(2026, 11, 26, tzinfo=UTC))
    store = open_store(url(path), owner="H49")
    (report,) = open_reports(path)
    said = store.incomplete()
    assert isinstance(said, StoreIncomplete)
    assert report.name in str(said)
    with store.read() as tx:
        (event,) = tx.dossiers.recent_events(limit=1, name=RECOVERED)
    assert event.detail == "missing: 1 inbox_body, 1 inbox: see lienthong store losses"
    assert done.replay
    assert done.replay.since < NOW < done.replay.until
    (put_away,) = settle_losses(url(path))
    assert put_away.exists()
    assert (store.incomplete(), open_reports(path), settle_losses(url(path))) == (None, [], [])
    with store.read() as tx:
        (event,) = tx.dossiers.recent_events(limit=9, name=SETTLED)
    assert event.detail == report.name
    store.close()


def test_not_on_a_server() -> None:
    """What PostgreSQL does instead is said, and no file is looked for."""
    for what in (check, recover):
        with pytest.raises(NotInAFile, match="PostgreSQL recovers from a crash by itself"):
            what("postgresql+psycopg://lienthong@db/lienthong", owner="H49")


def test_a_check_beside_a_daemon_tries_nothing(path: Path) -> None:
    """What is written meanwhile would be half in the copy: it says what is damaged, and that is all."""
    store = open_store(url(path), owner="H49")
    overwrite(path, leaves(path, "inbox_body")[4])
    found = checked(path)
    assert found.findings
    assert (found.losses, found.lost, found.in_use) == (None, None, True)
    store.close()
    tried = checked(path)
    assert tried.losses
    assert tried.losses.lost == {"inbox_body": 1, "inbox": 1}
    assert {each.name for each in path.parent.iterdir()} <= {path.name, f".{path.name}.lock", f"{path.name}.lock"}


@pytest.mark.parametrize("what", ["a page of noise at the end of a body", "a body", "an entry"])
def test_what_sqlite_does_not_see(path: Path, what: str) -> None:
    """A file that is sound to SQLite, and holds bodies that are none, or lacks some, or has one without its entry."""
    with closing(sqlite3.connect(path)) as connection:
        match what:
            case "a body":
                connection.execute("DELETE FROM inbox_body WHERE sequence = 7")
            case "an entry":
                connection.execute("DELETE FROM inbox WHERE sequence = 7")
            case _:
                (body,) = connection.execute("SELECT body FROM inbox_body WHERE sequence = 7").fetchone()
                connection.execute("UPDATE inbox_body SET body = ? WHERE sequence = 7", (body[:-70] + bytes(70),))
        connection.commit()
    found = checked(path)
    assert found.findings == {
        "a body": ("inbox: 1 bản tin mất nội dung / 1 entries lost their bodies",),
        "an entry": ("inbox: 1 nội dung không còn bản tin / 1 bodies without an entry",),
    }.get(what, ("inbox: 1 nội dung hỏng / 1 bodies are not what their dockets describe",))
    assert found.losses
    assert found.losses.is_complete == (what == "an entry")
    losses = recover(url(path), owner="H49")
    assert (losses.lost, losses.made) == (found.losses.lost, found.losses.made)
    assert checked(path) == Checked()
