"""`lienthong agency`: who a code is, where what is sent to it goes, and who is like it."""

import difflib
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bus.cli.output import emit_fields, emit_json, json_option
from bus.cli.tables import emit_table
from bus.directory import Directory
from bus.errors import AgencyClosed, NoMailbox, UnknownAgency
from bus.files.directory import default_folder, load
from bus.listing import ancestors
from schemas.agency import Agency, Mailbox
from schemas.values import VIETNAM, AgencyCode

SUGGESTED = 5


def _with_directory(run: Callable[..., None]) -> Callable[..., None]:
    """The options that say which directory, as of when; the command gets `directory`."""

    @json_option
    @click.option(
        "--directory", "folder", envvar="LIENTHONG_DIRECTORY", show_envvar=True, default=default_folder,
        type=click.Path(path_type=Path), show_default="the one that comes with the bus", help="Folder of TOML files.",
    )  # fmt: skip
    @click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Date.  [default: today]")
    @wraps(run)
    def command(folder: Path, as_of: datetime | None, **rest: object) -> None:
        on = as_of.date() if as_of is not None else datetime.now(VIETNAM).date()
        directory = load(folder, on=on)
        try:
            run(directory=directory, **rest)
        except UnknownAgency as error:
            _suggest(directory, str(error.facts["agency"]))
            raise

    return command


@click.group()
def command() -> None:
    """Agencies: codes old and new, successors, mailboxes. Mã định danh, đơn vị kế thừa, hộp thư."""


@command.command()
@click.argument("code")
@_with_directory
def show(code: AgencyCode, directory: Directory, as_json: bool) -> None:
    """One agency by its code, old form or new. Xem một đơn vị."""
    agency = directory.agency(code)
    if as_json:
        emit_json(_facts(agency, directory))
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
    }
    emit_fields({name: value for name, value in fields.items() if value})


@command.command()
@click.argument("code")
@_with_directory
def resolve(code: AgencyCode, directory: Directory, as_json: bool) -> None:
    """The mailbox to which something sent to a code goes. Tìm hộp thư nhận."""
    found = directory.resolve(code)
    if as_json:
        emit_json(
            {
                "asked": code,
                "as_of": directory.on,
                "code": found.code,
                "name": directory.name(found.code),
                "listed": found.agency is not None,
                "mailbox": found.mailbox,
                "mailbox_name": directory.name(found.mailbox),
                "largest": directory.mailbox(found.mailbox).largest,
                "via": found.via,
                "forwarded_from": found.forwarded_from,
            }
        )
        return
    fields: dict[str, object] = {
        "Mã / code": _named(found.code, directory),
        "Hộp thư / mailbox": _named(found.mailbox, directory),
        "Tệp lớn đến / large files up to": _large_in_words(directory.mailbox(found.mailbox)),
        "Qua / via": " → ".join(found.via),
        "Chuyển từ / forwarded from": found.forwarded_from,
        "Ngày / as of": directory.on,
    }
    emit_fields({name: value for name, value in fields.items() if value})


@command.command()
@click.argument("text")
@_with_directory
def search(text: str, directory: Directory, as_json: bool) -> None:
    """Agencies by name or code, with or without marks. Tìm theo tên hoặc mã, có dấu hay không dấu."""
    found = directory.search(text)
    if found or as_json:
        _emit(found, directory, as_json=as_json)
    else:
        click.echo(f"Không tìm thấy: {text}. Thử ít từ hơn.\nNothing found: {text}. Try fewer words.", err=True)


@command.command("list")
@click.option("--mailboxes", is_flag=True, help="Only mailboxes, with what they serve.")
@_with_directory
def list_(mailboxes: bool, directory: Directory, as_json: bool) -> None:
    """All agencies, or all mailboxes; warnings about the directory on standard error. Liệt kê."""
    if mailboxes:
        _emit_mailboxes(directory.mailboxes, directory, as_json=as_json)
        return
    _emit(directory.agencies, directory, as_json=as_json)
    for warning in directory.warnings:
        click.echo(f"Lưu ý / warning: {warning}", err=True)


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
    emit_table(("Mã / code", "Tên / name", "Đóng → kế thừa / closed → successor", "Hộp thư / mailbox"), rows)


def _emit_mailboxes(mailboxes: tuple[Mailbox, ...], directory: Directory, *, as_json: bool) -> None:
    if as_json:
        emit_json(
            [
                {
                    "mailbox": mailbox.code,
                    "name": directory.name(mailbox.code),
                    "serves": mailbox.serves,
                    "largest": mailbox.largest,
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
    heads = ("Hộp thư / mailbox", "Tên / name", "Cũng phục vụ / also serves", "Tệp lớn đến / large files up to")
    emit_table((*heads, "Đóng → kế thừa / closed → successor"), rows)


def _large_in_words(mailbox: Mailbox) -> str | None:
    """How much of attachments it takes apart from their message; nothing where it takes none such."""
    return None if mailbox.largest is None else f"{mailbox.largest / 2**20:,.0f} MiB"


def _facts(agency: Agency, directory: Directory) -> dict[str, Any]:
    return {
        **agency.model_dump(),
        "name": directory.name(agency.code),
        "as_of": directory.on,
        "open": directory.closed_on(agency.code) is None,
        "successor_then": _code(directory.successor(agency.code)),
        "mailbox": _mailbox(agency, directory),
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
        return _named(mailbox, directory)
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
    """Codes like an unknown one: the units above it, then those spelled alike. Printed after the error itself."""
    known = {listed: agency for agency in directory.agencies for listed in (agency.code, *agency.aliases)}
    alike = difflib.get_close_matches(code.upper(), known, n=SUGGESTED, cutoff=0.6)
    near = dict.fromkeys(known[near].code for near in (*ancestors(code), *alike) if near in known)
    lines = [f"  {_named(near_code, directory)}" for near_code in list(near)[:SUGGESTED]]
    hint = "Mã gần giống / codes like it:" if lines else "Tìm theo tên / by name: lienthong agency search TEXT"
    # The root prints errors; what is closed with it comes after.
    click.get_current_context().find_root().call_on_close(lambda: click.echo("\n".join([hint, *lines]), err=True))
