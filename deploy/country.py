"""A country in a folder: agencies with keys, a directory that knows them, a folder document system and a TOML each, and
the daemons that serve them. The demo shows it, the end-to-end tests and the benchmarks drive it; all of it is real.

    <root>/directory/   the project's directory of agencies, and keys.toml with this country's public keys
    <root>/keys/H49/    private keys of a mailbox
    <root>/dms/H49/     its document system: outgoing, incoming, sent, rejected, statuses
    <root>/stores/      its durable store
    <root>/config/      its daemon's TOML
    <root>/logs/        what the daemon processes say, a line a fact
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote, urlsplit

from bus.directory import Directory, render_keys
from bus.files.directory import default_folder, load
from bus.files.keys import save_identity
from bus.keys import new_identity
from deploy.local_broker import LocalBroker
from schemas.values import MailboxCode

LIENTHONG = (sys.executable, "-m", "bus.cli")


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """Where everything of a country lies."""

    root: Path
    mailboxes: tuple[MailboxCode, ...]
    as_of: date

    @property
    def directory_folder(self) -> Path:
        return self.root / "directory"

    def dms(self, mailbox: MailboxCode) -> Path:
        return self.root / "dms" / mailbox

    def config(self, mailbox: MailboxCode) -> Path:
        return self.root / "config" / f"{mailbox}.toml"

    def directory(self) -> Directory:
        return load(self.directory_folder, on=self.as_of)


def found(root: Path, *, mailboxes: int | Sequence[MailboxCode], as_of: date) -> Country:
    """Makes keys, directory and folders for the first `mailboxes` of the project's directory, or for those named."""
    for name in ("directory", "keys", "dms", "stores", "config", "logs"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for file in default_folder().glob("*.toml"):
        shutil.copy(file, root / "directory" / file.name)
    known = load(root / "directory", on=as_of)
    if isinstance(mailboxes, int):
        open_ = [mailbox.code for mailbox in known.mailboxes if not known.is_closed(mailbox.code)]
        mailboxes = open_[:mailboxes]
    entries = []
    for code in mailboxes:
        identity = new_identity()
        save_identity(root / "keys" / code, identity)
        entries.append(
            render_keys(
                code,
                signing=[identity.signing.public.to_bytes()],
                sealing=[key.public.to_bytes() for key in identity.sealing],
            )
        )
    (root / "directory" / "keys.toml").write_text("\n".join(entries), encoding="utf-8")
    return Country(root=root, mailboxes=tuple(mailboxes), as_of=as_of)


def management_of(broker: LocalBroker) -> str:
    """The management interface with credentials, as the operator's commands want it."""
    scheme, _, rest = broker.management_url.partition("://")
    return f"{scheme}://{quote(broker.user, safe='')}:{quote(broker.password, safe='')}@{rest}"


def connect(
    country: Country, broker: LocalBroker, *, vhost: str = "lienthong", every: float = 0.2, quiet: float = 0.0
) -> None:
    """Applies the topology to a broker and writes each daemon's TOML. Raises CalledProcessError with what was said."""
    credentials = country.root / "credentials.toml"
    arguments = ["topology", "apply", "--vhost", vhost]
    arguments += ["--directory", str(country.directory_folder), "--as-of", country.as_of.isoformat()]
    arguments += ["--credentials", str(credentials)]
    for code in country.mailboxes:
        arguments += ["--mailbox", code]
    management = {"LIENTHONG_MANAGEMENT_URL": management_of(broker)}  # every local user can read a command line
    subprocess.run([*LIENTHONG, *arguments], check=True, capture_output=True, text=True, env=os.environ | management)
    passwords = tomllib.loads(credentials.read_text(encoding="utf-8"))
    where = urlsplit(broker.amqp_url)
    for code in country.mailboxes:
        user = f"{quote(code, safe='')}:{quote(passwords[code], safe='')}"
        url = f"amqp://{user}@{where.hostname}:{where.port}/{quote(vhost, safe='')}"
        _write_config(country, code, url=url, every=every, quiet=quiet)


def _write_config(country: Country, code: MailboxCode, *, url: str, every: float, quiet: float) -> None:
    lines = (
        f'mailbox = "{code}"',
        f'keys = "{country.root / "keys" / code}"',
        f'store = "sqlite:///{country.root / "stores" / code}.db"',
        f'directory = "{country.directory_folder}"',
        f"as_of = {country.as_of.isoformat()}",
        "[broker]",
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


@contextlib.contextmanager
def at_work(country: Country, *, processes: int = 2) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Daemon processes that host the country's mailboxes between them; SIGTERM at the end, and no longer than 5 s."""
    groups = [country.mailboxes[start::processes] for start in range(processes)]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number, group in enumerate(filter(None, groups)):
            with (country.root / "logs" / f"daemon-{number}.log").open("ab") as log:
                files = [str(country.config(code)) for code in group]
                started.append(
                    subprocess.Popen(
                        [*LIENTHONG, "adapter", "run", *files],
                        stdout=log,
                        stderr=log,
                        env=os.environ | {"PYTHONUNBUFFERED": "1"},
                        start_new_session=True,  # Ctrl-C is for the demo; it ends its daemons itself
                    )
                )
        yield started
    finally:
        end(started)


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
