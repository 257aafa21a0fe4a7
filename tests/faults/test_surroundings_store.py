"""The store with faults: its disk full, its file damaged or lost. Each is reported, and restored as
deploy/handbook/trouble.md says."""

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

from bus.files.backup_keys import load_backup_key, new_backup_key
from bus.store.backup import restore
from schemas.values import VIETNAM, MailboxCode
from tests.e2e.site import Daemon, Site, eventually
from tests.faults.broker import Node
from tests.faults.operator import replay
from tests.faults.tale import FULL_ONLY, PATIENT, Tale, accepted, events, failing, health
from tests.unit.bus.store.filled import PAGE, owned

pytestmark = PATIENT

ROOM = 24 * 1024 * 1024


def store_of(site: Site, code: MailboxCode) -> Path:
    return site.country.root / "stores" / f"{code}.db"


# -- disk full ---------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(site: Site) -> Iterator[Path | None]:
    """Yields a disk of 24 MiB for the stores; None if this user may not mount one."""
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
    """Fills the disk during the block. Without a disk of our own, the process may let no file grow (RLIMIT_FSIZE)."""
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
    """The disk under the stores fills up: a document or message that cannot be stored is not acknowledged, neither to
    the clerks nor to the broker; /healthz says store-full and asks for space. With space it goes on by itself, and
    nothing is lost."""
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
    """Overwrites every page of these tables and indexes."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))
    data = store.read_bytes()
    with store.open("r+b") as file:
        for page in (page for name in names for page in owned(data, roots[name])):
            file.seek((page - 1) * PAGE)
            file.write(os.urandom(PAGE))


def now() -> datetime:
    return datetime.now(VIETNAM)


def test_damaged_and_recovered(node: Node, own: Site) -> None:
    """Two indexes and the bodies in the inbox are destroyed. The daemon says store-damaged and the command to run, and
    guesses nothing; `store recover` keeps the damaged file, saves the rest and names the losses; /healthz says so until
    an operator has had the stretch that it names replayed, and all is filed once."""
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
    assert len([each for each in recovered["messages"] if each["remedy"] == "replay"]) >= 6
    assert Path(recovered["kept"]).exists()
    assert own.command("store", "check", code=hurt).exit_code == 0
    with own.at_work(ready=False) as (daemon,):
        eventually(lambda: "store-incomplete" in daemon.page("/healthz")[1])
        assert daemon.page("/healthz")[0] == 503
        since = datetime.fromisoformat(recovered["replay"]["since"])
        assert since > began - timedelta(hours=1)
        replay(node, own, hurt, since=since)
        assert own.command("store", "losses", code=hurt).exit_code == 3
        assert own.command("store", "losses", "--done", code=hurt).exit_code == 0
        assert events(own, hurt, "store.recovered")
        assert events(own, hurt, "store.losses-settled")
        tale.ends_well(daemon)
        eventually(lambda: daemon.page("/healthz")[0] == 200)


@FULL_ONLY
def test_lost_and_restored_from_a_backup(node: Node, own: Site) -> None:
    """The file is unreadable: the daemon does not start, and says so. An older backup is put in its place. Messages
    received since are replayed, packages sent since are dropped again by the clerks: every document is filed once,
    though a sender may be told 01 a second time."""
    tale = Tale(own)
    sender, hurt, other = own.country.mailboxes
    store = store_of(own, hurt)
    backup, key = store.with_name("backup.db.lt"), store.with_name("backup.pem")
    new_backup_key(key)
    with own.at_work() as (daemon,):
        tale.send(hurt, sender, other, count=5)
        tale.send(sender, hurt, count=5)
        tale.ends_well(daemon)
        since = now() - timedelta(seconds=2)
        before = set(_sent(own, hurt))
        assert (
            own.command("store", "backup", str(backup), "--to", str(key.with_suffix(".pub")), code=hurt).exit_code == 0
        )
        tale.send(hurt, sender, count=6)
        tale.send(other, hurt, count=6)
        tale.ends_well(daemon)
        own.forwarder.cut()
        tale.send(hurt, sender, other, count=4)  # accepted, and never published
        eventually(lambda: accepted(own, hurt))
    own.forwarder.mend()
    store.write_bytes(os.urandom(100_000))
    for tail in ("-wal", "-shm"):
        store.with_name(store.name + tail).unlink(missing_ok=True)
    refused = own.command("outbox", "list", code=hurt)
    assert (refused.exit_code, "store-damaged" in refused.output) == (1, True)
    hopeless = own.command("store", "recover", code=hurt)
    assert (hopeless.exit_code, "store-lost" in hopeless.output) == (1, True)
    store.unlink()
    restore(backup, store, key=load_backup_key(key))
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
    for path in (backup, key, key.with_suffix(".pub")):
        path.unlink(missing_ok=True)
    assert not events(own, sender, "status.illegal")


def _sent(site: Site, code: MailboxCode) -> list[Path]:
    return list(site.folder(code, "sent").rglob("*.edxml"))
