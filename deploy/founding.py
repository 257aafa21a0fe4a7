"""How a pilot comes to be: the commands of the handbook in their order, each given only where what it makes is
missing. What runs afterwards is deploy/pilot.py's.

    <folder>/authority/   ca/, the services' certificates, sources/ of the directory, its editions 1.lt, 2.lt …, node/
             broker/      RabbitMQ's data
             ledger/      the central record: its TOML, its database
             H49/, G22/   an agency each: keys/, its daemon's TOML, its store, vanban/ (the folders of its documents)
             logs/        setup.log has each command and what it said
"""

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bus.files.directory import default_folder
from bus.files.keys import load_signer, signing_files
from bus.files.private import write_public
from bus.topology.names import AUTHORITY, LEDGER, OPERATOR
from bus.trust.certificates import Certificate
from deploy.probes import free_ports

AGENCIES = ("H49", "G22")
PLACES = ("authority", "broker", "logs", "run", LEDGER, *AGENCIES)
"""What the service user owns; the rest of the folder is its keeper's."""


class Step(NamedTuple):
    makes: str
    """Path under `authority/`. Where it is there the command was given before."""
    command: str


FOUNDING = (
    Step("ca/root.pem", "ca init ca"),
    Step("dir.pem", "ca issue-directory ca --out dir.pem --key dir.key"),
    Step("broker.pem", "ca issue-broker ca --host localhost --host 127.0.0.1 --out broker.pem --key broker.key"),
    Step("authority.pem", "ca issue-service ca authority --out authority.pem --key authority.key"),
    Step("ledger.pem", "ca issue-service ca ledger --out ledger.pem --key ledger.key"),
    Step("operator.pem", "ca issue-service ca operator --out operator.pem --key operator.key"),
)
ADMITTING = (
    Step("{code}.req", "keys request ../{code}/keys --mailbox {code} --out {code}.req"),
    Step("{code}.pem", "ca issue ca {code}.req --fingerprint {read} --entry sources/keys-{code}.toml --out {code}.pem"),
    Step("../{code}/keys/signing-1.crt", "keys install ../{code}/keys {code}.pem --root ca/root.pem"),
)
OPENING = (
    "ca crl ca",  # a list ends after 90 days, and then RabbitMQ lets nobody in
    "directory build sources --issuer ca/issuer.pem --crl ca/crl.pem --root ca/root.pem --out draft.txt",
    "directory sign draft.txt --key dir.key --cert dir.pem --root ca/root.pem --out {next}.lt {previous}",
    "topology settings --edition {next}.lt --root ca/root.pem --cert broker.pem --key broker.key "
    "--anchor ca/vouching.pem --out node",
)
PUBLISHING = (
    "topology apply --login urn --directory {last}.lt --root ca/root.pem {mailboxes}",
    "directory publish {last}.lt --root ca/root.pem --broker {url} --cert authority.pem --key authority.key",
)


class StepFailed(RuntimeError):
    """A command said no; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Land:
    """A pilot's folder."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "authority"

    @property
    def node(self) -> Path:
        """RabbitMQ's files, as `topology settings` writes them."""
        return self.authority / "node"

    def config(self, code: str) -> Path:
        return self.folder / code / f"{code}.toml"

    @property
    def ledger_config(self) -> Path:
        return self.config(LEDGER)

    def documents(self, code: str) -> Path:
        return self.folder / code / "vanban"

    def found(self) -> None:
        """Authority and agencies, as far as they are missing. Raises StepFailed."""
        self._forget_nameless_services()
        for step in FOUNDING:
            self._take(step, "")
        sources = self.authority / "sources"
        if not sources.exists():
            shutil.copytree(default_folder(), sources)
        for code in AGENCIES:
            for step in ADMITTING:
                self._take(step, code)

    def open(self) -> None:
        """The next edition of the directory, and the broker's files that go with it. Raises StepFailed."""
        last = self._last()
        previous = f"--previous {last}.lt" if last else ""
        for command in OPENING:
            self._run(command.format(next=last + 1, previous=previous))

    def publish(self, url: str, management: str) -> None:
        """To a broker that runs: what it should hold, and the directory. Raises StepFailed."""
        admitted = sorted(file.stem.removeprefix("keys-") for file in self.authority.glob("sources/keys-*.toml"))
        mailboxes = " ".join(f"--mailbox {code}" for code in admitted)
        for command in PUBLISHING:
            text = command.format(last=self._last(), mailboxes=mailboxes, url=url)
            self._run(text, environment={"LIENTHONG_MANAGEMENT_URL": management})

    def configure(self, url: str) -> None:
        """A daemon's TOML for each agency that has none. It is the agency's own from then on."""
        for code in AGENCIES:
            file = self.config(code)
            if not file.exists():
                file.write_text(self._toml(code, url), encoding="utf-8")

    def configure_ledger(self, url: str, look: str) -> None:
        """Written anew at each start: `look`, the management API for a user who may look only, has another password."""
        listen = ""
        if self.ledger_config.exists():
            listen = tomllib.loads(self.ledger_config.read_text(encoding="utf-8"))["http"]["listen"]
        place = self.ledger_config.parent
        place.mkdir(exist_ok=True)
        text = f"""\
store = "sqlite:///{place / "ledger.db"}"

[trust]
root      = "{self.authority / "ca" / "root.pem"}"
directory = "{place / "directory.lt"}"

[broker]
url      = "{url}"
certfile = "{self.authority / "ledger.pem"}"
keyfile  = "{self.authority / "ledger.key"}"

[management]
url = "{look}"

[http]
listen = "{listen or f"127.0.0.1:{free_ports(1)[0]}"}"
"""
        write_public(self.ledger_config, text.encode(), mode=0o600)

    def put_defaults(self, url: str, look: str) -> None:
        """The defaults file of a visitor's commands: over AMQP with the operator's certificate, over the management
        API as a user who may look and change nothing (`look`). Written anew at each start, for ports change."""
        ca, place = self.authority / "ca", self.authority
        values = {
            "root": ca / "root.pem",
            "directory": place / f"{self._last()}.lt",
            "management": look,
            "amqp": url,
            "cafile": ca / "root.pem",
            "certfile": place / f"{OPERATOR}.pem",
            "keyfile": place / f"{OPERATOR}.key",
            "crl": ca / "crl.pem",
        }
        lines = [f'{name} = "{value}"\n' for name, value in values.items()]
        write_public(self.folder / "run" / "lienthong.toml", "".join(lines).encode(), mode=0o600)

    def _toml(self, code: str, url: str) -> str:
        place = self.folder / code
        (port,) = free_ports(1)
        return f"""\
mailbox = "{code}"
keys    = "{place / "keys"}"
store   = "sqlite:///{place / code}.db"

[trust]
root      = "{self.authority / "ca" / "root.pem"}"
directory = "{place / "directory.lt"}"

[broker]
url = "{url}"

[adapter]
use = "adapters.folder:FolderAdapter"
[adapter.options]
root = "{self.documents(code)}"

[http]
listen = "127.0.0.1:{port}"
"""

    def _last(self) -> int:
        """Number of the newest edition; 0: there is none."""
        return max((int(file.stem) for file in self.authority.glob("*.lt") if file.stem.isdigit()), default=0)

    def _take(self, step: Step, code: str) -> None:
        if not (self.authority / step.makes.format(code=code)).exists():
            self._run(step.command.format(code=code, read=self._read_out(code)))

    def _forget_nameless_services(self) -> None:
        """Certificates of services from before they had URNs let nobody in any more: others are made."""
        for name in (AUTHORITY, OPERATOR):
            certificate, key = (self.authority / f"{name}.{ending}" for ending in ("pem", "key"))
            if certificate.exists() and not Certificate.from_pem(certificate.read_bytes())[0].urns:
                key.unlink(missing_ok=True)
                certificate.unlink()

    def _read_out(self, code: str) -> str:
        """The fingerprint of an agency's key: here both people are one, and no call is made."""
        keys = self.folder / code / "keys"
        return load_signer(signing_files(keys)[0]).id if code and keys.exists() else ""

    def _run(self, command: str, environment: dict[str, str] | None = None) -> None:

        done = subprocess.run(
            [sys.executable, "-P", "-m", "bus.cli", *command.split()],
            cwd=self.authority,
            env=os.environ | {"LIENTHONG_DEFAULTS": ""} | (environment or {}),
            capture_output=True,
            text=True,
            check=False,
        )
        with (self.folder / "logs" / "setup.log").open("a", encoding="utf-8") as log:
            log.write(f"$ lienthong {command}\n{done.stdout}{done.stderr}")
        if done.returncode != 0:
            raise StepFailed(f"lienthong {command}\n{done.stderr or done.stdout}")
