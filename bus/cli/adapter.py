"""`lienthong adapter`: run the daemon of one or many mailboxes, or print findings before it runs."""

import importlib
import logging
import sys
from pathlib import Path

import click
import structlog

from bus.cli.output import emit, emit_json, json_option
from bus.daemon import process
from bus.daemon.own_process import OwnProcess
from bus.errors import Words, side_by_side
from bus.wiring.config import load_config
from bus.wiring.daemon import files, listening, operators_token, warn, wired
from bus.wiring.findings import Report, examine
from bus.wiring.logs import log_as_json
from bus.wiring.trial import NOT_TRIED

configs = click.argument("configs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))


class _Group(click.Group):
    """Loads the conformance suite only when it is asked for: a daemon has no need of it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "conform"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "conform":
            return super().get_command(ctx, cmd_name)
        found = importlib.import_module("bus.cli.conform").command
        assert isinstance(found, click.Command)
        return found


@click.group(cls=_Group)
def command() -> None:
    """Run and check the adapter daemon of a mailbox."""


@command.command()
@configs
def run(configs: tuple[Path, ...]) -> None:
    """Run the mailboxes of CONFIGS (TOML files, or folders of them) in this process until SIGTERM."""
    log_stream = log_as_json()
    loaded = [load_config(path) for path in files(configs)]
    listen, token = listening(loaded), operators_token(loaded)
    warn(loaded)
    with wired(loaded) as made:
        own = OwnProcess(threads=made.threads, log_stream=log_stream)
        process.run(made.daemons, listen=listen, token=token, follower=made.follower, own=own)


@command.command()
@configs
@click.option("--wait", default=10.0, show_default=True, type=click.FloatRange(0, 300), help="Seconds for the broker.")
@json_option
def check(configs: tuple[Path, ...], wait: float, as_json: bool) -> None:
    """Say what stands in the way of running: configuration, keys, directory, store, broker, document system.

    It makes nothing. Root asks as the user whose daemon it is: the owner of the keys. Không tạo gì; chạy bằng root thì
    kiểm tra với tư cách chủ của các khóa.
    """
    # Log lines of the broker's link would stand between the findings, which tell the same in the end.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    reports = {str(path): examine(path, wait) for path in files(configs)}
    if as_json:
        emit_json([_plain(path, report) for path, report in reports.items()])
    else:
        for path, report in reports.items():
            _show(path, report)
    sys.exit(1 if any(report.findings for report in reports.values()) else 0)


def _plain(path: str, report: Report) -> dict[str, object]:
    user = report.user
    return {
        "config": path,
        "ok": not report.findings,
        "findings": list(map(side_by_side, report.findings)),
        "waiting": report.waiting,
        "warnings": list(map(side_by_side, report.warnings)),
        "user": None if user is None else {"name": user.name, "uid": user.uid, "groups": user.group_names},
        "places": [
            {
                "what": seen.place.what,
                "path": seen.place.path,
                "use": seen.place.use,
                "owner": seen.owner,
                "ok": seen.trouble is None,
            }
            for seen in report.places
        ],
        "tried": [{"step": side_by_side(tried.step), "ok": tried.trouble is None} for tried in report.tried],
    }


def _show(path: str, report: Report) -> None:
    waiting = f"; {report.waiting} tệp nằm chờ / waiting" if report.waiting else ""
    emit(f"{path}: {'chưa chạy được / not ready' if report.findings else 'sẵn sàng / ready'}{waiting}")
    for mark, texts in (("-", report.findings), ("!", report.warnings)):
        for text in texts:
            emit(*_lines(mark, text))
    if report.user is not None:
        emit(f"  Người dùng / user: {report.user.name} ({report.user.group_names})")
    for seen in report.places:
        use, owner = seen.place.use, seen.owner or "?"
        emit(f"    {_mark(seen.trouble)} {use.vi} / {use:<6} {seen.place.path}  {owner}")
    if report.tried:
        emit("  Thử một văn bản gửi cho chính mình / a test document to ourselves:")
        for tried in report.tried:
            emit(f"    {_mark(tried.trouble)} {tried.step.vi} / {tried.step}")
        emit(f"    chưa thử: {NOT_TRIED.vi}", f"    not tried: {NOT_TRIED}")
    else:
        emit("  Chưa thử văn bản nào, vì điều nêu trên / no test document, for what is said above")


def _mark(trouble: object) -> str:
    return "✓" if trouble is None else "✗"


def _lines(mark: str, text: str) -> list[str]:
    """A language a line; a text of an adapter is one line, whatever is in it."""
    both = [text.vi, str(text)] if isinstance(text, Words) else [text]
    return [f"  {mark if first else ' '} {line}" for first, line in zip((True, False), both, strict=False)]
