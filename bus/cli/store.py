"""`lienthong store`: a mailbox's store, checked, backed up, restored, recovered; what a recovery did not bring back."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from bus.cli.entries import config_option
from bus.cli.losses import MISSING, emit_losses, emit_remedies, emit_rows, plain
from bus.cli.output import emit, emit_fields, emit_json, json_option, text, wrapped
from bus.files.backup_keys import load_backup_key, load_backup_public_key, new_backup_key
from bus.store import maintenance
from bus.store.backup import backup as backup_store
from bus.store.backup import restore as restore_store
from bus.store.losses import open_reports, read_report
from bus.store.open import is_shared, wants
from bus.wiring.config import load_config
from bus.wiring.stores import store_url


@click.group()
def command() -> None:
    """A mailbox's store: check, back up, restore, recover. Kho của hộp thư.

    deploy/handbook/trouble.md tells when each is wanted.
    """


@command.command()
@config_option
@json_option
def check(config: Path, as_json: bool) -> None:
    """Whether the store is sound; the daemon may run. Kiểm tra kho.

    While the daemon does not run, a recovery is tried on a copy of a damaged file: it is said what that would cost.
    Exit code 1 where the store is damaged. Of one on PostgreSQL: whether the server keeps what it confirms. Its files
    are for pg_amcheck and pg_checksums.
    """
    loaded = load_config(config)
    if is_shared(loaded.store):
        _check_server(wants(store_url(loaded), owner=loaded.mailbox), as_json=as_json)
    done = maintenance.check(loaded.store, owner=loaded.mailbox)
    found, losses = done.findings, done.losses
    if as_json:
        lost = {"lost": done.lost.code} if done.lost else {}
        emit_json({"ok": not found, "findings": found, "would_lose": losses and plain(losses), **lost})
    elif not found:
        emit("Kho lành lặn. / The store is sound.")
    else:
        if done.lost:
            emit("Kho bị hỏng. / Damaged.")
        else:
            emit("Kho bị hỏng: dừng tiến trình, chạy lienthong store recover. / Damaged: stop the daemon, recover.")
        for line in found:
            emit(f"  - {line}")
        if done.lost:
            for sentence in (done.lost.in_vietnamese(), done.lost.in_english()):
                emit(*wrapped(sentence, sys.stdout))
        elif done.in_use:
            emit(
                "Dừng tiến trình rồi kiểm tra lại thì biết sẽ mất những gì. /",
                "Stop the daemon and check again to learn what would be lost.",
            )
        elif losses and losses.is_complete:
            emit("Cứu được tất cả. / All of it can be recovered.")
        elif losses:
            emit("Cứu kho thì: / What a recovery would do:")
            emit_losses(losses)
    sys.exit(1 if found else 0)


def _check_server(found: list[str], *, as_json: bool) -> NoReturn:
    if as_json:
        emit_json({"ok": not found, "findings": found})
    elif found:
        emit("Máy chủ PostgreSQL chưa giữ được lời hứa của kho: / The server does not keep what is promised:")
        for line in found:
            emit(f"  - {line}")
    else:
        emit("Kho lành lặn. / The store is sound.")
    sys.exit(1 if found else 0)


@command.command()
@config_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), help="Public key that the copy is sealed to (PEM).")
@click.option("--clear", is_flag=True, help="Do not seal it: who gets the copy can read it.")
@json_option
def backup(config: Path, file: Path, to: Path | None, clear: bool, as_json: bool) -> None:
    """Copy the store to FILE, as of this moment, while the daemon runs. Sao lưu.

    A store says in clear who writes to whom, document numbers, and the texts of statuses: --to seals the copy to a key
    whose private half (`store new-key`) is kept elsewhere. Of a store on PostgreSQL: pg_dump, pg_basebackup.
    """
    if (to is None) != clear:
        raise click.UsageError("--to hoặc --clear, một trong hai / --to or --clear, one of them")
    key = load_backup_public_key(to) if to else None
    backup_store(load_config(config).store, file, to=key)
    if as_json:
        emit_json({"backup": file, "bytes": file.stat().st_size, "key": key.id if key else None})
        return
    how = f"niêm phong cho khóa / sealed to key {key.id}" if key else "KHÔNG niêm phong / NOT sealed"
    emit(f"Đã sao lưu vào {file}. / Backed up to {file}. ({how})")


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), help="Private key of a sealed backup (PEM).")
def restore(file: Path, target: Path, key: Path | None) -> None:
    """Write the store that is in backup FILE as TARGET, which must not be there. Khôi phục từ bản sao lưu.

    Stop the daemon first; TARGET then goes to its user (chown). deploy/handbook/trouble.md tells what follows.
    """
    restore_store(file, target, key=load_backup_key(key) if key else None)
    emit(f"Đã khôi phục kho vào {target}. / The store is restored as {target}.")


@command.command("new-key")
@click.argument("file", type=click.Path(path_type=Path))
def new_key(file: Path) -> None:
    """Make a key for backups: FILE is its private half, and FILE with .pub its public one. Khóa cho bản sao lưu."""
    public = new_backup_key(file)
    emit_fields({"cho / for --to": public, "khóa / key": load_backup_public_key(public).id})
    emit(
        f"Cất {file} ra khỏi máy này: mất nó thì không mở được bản sao lưu. "
        f"Put {file} in a safe, off this machine: without it no backup opens.",
        err=True,
    )


@command.command()
@config_option
@json_option
def recover(config: Path, as_json: bool) -> None:
    """Save what a damaged store still holds; the daemon must be stopped. Cứu kho bị hỏng.

    The damaged file is kept beside it. Exit code 3 where something is missing: what, and what brings it back, is said
    here and again by `store losses`; until that is dealt with /healthz fails.
    """
    loaded = load_config(config)
    done = maintenance.recover(loaded.store, owner=loaded.mailbox)
    if as_json:
        emit_json(plain(done))
        sys.exit(0 if done.is_complete else MISSING)
    emit_rows(done)
    if done.is_complete:
        emit("Không mất gì. Khởi động lại tiến trình. / Nothing is lost. Start the daemon again.")
        return
    emit_losses(done)
    emit(
        "Khởi động lại tiến trình, rồi làm: / Start the daemon again, and then:",
        "  (/healthz báo hỏng đến bước cuối. Nơi nào khởi động phải chờ /healthz, như",
        "  trục thử pilot, thì làm bước cuối trước rồi khởi động: báo cáo vẫn được giữ. /",
        "  /healthz fails until the last step. Where a start waits for /healthz, as that",
        "  of a pilot does, do the last step first and then start: the report is kept.)",
    )
    emit_remedies(done, mailbox=loaded.mailbox, config=config)
    sys.exit(MISSING)


@command.command()
@config_option
@click.option("--done", is_flag=True, help="It is dealt with: the reports are put away, /healthz is well again.")
@json_option
def losses(config: Path, done: bool, as_json: bool) -> None:
    """What a recovery could not bring back, and what does. Những gì kho còn thiếu sau khi cứu.

    Exit code 3 while something is open.
    """
    loaded = load_config(config)
    if done:
        put_away = maintenance.settle_losses(loaded.store)
        if as_json:
            emit_json({"put_away": put_away})
        elif put_away:
            emit("Đã ghi nhận là xong; báo cáo được giữ lại: / Noted as done; the reports are kept:", *put_away)
        else:
            emit("Không có gì còn thiếu. / Nothing is missing.")
        return
    maintenance.check_readable(loaded.store)
    reports = [read_report(file) for file in open_reports(maintenance.existing(loaded.store))]
    if as_json:
        emit_json([plain(each) for each in reports])
    elif not reports:
        emit("Không có gì còn thiếu. / Nothing is missing.")
    for each in () if as_json else reports:
        emit(f"Cứu lúc / Recovered at {text(each.at)}:")
        emit_losses(each)
        emit_remedies(each, mailbox=loaded.mailbox, config=config)
    sys.exit(MISSING if reports else 0)
