"""The handbook, walked: each page's commands in their order, against a real RabbitMQ and a real PostgreSQL."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bus.files.keys import load_signer, signing_files
from deploy.country import management_of
from deploy.local_broker import Kind, LocalBroker, local_broker
from deploy.node import TlsFiles
from deploy.probes import free_ports
from schemas.edxml import read
from schemas.status import Status
from schemas.values import VIETNAM
from tests.handbook.walk import PROJECT, Walk
from tests.postgres.server import PASSWORD, some_postgres

WALKED = {
    *(("pilot", section) for section in ("start", "send", "look", "third", "stop")),
    *(("centre", section) for section in ("authority", "edition", "broker", "apply", "defaults", "issue", "publish")),
    *(("centre", section) for section in ("look", "quotas", "signers", "signer-stolen")),
    *(("join", section) for section in ("ask", "take-back", "toml", "run", "defaults", "trial", "look")),
    *(("keys", section) for section in ("look", "rotate", "renew", "install", "revoke")),
    *(("large", section) for section in ("agency", "centre")),
    *(("upgrade", section) for section in ("agency", "centre")),
    *(("trouble", section) for section in ("look", "store", "damaged", "start", "losses", "replay")),
    *(("standby", section) for section in ("set-up", "check", "restore")),
    *(("ledger", section) for section in ("certificate", "toml", "run", "key", "api", "access")),
}
"""Pages and sections that the tests below walk; test_commands.py holds them to what there is."""

pytestmark = pytest.mark.timeout(600)  # each command is a process of its own, and there are a hundred

KINDS: dict[str | None, Kind] = {"docker": "docker", "binary": "binary"}


def codes_in(folder: Path) -> list[str]:
    """Of the statuses that came back."""
    found = [read(file.read_bytes()).item for file in sorted(folder.glob("*.edxml"))]
    return sorted(item.code.value for item in found if isinstance(item, Status))


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_pilot(place: Path) -> None:
    """The first page, as a newcomer follows it: a package dropped at H49 is filed at G22, and its handling comes back.
    Started again it goes on with what is there; its secrets are their owner's alone."""
    pilot = place / "pilot"
    walk = Walk(
        place,
        names={
            "~/lienthong-pilot": str(pilot),
            "deploy/pilot": f"{PROJECT}/deploy/pilot --folder {pilot} --background",
            "deploy/pilot --stop": f"{PROJECT}/deploy/pilot --folder {pilot} --stop",
        },
    )
    came, incoming = pilot / "H49" / "vanban" / "statuses" / "received", pilot / "G22" / "vanban" / "incoming"
    try:
        started = walk.take("pilot", "start").replace(str(pilot), "~/lienthong-pilot")
        assert [line for line in started.splitlines() if len(line) > 80 and not line.startswith("==")] == []
        walk.take("pilot", "send", "look", "third")
        eventually(lambda: codes_in(came) == ["01", "03", "06"] and len(list(incoming.glob("*.edxml"))) == 2)
        assert [file.name for file in incoming.glob("THU-HOI_*")]
        walk.take("pilot", "stop")
        walk.take("pilot", "start")
        assert codes_in(came) == ["01", "03", "06"]
        assert (pilot / "authority" / "2.lt").exists()
    finally:
        walk.take("pilot", "stop")
    secrets = [*pilot.rglob("*.key"), *pilot.glob("*/keys/*.pem")]
    assert len(secrets) >= 10
    assert [file for file in secrets if file.stat().st_mode & 0o077] == []
    if os.geteuid() == 0:
        assert {file.owner() for file in pilot.glob("authority/**/*")} == {"lienthong"}


def test_several_sign_the_directory(place: Path) -> None:
    """Two of three, one after another, by a charter of the root; and the way back when one of the keys was stolen."""
    folder = place / "signers"
    folder.mkdir()
    walk = Walk(folder, names={"/opt/lienthong/": f"{PROJECT}/"})
    walk.take("centre", "authority", "edition")
    assert "Not signed by enough yet" in walk.take("centre", "signers")
    walk.take("centre", "signer-stolen")
    assert (folder / "2b.lt").exists()


@dataclass(slots=True)
class Bus:
    """A centre and two agencies, founded by the handbook's commands."""

    walk: Walk
    h49: dict[str, str]
    g22: dict[str, str]
    broker: LocalBroker
    edition: int = 1

    def take(self, page: str, *sections: str) -> str:
        """At H49 or at the centre, with the edition that is in force."""
        return self.walk.take(page, *sections, names={**self.h49, "2.lt": f"{self.edition}.lt"})

    def trial(self) -> None:
        """A document from H49 to G22, until its 01 is back."""
        came = Path(self.h49["/srv/vanban"]) / "statuses" / "received"
        before = len(codes_in(came)) if came.exists() else 0
        self.take("join", "trial")
        eventually(lambda: len(codes_in(came)) > before)

    def publish(self) -> None:
        before, self.edition = self.edition, self.edition + 1
        self.walk.take("centre", "publish", names={"1.lt": f"{before}.lt", "2.lt": f"{self.edition}.lt"})


def agency(folder: Path, code: str) -> dict[str, str]:
    """What the places of an agency's pages stand for."""
    here = folder / code
    for name in ("etc", "var", "vanban"):
        (here / name).mkdir(parents=True)
    (port,) = free_ports(1)
    return {
        "/etc/lienthong": f"{here}/etc",
        "/var/lib/lienthong": f"{here}/var",
        "/srv/vanban": f"{here}/vanban",
        "127.0.0.1:9301": f"127.0.0.1:{port}",
        "H49": code,
    }


@pytest.fixture(scope="module")
def bus(place: Path) -> Iterator[Bus]:
    """The pages `centre` and `join`, step by step, as far as a document that has arrived."""
    folder = place / "bus"
    for name in ("backup", "rabbitmq/conf.d"):
        (folder / name).mkdir(parents=True)
    walk = Walk(
        folder,
        names={
            "/opt/lienthong/": f"{PROJECT}/",
            "/backup/": f"{folder}/backup/",
            "/etc/rabbitmq": str(folder / "rabbitmq"),
            "/srv/trung-tam": str(folder),
            "~/.config/lienthong.toml": f"{folder}/lienthong.toml",
            "bus.example.vn": "localhost",
            "2026-11-05T08:00:00": f"{datetime.now(VIETNAM) - timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
        },
    )
    with ExitStack() as stack:
        stack.callback(walk.end)
        walk.take("centre", "authority", "edition", "broker")
        tls = TlsFiles.of(folder / "node")
        kind = KINDS.get(os.environ.get("LIENTHONG_TEST_BROKER"))
        broker = stack.enter_context(local_broker(kind, tls=tls, plain=False))
        walk.names["bus.example.vn:5671"] = f"localhost:{urlsplit(broker.amqps_url).port}"
        walk.names["http://quantri:MẬT-KHẨU@localhost:15672"] = management_of(broker)
        walk.environment["LIENTHONG_MANAGEMENT_URL"] = management_of(broker)
        walk.take("centre", "apply", "defaults")
        bus = Bus(walk, agency(folder, "H49"), agency(folder, "G22"), broker)
        shutil.copy(folder / "ca" / "root.pem", folder / "root.pem")  # handed over by a way that cannot be forged
        for code in (bus.g22, bus.h49):
            walk.take("join", "ask", names=code)
            read = load_signer(signing_files(Path(code["/etc/lienthong"]) / "keys")[0]).id
            walk.take("centre", "issue", names={**code, "SỐ-NGHE-ĐỌC": read})
        bus.publish()
        for code in (bus.g22, bus.h49):
            walk.take("join", "take-back", "toml", "run", "defaults", names=code)
        bus.trial()
        yield bus


@pytest.mark.long  # a hundred commands, each a process of its own
def test_the_days_at_an_agency_and_at_the_centre(bus: Bus) -> None:
    """What both look at, large attachments, an upgrade."""
    bus.take("join", "look")
    bus.take("centre", "look", "quotas")
    bus.take("large", "agency", "centre")
    bus.take("upgrade", "agency", "centre")


@pytest.mark.long  # commands over a broker, each a process of its own
def test_a_ledger(bus: Bus) -> None:
    """From its certificate to what it is asked by its API: it has read what passed before it was set up, and who asked
    stands in its log."""
    here = bus.walk.folder / "ledger"
    for name in ("etc", "var"):
        (here / name).mkdir(parents=True)
    health, api = free_ports(2)
    names = {
        "/etc/lienthong": f"{here}/etc",
        "/var/lib/lienthong": f"{here}/var",
        "127.0.0.1:9310": f"127.0.0.1:{health}",
        "127.0.0.1:9311": f"127.0.0.1:{api}",
    }
    bus.walk.take("ledger", "certificate", "toml", "run", names=names)
    said = bus.walk.take("ledger", "key", names=names)
    (key,) = re.findall(r"lienthong_[\w-]{43}", said)
    with (here / "etc" / "ledger.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{said[said.index('[[api.key]]') :]}")
    bus.walk.environment["KHOA"] = key
    assert '"role":"supervisor"' in bus.walk.take("ledger", "api", names=names)
    url, headers = f"http://127.0.0.1:{api}/api/v1/deliveries", {"Authorization": f"Bearer {key}"}
    eventually(lambda: bool(httpx.get(url, headers=headers, trust_env=False).json()["rows"]))
    said = bus.walk.take("ledger", "access", names=names)
    assert "deliveries.list" in said
    assert "The log is whole" in said


@pytest.mark.long  # a hundred commands, each a process of its own
def test_keys_are_renewed(bus: Bus) -> None:
    """Without a stop: what is sent afterwards arrives."""
    bus.take("keys", "look", "rotate")
    bus.take("keys", "renew")
    bus.publish()
    bus.take("keys", "install")
    bus.trial()


@pytest.mark.long  # a hundred commands, each a process of its own
def test_trouble(bus: Bus) -> None:
    """Look, back up, recover, start, replay."""
    for file in (bus.walk.folder / "backup").iterdir():
        file.unlink()  # one a day, and a backup overwrites nothing
    bus.take("trouble", "look", "store", "damaged", "start", "losses")
    bus.take("trouble", "replay")
    bus.trial()


@pytest.mark.long  # a hundred commands, each a process of its own
def test_a_store_on_postgresql(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up, checked, backed up under the running daemon, restored; a document that comes afterwards is answered."""
    monkeypatch.setenv("LIENTHONG_TEST_POSTGRES", "binary")  # the page's commands are the clients of the same version
    if shutil.which("pg_dump") is None:
        pytest.skip("PostgreSQL's client programs (pg_dump, psql) are not installed on this machine")
    with some_postgres(settings=()) as server:
        url = f"postgresql+psycopg://lienthong:{PASSWORD}@127.0.0.1:{server.port}/lienthong"
        server.ask(f"CREATE ROLE lienthong LOGIN CREATEDB PASSWORD '{PASSWORD}'")
        sqlite = f"sqlite:///{bus.h49['/var/lib/lienthong']}/H49.db"
        names = {**bus.h49, "-h db": f"-h 127.0.0.1 -p {server.port}"}
        bus.walk.environment |= {"PGUSER": "postgres", "PGPASSWORD": PASSWORD}
        bus.walk.take("standby", "set-up", names=names)
        config = Path(bus.h49["/etc/lienthong"]) / "H49.toml"
        on_disk = config.read_text(encoding="utf-8")
        assert sqlite in on_disk
        stop = "stop"
        bus.walk.unit(stop, "H49", bus.h49)
        config.write_text(on_disk.replace(sqlite, url), encoding="utf-8")
        try:
            bus.walk.take("standby", "check", names=names)
            bus.trial()
            bus.walk.take("standby", "restore", names=names)
            bus.trial()
        finally:
            bus.walk.unit(stop, "H49", bus.h49)
            config.write_text(on_disk, encoding="utf-8")
            bus.walk.unit("start", "H49", bus.h49)


@pytest.mark.long  # a hundred commands, each a process of its own
def test_who_is_revoked_is_cut_off(bus: Bus) -> None:
    """By the commands of the page, and then the next edition."""
    bus.walk.names["2026-11-30T07:30"] = f"{datetime.now(VIETNAM):%Y-%m-%dT%H:%M}"
    said = bus.take("keys", "revoke")
    assert "key-compromise" in said or "H49" in said
    bus.publish()
