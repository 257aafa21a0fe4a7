"""`lienthong agency`: the agency of a code, its mailbox, and codes like it."""

import difflib
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bus.cli.failures import hint
from bus.cli.output import emit, emit_fields, emit_json, json_option, text
from bus.cli.reach import lacks_keys
from bus.cli.tables import emit_table
from bus.directory.agencies import Directory
from bus.directory.sources import ancestors
from bus.errors import AgencyClosed, NoMailbox, UnknownAgency
from bus.files.directory import default_folder
from bus.files.edition import LoadedDirectory, load_directory
from schemas.agency import Agency, Mailbox, Quota
from schemas.values import VIETNAM, AgencyCode

SUGGESTED = 5


def _with_directory(run: Callable[..., None]) -> Callable[..., None]:
    """The options that say which directory, as of when; the command gets `loaded`."""

    @json_option
    @click.option(
        "--directory", "folder", envvar="LIENTHONG_DIRECTORY", show_envvar=True, type=click.Path(path_type=Path),
        help="A signed edition (with --root), or a folder of TOML files.  [default: that of --config; where there is "
        "none, the one that comes with the bus]",
    )  # fmt: skip
    @click.option("--root", type=click.Path(path_type=Path), envvar="LIENTHONG_ROOT", show_envvar=True,
        help="PEM of the trusted roots.",
    )  # fmt: skip
    @click.option("--config", "-c", envvar="LIENTHONG_CONFIG", show_envvar=True,
        type=click.Path(path_type=Path), help="The daemon's TOML: the signed edition that it holds.",
    )  # fmt: skip
    @click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Date.  [default: today]")
    @wraps(run)
    def command(
        folder: Path | None, root: Path | None, config: Path | None, as_of: datetime | None, **rest: object
    ) -> None:
        on = as_of.date() if as_of is not None else datetime.now(VIETNAM).date()
        if config is not None and (folder is None or (_is_typed("config") and not _is_typed("folder"))):
            folder, root = _held_by(config)
        now = datetime.now(UTC)
        loaded = load_directory(folder or default_folder(), on=on, roots=root, now=now)
        if loaded.edition is not None and loaded.edition.is_expired(now):
            until = text(loaded.edition.header.expires_at)
            emit(f"! Bản danh mục này đã hết hạn lúc {until}.", f"! This edition expired at {until}.", err=True)
        try:
            run(loaded=loaded, **rest)
        except UnknownAgency as error:
            _suggest(loaded.directory, str(error.facts["agency"]))
            raise

    return command


def _is_typed(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE


def _held_by(config: Path) -> tuple[Path, Path | None]:
    """The directory of a daemon, and its roots."""
    from bus.wiring.config import load_config

    loaded = load_config(config)
    if loaded.trust is not None:
        return Path(loaded.trust.directory), Path(loaded.trust.root)
    return Path(loaded.directory) if loaded.directory else default_folder(), None


def _source(loaded: LoadedDirectory) -> str:
    if loaded.edition is None:
        return "chưa ai ký / not signed"
    header = loaded.edition.header
    return f"số / edition {header.version}, {text(header.issued_at)}"


@click.group()
def command() -> None:
    """Agencies: codes old and new, successors, mailboxes. Mã định danh, đơn vị kế thừa, hộp thư."""


@command.command()
@click.argument("code")
@_with_directory
def show(code: AgencyCode, loaded: LoadedDirectory, as_json: bool) -> None:
    """One agency by its code, old form or new. Xem một đơn vị."""
    directory = loaded.directory
    agency = directory.agency(code)
    if as_json:
        emit_json(_facts(agency, directory) | {"edition": loaded.edition.header.version if loaded.edition else None})
        return
    successor = directory.successor(agency.code)
    fields: dict[str, object] = {
        "Mã / code": agency.code,
        "Mã khác / aliases": ", ".join(agency.aliases),
        "Tên / name": directory.name(agency.code),
        "Tên khác / other names": "; ".join(_other_names(agency, directory)),
        "Mở / opened": agency.opened,
        "Đóng / closed": agency.closed,
        "Kế thừa / successor": None if successor is None else _named(successor.code, directory),
        "Chuyển tiếp / forward": _yes(agency.forward) if agency.closed else None,
        "Căn cứ / basis": agency.basis,
        "Hộp thư / mailbox": _mailbox_in_words(agency, directory),
        "Danh mục / directory": _source(loaded),
    }
    emit_fields({name: value for name, value in fields.items() if value})


@command.command()
@click.argument("code")
@_with_directory
def resolve(code: AgencyCode, loaded: LoadedDirectory, as_json: bool) -> None:
    """The mailbox to which something sent to a code goes. Tìm hộp thư nhận."""
    directory = loaded.directory
    found = directory.resolve(code)
    if as_json:
        emit_json(
            {
                "asked": code,
                "as_of": directory.on,
                "edition": loaded.edition.header.version if loaded.edition else None,
                "code": found.code,
                "name": directory.name(found.code),
                "listed": found.agency is not None,
                "mailbox": found.mailbox,
                "mailbox_name": directory.name(found.mailbox),
                "largest": directory.mailbox(found.mailbox).largest,
                "under_way": directory.mailbox(found.mailbox).under_way.model_dump(),
                "via": found.via,
                "forwarded_from": found.forwarded_from,
            }
        )
        return
    fields: dict[str, object] = {
        "Mã / code": _named(found.code, directory),
        "Hộp thư / mailbox": _named(found.mailbox, directory),
        "Tệp lớn đến / large files up to": _large_in_words(directory.mailbox(found.mailbox)),
        **_quota_in_words(directory.mailbox(found.mailbox).under_way),
        "Qua / via": " → ".join(found.via),
        "Chuyển từ / forwarded from": found.forwarded_from,
        "Ngày / as of": directory.on,
        "Danh mục / directory": _source(loaded),
    }
    emit_fields({name: value for name, value in fields.items() if value})


@command.command()
@click.argument("words", metavar="TEXT")
@_with_directory
def search(words: str, loaded: LoadedDirectory, as_json: bool) -> None:
    """Agencies by name or code, with or without marks. Tìm theo tên hoặc mã, có dấu hay không dấu."""
    directory = loaded.directory
    found = directory.search(words)
    if found or as_json:
        _emit(found, directory, as_json=as_json)
    else:
        emit(f"Không tìm thấy: {words}. Thử ít từ hơn.", f"Nothing found: {words}. Try fewer words.", err=True)


@command.command("list")
@click.option("--mailboxes", is_flag=True, help="Only mailboxes, with what they serve.")
@_with_directory
def list_(mailboxes: bool, loaded: LoadedDirectory, as_json: bool) -> None:
    """All agencies, or all mailboxes; warnings about the directory on standard error. Liệt kê."""
    directory = loaded.directory
    if mailboxes:
        _emit_mailboxes(directory.mailboxes, directory, as_json=as_json)
        return
    _emit(directory.agencies, directory, as_json=as_json)
    for warning in directory.warnings:
        emit(f"Lưu ý / warning: {warning}", err=True)


def _emit(agencies: tuple[Agency, ...], directory: Directory, *, as_json: bool) -> None:
    if as_json:
        emit_json([_facts(agency, directory) for agency in agencies])
        return
    rows = [
        (
            agency.code,
            directory.name(agency.code),
            _closed_in_words(agency.code, directory),
            _mailbox(agency, directory),
        )
        for agency in agencies
    ]
    emit_table(("Mã\ncode", "Tên\nname", "Đóng → kế thừa\nclosed → successor", "Hộp thư\nmailbox"), rows)


def _emit_mailboxes(mailboxes: tuple[Mailbox, ...], directory: Directory, *, as_json: bool) -> None:
    if as_json:
        emit_json(
            [
                {
                    "mailbox": mailbox.code,
                    "name": directory.name(mailbox.code),
                    "serves": mailbox.serves,
                    "largest": mailbox.largest,
                    "under_way": mailbox.under_way.model_dump(),
                    "closed": directory.closed_on(mailbox.code),
                    "successor": _code(directory.successor(mailbox.code)),
                }
                for mailbox in mailboxes
            ]
        )
        return
    rows = [
        (
            mailbox.code,
            directory.name(mailbox.code),
            ", ".join(mailbox.serves),
            _large_in_words(mailbox),
            _closed_in_words(mailbox.code, directory),
        )
        for mailbox in mailboxes
    ]
    heads = ("Hộp thư\nmailbox", "Tên\nname", "Cũng phục vụ\nalso serves", "Tệp lớn đến\nlarge up to")
    emit_table((*heads, "Đóng → kế thừa\nclosed → successor"), rows)


def _large_in_words(mailbox: Mailbox) -> str | None:
    """The largest blob that it takes; None where it takes no blobs."""
    return None if mailbox.largest is None else f"{mailbox.largest / 2**20:,.0f} MiB"


def _quota_in_words(quota: Quota) -> dict[str, str]:
    size, blobs = (f"{each / 2**30:,.1f} GiB" for each in (quota.bytes, quota.blobs))
    return {
        "Mỗi nơi gửi / each sender": f"{quota.messages:,} bản tin / messages, {size}",
        "  tệp lớn / large files": blobs,
    }


def _facts(agency: Agency, directory: Directory) -> dict[str, Any]:
    return {
        **agency.model_dump(),
        "name": directory.name(agency.code),
        "as_of": directory.on,
        "open": directory.closed_on(agency.code) is None,
        "successor_then": _code(directory.successor(agency.code)),
        "mailbox": (mailbox := _mailbox(agency, directory)),
        "joined": mailbox is not None and not lacks_keys(mailbox, directory),
    }


def _code(agency: Agency | None) -> AgencyCode | None:
    return None if agency is None else agency.code


def _mailbox(agency: Agency, directory: Directory) -> str | None:
    """Where its mail goes on the date; None for nowhere."""
    try:
        return directory.resolve(agency.code).mailbox
    except (AgencyClosed, NoMailbox):
        return None


def _mailbox_in_words(agency: Agency, directory: Directory) -> str:
    mailbox = _mailbox(agency, directory)
    if mailbox is not None:
        joined = "" if not lacks_keys(mailbox, directory) else " (chưa có khóa: chưa kết nối / no keys: not joined)"
        return f"{_named(mailbox, directory)}{joined}"
    if directory.closed_on(agency.code) is not None:
        return "không: mã đã đóng / none: the code is closed"
    return "chưa kết nối / not on the bus"


def _closed_in_words(code: AgencyCode, directory: Directory) -> str | None:
    closed = directory.closed_on(code)
    return None if closed is None else f"{closed} → {_code(directory.successor(code)) or '?'}"


def _other_names(agency: Agency, directory: Directory) -> list[str]:
    used = directory.name(agency.code)
    past = [f"{name.vi} ({_since(name.since)})" for name in agency.names if name.vi != used]
    return [*past, *(name.en for name in agency.names if name.vi == used and name.en)]


def _since(since: date | None) -> str:
    return "ban đầu / at first" if since is None else f"từ / since {since}"


def _named(code: AgencyCode, directory: Directory) -> str:
    name = directory.name(code)
    return name if name.startswith(code) else f"{code}  {name}"


def _yes(flag: bool) -> str:
    return "có / yes" if flag else "không / no"


def _suggest(directory: Directory, code: AgencyCode) -> None:
    """Codes like an unknown one: the units above it, then those spelled alike. Said behind the error itself."""
    known = {listed: agency for agency in directory.agencies for listed in (agency.code, *agency.aliases)}
    alike = difflib.get_close_matches(code.upper(), known, n=SUGGESTED, cutoff=0.6)
    near = dict.fromkeys(known[near].code for near in (*ancestors(code), *alike) if near in known)
    lines = [f"  {_named(near_code, directory)}" for near_code in list(near)[:SUGGESTED]]
    hint("Mã gần giống / codes like it:" if lines else "Tìm theo tên / by name: lienthong agency search TEXT", *lines)
