"""The incident playbook, rehearsed: its commands in their order, against a thief who holds the very thing that each
section is about; he is inside before, and shut out after. The stories follow one another in one land."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from bus.cli.main import main
from bus.directory.edition import Edition, sign
from bus.files.authority import registry_of
from bus.files.edition import load_edition, load_roots
from bus.files.keys import load_signer, signing_files, tls_files
from bus.topology.names import AUTHORITY, CHANGE_KEY, DIRECTORY_IN, EDITION_KEY
from bus.trust.authority import issue
from bus.trust.certificates import Certificate, Purpose, RevocationList
from bus.trust.keys import SigningKey
from deploy.country import management_of
from deploy.local_broker import local_broker
from deploy.node import TlsFiles
from schemas.codes import Kind
from schemas.values import VIETNAM
from tests.handbook.test_walks import Bus, bus, eventually
from tests.handbook.thief import Thief, is_cut
from tests.handbook.walk import PROJECT

__all__ = ["bus"]

PAGE = "security/incidents"
REHEARSED = {
    (PAGE, section)
    for section in (
        "publish",
        *("agency-cut", "agency-keys", "agency-issue", "agency-install", "agency-over"),
        *("signer-new", "signer-reset", "signer-over"),
        *("authority-cut", "authority-close", "authority-over"),
        *("broker-key", "broker-fill", "broker-again", "broker-over"),
        *("issuer-stop", "issuer-new", "issuer-ask", "issuer-forget", "issuer-issue", "issuer-edition", "issuer-open"),
        *("issuer-install", "issuer-over"),
    )
}
"""Pages and sections that the tests below and that of test_way_back.py walk, as `WALKED` of test_walks.py."""

pytestmark = [pytest.mark.timeout(1800), pytest.mark.long]  # each command is a process of its own


class Scene:
    """One theft: the playbook's new files are named for it, so that one land sees several."""

    def __init__(self, bus: Bus, theft: str) -> None:
        self.bus, self.folder = bus, bus.walk.folder
        self._names = {"-moi": f"-{theft}", "2026-11-30T07:30": f"{datetime.now(VIETNAM):%Y-%m-%dT%H:%M:%S}"}

    def take(self, *sections: str, at: dict[str, str] | None = None, names: dict[str, str] | None = None) -> str:
        """Gives the commands of some sections, with `1.lt` and `2.lt` for the edition in force and the one before."""
        editions = {"1.lt": f"{self.bus.edition - 1}.lt", "2.lt": f"{self.bus.edition}.lt"}
        at = self.bus.h49 if at is None else at
        return self.bus.walk.take(PAGE, *sections, names={**at, **editions, **self._names, **(names or {})})

    def issue(self, section: str, *, at: dict[str, str], keys: str) -> None:
        """A section that issues for an agency, which reads out the fingerprint of a folder of keys."""
        signer = load_signer(signing_files(Path(at["/etc/lienthong"]) / keys)[0])
        self.take(section, at=at, names={"SỐ-NGHE-ĐỌC": signer.id})

    def sign(self, *sections: str, names: dict[str, str] | None = None) -> str:
        """As `take`, of sections that make the next edition."""
        self.bus.edition += 1
        return self.take(*sections, names=names)

    def publish(self, **names: str) -> str:
        """The section that all others name; and the broker has its list of revocation."""
        said = self.sign("publish", names={name.replace("_", "."): file for name, file in names.items()})
        listed = (self.folder / "rabbitmq" / "lienthong" / "crl").glob("*.r0")
        self.bus.broker.put_revoked([RevocationList.from_pem(path.read_bytes()) for path in listed])
        return said

    def edition(self, *, before: int = 0) -> Edition:
        """The one in force, or so many before it."""
        roots = load_roots(self.folder / "root.pem")
        found = load_edition(self.folder / f"{self.bus.edition - before}.lt", roots=roots, now=datetime.now(UTC))
        assert found is not None
        return found

    def thief(self, certificate: Path, key: Path) -> Thief:
        """With copies of somebody's files."""
        stolen = [
            Path(shutil.copy(path, self.folder / f"stolen-{datetime.now(UTC).timestamp()}{path.suffix}"))
            for path in (certificate, key)
        ]
        return Thief(self.bus.walk.names["bus.example.vn:5671"], self.folder / "root.pem", *stolen)

    def asked(self, *arguments: str, at: dict[str, str], code: str) -> list[dict[str, Any]]:
        """What a command of an agency answers in JSON."""
        config = f"{at['/etc/lienthong']}/{code}.toml"
        found = CliRunner().invoke(main, [*arguments, "-c", config, "--json"], catch_exceptions=False)
        answer: list[dict[str, Any]] = json.loads(found.stdout)
        return answer

    def held(self, at: dict[str, str], code: str) -> int:
        """The number of the edition that an agency has."""
        roots = load_roots(self.folder / "root.pem")
        file = Path(at["/var/lib/lienthong"]) / "directory.lt"
        found = load_edition(file, roots=roots, now=datetime.now(UTC))
        return found.header.version if found else 0

    def send_to_h49(self) -> str:
        """A document of G22's, until it is on the broker; its recipient is away. The message's id."""
        before = self.sent()
        outgoing = Path(self.bus.g22["/srv/vanban"]) / "outgoing"
        command = [sys.executable, "-m", "deploy.papers", "G22", "H49"]
        paper = subprocess.run(command, check=True, capture_output=True, cwd=PROJECT).stdout
        (outgoing / ".thu").write_bytes(paper)
        (outgoing / ".thu").rename(outgoing / f"thu-{self.bus.edition}.edxml")
        eventually(lambda: self.sent() > before)
        (waits,) = self.sent() - before
        return waits

    def sent(self) -> set[str]:
        """G22's documents without a receipt, by their messages' ids."""
        rows = self.asked("outbox", "list", "--state", "sent", at=self.bus.g22, code="G22")
        return {row["docket"]["id"] for row in rows if row["docket"]["kind"] == Kind.DOCUMENT}

    def refused(self, event: str, why: str) -> bool:
        """Whether H49's log has an edition that was not taken, for this reason."""
        events = self.asked("events", at=self.bus.h49, code="H49")
        return any(each["name"] == f"directory.{event}" and why in each["detail"] for each in events)

    def authority(self) -> Thief:
        """Who publishes with the login `authority` that is in force."""
        names = self.bus.walk.names
        files = (self.folder / names.get(name, name) for name in ("authority.pem", "authority.key"))
        return Thief(names["bus.example.vn:5671"], self.folder / "root.pem", *files)


def forged(held: Edition, key: SigningKey, chain: tuple[Certificate, ...], *, version: int) -> bytes:
    """The held edition's content under another number and signature."""
    now = datetime.now(UTC)
    until = now + timedelta(days=30)
    return sign(held.register, version=version, issued_at=now, expires_at=until, signer=key, chain=chain)


def test_an_agencys_keys_are_stolen(bus: Bus) -> None:
    """Its machine is gone and the thief is logged in as H49. He is cut off; H49 comes back with keys of its own, and
    the document that was sealed to the stolen key and waited is sealed again and filed."""
    scene = Scene(bus, "agency")
    thief = scene.thief(*tls_files(Path(bus.h49["/etc/lienthong"]) / "keys"))
    bus.walk.unit("stop", "H49", bus.h49)
    waits = scene.send_to_h49()
    with thief.inside() as connection:
        scene.take("agency-cut")
        scene.publish()
        eventually(lambda: is_cut(connection))
    assert not thief.is_let_in()
    scene.take("agency-keys")
    scene.issue("agency-issue", at=bus.h49, keys="keys-agency")
    scene.publish()
    scene.take("agency-install")
    eventually(lambda: waits not in scene.sent())
    bus.trial()
    assert '"certificates"' in scene.take("agency-over")
    assert not thief.is_let_in()
    assert len(scene.edition().book.keys["H49"].certificates) == 1


def test_the_directorys_signing_key_is_stolen(bus: Bus) -> None:
    """The thief has the login as well, and publishes the content of before, with the list of revocation that he is not
    in: nobody takes an edition of his, from the one on that brings the new signer."""
    scene = Scene(bus, "signer")
    key = SigningKey.from_pem((scene.folder / "dir.key").read_bytes())
    chain = Certificate.from_pem((scene.folder / "dir.pem").read_bytes())
    scene.take("signer-new")
    scene.publish(dir_key="dir-signer.key", dir_pem="dir-signer.pem")
    bus.walk.names |= {"dir.key": "dir-signer.key", "dir.pem": "dir-signer.pem"}
    eventually(lambda: scene.held(bus.h49, "H49") == bus.edition)
    false = forged(scene.edition(before=1), key, chain, version=bus.edition + 1)
    scene.authority().publish(DIRECTORY_IN, CHANGE_KEY, false)
    eventually(lambda: scene.refused("signer-revoked", "signs nothing any more"))
    said = scene.take("signer-over")
    assert scene.edition().signer.fingerprint[:16] in said
    assert scene.held(bus.h49, "H49") == bus.edition
    bus.trial()


def test_the_authoritys_login_is_stolen(bus: Bus) -> None:
    """Junk on the bus is refused; the thief's connection and his login end, and the next edition arrives."""
    scene = Scene(bus, "authority")
    thief = scene.thief(scene.folder / "authority.pem", scene.folder / "authority.key")
    thief.publish(DIRECTORY_IN, EDITION_KEY, b"junk")
    thief.publish(DIRECTORY_IN, CHANGE_KEY, b"junk")
    eventually(lambda: scene.refused("refused", "no edition"))
    with thief.inside() as connection:
        scene.take("authority-cut")
        said = scene.publish(authority_pem="authority-authority.pem", authority_key="authority-authority.key")
        assert "The last entry on the bus is no edition of ours" in said
        assert not is_cut(connection)
        with at_the_node(bus):
            scene.take("authority-close")
        eventually(lambda: is_cut(connection))
    assert not thief.is_let_in()
    bus.walk.names |= {"authority.pem": "authority-authority.pem", "authority.key": "authority-authority.key"}
    eventually(lambda: scene.held(bus.h49, "H49") == bus.edition)
    assert AUTHORITY in scene.take("authority-over")
    bus.trial()


@contextmanager
def at_the_node(bus: Bus) -> Iterator[None]:
    """Where `rabbitmqctl` is the broker's own."""
    settings = [f"{name}={value}" for name, value in (bus.broker.ctl_environment or {}).items()]
    bus.walk.environment["CTL"] = shlex.join([*(["env", "-i", *settings] if settings else []), *bus.broker.ctl_command])
    try:
        yield
    finally:
        del bus.walk.environment["CTL"]


@contextmanager
def another_broker(bus: Bus, node: Path) -> Iterator[None]:
    """A new machine with the files of a folder, in the place of the one before; the agencies' files have its port,
    as the name server would give them its address."""
    before = bus.walk.names["bus.example.vn:5671"]
    with local_broker(bus.broker.kind, tls=TlsFiles.of(node), plain=False) as broker:
        address = f"localhost:{urlsplit(broker.amqps_url).port}"
        bus.walk.names["bus.example.vn:5671"] = address
        bus.walk.names["http://quantri:MẬT-KHẨU@localhost:15672"] = management_of(broker)
        bus.walk.environment["LIENTHONG_MANAGEMENT_URL"] = management_of(broker)
        bus.broker = broker
        for code, at in (("H49", bus.h49), ("G22", bus.g22)):
            config = Path(at["/etc/lienthong"]) / f"{code}.toml"
            config.write_text(config.read_text(encoding="utf-8").replace(before, address), encoding="utf-8")
        yield


@pytest.fixture(scope="module")
def machines() -> Iterator[ExitStack]:
    """The brokers that stand in for a stolen one; they live until the last story is told."""
    with ExitStack() as stack:
        yield stack


def test_the_brokers_machine_is_stolen(bus: Bus, machines: ExitStack) -> None:
    """Another machine takes its name; what lay on the old one is sent again by its sender."""
    scene = Scene(bus, "broker")
    bus.walk.unit("stop", "H49", bus.h49)
    waits = scene.send_to_h49()
    scene.sign("broker-key")
    bus.walk.unit("stop", "G22", bus.g22)
    machines.enter_context(another_broker(bus, scene.folder / "node-broker"))
    scene.take("broker-fill")
    for code, at in (("G22", bus.g22), ("H49", bus.h49)):
        bus.walk.unit("start", code, at)
    scene.take("broker-again", at={**bus.g22, "H49": "G22"}, names={"MÃ-BẢN-TIN": waits})
    eventually(lambda: waits not in scene.sent())
    assert waits not in scene.take("broker-over", at={**bus.g22, "H49": "G22"})
    bus.trial()


def test_the_issuer_is_stolen(bus: Bus, machines: ExitStack) -> None:
    """The thief issues himself a login and a signer's certificate today. Below the same root a new issuer takes over:
    his login is refused, his edition is refused, both agencies work."""
    scene = Scene(bus, "issuer")
    with registry_of(scene.folder / "ca") as registry:
        old = registry.issuer
    scene.take("issuer-stop", "issuer-new")
    for at in (bus.h49, bus.g22):
        scene.take("issuer-ask", at=at)
    scene.take("issuer-forget")
    for at in (bus.h49, bus.g22):
        scene.issue("issuer-issue", at=at, keys="keys")
    scene.sign("issuer-edition")
    machines.enter_context(another_broker(bus, scene.folder / "node-issuer"))
    scene.take("issuer-open")
    for at in (bus.h49, bus.g22):
        scene.take("issuer-install", at=at)
    for code, at in (("H49", bus.h49), ("G22", bus.g22)):
        eventually(lambda at=at, code=code: scene.held(at, code) == bus.edition)  # type: ignore[misc]
    bus.trial()
    assert "H49" in scene.take("issuer-over")
    for name, purpose in (("H49", Purpose.MAILBOX), (AUTHORITY, Purpose.SERVICE)):
        key, now = SigningKey.generate(), datetime.now(UTC)
        made = issue(old, key.public, name=name, purpose=purpose, at=now)
        (scene.folder / "false.pem").write_bytes(made.to_pem() + old.certificate.to_pem())
        (scene.folder / "false.key").write_bytes(key.to_pem())
        assert not scene.thief(scene.folder / "false.pem", scene.folder / "false.key").is_let_in()
