"""A small country on a real broker, as a test sees it: people at their folders, daemon processes, commands.

Nothing here looks into a store or a queue: a test reads the folders, and the output of commands and pages.
"""

import dataclasses
import json
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click.testing
import structlog

from bus.cli.main import main
from deploy import country as countries
from deploy.country import Country
from deploy.local_broker import LocalBroker
from deploy.papers import Papers
from deploy.people import Desk
from deploy.probes import free_ports
from schemas.codes import StatusCode
from schemas.document import Document
from schemas.edxml import read
from schemas.status import Concerned, Status
from schemas.values import DocumentId, MailboxCode
from tests.integration.broker_world import World
from tests.integration.forwarder import Forwarder

AS_OF = date(2016, 7, 1)
TOKEN = secrets.token_hex(16)
"""The operator's, for the pages of all daemons."""
NAMES = ("Sở Nội vụ", "Sở Tài chính", "Sở Xây dựng", "Sở Y tế")

T = TypeVar("T")


def eventually(fact: Callable[[], T], *, within: float = 180.0, every: float = 0.03) -> T:
    """Returns the result of `fact` as soon as it is true. `within` stops a hang only: no machine is that slow."""
    deadline = time.monotonic() + within
    while not (found := fact()):
        assert time.monotonic() < deadline, f"it did not come true within {within} s"
        time.sleep(every)
    return found


@dataclass
class Daemon:
    """One running daemon process, with its pages and its log."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int
    _log_begins: int = 0
    headers: Mapping[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {TOKEN}"})
    """Of a request: the operator's token. Empty for a daemon that has none."""

    def page(self, path: str) -> tuple[int, str]:
        """Returns status and body of a page; status 0 if nobody answers."""
        try:
            asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=self.headers)
            with urllib.request.urlopen(asked, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def facts(self) -> list[dict[str, Any]]:
        """Returns the daemon's log, one fact for each line; an unfinished last line is left out."""
        return [json.loads(line) for line in self._said().rpartition(b"\n")[0].decode().splitlines()]

    def words(self) -> str:
        return self._said().decode(errors="replace")

    def _said(self) -> bytes:
        return self.log.read_bytes()[self._log_begins :]


@dataclass
class Site:
    country: Country
    forwarder: Forwarder
    papers: Papers
    desks: dict[MailboxCode, Desk] = field(init=False)

    def __post_init__(self) -> None:
        self.desks = {code: Desk(code, self.country.dms(code)) for code in self.country.mailboxes}

    # -- daemons

    @contextmanager
    def at_work(
        self, *codes: MailboxCode, processes: int = 1, ready: bool = True, token: bool = True
    ) -> Iterator[list[Daemon]]:
        """Yields daemons of these mailboxes, of all if none is named; they are ended by SIGTERM afterwards if they
        still run. `token`: they have the operator's token, which older versions know nothing of."""
        part = dataclasses.replace(self.country, mailboxes=codes or self.country.mailboxes)
        logs = [self.country.root / "logs" / f"daemon-{number}.log" for number in range(processes)]
        begins = [log.stat().st_size if log.exists() else 0 for log in logs]
        ports = free_ports(processes)
        for number, port in enumerate(ports):
            for code in part.mailboxes[number::processes]:
                _listen(self.country.config(code), port, token=token)
        with countries.at_work(part, processes=processes) as started:
            daemons = [
                Daemon(process, log, port, begin, *(() if token else ({},)))
                for process, log, port, begin in zip(started, logs, ports, begins, strict=True)
            ]
            if ready:
                for daemon in daemons:
                    eventually(lambda daemon=daemon: _ready(daemon), within=60)  # type: ignore[misc]
            yield daemons

    # -- people

    def new(self, sender: MailboxCode, *recipients: MailboxCode) -> Document:
        return self.papers.new(sender, recipients)

    def drop(self, item: Document | Status) -> None:
        self.desks[item.sender.code].drop(item)

    def say(self, code: StatusCode, about: Document, sender: MailboxCode, to: MailboxCode) -> None:
        """Writes a status in the document system of `sender`."""
        concerns = Concerned(agency=to, document_id=about.id, code=str(about.number), issued_on=about.issued_on)
        self.drop(
            Status(
                code=code,
                sender=self.papers.party(sender),
                concerns=concerns,
                at=datetime.now(UTC),
                description=code.label.vi,
            )
        )

    def folder(self, code: MailboxCode, *parts: str) -> Path:
        return self.country.dms(code).joinpath(*parts)

    def filed(self, code: MailboxCode, id_: DocumentId | None = None) -> list[Document]:
        """Returns the documents in the folders of an agency, as its people would read them."""
        found = (read(path.read_bytes()).item for path in _packages(self.folder(code, "incoming")))
        return [item for item in found if isinstance(item, Document) and id_ in (None, item.id)]

    def heard(self, code: MailboxCode, id_: DocumentId) -> list[tuple[str, MailboxCode]]:
        """Returns (status code, reporting agency) of the statuses that came back for a document."""
        found = (read(path.read_bytes()).item for path in _packages(self.folder(code, "statuses", "received")))
        mine = [item for item in found if isinstance(item, Status) and item.concerns.document_id == id_]
        return sorted((str(status.code), status.sender.code) for status in mine)

    # -- operators

    def command(self, *arguments: str, code: MailboxCode | None = None, columns: int = 100) -> click.testing.Result:
        """Runs `lienthong …`, with `-c` of a mailbox if one is given."""
        config = ("-c", str(self.country.config(code))) if code else ()
        runner = click.testing.CliRunner(env={"COLUMNS": str(columns)})
        try:
            return runner.invoke(main, [*arguments, *config], catch_exceptions=False)
        finally:
            structlog.reset_defaults()  # `adapter check` silences the log; the end of its process would undo that

    def json(self, *arguments: str, code: MailboxCode) -> Any:
        return json.loads(self.command(*arguments, "--json", code=code).stdout)


def http_section(folder: Path, port: int, *, token: bool = True) -> str:
    """Returns the [http] of a daemon's TOML, with the operator's token in a file of that folder."""
    file = folder / "token"
    file.touch(mode=0o600)
    file.write_text(f"{TOKEN}\n", encoding="ascii")
    return f'[http]\nlisten = "127.0.0.1:{port}"\n' + (f'token_file = "{file}"\n' if token else "")


def _listen(config: Path, port: int, *, token: bool) -> None:
    """Makes one process answer at this port for all its mailboxes."""
    text = config.read_text(encoding="utf-8").partition("[http]")[0]
    config.write_text(text + http_section(config.parent, port, token=token), encoding="utf-8")


def _ready(daemon: Daemon) -> bool:
    assert daemon.process.poll() is None, daemon.words()
    status, body = daemon.page("/healthz")  # it answers before its last mailbox has started
    return status == 200 and daemon.words().count('"mailbox.started"') >= len(json.loads(body)["mailboxes"])


def _packages(folder: Path) -> Sequence[Path]:
    return sorted(folder.glob("*.edxml"))


# -- founding one ------------------------------------------------------------------------------------------------------


@contextmanager
def founded(root: Path, world: World, *, mailboxes: int, largest: int | None = None, older: int = 0) -> Iterator[Site]:
    """Yields a country of its own: its vhost, users and agencies do not disturb others, and are removed afterwards.
    `largest`: bytes of attachments that each of its mailboxes accepts apart. So many of the first are `older`: by the
    directory they read messages of version 1 only."""
    run = secrets.token_hex(2).upper()
    codes = [f"H49.{run}{number}" for number in range(1, mailboxes + 1)]
    (root / "directory").mkdir(parents=True)
    (root / "directory" / "tests.toml").write_text(_listing(codes, largest, older), encoding="utf-8")
    with ExitStack() as stack:
        vhost = stack.enter_context(world.vhost(f"e2e-{run}"))
        where = urlsplit(world.amqp_url)
        forwarder = stack.enter_context(Forwarder(where.hostname or "localhost", where.port or 5672))
        stack.callback(_forget_users, world, codes)
        country = countries.found(root, mailboxes=codes, as_of=AS_OF, plain=True)
        amqp_url = f"amqp://{forwarder.host}:{forwarder.port}"
        countries.connect(country, _through(world, amqp_url), vhost=vhost.name, every=0.1)
        yield Site(country, forwarder, Papers(country.directory(), AS_OF, seed=2016))


def _listing(codes: Sequence[MailboxCode], largest: int | None, older: int) -> str:
    takes = "" if largest is None else f"\nlargest = {largest}"
    return "\n".join(
        f'[[agency]]\ncode = "{code}"\nparent = "H49"\nnames = [{{ vi = "{name}" }}]\n'
        f'[[mailbox]]\ncode = "{code}"\nversions = {[1] if number < older else [1, 2]}{takes}'
        for number, (code, name) in enumerate(zip(codes, NAMES, strict=False))
    )


def _through(world: World, amqp_url: str) -> LocalBroker:
    return LocalBroker(
        amqp_url=amqp_url,
        management_url=world.management_url,
        metrics_url="",
        user=world.user,
        password=world.password,
        version=world.version,
        kind="binary",
        boot_seconds=0,
        ctl_command=(),
    )


def _forget_users(world: World, codes: Sequence[MailboxCode]) -> None:
    with world.api() as api:
        for code in codes:
            api.delete(f"/api/users/{code}")
