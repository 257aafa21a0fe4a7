"""What the directory says of the agencies that a package names: would the bus take it over, and whom would it reach."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Final

import click

from bus.directory.agencies import Directory
from bus.errors import AgencyClosed, NoKey, NoMailbox, Refused, UnknownAgency
from bus.files.directory import default_folder
from bus.files.edition import load_directory
from schemas.codes import Label
from schemas.document import Document
from schemas.status import Status
from schemas.values import VIETNAM, AgencyCode, MailboxCode

NOT_COMPARED: Final = Label(
    "Chưa đối chiếu nơi nhận với danh mục: thêm --directory, hoặc -c.",
    "The recipients were not compared with a directory: add --directory, or -c.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One agency that stands in the way, or that somebody else answers for."""

    agency: AgencyCode
    rule: str
    """The error's code; `forwarded` where the bus itself leads on."""
    stops: bool
    says: Label
    successor: AgencyCode | None = None


def findings(item: Document | Status, directory: Directory) -> list[Finding]:
    """The sender first, then the recipients in their order; nothing for those that can be reached."""
    match item:
        case Document():
            recipients = [party.code for party in item.recipients]
        case Status():
            recipients = [item.concerns.agency]
    found = [_sender(item.sender.code, directory), *(_recipient(code, directory) for code in recipients)]
    return [each for each in found if each is not None]


def _sender(code: AgencyCode, directory: Directory) -> Finding | None:
    try:
        forwarded = directory.resolve(code).forwarded_from
    except UnknownAgency as error:
        says = Label(
            f"Nơi gửi {code} không có trong danh mục. Kiểm tra lại mã nơi gửi (From/OrganId).",
            f"The sender {code} is not in the directory. Check the sender's code (From/OrganId).",
        )
        return Finding(agency=code, rule=error.code, stops=True, says=says)
    except NoMailbox as error:
        says = Label(
            f"Nơi gửi {code} chưa có hộp thư trên trục. Kiểm tra lại mã nơi gửi, hoặc đề nghị kết nối.",
            f"The sender {code} has no mailbox on the bus. Check the sender's code, or ask to join.",
        )
        return Finding(agency=code, rule=error.code, stops=True, says=says)
    except AgencyClosed:
        forwarded = code
    if forwarded is None:
        return None
    # A closed agency writes under its new code, also where what others send to it is forwarded.
    successor = directory.successor(code)
    now_vi = f"Ghi mã mới: {successor.code}." if successor else "Hỏi cơ quan quản lý danh mục mã mới."
    now = f"Write its new code: {successor.code}." if successor else "Ask the directory's authority for its new code."
    return Finding(
        agency=code,
        rule=AgencyClosed.code,
        stops=True,
        says=Label(f"Mã nơi gửi {code} đã đóng. {now_vi}", f"The sender's code {code} is closed. {now}"),
        successor=successor.code if successor else None,
    )


def _recipient(code: AgencyCode, directory: Directory) -> Finding | None:
    try:
        found = directory.resolve(code)
    except (UnknownAgency, AgencyClosed, NoMailbox) as error:
        return _stopped(code, error, directory)
    if lacks_keys(found.mailbox, directory):
        return _stopped(code, NoKey(mailbox=found.mailbox), directory)
    if found.forwarded_from is None:
        return None
    says = Label(
        f"Mã {code} đã đóng; trục chuyển đến {found.code}.", f"Code {code} is closed; the bus leads on to {found.code}."
    )
    return Finding(agency=code, rule="forwarded", stops=False, says=says, successor=found.code)


def lacks_keys(mailbox: MailboxCode, directory: Directory) -> bool:
    """Whether nobody can seal to a mailbox. A directory without any keys is of names only, and says nothing of it."""
    return bool(directory.book.keys) and mailbox not in directory.book.keys


def _stopped(code: AgencyCode, error: Refused, directory: Directory) -> Finding:
    successor = directory.successor(code)
    says = Label(error.in_vietnamese(), error.in_english())
    return Finding(agency=code, rule=error.code, stops=True, says=says, successor=successor.code if successor else None)


def directory_options(run: Callable[..., None]) -> Callable[..., None]:
    """The options that say which directory; the command gets `directory`, None where none is named."""

    @click.option(
        "--directory", "folder", envvar="LIENTHONG_DIRECTORY", show_envvar=True, type=click.Path(path_type=Path),
        help="Compare the agencies with it: a signed edition (with --root), or a folder of TOML files.",
    )  # fmt: skip
    @click.option(
        "--root", type=click.Path(path_type=Path), envvar="LIENTHONG_ROOT", show_envvar=True,
        help="PEM of the trusted roots.",
    )  # fmt: skip
    @click.option(
        "--config", "-c", type=click.Path(path_type=Path), envvar="LIENTHONG_CONFIG", show_envvar=True,
        help="Compare them with the directory that this daemon holds: its TOML.",
    )  # fmt: skip
    @wraps(run)
    def command(folder: Path | None, root: Path | None, config: Path | None, **rest: object) -> None:
        run(directory=_loaded(folder, root, config), **rest)

    return command


def _loaded(folder: Path | None, root: Path | None, config: Path | None) -> Directory | None:
    """The directory as of today. Raises BadConfig, BadDirectory, BadEdition."""
    if folder is None and config is not None:
        folder, root = _held_by(config)
    if folder is None:
        return None
    now = datetime.now(UTC)
    return load_directory(folder, on=now.astimezone(VIETNAM).date(), roots=root, now=now).directory


def _held_by(config: Path) -> tuple[Path, Path | None]:
    """The directory of a daemon, and its roots."""
    from bus.wiring.config import load_config  # late: without a daemon's TOML nobody needs its models

    read = load_config(config)
    if read.trust is not None:
        return Path(read.trust.directory), Path(read.trust.root)
    return Path(read.directory) if read.directory else default_folder(), None
