"""The store's disk full, its file damaged or lost: said, and restored by the way that deploy/RUNBOOK.md tells."""

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from schemas.values import VIETNAM, MailboxCode
from tests.e2e.site import Daemon, Site, eventually
from tests.faults.broker import Node
from tests.faults.operator import replay
from tests.faults.tale import FULL_ONLY, PATIENT, Tale, accepted, events, failing, health

pytestmark = PATIENT

ROOM = 24 * 1024 * 1024


def store_of(site: Site, code: MailboxCode) -> Path:
    return site.country.root / "stores" / f"{code}.db"


# -- disk full ---------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(site: Site) -> Iterator[Path | None]:
    """The stores on a disk of their own of 24 MiB; None where this user may mount nothing."""
    stores = site.country.root / "stores"
    kept = stores.with_name("stores.kept")
    stores.rename(kept)
    stores.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(stores)], capture_output=True, check=False
    )
    for path in kept.iterdir():
        shutil.copy2(path, stores / path.name)
    try:
        yield stores if mounted.returncode == 0 else None
    finally:
        for path in stores.iterdir():
            if path.name != "ballast":
                shutil.copy2(path, kept / path.name)
        if mounted.returncode == 0:
            subprocess.run(["umount", str(stores)], check=True)
        shutil.rmtree(stores)
        kept.rename(stores)


@contextmanager
def full(disk: Path | None, daemon: Daemon, store: Path) -> Iterator[None]:
    """Not a byte is left while the block runs. Without a disk of our own: the process may let no file grow further."""
    if disk is None:
        pid, whole = daemon.process.pid, resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (store.stat().st_size, whole[1]))
        try:
            yield
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, whole)
        return
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


def test_full(own: Site) -> None:
    """The disk under the stores fills up: what cannot be kept is not acknowledged, neither to the clerks nor to the
    broker; /healthz says store-full and to make room. When there is room it goes on by itself, and nothing is lost."""
    tale = Tale(own)
    sender, one, other = own.country.mailboxes
    with small_disk(own) as disk, own.at_work() as (daemon,):
        tale.send(sender, one, count=3)
        tale.ends_well(daemon)
        with full(disk, daemon, store_of(own, sender)):
            tale.send(sender, one, other, count=60)
            tale.send(one, sender, count=10)
            said = eventually(lambda: failing(daemon, sender, "collect"))
            assert f"Không ghi được kho {store_of(own, sender)}" in said
            assert "most often by freeing disk space. [store-full; operator acts]" in said
            assert daemon.page("/healthz")[0] == 503
            assert not accepted(own, sender)
        tale.ends_well(daemon, in_order=True)


# -- damage ------------------------------------------------------------------------------------------------------------


def spoil(store: Path, *names: str) -> None:
    """Overwrites the first page of each of these tables and indexes."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        pages = dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))
    with store.open("r+b") as file:
        for name in names:
            file.seek((pages[name] - 1) * size)
            file.write(os.urandom(size))


def now() -> datetime:
    return datetime.now(VIETNAM)


def test_damaged_and_recovered(node: Node, own: Site) -> None:
    """Two indexes and the bodies of what waits in the inbox are gone. The daemon says store-damaged and what to run,
    and guesses at nothing; `store recover` keeps the damaged file, saves the rest and names what was lost with it;
    `audit replay` brings that again, and all is filed once."""
    tale = Tale(own)
    sender, hurt, other = own.country.mailboxes
    store, began = store_of(own, hurt), now() - timedelta(seconds=2)
    with own.at_work() as (daemon,):
        tale.send(sender, hurt, other, count=10)
        tale.send(hurt, sender, count=5)
        tale.ends_well(daemon)
        gone = own.country.dms(hurt)
        gone.rename(gone.with_name("gone"))
        tale.send(sender, hurt, count=6)
        eventually(lambda: health(daemon, hurt)["inbox"].get("waiting", 0) >= 6)
        eventually(lambda: not health(daemon, sender)["outbox"].get("sent"))
    gone.with_name("gone").rename(gone)
    spoil(store, "inbox_body", "inbox_at_once", "outbox_document")
    checked = own.command("store", "check", code=hurt)
    assert (checked.exit_code, "Damaged: stop the daemon, recover." in checked.output) == (1, True)
    with own.at_work(sender, hurt, ready=False) as (daemon,):
        said = eventually(lambda: failing(daemon, hurt, "deliver"))
        assert f"Kho {store} bị hỏng" in said
        assert "chạy lienthong store recover" in said
        assert "run lienthong store recover" in said
        assert "[store-damaged; operator acts]" in said
        refused = own.command("store", "recover", code=hurt)
        assert (refused.exit_code, "already-running" in refused.output) == (1, True)
        assert daemon.page("/healthz")[0] == 503
    recovered = own.json("store", "recover", code=hurt)
    assert len(recovered["inbox_lost"]) >= 6
    assert Path(recovered["kept"]).exists()
    assert own.command("store", "check", code=hurt).exit_code == 0
    with own.at_work() as (daemon,):
        replay(node, own, hurt, since=began)
        tale.ends_well(daemon)


@FULL_ONLY
def test_lost_and_restored_from_a_backup(node: Node, own: Site) -> None:
    """The file is rubbish: the daemon does not start, and says so. The backup of before is put in its place. What was
    received since is replayed, what was sent since is dropped again by its clerks: every document is filed once, though
    a sender may be told 01 a second time."""
    tale = Tale(own)
    sender, hurt, other = own.country.mailboxes
    store = store_of(own, hurt)
    backup = store.with_name("backup.db")
    with own.at_work() as (daemon,):
        tale.send(hurt, sender, other, count=5)
        tale.send(sender, hurt, count=5)
        tale.ends_well(daemon)
        since = now() - timedelta(seconds=2)
        before = set(_sent(own, hurt))
        assert own.command("store", "backup", str(backup), code=hurt).exit_code == 0
        tale.send(hurt, sender, count=6)
        tale.send(other, hurt, count=6)
        tale.ends_well(daemon)
        own.forwarder.cut()
        tale.send(hurt, sender, other, count=4)  # accepted, and never left
        eventually(lambda: accepted(own, hurt))
    own.forwarder.mend()
    store.write_bytes(os.urandom(100_000))
    for tail in ("-wal", "-shm"):
        store.with_name(store.name + tail).unlink(missing_ok=True)
    refused = own.command("outbox", "list", code=hurt)
    assert (refused.exit_code, "store-damaged" in refused.output) == (1, True)
    hopeless = own.command("store", "recover", code=hurt)
    assert (hopeless.exit_code, "store-lost" in hopeless.output) == (1, True)
    backup.replace(store)
    with own.at_work() as (daemon,):
        for path in set(_sent(own, hurt)) - before:
            shutil.copy2(path, own.folder(hurt, "outgoing", path.name))
        eventually(lambda: accepted(own, hurt))
        replay(node, own, hurt, since=since)
        eventually(tale.look, within=90, every=0.1)
        eventually(lambda: not health(daemon, hurt)["inbox"].get("waiting"))
        tale.look()
        again = Counter(each.what for each in tale.twice)
        assert (tale.lost, set(again) - {"01"}) == ([], set())
    backup.unlink(missing_ok=True)
    assert not events(own, sender, "status.illegal")


def _sent(site: Site, code: MailboxCode) -> list[Path]:
    return list(site.folder(code, "sent").rglob("*.edxml"))
