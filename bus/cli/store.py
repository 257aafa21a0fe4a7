"""`lienthong store`: a mailbox's store: is it sound, a copy of its file, and what to do with a damaged one."""

import sys
from pathlib import Path

import click

from bus.cli.boxes import config_option
from bus.cli.output import emit_json, json_option
from bus.files.config import load_config
from bus.files.store import store_url
from bus.store import care, is_shared
from bus.store.opening import wants


@click.group()
def command() -> None:
    """A mailbox's store: check, back up, recover. Kho của hộp thư.

    deploy/RUNBOOK.md tells when each is wanted.
    """


@command.command()
@config_option
@json_option
def check(config: Path, as_json: bool) -> None:
    """Whether the store is sound; the daemon may run. Exit code 1 where it is not.

    Of one on PostgreSQL: whether the server keeps what it confirms. Its files are for pg_amcheck and pg_checksums.
    """
    loaded = load_config(config)
    shared = is_shared(loaded.store)
    found = wants(store_url(loaded), owner=loaded.mailbox) if shared else care.check(loaded.store)
    if as_json:
        emit_json({"ok": not found, "findings": found})
    elif found and shared:
        click.echo("Máy chủ PostgreSQL chưa giữ được lời hứa của kho: / The server does not keep what is promised:")
        for line in found:
            click.echo(f"  - {line}")
    elif found:
        click.echo("Kho bị hỏng: dừng tiến trình, chạy lienthong store recover. / Damaged: stop the daemon, recover.")
        for line in found:
            click.echo(f"  - {line}")
    else:
        click.echo("Kho lành lặn. / The store is sound.")
    sys.exit(1 if found else 0)


@command.command()
@config_option
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def backup(config: Path, file: Path, as_json: bool) -> None:
    """Copy the store to FILE, as of this moment, while the daemon runs. Sao lưu.

    Of one on PostgreSQL: pg_dump, pg_basebackup.
    """
    care.backup(load_config(config).store, file)
    if as_json:
        emit_json({"backup": file, "bytes": file.stat().st_size})
        return
    click.echo(f"Đã sao lưu vào {file}. / Backed up to {file}.")


@command.command()
@config_option
@json_option
def recover(config: Path, as_json: bool) -> None:
    """Save what a damaged store still holds; the daemon must be stopped. Cứu kho bị hỏng.

    The damaged file is kept beside it.
    """
    loaded = load_config(config)
    done = care.recover(loaded.store, owner=loaded.mailbox)
    if as_json:
        emit_json({"kept": done.kept, "outbox_lost": done.outbox, "inbox_lost": done.inbox, "rows": done.rows})
        return
    counts = ", ".join(f"{count} {box}" for box, count in done.rows.items())
    click.echo(f"Đã cứu được / Recovered: {counts}. Tệp hỏng / the damaged file: {done.kept}")
    if done.outbox:
        click.echo(
            f"{len(done.outbox)} bản tin đi mất nội dung, đã hủy: đặt lại gói tin từ sent/ vào outgoing/. /\n"
            "messages to send lost their bodies and are cancelled: put their packages from sent/ into outgoing/ again:"
        )
        click.echo("".join(f"  {message}\n" for message in done.outbox), nl=False)
    if done.inbox:
        click.echo(
            f"{len(done.inbox)} bản tin đến mất nội dung: người quản trị trục chạy lienthong audit replay "
            f"{loaded.mailbox} --since NGÀY-GIỜ. /\n"
            "messages received lost their bodies: the operator of the bus runs lienthong audit replay "
            f"{loaded.mailbox} --since TIME:"
        )
        click.echo("".join(f"  {message}\n" for message in done.inbox), nl=False)
    click.echo("Khởi động lại tiến trình. / Start the daemon again.")
