"""`lienthong ledger log`: who asked for what of whom, and whether that log is whole."""

import re
from pathlib import Path
from typing import Any, Final

import click

from bus.cli.asked import asked
from bus.cli.ledger_options import config_option
from bus.cli.output import emit, emit_json, json_option
from bus.cli.tables import emit_table
from bus.errors import LogBroken
from bus.ledger.access import AccessNumber, Head, Logged, page, verify
from bus.wiring.ledger_config import load_ledger_config
from bus.wiring.ledgers import ledger_of

_HEAD: Final = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


class _Noted(click.ParamType[Head]):
    name = "head"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "HEAD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Head:
        if isinstance(value, Head):
            return value
        found = _HEAD.fullmatch(str(value).strip())
        if found is None:
            self.fail("NUMBER:HASH, như log verify đã in / as log verify printed it", param, ctx)
        return Head(AccessNumber(int(found[1])), found[2])


@click.group()
def command() -> None:
    """Who asked the ledger for what of whom. Nhật ký truy cập sổ cái.

    What the API and the commands show is recorded before it is shown, each row with the hash of the one before.
    """


@command.command("verify")
@config_option
@click.option("--head", "noted", type=_Noted(), help="What an earlier verify printed: must still be there.")
@json_option
def verify_(config: Path, noted: Head | None, as_json: bool) -> None:
    """Whether the log is whole. Kiểm tra nhật ký truy cập còn nguyên.

    A row that was altered, taken out or put in between shows by itself. An end that was cut off shows only against a
    head that was noted elsewhere: keep the one printed here on paper or on another machine, and give it next time.
    """
    with ledger_of(load_ledger_config(config)) as ledger:
        subject = {"head": noted and str(noted)}
        try:
            with ledger.reading() as connection:
                found = verify(connection, noted=noted)
        except LogBroken as broken:
            asked(ledger, "access.verify", {**subject, "broken_at": broken.facts["number"]}, found=0)
            raise
        asked(ledger, "access.verify", subject, found=found.rows)
    head = None if found.head is None else str(found.head)
    if as_json:
        emit_json({"ok": True, "rows": found.rows, "first": found.first, "head": head})
    elif head is None:
        emit("Nhật ký còn trống: chưa ai hỏi gì. / The log is empty: nobody has asked for anything.")
    else:
        emit(
            f"Nhật ký còn nguyên: {found.rows} dòng, từ dòng {found.first}. /",
            f"The log is whole: {found.rows} rows, from row {found.first} on.",
            "Ghi dấu này ở nơi khác, lần sau đưa vào --head: /",
            "Note this elsewhere, and give it next time as --head:",
            f"  {head}",
        )


@command.command("list")
@config_option
@click.option("--who", help="Only this name: of a key, a certificate, a user.")
@click.option("--before", type=click.IntRange(1), help="Rows with smaller numbers.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
def list_(config: Path, who: str | None, before: int | None, limit: int, as_json: bool) -> None:
    """Who asked for what, newest first. Ai đã hỏi gì."""
    with ledger_of(load_ledger_config(config)) as ledger:
        with ledger.reading() as connection:
            rows = page(connection, before=None if before is None else AccessNumber(before), who=who, limit=limit)
        asked(ledger, "access.list", {"who": who, "before": before}, found=len(rows))
    if as_json:
        emit_json([_plain(row) for row in rows])
        return
    emit_table(
        ["số\nnumber", "lúc\nat", "ai\nwho", "hỏi gì\nasked for", "thấy\nfound"],
        [[row.number, row.at, [row.who, *_role(row)], [row.what, row.subject], row.found] for row in rows],
    )


def _role(row: Logged) -> list[str]:
    return [row.role if row.agency is None else f"{row.role} {row.agency}"]


def _plain(row: Logged) -> dict[str, Any]:
    return {
        "number": row.number,
        "at": row.at,
        "who": row.who,
        "role": row.role,
        "agency": row.agency,
        "what": row.what,
        "subject": row.subject,
        "found": row.found,
        "hash": row.hash,
    }
