"""bus/store/open.py: whose store it is, where it lies, and what a daemon carries for it."""

import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bus.errors import AlreadyRunning, BadConfig, NotInAFile
from bus.store import migrate
from bus.store import open as opening
from bus.store.open import open_store, path_of
from bus.store.sql.file_lock import FileLock
from tests.contract.store import due, put, sending


@pytest.mark.parametrize("exclusive", [True, False])
def test_made_where_there_is_none(tmp_path: Path, exclusive: bool) -> None:
    """Daemon or command, whoever comes first makes it; others on the machine cannot read it; it opens again."""
    url = f"sqlite:///{tmp_path}/H49.db"
    store = open_store(url, owner="H49", exclusive=exclusive)
    put(store, sending(1))
    store.close()
    assert stat.S_IMODE((tmp_path / "H49.db").stat().st_mode) & 0o007 == 0
    store = open_store(url, owner="H49", exclusive=not exclusive)
    assert len(due(store)) == 1
    store.close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("H49.db", "named by a URL"),
        ("bus:secret@db/h49", r"bus:\*\*\*@db/h49 cannot be used"),
        ("sqlite://", "an SQLite file"),
        ("sqlite:///:memory:", "an SQLite file"),
        ("postgresql+asyncpg://bus:secret@db/h49", r"postgresql\+asyncpg://bus:\*\*\*@db/h49 cannot be used"),
        ("postgresql://bus:secret@db", r"a database of PostgreSQL's"),
        ("postgresql+asyncpg://bus@db/h49?password=secret", r"postgresql\+asyncpg://bus@db/h49 cannot be used"),
        ("postgresql://bus:se@cret:x@db/h49", r"postgresql://bus:\*\*\*@db/h49 cannot be used.*%40"),
        ("postgresql:bus:se:cret@db/h49", r"postgresql:\*\*\*@db/h49 cannot be used"),
        ("postgresql://bus@db:54x/h49?password=secret", r"postgresql://bus@db:54x/h49 cannot be used"),
        ("sqlite:////nowhere/at/all/H49.db", "No such file or directory"),
    ],
)
@pytest.mark.parametrize("exclusive", [True, False])
def test_urls_that_name_no_store(url: str, why: str, exclusive: bool) -> None:
    """What cannot be a store is refused with the reason, and without the password."""
    with pytest.raises(BadConfig, match=why) as refused:
        open_store(url, owner="H49", exclusive=exclusive)
    assert "cret" not in str(refused.value)


def test_a_shared_store_has_no_file() -> None:
    """Who asks for one is told what to do, without the password."""
    with pytest.raises(NotInAFile, match="pg_dump") as refused:
        path_of("postgresql://bus:secret@db/h49?password=secret")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("exclusive", [True, False])
def test_another_mailbox_s_store(tmp_path: Path, exclusive: bool) -> None:
    """Two mailboxes never share one, even one after the other; and who was refused holds nothing."""
    url = f"sqlite:///{tmp_path}/x.db"
    open_store(url, owner="H49").close()
    with pytest.raises(BadConfig, match="store of mailbox H49, not of G22"):
        open_store(url, owner="G22", exclusive=exclusive)
    open_store(url, owner="H49").close()


def test_a_command_leaves_the_tables_to_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a running daemon of the version before, a newer command does not change the tables."""
    url = f"sqlite:///{tmp_path}/x.db"
    daemon = open_store(url, owner="H49")
    monkeypatch.setattr(opening, "STORE", opening.STORE._replace(revisions=(*migrate.REVISIONS, "9999")))
    with pytest.raises(AlreadyRunning):
        open_store(url, owner="H49", exclusive=False)
    daemon.close()


def test_the_second_of_two_that_found_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the turn to write, another made the tables: they are not made twice."""
    url = f"sqlite:///{tmp_path}/x.db"
    open_store(url, owner="H49").close()
    answers = iter([False])
    real = migrate.is_current
    monkeypatch.setattr(migrate, "is_current", lambda c, **how: next(answers, None) is None and real(c, **how))
    open_store(url, owner="H49").close()
    FileLock(tmp_path / "x.db", owner="H49").release()


OPENS = """
    import sys
    from bus.store.open import open_store

    store = open_store(sys.argv[1], owner="H49")
    with store.write() as tx:
        tx.dossiers.put_events([])
    carried = {name.partition(".")[0] for name in sys.modules} | sys.modules.keys()
    print(sorted(carried & {"alembic", "mako", "psycopg", "greenlet", "sqlalchemy.dialects.postgresql"}))
    store.close()
"""


def test_a_daemon_does_not_carry_the_migrations(tmp_path: Path) -> None:
    """Opening a store that is current imports neither Alembic nor Mako; the first time does."""
    command = [sys.executable, "-c", textwrap.dedent(OPENS), f"sqlite:///{tmp_path}/x.db"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    carried = [subprocess.check_output(command, env=environment, text=True).strip() for _ in range(2)]
    assert carried == ["['alembic', 'mako', 'sqlalchemy.dialects.postgresql']", "[]"]


def test_a_link_does_not_evade_the_lock(tmp_path: Path) -> None:
    """By whatever name a store is opened, it is one store: the lock lies beside its real file, and so does what SQLite
    keeps beside it."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "H49.db").symlink_to(tmp_path / "disk" / "real.db")
    (tmp_path / "lib").symlink_to(tmp_path / "disk")
    names = [tmp_path / "H49.db", tmp_path / "disk" / "real.db", tmp_path / "lib" / "real.db"]
    for first in names:
        held = open_store(f"sqlite:///{first}", owner="H49")
        for second in names:
            with pytest.raises(AlreadyRunning, match=r"disk/real\.db is in use"):
                open_store(f"sqlite:///{second}", owner="H49")
        held.close()
    assert (tmp_path / "H49.db").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["H49.db", "disk", "lib"]
