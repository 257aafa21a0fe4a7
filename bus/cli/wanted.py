"""The options of the commands about a broker: directory, mailboxes, limits; and the topology that they request."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bus.cli.management import vhost_option
from bus.directory.edition import Edition
from bus.files.directory import default_folder
from bus.files.edition import load_directory
from bus.files.private import write_public
from bus.rabbit.admin.node_settings import crl_files
from bus.topology.drift import login_of
from bus.topology.isolation import isolated_in
from bus.topology.names import Login
from bus.topology.versions import Version
from bus.topology.wanted import BrokerLimits, Topology, topology
from bus.trust.certificates import Certificate
from schemas.values import VIETNAM, MailboxCode

_LIMITS = {field.name: field.type for field in dataclasses.fields(BrokerLimits)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TopologyRequest:
    """The topology requested on the command line; it is made once the broker's version is known."""

    mailboxes: tuple[MailboxCode, ...]
    on: date
    vhost: str
    limits: BrokerLimits
    partial: bool
    """Some of the directory's mailboxes only: what the others have is no leftover."""
    withdrawn: frozenset[MailboxCode]
    login: Login | None
    """How the broker calls its users; None: as it does by now."""
    edition: Edition | None
    """None: nobody signed the directory."""
    again: Callable[[], "TopologyRequest"]
    """The same request, with the directory as it is by then."""

    def topology(self, version: Version, *, current: Topology | None = None, passwords: bool = False) -> Topology:
        """For a broker of the version. `current`: what it has, with the mailboxes that are isolated on it. A new one
        calls its users by the URN of their certificates, unless they have `passwords`."""
        login = self.login or (login_of(current) if current else None) or (Login.NAME if passwords else Login.URN)
        return topology(
            self.mailboxes,
            vhost=self.vhost,
            limits=self.limits,
            version=version,
            withdrawn=self.withdrawn,
            login=login,
            isolated=isolated_in(current) if current else (),
        )

    def revoked(self) -> dict[str, MailboxCode]:
        """Revoked certificates of mailboxes that the directory still lists, by serial number."""
        if self.edition is None:
            return {}
        serials = self.edition.revoked()
        listed = (
            (f"{Certificate.from_der(der).serial:x}", code)
            for code, keys in self.edition.book.keys.items()
            if code in self.mailboxes
            for der in keys.certificates
        )
        return {serial: code for serial, code in listed if serial in serials}


@dataclasses.dataclass(frozen=True, slots=True)
class _Options:
    """The options as they were given."""

    vhost: str
    folder: Path
    root: Path | None
    withdrawn: tuple[MailboxCode, ...]
    as_of: date | None
    only: tuple[MailboxCode, ...]
    limits: BrokerLimits
    login: Login | None

    def request(self) -> TopologyRequest:
        """Reads the directory now. Raises BadParameter for a mailbox that it does not list."""
        on, now = self.as_of or datetime.now(VIETNAM).date(), datetime.now(UTC)
        loaded = load_directory(self.folder, on=on, roots=self.root, now=now)
        listed = tuple(mailbox.code for mailbox in loaded.directory.mailboxes)
        if unknown := sorted({*self.only, *self.withdrawn}.difference(listed)):
            raise click.BadParameter(f"no mailbox of the directory: {', '.join(unknown)}", param_hint="--mailbox")
        gone = loaded.edition.withdrawn(now) if loaded.edition else ()
        chosen = tuple(code for code in listed if code in self.only) if self.only else listed
        return TopologyRequest(
            mailboxes=chosen,
            on=on,
            vhost=self.vhost,
            limits=self.limits,
            partial=bool(self.only),
            withdrawn=frozenset((*self.withdrawn, *gone)).intersection(chosen),
            login=self.login,
            edition=loaded.edition,
            again=self.request,
        )


def _limits(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> BrokerLimits:
    chosen: dict[str, Any] = {}
    for value in values:
        name, _, amount = value.partition("=")
        kind = _LIMITS.get(name)
        if kind is None or not amount:
            raise click.BadParameter(f"{value!r}: NAME=VALUE, where NAME is one of {', '.join(_LIMITS)}")
        if kind is int and not (amount.isdecimal() and int(amount)):
            raise click.BadParameter(f"{value!r}: a whole number above 0")
        chosen[name] = int(amount) if kind is int else amount
    return BrokerLimits(**chosen)


def request_options(run: Callable[..., None]) -> Callable[..., None]:
    """The options of a topology; the command gets `request`."""

    @vhost_option
    @click.option(
        "--directory", "folder", envvar="LIENTHONG_DIRECTORY", show_envvar=True, default=default_folder,
        type=click.Path(path_type=Path), show_default="the one that comes with the bus",
        help="Folder of TOML files, or a signed edition (with --root).",
    )  # fmt: skip
    @click.option(
        "--root", type=click.Path(path_type=Path), envvar="LIENTHONG_ROOT", show_envvar=True,
        help="PEM of the trusted roots.",
    )  # fmt: skip
    @click.option("--withdrawn", multiple=True, metavar="CODE", help="May no longer log in; may be repeated.")
    @click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Date.  [default: today]")
    @click.option("--mailbox", "only", multiple=True, metavar="CODE", help="Only this one; may be repeated.")
    @click.option(
        "--limit", "limits", multiple=True, metavar="NAME=VALUE", callback=_limits, envvar="LIENTHONG_LIMITS",
        show_envvar=True, help=f"Another limit; may be repeated. Names: {', '.join(_LIMITS)}.",
    )  # fmt: skip
    @click.option(
        "--login", type=click.Choice([each.value for each in Login]), envvar="LIENTHONG_LOGIN", show_envvar=True,
        help="How the broker calls its users: as `topology settings` says.  [default: as it does; urn where it is new]",
    )  # fmt: skip
    @wraps(run)
    def command(
        vhost: str,
        folder: Path,
        root: Path | None,
        withdrawn: tuple[MailboxCode, ...],
        as_of: datetime | None,
        only: tuple[MailboxCode, ...],
        limits: BrokerLimits,
        login: str | None,
        **rest: object,
    ) -> None:
        called = Login(login) if login else None
        options = _Options(vhost, folder, root, withdrawn, as_of.date() if as_of else None, only, limits, called)
        run(request=options.request(), **rest)

    return command


def put_revoked(request: TopologyRequest, folder: Path) -> None:
    if request.edition is None:
        raise click.UsageError("--crl-folder: revocation lists are in a signed edition; this directory is not signed")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in crl_files(request.edition.trust_store.lists_by_issuer().values()).items():
        if not (folder / name).exists() or (folder / name).read_bytes() != content:
            write_public(folder / name, content)
