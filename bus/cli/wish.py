"""What the commands about a broker are asked for: which directory, which mailboxes, which limits."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bus.certificates import Certificate, RevocationList
from bus.cli.management import vhost_option
from bus.edition import Edition
from bus.files.directory import default_folder
from bus.files.edition import load_directory
from bus.files.private import write_public
from bus.rabbit.settings import crl_files
from bus.register import REVOKED
from bus.topology import Limits, Topology, Version, topology
from schemas.values import VIETNAM, MailboxCode

_LIMITS = {field.name: field.type for field in dataclasses.fields(Limits)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for on the command line; the topology itself waits for the broker's version."""

    mailboxes: tuple[MailboxCode, ...]
    on: date
    vhost: str
    limits: Limits
    partial: bool
    """Some of the directory's mailboxes only: what the others have is no leftover."""
    withdrawn: frozenset[MailboxCode]
    edition: Edition | None
    """None: nobody signed the directory."""
    again: Callable[[], "Wish"]
    """The same wish, of what the directory says by then."""

    def topology(self, version: Version) -> Topology:
        return topology(self.mailboxes, vhost=self.vhost, limits=self.limits, version=version, withdrawn=self.withdrawn)

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


def _limits(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Limits:
    chosen: dict[str, Any] = {}
    for value in values:
        name, _, amount = value.partition("=")
        kind = _LIMITS.get(name)
        if kind is None or not amount:
            raise click.BadParameter(f"{value!r}: NAME=VALUE, where NAME is one of {', '.join(_LIMITS)}")
        if kind is int and not (amount.isdecimal() and int(amount)):
            raise click.BadParameter(f"{value!r}: a whole number above 0")
        chosen[name] = int(amount) if kind is int else amount
    return Limits(**chosen)


def wish_options(run: Callable[..., None]) -> Callable[..., None]:
    """The options that say what is wanted; the command gets `wish`."""

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
    @wraps(run)
    def command(
        vhost: str,
        folder: Path,
        root: Path | None,
        withdrawn: tuple[MailboxCode, ...],
        as_of: datetime | None,
        only: tuple[MailboxCode, ...],
        limits: Limits,
        **rest: object,
    ) -> None:
        def wish() -> Wish:
            on = as_of.date() if as_of is not None else datetime.now(VIETNAM).date()
            now = datetime.now(UTC)
            sourced = load_directory(folder, on=on, roots=root, now=now)
            listed = tuple(mailbox.code for mailbox in sourced.directory.mailboxes)
            if unknown := sorted({*only, *withdrawn}.difference(listed)):
                raise click.BadParameter(f"no mailbox of the directory: {', '.join(unknown)}", param_hint="--mailbox")
            gone = sourced.edition.withdrawn(now) if sourced.edition else ()
            chosen = tuple(code for code in listed if code in only) if only else listed
            return Wish(
                mailboxes=chosen,
                on=on,
                vhost=vhost,
                limits=limits,
                partial=bool(only),
                withdrawn=frozenset((*withdrawn, *gone)).intersection(chosen),
                edition=sourced.edition,
                again=wish,
            )

        run(wish=wish(), **rest)

    return command


def put_revoked(wish: Wish, folder: Path) -> None:
    if wish.edition is None:
        raise click.UsageError("--crl-folder: revocation lists are in a signed edition; this directory is not signed")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in crl_files(map(RevocationList.from_der, wish.edition.register.ders(REVOKED))).items():
        if not (folder / name).exists() or (folder / name).read_bytes() != content:
            write_public(folder / name, content)
