"""A real process, killed by SIGKILL at every crash point and started again: lost 0, twice 0, statuses in order, as the
document systems of both sides have it.

The stories run one after the other on the same stores: each starts with the unfinished work of the one before.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pika
import pytest
from _pytest.mark import ParameterSet
from cryptography import x509
from sqlalchemy.engine import make_url

from bus.directory.edition import Edition
from bus.files.edition import load_edition, save_edition
from bus.files.keys import load_keyring, load_statements
from bus.rabbit.address import Address, Tls
from bus.rabbit.streams.directory_publisher import publish_edition
from bus.store import migrate
from bus.store.sql import sqlite
from bus.topology.names import AUTHORITY, OPERATOR, Login, exchange_of, user_of
from deploy import country as countries
from schemas.document import Document
from schemas.values import VIETNAM, MailboxCode
from tests.e2e.site import eventually
from tests.faults.doomed import nursery
from tests.faults.doomed_land import VHOST, DoomedLand, founded
from tests.faults.points import POINTS, Story
from tests.faults.tale import FULL

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(400)  # each step of a story has its own limit


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoomedLand]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROJECT))
        with nursery() as maker, founded(tmp_path_factory.mktemp("doomed"), maker) as land:
            yield land


@pytest.fixture(scope="module")
def earlier(land: DoomedLand) -> list[Document]:
    """A document that has arrived; each story uses it up, and leaves its own to the next one."""
    with land.at_work():
        eventually(lambda: all((desk.folder / "statuses").is_dir() for desk in land.desks.values()))
        sent = land.some_work(None)
        land.settled()
    return [sent]


USUAL = {
    "accept.committed", "publish.sent", "publish.confirmed", "take-in.committed", "folder.filed", "deliver.committed",
    "report.committed", "upload.marked", "fetch.kept", "edition.kept", "private.created", "migrate.committed",
    "recover.replaced", "announce.confirmed", "ledger.committed", "rebuild.committed",
}  # fmt: skip
"""The points that tests/check kills at: after what must not be lost, and once a story. `tests/check full`: each one."""


def stories(story: Story) -> list[ParameterSet]:
    """Returns the points and turns of a story: the last turn of each point; all turns with LIENTHONG_FAULTS=full."""
    points = [point for point in POINTS if point.story is story]
    return [
        pytest.param(point.name, turn, marks=[] if point.name in USUAL else [pytest.mark.long])
        for point in points
        for turn in (point.turns if FULL else point.turns[-1:])
    ]


@pytest.mark.parametrize(("point", "turn"), stories(Story.ROAD))
def test_killed_on_the_road(land: DoomedLand, earlier: list[Document], point: str, turn: int) -> None:
    """Killed in the middle of traffic both ways, the daemon goes on from its durable state."""
    earlier.append(land.some_work(earlier.pop()))
    with land.doomed(point, turn):
        pass
    with land.at_work():
        judged = land.settled()
    assert (judged.lost, judged.twice) == (0, 0)


@pytest.mark.parametrize(("point", "turn"), stories(Story.LARGE))
def test_killed_with_a_large_file_under_way(land: DoomedLand, earlier: list[Document], point: str, turn: int) -> None:
    """A large file, both ways among other documents, is filed once and whole, whatever was unfinished at either end."""
    earlier.append(land.some_work(earlier.pop()))
    land.large_work()
    with land.doomed(point, turn):
        pass
    with land.at_work():
        judged = land.settled()
    assert (judged.lost, judged.twice) == (0, 0)


# -- the directory -----------------------------------------------------------------------------------------------------


def renewed(land: DoomedLand) -> tuple[Edition, Edition]:
    """Returns the edition in force and the next one, which is in the authority's folder and on no stream yet."""
    before = land.country.edition()
    encoded = land.office.edition(land.country.directory_folder, version=before.header.version + 1)
    save_edition(land.country.edition_file, encoded)
    return before, land.country.edition()


def held(land: DoomedLand) -> int:
    roots = (land.office.root.certificate,)
    edition = load_edition(land.country.root / "held" / "directory.lt", roots=roots, now=datetime.now(UTC))
    return edition.header.version if edition else 0


@pytest.mark.parametrize(("point", "turn"), stories(Story.EDITION))
def test_killed_over_a_new_directory(land: DoomedLand, earlier: list[Document], point: str, turn: int) -> None:
    """The daemon uses the old edition or the new one, never half of one; restarted, it uses the new one."""
    earlier.append(land.some_work(earlier.pop()))
    before, after = renewed(land)
    with land.doomed(point, turn):
        countries.publish(land.country, land.broker, vhost=VHOST, before=before)
        if point == "event.committed":  # an event that needs an unusual cause: an edition older than the one held
            eventually(lambda: held(land) == after.header.version)
            publish_edition(authority(land), version=1, whole=before.encoded, change=before.encoded)
    assert held(land) in {before.header.version, after.header.version}
    with land.at_work():
        land.settled()
        eventually(lambda: held(land) == after.header.version)


def authority(land: DoomedLand) -> Address:
    certificate, key = land.office.file(AUTHORITY)
    return Address.from_url(
        land.amqps_url, tls=Tls(cafile=land.office.root_file, certfile=certificate, keyfile=key), user=AUTHORITY
    )


@pytest.mark.parametrize(("point", "turn"), stories(Story.ANNOUNCE))
def test_killed_while_it_publishes_a_directory(land: DoomedLand, point: str, turn: int, tmp_path: Path) -> None:
    """After the command is repeated, every daemon has the edition."""
    before, after = renewed(land)
    (tmp_path / "before.lt").write_bytes(before.encoded)
    certificate, key = land.office.file(AUTHORITY)
    publish = (
        *("directory", "publish", land.country.edition_file, "--root", land.office.root_file),
        *("--previous", tmp_path / "before.lt", "--broker", land.amqps_url, "--cert", certificate, "--key", key),
    )
    land.killed(*publish, point=point, turn=turn)
    land.done(*publish)
    with land.at_work():
        eventually(lambda: held(land) == after.header.version)


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("point", "turn"), stories(Story.KEYS))
def test_killed_while_keys_are_rotated(land: DoomedLand, point: str, turn: int, tmp_path: Path) -> None:
    """After the command is repeated there is one new pair of keys, complete and stated, and none was lost."""
    keys, request = tmp_path / "keys", tmp_path / "next.req"
    shutil.copytree(land.country.root / "keys" / "H49", keys)
    before = load_keyring(keys)
    rotate = ("keys", "rotate", keys, "--mailbox", "H49", "--out", request)
    land.killed(*rotate, point=point, turn=turn)
    load_keyring(keys)  # the daemon beside it reads on
    land.done(*rotate)
    after, stated = load_keyring(keys), load_statements(keys)
    assert [len(after.signing), len(after.sealing)] == [2, 2]
    assert {key.id for key in before.signing} < {key.id for key in after.signing}
    assert {each.key.id for each in before.sealing} < {each.key.id for each in after.sealing} == set(stated)
    asked = x509.load_pem_x509_csr(request.read_bytes())
    assert asked.is_signature_valid


# -- stores ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("point", "turn"), stories(Story.STORE))
def test_killed_while_a_store_is_brought_up(land: DoomedLand, point: str, turn: int, tmp_path: Path) -> None:
    """The store has the old version or the new one; the next command finds it sound and goes on."""
    path = tmp_path / "H49.db"
    engine = sqlite.engine_of(make_url(f"sqlite:///{path}"), path)
    with engine.begin() as connection:
        migrate.upgrade(connection, migrate.REVISIONS[0])
    engine.dispose()
    look = ("outbox", "list", "-c", store_config(land, path))
    land.killed(*look, point=point, turn=turn)
    land.done(*look)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert file.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrate.REVISIONS[-1],)]
        assert file.execute("SELECT mailbox FROM owner").fetchall() == [("H49",)]


@pytest.fixture
def damaged(land: DoomedLand, earlier: list[Document], tmp_path: Path) -> tuple[Path, Path, int]:
    """Returns a damaged copy of a store, with one page of noise and an unread log beside it: its configuration, its
    file, and the number of its dossiers."""
    path = tmp_path / "H49.db"
    shutil.copy2(land.country.root / "stores" / "H49.db", path)
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'outbox_document'").fetchone()
        (dossiers,) = connection.execute("SELECT count(*) FROM dossier").fetchone()
        connection.execute("UPDATE inbox SET error = 'a last word'")
        connection.commit()
        live = [path.with_name(path.name + tail) for tail in ("", "-wal")]
        copies = [each.with_name(f"{each.name}.copy") for each in live]
        for each, copy in zip(live, copies, strict=True):
            shutil.copy2(each, copy)
    for each, copy in zip(live, copies, strict=True):
        copy.replace(each)
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    return store_config(land, path), path, dossiers


def store_config(land: DoomedLand, path: Path) -> Path:
    """Returns H49's configuration with another store."""
    config = path.with_suffix(".toml")
    config.touch(mode=0o600)
    text = land.country.config("H49").read_text(encoding="utf-8")
    config.write_text(text.replace(str(land.country.root / "stores" / "H49.db"), str(path)), encoding="utf-8")
    return config


@pytest.mark.parametrize(("point", "turn"), stories(Story.RECOVER))
def test_killed_while_a_store_is_recovered(
    land: DoomedLand, damaged: tuple[Path, Path, int], point: str, turn: int
) -> None:
    """A half recovered store is never opened; after the command is repeated everything readable is there, the log's
    last entries too."""
    config, path, dossiers = damaged
    recover = ("store", "recover", "-c", config)
    land.killed(*recover, point=point, turn=turn)
    half_done = point in {"recover.ready", "recover.bared"}
    assert (land.lienthong("outbox", "list", "-c", config).wait(60) != 0) == half_done
    if point != "recover.replaced":
        land.done(*recover)
    land.done("store", "check", "-c", config)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM dossier").fetchone() == (dossiers,)
        assert file.execute("SELECT DISTINCT error FROM inbox").fetchall() == [("a last word",)]


# -- operators ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("point", "turn"), stories(Story.APPLY))
def test_killed_while_a_topology_is_applied(land: DoomedLand, point: str, turn: int, tmp_path: Path) -> None:
    """After the command is repeated nothing is left to do, and the file has the passwords that the broker has."""
    passwords, vhost = tmp_path / "credentials.toml", f"half-{turn}"
    agencies = ("--directory", land.country.directory_folder, "--as-of", land.country.as_of.isoformat())
    wish = ("--vhost", vhost, *agencies, "--mailbox", "H08")
    apply = ("topology", "apply", *wish, "--credentials", passwords)
    land.killed(*apply, point=point, turn=turn)
    drawn = passwords.read_text()
    land.done(*apply)
    assert passwords.read_text() == drawn
    land.done("topology", "plan", *wish)


@pytest.mark.parametrize(("point", "turn"), stories(Story.REPLAY))
def test_killed_while_dead_letters_are_replayed(land: DoomedLand, point: str, turn: int) -> None:
    """No letter is lost: it is still dead, or in its inbox; one that is in both is deduplicated by its id."""
    garbage = {b"no message %d of %s" % (number, point.encode()) for number in range(3)}
    land.done("dead", "discard", *land.login(OPERATOR), "--all", "--yes")
    publish(land, "G22", "H49", sorted(garbage))
    with land.at_work():
        eventually(lambda: len(dead(land)) == 3)
    replay = ("dead", "replay", *land.login(OPERATOR), "--all", "--yes")
    land.killed(*replay, point=point, turn=turn)
    land.done(*replay)
    assert dead(land) == []
    with land.at_work():
        eventually(lambda: len(set(dead(land))) == 3)
    land.done("dead", "discard", *land.login(OPERATOR), "--all", "--yes")


@pytest.mark.parametrize(("point", "turn"), stories(Story.AUDIT))
def test_killed_while_a_mailbox_is_sent_its_past_again(
    land: DoomedLand, earlier: list[Document], point: str, turn: int
) -> None:
    """After the command is repeated all messages are there; those that the mailbox has already, or gets twice, are
    filed once."""
    began = datetime.now(VIETNAM) - timedelta(minutes=1)
    earlier.append(land.some_work(earlier.pop()))
    with land.at_work():
        land.settled()
    replay = ("audit", "replay", "H49", "--since", f"{began:%Y-%m-%dT%H:%M:%S}", *land.login(OPERATOR))
    land.killed(*replay, point=point, turn=turn)
    land.done(*replay)
    with land.at_work():
        land.settled()


def dead(land: DoomedLand) -> list[str]:
    from bus.rabbit.admin.dead_letter_queues import DeadLetterQueues

    certificate, key = land.office.file(OPERATOR)
    tls = Tls(cafile=land.office.root_file, certfile=certificate, keyfile=key)
    with DeadLetterQueues(Address.from_url(land.amqps_url, tls=tls, user=OPERATOR)) as queues:
        return [letter.ref for letter in queues.letters()]


def publish(land: DoomedLand, sender: MailboxCode, to: MailboxCode, bodies: list[bytes]) -> None:
    """Publishes bodies as a faulty adapter would."""
    keys = land.country.root / "keys" / sender
    tls = Tls(cafile=land.office.root_file, certfile=keys / "signing-1.crt", keyfile=keys / "signing-1.pem")
    address = Address.from_url(land.amqps_url, tls=tls, user=sender)
    connection = pika.BlockingConnection(address.parameters(name="stranger", heartbeat=30, timeout=10))
    channel = connection.channel()
    channel.confirm_delivery()
    for body in bodies:
        properties = pika.BasicProperties(user_id=user_of(sender, Login.URN), delivery_mode=2)
        channel.basic_publish(exchange_of(sender), f"document.{to}", body, properties)
    connection.close()
