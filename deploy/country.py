"""A country in a folder: agencies with keys, a directory that knows them, a folder document system and a TOML each, and
the daemons that serve them. The demo shows it, the end-to-end tests and the benchmarks drive it; all of it is real.

    <root>/directory/   the project's directory of agencies, and keys.toml with this country's public keys
    <root>/authority/   who vouches for them (deploy/offices.py)
    <root>/directory.lt the directory as it was signed
    <root>/keys/H49/    private keys of a mailbox, and its certificate
    <root>/held/        the signed directory as each daemon process holds it
    <root>/dms/H49/     its document system: outgoing, incoming, sent, rejected, statuses
    <root>/stores/      its durable store; ledger.db: the central record
    <root>/config/      its daemon's TOML; ledger.toml
    <root>/logs/        what the daemon processes say, a line a fact
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from bus.directory.agencies import Directory
from bus.directory.edition import Edition, announcement, change
from bus.directory.keys import MailboxKeys
from bus.directory.sources import render_keys
from bus.files.directory import default_folder, load
from bus.files.edition import load_edition, save_edition
from bus.files.keys import save_identity
from bus.rabbit.address import Address, Tls
from bus.rabbit.streams.directory_publisher import publish_edition
from bus.topology.names import AUTHORITY, LEDGER
from bus.trust.keys import new_identity
from deploy.local_broker import LocalBroker
from deploy.node import TlsFiles
from deploy.offices import HOSTS, Office, open_office
from deploy.probes import free_ports
from schemas.values import MailboxCode

LIENTHONG = (sys.executable, "-P", "-m", "bus.cli")


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """Where everything of a country lies."""

    root: Path
    mailboxes: tuple[MailboxCode, ...]
    as_of: date
    office: Office | None = None
    """None: nobody vouches for anybody, and passwords travel in the clear."""

    @property
    def directory_folder(self) -> Path:
        return self.root / "directory"

    def dms(self, mailbox: MailboxCode) -> Path:
        return self.root / "dms" / mailbox

    def config(self, mailbox: MailboxCode) -> Path:
        return self.root / "config" / f"{mailbox}.toml"

    @property
    def ledger_config(self) -> Path:
        return self.root / "config" / "ledger.toml"

    @property
    def ledger_file(self) -> Path:
        return self.root / "stores" / "ledger.db"

    @property
    def ledger_log(self) -> Path:
        return self.root / "logs" / "ledger.log"

    @property
    def edition_file(self) -> Path:
        return self.root / "directory.lt"

    def edition(self) -> Edition:
        """The signed directory. There must be an authority."""
        assert self.office is not None
        roots = (self.office.root.certificate,)
        found = load_edition(self.edition_file, roots=roots, now=datetime.now(UTC))
        assert found is not None
        return found

    def directory(self) -> Directory:
        return load(self.directory_folder, on=self.as_of)


def found(
    root: Path,
    *,
    mailboxes: int | Sequence[MailboxCode],
    as_of: date,
    plain: bool = False,
    hosts: Sequence[str] = HOSTS,
    office: Office | None = None,
    began: datetime | None = None,
    largest: int | None = None,
) -> Country:
    """Makes keys, directory and folders for the first `mailboxes` of the project's directory, or for those named, each
    of which takes so many bytes of large attachments.

    Unless `plain`, an authority vouches for all of it: certificates, a signed directory, a broker at these `hosts`. It
    is a new one, where there is no `office` yet.
    """
    for name in ("directory", "keys", "dms", "stores", "config", "logs", "held"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for file in default_folder().glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        takes = "" if largest is None else f"largest = {largest}\n"
        (root / "directory" / file.name).write_text(text.replace("[[mailbox]]\n", f"[[mailbox]]\n{takes}"), "utf-8")
    known = load(root / "directory", on=as_of)
    if isinstance(mailboxes, int):
        open_ = [mailbox.code for mailbox in known.mailboxes if not known.is_closed(mailbox.code)]
        mailboxes = open_[:mailboxes]
    if not plain:
        office = office or open_office(root / "authority", hosts=hosts, began=began)
    entries = []
    for code in mailboxes:
        keys = _bare_keys(root / "keys" / code) if office is None else office.admit(root / "keys" / code, code)
        entries.append(render_keys(code, signing=keys.signing, certificates=keys.certificates, sealing=keys.sealing))
    (root / "directory" / "keys.toml").write_text("\n".join(entries), encoding="utf-8")
    country = Country(root=root, mailboxes=tuple(mailboxes), as_of=as_of, office=office)
    if office is not None:
        save_edition(country.edition_file, office.edition(root / "directory", version=1))
    return country


def _bare_keys(folder: Path) -> MailboxKeys:
    identity = new_identity()
    save_identity(folder, identity)
    return MailboxKeys(
        signing=(identity.signing.public.to_bytes(),),
        sealing=tuple(key.public.to_bytes() for key in identity.sealing),
    )


def tls_of(country: Country) -> TlsFiles | None:
    """What a private broker needs to let in this country's certificates, and nobody else's."""
    if country.office is None:
        return None
    certificate, key = country.office.file("broker")
    return TlsFiles(
        roots=country.office.vouching_file, certfile=certificate, keyfile=key, revoked=[country.office.revoked()]
    )


def management_of(broker: LocalBroker) -> str:
    """The management interface with credentials, as the operator's commands want it."""
    scheme, _, rest = broker.management_url.partition("://")
    return f"{scheme}://{quote(broker.user, safe='')}:{quote(broker.password, safe='')}@{rest}"


def connect(
    country: Country, broker: LocalBroker, *, vhost: str = "lienthong", every: float = 0.2, quiet: float = 0.0
) -> None:
    """Applies the topology to a broker and writes each daemon's TOML, and the ledger's. Raises CalledProcessError with
    what was said."""
    credentials = country.root / "credentials.toml"
    arguments = ["topology", "apply", "--vhost", vhost]
    arguments += ["--directory", str(country.directory_folder), "--as-of", country.as_of.isoformat()]
    arguments += ["--credentials", str(credentials)] if country.office is None else []
    for code in country.mailboxes:
        arguments += ["--mailbox", code]
    management = {"LIENTHONG_MANAGEMENT_URL": management_of(broker)}  # every local user can read a command line
    try:
        subprocess.run(
            [*LIENTHONG, *arguments], check=True, capture_output=True, text=True, env=os.environ | management
        )
    except subprocess.CalledProcessError as error:
        error.add_note(f"{error.stdout[-4000:]}\n{error.stderr[-4000:]}")  # its text is the command alone
        raise
    path = quote(vhost, safe="")
    if country.office is not None:
        secure = urlsplit(broker.amqps_url)
        publish(country, broker, vhost=vhost)
        for code in country.mailboxes:
            url = f"amqps://{secure.hostname}:{secure.port}/{path}"
            _write_config(country, code, url=url, every=every, quiet=quiet)
        _write_ledger_config(country, url=url, management=management_of(broker))
        return
    passwords = tomllib.loads(credentials.read_text(encoding="utf-8"))
    where = urlsplit(broker.amqp_url)
    for code in country.mailboxes:
        user = f"{quote(code, safe='')}:{quote(passwords[code], safe='')}"
        url = f"amqp://{user}@{where.hostname}:{where.port}/{path}"
        _write_config(country, code, url=url, every=every, quiet=quiet)
    if LEDGER in passwords:  # it is not where several countries share a node: the user is the first one's
        url = f"amqp://{LEDGER}:{quote(passwords[LEDGER], safe='')}@{where.hostname}:{where.port}/{path}"
        _write_ledger_config(country, url=url, management=management_of(broker))


def publish(country: Country, broker: LocalBroker, *, vhost: str = "lienthong", before: Edition | None = None) -> None:
    """Puts the signed directory on the bus: whole, and as the change from the one before."""
    assert country.office is not None
    edition = country.edition()
    certificate, key = country.office.file(AUTHORITY)
    tls = Tls(cafile=country.office.root_file, certfile=certificate, keyfile=key)
    secure = urlsplit(broker.amqps_url)
    url = f"amqps://{secure.hostname}:{secure.port}/{quote(vhost, safe='')}"
    publish_edition(
        Address.from_url(url, tls=tls, user=AUTHORITY),
        version=edition.header.version,
        whole=edition.encoded,
        change=change(before, edition) if before else announcement(edition),
    )


def _write_config(country: Country, code: MailboxCode, *, url: str, every: float, quiet: float) -> None:
    if country.office is None:
        whom = [f'directory = "{country.directory_folder}"']
        trust, plain = list[str](), ["plain = true"]
    else:
        held = country.root / "held" / "directory.lt"
        whom, plain = [], []
        trust = ["[trust]", f'root = "{country.office.root_file}"', f'directory = "{held}"']
    lines = (
        f'mailbox = "{code}"',
        f'keys = "{country.root / "keys" / code}"',
        f'store = "sqlite:///{country.root / "stores" / code}.db"',
        *whom,
        f"as_of = {country.as_of.isoformat()}",
        *trust,
        "[broker]",
        *plain,
        f'url = "{url}"',
        "[adapter]",
        'use = "adapters.folder:FolderAdapter"',
        f"every = {every}",
        "[adapter.options]",
        f'root = "{country.dms(code)}"',
        f"quiet = {quiet}",
    )
    file = country.config(code)
    file.touch(mode=0o600)  # it holds the mailbox's password
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_ledger_config(country: Country, *, url: str, management: str) -> None:
    if country.office is None:
        whom = [f'directory = "{country.directory_folder}"']
        trust, broker = list[str](), ["plain = true"]
    else:
        certificate, key = country.office.file(LEDGER)
        whom = []
        trust = [
            "[trust]",
            f'root = "{country.office.root_file}"',
            f'directory = "{country.root / "held" / "ledger.lt"}"',
        ]
        broker = [f'certfile = "{certificate}"', f'keyfile = "{key}"']
    (port,) = free_ports(1)
    lines = (
        f'store = "sqlite:///{country.ledger_file}"',
        *whom,
        f"as_of = {country.as_of.isoformat()}",
        *trust,
        "[broker]",
        *broker,
        f'url = "{url}"',
        "[management]",
        f'url = "{management}"',
        "every = 5",
        "[http]",
        f'listen = "127.0.0.1:{port}"',
    )
    country.ledger_config.touch(mode=0o600)  # it holds passwords
    country.ledger_config.write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextlib.contextmanager
def at_work(country: Country, *, processes: int = 2) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Daemon processes that host the country's mailboxes between them; SIGTERM at the end, and no longer than 5 s."""
    groups = [country.mailboxes[start::processes] for start in range(processes)]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number, group in enumerate(filter(None, groups)):
            files = [str(country.config(code)) for code in group]
            started.append(_start("adapter", "run", *files, log=country.root / "logs" / f"daemon-{number}.log"))
        yield started
    finally:
        end(started)


@contextlib.contextmanager
def ledger_at_work(country: Country) -> Iterator[subprocess.Popen[bytes]]:
    """The process that keeps the central record of this country; ended as the daemons are."""
    process = _start("ledger", "run", str(country.ledger_config), log=country.ledger_log)
    try:
        yield process
    finally:
        end([process])


def _start(*arguments: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as said:
        return subprocess.Popen(
            [*LIENTHONG, *arguments],
            stdout=said,
            stderr=said,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,  # Ctrl-C is for the demo; it ends its daemons itself
        )


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """SIGTERM to each, SIGKILL to whoever has not ended 6 s later."""
    for process in processes:
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 6
    for process in processes:
        try:
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
