"""`lienthong topology`: what the directory asks of a broker, what the broker lacks, and making it so."""

import secrets
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
from rich.markup import escape

from bus.cli.management import management_option
from bus.cli.node import settings
from bus.cli.output import emit_json, json_option
from bus.cli.tables import emit_table
from bus.cli.wish import Wish, put_revoked, wish_options
from bus.drift import Act, Change, Thing, diff, leftovers, nameable
from bus.errors import BusError
from bus.files.credentials import add_credentials, load_credentials
from bus.rabbit import copies
from bus.rabbit import definitions as wire
from bus.rabbit.management import Management
from bus.topology import TARGET, Topology, parse_version
from schemas.codes import Label
from schemas.values import MailboxCode

SHOWN = 6
"""Names in one line of a plan, before `--full`."""
PASSWORD_BYTES = 24

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


command.add_command(settings)

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
@wish_options
@_credentials_option
@click.option("--rabbitmq", "version", default=".".join(map(str, TARGET)), show_default=True, metavar="VERSION")
def export(wish: Wish, credentials: Path | None, version: str) -> None:
    """RabbitMQ definitions (JSON) to import: load_definitions, or the management page. Xuất định nghĩa.

    Passwords are in it as salted hashes; without --credentials its users log in by certificate.
    """
    wanted = wish.topology(parse_version(version))
    users = [user.name for user in wanted.users]
    emit_json(wire.export(wanted, hashes=_hashes(users, credentials)))
    _say(wanted.notes)


@command.command()
@management_option
@wish_options
@_prune_option
@_full_option
@json_option
def plan(url: str, wish: Wish, prune: bool, full: bool, as_json: bool) -> None:
    """What `apply` would change. Những gì apply sẽ thay đổi.

    Exit code: 0 nothing to do, 2 something to do.
    """
    _check_prune(wish, prune=prune)
    with Management(url) as management:
        wanted = wish.topology(management.version())
        current = management.topology(wish.vhost)
        thin = copies.ask(management, vhost=wish.vhost) if current.exists else ()
    changes = diff(current, wanted, prune=prune)
    left = () if prune or wish.partial else leftovers(current, wanted)
    notes = (*wanted.notes, *copies.in_words(thin, vhost=wish.vhost))
    if as_json:
        emit_json(_plain(wish, changes, left, notes))
    else:
        _show(wish, changes, left, full=full)
        _say((*notes, *_nameable(current)))
        if any(change.kind is not Act.CANNOT for change in changes):
            click.echo("Để thực hiện: lienthong topology apply. To make it so: lienthong topology apply.")
    sys.exit(2 if changes else 0)


@command.command()
@management_option
@wish_options
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
    wish: Wish,
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
    in by certificate. A mailbox whose certificates were revoked is cut off at once. Exit code: 0 done, 2 something
    remains that only people can do.
    """
    _check_prune(wish, prune=prune)
    if crl_folder is not None:
        put_revoked(wish, crl_folder)
    if follow is not None:
        _follow(url, wish, credentials, crl_folder, follow)
        return
    with Management(url) as management:
        wanted = wish.topology(management.version())
        current = management.topology(wish.vhost)
        changes = diff(current, wanted, prune=prune)
        if not as_json:
            _show(wish, changes, (), full=full)
        if prune and not yes and any(change.kind is Act.REMOVE for change in leftovers(current, wanted)):
            _ask(as_json=as_json)
        made = [c.name for c in changes if c.what is Thing.USER and c.kind is Act.CREATE]
        hashes = _hashes(made, credentials)
        management.apply(changes, vhost=wish.vhost, hashes=hashes)
        remaining = diff(management.topology(wish.vhost), wanted, prune=prune)
        thin = copies.ask(management, vhost=wish.vhost)
    notes = (*wanted.notes, *copies.in_words(thin, vhost=wish.vhost))
    if as_json:
        emit_json(_plain(wish, changes, (), notes) | {"remaining": [_row(change) for change in remaining]})
    else:
        _conclude(changes, remaining, made, credentials, full=full)
        strangers = _nameable(current) if credentials is None else ()
        _say((*notes, *strangers, *_stale_passwords(current, wanted, credentials)))
    sys.exit(2 if remaining else 0)


def _follow(url: str, wish: Wish, credentials: Path | None, crl_folder: Path | None, every: float) -> None:
    """Keeps a broker in step with the directory until SIGTERM: says what changed, never asks, never prunes."""
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    known: dict[str, MailboxCode] = {}  # at its start whoever has a revoked certificate must log in again
    while not end.is_set():
        try:
            wish = wish.again()
            if crl_folder is not None:
                put_revoked(wish, crl_folder)
            with Management(url) as management:
                known = _in_step(management, wish, credentials, known)
        except BusError as error:
            click.echo(f"{error.in_vietnamese()}\n{error.in_english()}", err=True)
        except OSError as error:
            click.echo(str(error), err=True)
        end.wait(every)


def _in_step(
    management: Management, wish: Wish, credentials: Path | None, known: dict[str, MailboxCode]
) -> dict[str, MailboxCode]:
    """One look; the revoked certificates by now. Whoever has a newly revoked one must log in again."""
    wanted = wish.topology(management.version())
    changes = diff(management.topology(wish.vhost), wanted)
    revoked = wish.revoked()
    if made := [change for change in changes if change.kind is not Act.CANNOT]:
        _show(wish, made, (), full=False)
        users = [c.name for c in made if c.what is Thing.USER and c.kind is Act.CREATE]
        management.apply(made, vhost=wish.vhost, hashes=_hashes(users, credentials))
    if fresh := {code for serial, code in revoked.items() if serial not in known}:
        management.disconnect(sorted(fresh))
        click.echo(f"ngắt / disconnected: {', '.join(sorted(fresh))}")
    return revoked


def _ask(*, as_json: bool) -> None:
    if as_json:
        raise click.UsageError("--json asks nothing: give --yes to remove")
    click.confirm("Xóa những mục ghi “xóa”? Remove what says “remove”?", abort=True)


def _check_prune(wish: Wish, *, prune: bool) -> None:
    if prune and wish.partial:
        raise click.UsageError("--prune goes by the whole directory: not with --mailbox")


# -- passwords ---------------------------------------------------------------------------------------------------------


def _hashes(users: Sequence[str], credentials: Path | None) -> dict[str, str]:
    """The hash of each user to be made; "" for those who log in by certificate. Passwords that are missing are drawn,
    and on disk before anybody has them."""
    if credentials is None:
        return dict.fromkeys(users, "")
    known = load_credentials(credentials)
    drawn = {user: secrets.token_urlsafe(PASSWORD_BYTES) for user in users if user not in known}
    if drawn:
        add_credentials(credentials, drawn)
    passwords = known | drawn
    return {user: wire.password_hash(passwords[user], salt=secrets.token_bytes(wire.SALT_SIZE)) for user in users}


def _stale_passwords(current: Topology, wanted: Topology, credentials: Path | None) -> Iterator[Label]:
    known = load_credentials(credentials) if credentials else {}
    ours = {user.name for user in wanted.users}
    stale = [
        user.name
        for user in current.users
        if user.name in ours and user.name in known and not wire.fits(known[user.name], user.password_hash or "")
    ]
    if stale:
        names = ", ".join(stale)
        yield Label(
            f"Mật khẩu trong {credentials} khác với RabbitMQ: {names}. Xóa người dùng đó ở RabbitMQ rồi apply lại.",
            f"The password in {credentials} is not RabbitMQ's: {names}. Delete that user on RabbitMQ and apply again.",
        )


def _nameable(current: Topology) -> Iterator[Label]:
    if found := ", ".join(nameable(current)):
        yield Label(
            f"Chứng thư nào mang tên {found} sẽ vào RabbitMQ với quyền của người dùng đó. Đặt cho họ tên mà mã hộp thư "
            "không có được, ví dụ có dấu “+”, hoặc không cấp chứng thư mang tên đó.",
            f"A certificate in the name of {found} would log in to RabbitMQ with that user's rights. Give them a name "
            "that no mailbox can have, with a “+” in it, or let no certificate be issued in it.",
        )


# -- showing -----------------------------------------------------------------------------------------------------------


def _show(wish: Wish, changes: Sequence[Change], left: Sequence[Change], *, full: bool) -> None:
    click.echo(
        f"vhost {wish.vhost}: {len(wish.mailboxes)} hộp thư theo danh mục ngày {wish.on} · "
        f"{len(wish.mailboxes)} mailboxes of the directory as of {wish.on}"
    )
    if changes:
        emit_table(COLUMNS, _rows(changes, full=full))
    else:
        click.echo("Không có gì phải làm. Nothing to do.")
    if left:
        click.echo(
            "\nKhông còn trong danh mục, để nguyên; --prune xóa. Not in the directory, left alone; --prune removes:"
        )
        emit_table(COLUMNS, _rows(left, full=full))


def _rows(changes: Sequence[Change], *, full: bool) -> list[Sequence[object]]:
    """One row for all that is alike; one each for what has details."""
    rows: list[Sequence[object]] = []
    alike: dict[tuple[Act, Thing], list[str]] = {}
    for change in changes:
        if not change.detail.en:
            alike.setdefault((change.kind, change.what), []).append(change.name)
    for (kind, what), names in alike.items():
        more = "" if full or len(names) <= SHOWN else f", … ({len(names) - SHOWN} more; --full)"
        rows.append((SIGNS[kind], what, len(names), escape(", ".join(names if full else names[:SHOWN])) + more))
    for change in changes:
        if change.detail.en:
            lines = dict.fromkeys(change.detail)
            rows.append((SIGNS[change.kind], change.what, 1, escape("\n".join((change.name, *lines)))))
    return rows


def _conclude(
    changes: Sequence[Change], remaining: Sequence[Change], made: Sequence[str], credentials: Path | None, *, full: bool
) -> None:
    done = sum(change.kind is not Act.CANNOT for change in changes)
    if made and credentials:
        click.echo(f"Mật khẩu của {len(made)} người dùng mới · Passwords of {len(made)} new users: {credentials}")
    if not remaining:
        click.echo(f"Xong: {done} thay đổi. · Done: {done} changes.")
        return
    click.echo("\nCòn lại, phải có người xử lý. Remaining, for people to do:")
    emit_table(COLUMNS, _rows(remaining, full=full))


def _say(notes: Iterable[Label]) -> None:
    """Beside the result, so that what is piped on stays clean."""
    for note in notes:
        click.echo(f"Lưu ý: {note.vi}\nNote: {note.en}", err=True)


def _plain(wish: Wish, changes: Sequence[Change], left: Sequence[Change], notes: Iterable[Label]) -> dict[str, object]:
    return {
        "vhost": wish.vhost,
        "as_of": wish.on,
        "mailboxes": len(wish.mailboxes),
        "changes": [_row(change) for change in changes],
        "leftovers": [_row(change) for change in left],
        "notes": [note._asdict() for note in notes],
    }


def _row(change: Change) -> dict[str, object]:
    return {"kind": change.kind, "what": change.what, "name": change.name, "detail": change.detail._asdict()}
