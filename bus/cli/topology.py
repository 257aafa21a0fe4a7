"""`lienthong topology`: the topology that the directory asks of a broker, the broker's drift from it, and its
repair."""

import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from bus.cli.check import check_
from bus.cli.failures import Exit
from bus.cli.guard import guard_, release_
from bus.cli.management import management_option, open_management
from bus.cli.node import settings_
from bus.cli.output import confirm, emit, emit_json, json_option
from bus.cli.tables import emit_table
from bus.cli.wanted import TopologyRequest, put_revoked, request_options
from bus.errors import BusError
from bus.rabbit.admin.definitions import export_definitions
from bus.rabbit.admin.management import Management
from bus.rabbit.admin.replicas import fetch_under_replicated, replica_notes
from bus.topology.drift import Act, Change, Thing, diff, leftovers, login_of, nameable
from bus.topology.names import Login, mailbox_of_user
from bus.topology.versions import TARGET, parse_version
from bus.topology.wanted import Topology
from bus.wiring.passwords import password_hashes, stale_passwords
from schemas.codes import Label
from schemas.values import MailboxCode

SHOWN = 6
"""Names in one line of a plan, before `--full`."""

SIGNS = {
    Act.CREATE: "+ tạo / create",
    Act.CHANGE: "~ sửa / change",
    Act.REMOVE: "- xóa / remove",
    Act.CANNOT: "! không thể / cannot",
}
COLUMNS = ("Việc\nact", "Loại\nwhat", "Số\ncount", "Tên, chi tiết\nnames, details")


@click.group()
def command() -> None:
    """What the directory asks of a broker. Những gì danh mục đơn vị đòi hỏi ở RabbitMQ.

    Exchanges, queues, bindings, policies and users, all made from the directory of agencies; an adapter declares
    nothing. What was not made from a directory is left alone.
    """


command.add_command(settings_)
command.add_command(check_)
command.add_command(guard_)
command.add_command(release_)

_prune_option = click.option(
    "--prune", is_flag=True, help="Remove what the directory no longer names; empty queues only."
)
_full_option = click.option("--full", is_flag=True, help="Show every name.")
_credentials_option = click.option(
    "--credentials",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="LIENTHONG_CREDENTIALS",
    show_envvar=True,
    help="TOML of user = password, mode 600; passwords that are missing are drawn and written there.",
)


@command.command()
@request_options
@_credentials_option
@click.option(
    "--rabbitmq", "version", default=".".join(map(str, TARGET)), show_default=True, metavar="VERSION",
    help="For which RabbitMQ.",
)  # fmt: skip
def export(request: TopologyRequest, credentials: Path | None, version: str) -> None:
    """RabbitMQ definitions (JSON) to import: load_definitions, or the management page. Xuất định nghĩa.

    Passwords are in it as salted hashes; without --credentials its users log in by certificate.
    """
    wanted = request.topology(parse_version(version), passwords=credentials is not None)
    users = [user.name for user in wanted.users]
    emit_json(export_definitions(wanted, hashes=password_hashes(users, credentials)))
    _say(wanted.notes)


@command.command()
@management_option
@request_options
@_prune_option
@_full_option
@json_option
def plan(url: str, request: TopologyRequest, prune: bool, full: bool, as_json: bool) -> None:
    """What `apply` would change. Những gì apply sẽ thay đổi.

    Exit code: 0 nothing to do, 3 something to do.
    """
    _check_prune(request, prune=prune)
    with open_management(url) as management:
        current = management.topology(request.vhost)
        wanted = request.topology(management.version(), current=current)
        under_replicated = fetch_under_replicated(management, vhost=request.vhost) if current.exists else ()
    changes = diff(current, wanted, prune=prune)
    left = () if prune or request.partial else leftovers(current, wanted)
    notes = (*wanted.notes, *replica_notes(under_replicated, vhost=request.vhost))
    if as_json:
        emit_json(_plain(request, changes, left, notes))
    else:
        _show(request, changes, left, full=full)
        _say((*notes, *_nameable(current, wanted)))
        if any(change.kind is not Act.CANNOT for change in changes):
            emit("Để thực hiện: lienthong topology apply. To make it so: lienthong topology apply.")
    sys.exit(Exit.FOUND if changes else Exit.DONE)


@command.command()
@management_option
@request_options
@_credentials_option
@_prune_option
@click.option("--yes", is_flag=True, help="Do not ask before removing.")
@click.option(
    "--follow", type=click.FloatRange(1, 3600), metavar="SECONDS", help="Go on, reading the directory again that often."
)
@click.option(
    "--crl-folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the broker looks for revocation lists.",
)
@_full_option
@json_option
def apply(
    url: str,
    request: TopologyRequest,
    credentials: Path | None,
    prune: bool,
    yes: bool,
    follow: float | None,
    crl_folder: Path | None,
    full: bool,
    as_json: bool,
) -> None:
    """Make a broker what the directory asks for. Thực hiện trên RabbitMQ.

    Doing it twice does no harm. Users that exist keep their passwords; without --credentials new ones get none, and log
    in by certificate. A mailbox whose certificates were revoked is cut off at once. Exit code: 0 done, 3 something
    remains that only people can do.
    """
    _check_prune(request, prune=prune)
    if crl_folder is not None:
        put_revoked(request, crl_folder)
    if follow is not None:
        _follow(url, request, credentials, crl_folder, follow)
        return
    with open_management(url) as management:
        current = management.topology(request.vhost)
        wanted = request.topology(management.version(), current=current, passwords=credentials is not None)
        changes = diff(current, wanted, prune=prune)
        if not as_json:
            _show(request, changes, (), full=full)
        if prune and not yes and any(change.kind is Act.REMOVE for change in leftovers(current, wanted)):
            _ask(as_json=as_json)
        made = [c.name for c in changes if c.what is Thing.USER and c.kind is Act.CREATE]
        hashes = password_hashes(made, credentials)
        management.apply(changes, vhost=request.vhost, hashes=hashes)
        remaining = diff(management.topology(request.vhost), wanted, prune=prune)
        under_replicated = fetch_under_replicated(management, vhost=request.vhost)
    notes = (*wanted.notes, *replica_notes(under_replicated, vhost=request.vhost))
    if as_json:
        emit_json(_plain(request, changes, (), notes) | {"remaining": [_row(change) for change in remaining]})
    else:
        _conclude(changes, remaining, made, credentials, full=full)
        strangers = _nameable(current, wanted) if credentials is None else ()
        _say((*notes, *strangers, *stale_passwords(current, wanted, credentials)))
    sys.exit(Exit.FOUND if remaining else Exit.DONE)


def _follow(
    url: str, request: TopologyRequest, credentials: Path | None, crl_folder: Path | None, every: float
) -> None:
    """Keeps a broker in step with the directory until SIGTERM: says what changed, never asks, never prunes."""
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    known: dict[str, MailboxCode] = {}  # at its start whoever has a revoked certificate must log in again
    while not end.is_set():
        try:
            request = request.again()
            if crl_folder is not None:
                put_revoked(request, crl_folder)
            with open_management(url) as management:
                known = _in_step(management, request, credentials, known)
        except BusError as error:
            emit(f"{error.in_vietnamese()}", f"{error.in_english()}", err=True)
        except OSError as error:
            emit(str(error), err=True)
        end.wait(every)


def _in_step(
    management: Management, request: TopologyRequest, credentials: Path | None, known: dict[str, MailboxCode]
) -> dict[str, MailboxCode]:
    """One look; the revoked certificates by now. Whoever has a newly revoked one must log in again."""
    current = management.topology(request.vhost)
    wanted = request.topology(management.version(), current=current, passwords=credentials is not None)
    changes = diff(current, wanted)
    revoked = request.revoked()
    if made := [change for change in changes if change.kind is not Act.CANNOT]:
        _show(request, made, (), full=False)
        users = [c.name for c in made if c.what is Thing.USER and c.kind is Act.CREATE]
        management.apply(made, vhost=request.vhost, hashes=password_hashes(users, credentials))
    if fresh := {code for serial, code in revoked.items() if serial not in known}:
        management.disconnect(sorted(user.name for user in current.users if mailbox_of_user(user.name) in fresh))
        emit(f"ngắt / disconnected: {', '.join(sorted(fresh))}")
    return revoked


def _ask(*, as_json: bool) -> None:
    if as_json:
        raise click.UsageError("--json asks nothing: give --yes to remove")
    confirm("Xóa những mục ghi “xóa”? Remove what says “remove”?")


def _check_prune(request: TopologyRequest, *, prune: bool) -> None:
    if prune and request.partial:
        raise click.UsageError("--prune goes by the whole directory: not with --mailbox")


def _nameable(current: Topology, wanted: Topology) -> Iterator[Label]:
    if found := ", ".join(nameable(current, login_of(wanted) or Login.NAME)):
        yield Label(
            f"Chứng thư nào mang tên {found} sẽ vào RabbitMQ với quyền của người dùng đó. Đặt cho họ tên mà mã hộp thư "
            "không có được, ví dụ có dấu “+”, hoặc không cấp chứng thư mang tên đó.",
            f"A certificate in the name of {found} would log in to RabbitMQ with that user's rights. Give them a name "
            "that no mailbox can have, with a “+” in it, or let no certificate be issued in it.",
        )


# -- showing -----------------------------------------------------------------------------------------------------------


def _show(request: TopologyRequest, changes: Sequence[Change], left: Sequence[Change], *, full: bool) -> None:
    emit(
        f"vhost {request.vhost}: {len(request.mailboxes)} hộp thư theo danh mục ngày {request.on} · "
        f"{len(request.mailboxes)} mailboxes of the directory as of {request.on}"
    )
    if changes:
        show_changes(changes, full=full)
    else:
        emit("Không có gì phải làm. Nothing to do.")
    if left:
        emit("", "Không còn trong danh mục, để nguyên; --prune xóa. Not in the directory, left alone; --prune removes:")
        show_changes(left, full=full)


def show_changes(changes: Sequence[Change], *, full: bool) -> None:
    emit_table(COLUMNS, _rows(changes, full=full))


def _rows(changes: Sequence[Change], *, full: bool) -> list[Sequence[object]]:
    """One row for all that is alike; one each for what has details."""
    rows: list[Sequence[object]] = []
    alike: dict[tuple[Act, Thing], list[str]] = {}
    for change in changes:
        if not change.detail.en:
            alike.setdefault((change.kind, change.what), []).append(change.name)
    for (kind, what), names in alike.items():
        more = "" if full or len(names) <= SHOWN else f", … ({len(names) - SHOWN} more; --full)"
        rows.append((SIGNS[kind], what, len(names), ", ".join(names if full else names[:SHOWN]) + more))
    for change in changes:
        if change.detail.en:
            lines = dict.fromkeys(change.detail)
            rows.append((SIGNS[change.kind], change.what, 1, [change.name, *lines]))
    return rows


def _conclude(
    changes: Sequence[Change], remaining: Sequence[Change], made: Sequence[str], credentials: Path | None, *, full: bool
) -> None:
    done = sum(change.kind is not Act.CANNOT for change in changes)
    if made and credentials:
        emit(f"Mật khẩu của {len(made)} người dùng mới · Passwords of {len(made)} new users: {credentials}")
    if not remaining:
        emit(f"Xong: {done} thay đổi. · Done: {done} changes.")
        return
    emit("", "Còn lại, phải có người xử lý. Remaining, for people to do:")
    show_changes(remaining, full=full)


def _say(notes: Iterable[Label]) -> None:
    """Beside the result, so that what is piped on stays clean."""
    for note in notes:
        emit(f"Lưu ý: {note.vi}", f"Note: {note.en}", err=True)


def _plain(
    request: TopologyRequest, changes: Sequence[Change], left: Sequence[Change], notes: Iterable[Label]
) -> dict[str, object]:
    return {
        "vhost": request.vhost,
        "as_of": request.on,
        "mailboxes": len(request.mailboxes),
        "changes": [_row(change) for change in changes],
        "leftovers": [_row(change) for change in left],
        "notes": [note._asdict() for note in notes],
    }


def _row(change: Change) -> dict[str, object]:
    return {"kind": change.kind, "what": change.what, "name": change.name, "detail": change.detail._asdict()}
