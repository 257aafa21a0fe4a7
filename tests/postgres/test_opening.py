"""Opening a store on PostgreSQL: where a mailbox's tables lie, whose they are, and what is told when it cannot be."""

from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError

from bus.errors import AlreadyRunning, BadConfig, NotInAFile, StoreAway
from bus.ports.records import Event
from bus.store.maintenance import check, recover
from bus.store.open import is_shared, open_store, wants
from bus.store.sql.postgresql import schema_of
from tests.contract.store import NOW, due, put, sending
from tests.postgres.server import PASSWORD, Server


@pytest.mark.parametrize(
    ("query", "owner", "schema"),
    [
        ("", "G22", "lienthong_g22"),
        ("", "H29.12", "lienthong_h29_12"),
        ("", "A" * 64, ("lienthong_" + "a" * 64)[:63]),
        ("?options=-csearch_path=van_thu", "G22", "van_thu"),
        ("?options=-c%20jit=on%20-c%20search_path%3Dvan_thu", "G22", "van_thu"),
        ("?options=-cjit=on", "G22", "lienthong_g22"),
        ("?options=-csearch_path=Van_Thu", "G22", "van_thu"),
        ("?options=-csearch_path=%22Van_Thu%22", "G22", "Van_Thu"),
    ],
)
def test_where_the_tables_lie(query: str, owner: str, schema: str) -> None:
    """In a schema named after the mailbox, or in the one that the URL names."""
    assert schema_of(make_url(f"postgresql+psycopg://db/x{query}"), owner) == schema


@pytest.mark.parametrize("name", ["Van_Thu", "%22Van_Thu%22", "%22van-thu%22"])
def test_a_schema_by_another_name(database: str, name: str) -> None:
    """It is made as PostgreSQL reads the name, in quotes and without, and found again."""
    for expected in (0, 1):
        store = open_store(f"{database}?options=-csearch_path={name}", owner="G22")
        assert len(due(store)) == expected
        put(store, sending(expected + 1))
        store.close()


def test_many_mailboxes_in_one_database(database: str) -> None:
    """Each has its own tables and its own owner, at the same time."""
    stores = [open_store(database, owner=owner) for owner in ("G22", "H49")]
    put(stores[0], sending(1))
    assert [len(due(store)) for store in stores] == [1, 0]
    for store in stores:
        store.close()


@pytest.mark.parametrize("exclusive", [True, False])
def test_another_mailbox_s_store(database: str, exclusive: bool) -> None:
    """One schema for two mailboxes is refused, and who was refused holds nothing."""
    url = f"{database}?options=-csearch_path=shared"
    open_store(url, owner="H49").close()
    with pytest.raises(BadConfig, match="store of mailbox H49, not of G22"):
        open_store(url, owner="G22", exclusive=exclusive)
    open_store(url, owner="H49").close()


def test_one_daemon_a_store(database: str) -> None:
    """A second is refused and told where the first one runs; commands beside it are let in; then it is free at once."""
    first = open_store(database, owner="G22")
    with pytest.raises(AlreadyRunning, match=r"in use by process [\w.-]+:\d+"):
        open_store(database, owner="G22")
    beside = open_store(database, owner="G22", exclusive=False)
    put(beside, sending(1))
    assert len(due(first)) == 1
    beside.close()
    first.close()
    open_store(database, owner="G22").close()


def test_no_session_stays_behind(database: str, postgres: Server) -> None:
    """Whatever came of an opening, its connections are gone after it."""
    store = open_store(database, owner="G22")
    with pytest.raises(AlreadyRunning):
        open_store(database, owner="G22")
    store.close()
    name = make_url(database).database
    left = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND state <> 'disabled'"
    for _ in range(100):
        if postgres.ask(left) == [(0,)]:
            return
    pytest.fail(f"{postgres.ask(left)} sessions")


def test_a_role_without_rights_on_the_database(database: str, postgres: Server) -> None:
    """Where the schema was made for it, a role needs no right to make one."""
    name = make_url(database).database
    role = f"role_{name}"
    postgres.ask(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    url = make_url(database).set(username=role).render_as_string(hide_password=False)
    with pytest.raises(StoreAway, match=f"permission denied for database {name}"):
        open_store(url, owner="G22")
    postgres.ask(f"CREATE SCHEMA lienthong_g22 AUTHORIZATION {role}", database=str(name))
    store = open_store(url, owner="G22")
    put(store, sending(1))
    store.close()
    postgres.ask(f"DROP OWNED BY {role}", database=str(name))
    postgres.ask(f"DROP ROLE {role}")


def test_a_password_from_a_file(database: str, tmp_path: Path) -> None:
    """libpq's own file, named in the URL."""
    url = make_url(database)
    (tmp_path / "pass").write_text(f"*:*:*:*:{url.password}\n", encoding="utf-8")
    (tmp_path / "pass").chmod(0o600)
    named = url.set(password=None, query={"passfile": str(tmp_path / "pass")}).render_as_string(hide_password=False)
    open_store(named, owner="G22").close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"port": 1}, "Connection refused"),
        ({"username": "nobody-here"}, "authentication failed"),
        ({"database": "nothing-here"}, "does not exist"),
        ({"host": "nowhere.invalid"}, "nowhere.invalid"),
    ],
)
@pytest.mark.parametrize("exclusive", [True, False])
def test_a_server_that_is_not_there(database: str, change: dict[str, str], said: str, exclusive: bool) -> None:
    """It may come back: it is worth trying again. What is wrong is said, and the password never is."""
    url = make_url(database).set(**change).render_as_string(hide_password=False)  # type: ignore[arg-type]
    with pytest.raises(StoreAway, match=said) as caught:
        open_store(url, owner="G22", exclusive=exclusive)
    assert PASSWORD not in str(caught.value) + caught.value.in_vietnamese()


def test_texts_that_postgresql_refuses(database: str) -> None:
    """What a document system calls a document, and what went wrong there, may hold anything: it comes back as it is."""
    store = open_store(database, owner="G22")
    odd = ["\0", "a\0b", "\x1f", "\x1f0", "\0\x1f\x1f0\0", "Ðặng"]
    with store.write() as tx:
        tx.dossiers.put_events([Event(at=NOW, name="x", detail=text) for text in odd])
    with store.read() as tx:
        assert [event.detail for event in reversed(tx.dossiers.recent_events(limit=9))] == odd
    store.close()


def test_what_people_wrote_is_never_in_an_error(database: str) -> None:
    """Errors go to logs and to /healthz: the statement may be there, the row that was refused is not."""
    store = open_store(database, owner="G22")
    put(store, sending(1))
    with pytest.raises(IntegrityError) as caught:
        put(store, sending(1, document="mật: nhân sự"))
    said = f"{caught.value} {caught.value.orig} {caught.value!r}"
    assert "unique" in said
    assert "nhân sự" not in said
    assert "0190b6f4" not in said

    def incomplete() -> None:
        with store.writing() as connection:
            connection.execute(text("INSERT INTO event (name, document) VALUES ('x', 'nhân sự')"))

    with pytest.raises(IntegrityError) as caught:
        incomplete()
    assert "nhân sự" not in f"{caught.value} {caught.value.orig}".partition("[SQL")[0]
    store.close()


def test_which_urls_are_shared() -> None:
    """A server may have several daemons of one mailbox wait for each other; a file may not."""
    assert is_shared("postgresql+psycopg://db/x")
    assert is_shared("postgresql://db/x")
    assert not is_shared("sqlite:///x.db")


def test_what_a_server_lacks(database: str) -> None:
    """`store check` says where the server does not keep what it confirms; backups of a file are not for it."""
    assert "its tables are not made" in wants(database, owner="G22")[-1]
    open_store(database, owner="G22").close()
    assert {said.partition(" ")[0] for said in wants(database, owner="G22")} >= {"fsync", "full_page_writes"}
    for verb in (lambda: check(database, owner="G22"), lambda: recover(database, owner="G22")):
        with pytest.raises(NotInAFile, match="pg_dump") as caught:
            verb()
        assert PASSWORD not in str(caught.value)
