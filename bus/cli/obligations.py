"""`lienthong obligations`: what an agency owes, and what is owed to it, by the law's clocks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from bus.cli.asked import asked
from bus.cli.ledger_options import config_option, due_clock, number_of, plain_document, plain_obligation
from bus.cli.ledger_rows import state_of
from bus.cli.moments import MOMENT, end_of
from bus.cli.output import Trouble, emit, emit_json, json_option
from bus.cli.tables import show_rows
from bus.handling.clocks import Clock, by_code
from bus.ledger.queries.obligations import Asked, Owed, Tally, list_open, list_settled, tally, tally_owed_to
from bus.ledger.queries.paging import Page
from bus.ledger.store import Ledger
from bus.wiring.ledger import clocks_of
from bus.wiring.ledger_config import load_ledger_config
from bus.wiring.ledgers import ledger_of
from schemas.clock import ZONE
from schemas.values import AgencyCode

_PERIOD: Final = timedelta(days=31)


@click.command()
@click.argument("agency", required=False)
@config_option
@click.option("--owed", is_flag=True, help="What others owe AGENCY.  [default: what AGENCY owes]")
@click.option("--with", "other", metavar="AGENCY", help="Only between the two.")
@click.option("--clock", "codes", multiple=True, metavar="CLOCK", help="Only this clock; may be repeated.")
@click.option("--late", is_flag=True, help="Only what is overdue.")
@click.option("--settled", is_flag=True, help="What was met, or is owed no longer, of documents sent in a period.")
@click.option("--since", type=MOMENT, help="With --settled: sent since then.  [default: 31 days ago]")
@click.option("--until", type=MOMENT, help="With --settled: sent before then; a day alone counts whole.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@json_option
def command(
    config: Path,
    agency: AgencyCode | None,
    owed: bool,
    other: AgencyCode | None,
    codes: tuple[str, ...],
    late: bool,
    settled: bool,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """What AGENCY owes by when, and to whom; or all agencies. Đơn vị nào còn nợ việc gì, đến bao giờ.

    The earliest due first: to acknowledge, to accept or refuse, to finish, to answer a take-back or change; each by the
    article of the law that asks for it, in working days. With --owed: what others owe AGENCY.
    """
    if (since or until) and not settled:
        raise click.UsageError("--since và --until đi với --settled / go with --settled")
    if late and settled:
        raise click.UsageError("--late hoặc --settled / one of the two")
    if agency is None and (owed or other):
        raise click.UsageError("--owed và --with cần AGENCY / need AGENCY")
    loaded, now = load_ledger_config(config), datetime.now(UTC)
    clocks = by_code(clocks_of(loaded))
    if unknown := sorted(set(codes) - clocks.keys()):
        raise click.BadParameter(f"{', '.join(unknown)}; có / there are: {', '.join(clocks)}", param_hint="--clock")
    debtor, creditor = (other, agency) if owed else (agency, other)
    wanted = Asked(debtor=debtor, creditor=creditor, clocks=codes or None, due_before=now if late else None)
    with ledger_of(loaded) as ledger:
        count = _tally(ledger, agency, owed=owed, now=now)
        subject: dict[str, object] = {"debtor": debtor, "creditor": creditor, "late": late, "settled": settled}
        subject["clocks"] = list(codes) or None
        with ledger.reading() as connection:
            if settled:
                first, end = since or now - _PERIOD, end_of(until) if until else now
                page = list_settled(connection, wanted, since=first, until=end, limit=limit)
                subject |= {"since": first.isoformat(), "until": end.isoformat()}
            else:
                page = list_open(connection, wanted, limit=limit)
        asked(ledger, "obligations.list", subject, found=len(page.rows))
    if as_json:
        emit_json(_plain(page, count, clocks, now))
    else:
        show_page(page, clocks, now=now)
        if count is not None and not settled:
            show_tally(count, agency, owed=owed)


def _tally(ledger: Ledger, agency: AgencyCode | None, *, owed: bool, now: datetime) -> Tally | None:
    if agency is None:
        return None
    with ledger.reading() as connection:
        if owed:
            return tally_owed_to(connection, now=now, creditors=[agency])[agency]
        return tally(connection, now=now, debtors=[agency])[agency]


def _plain(page: Page[Owed], count: Tally | None, clocks: Mapping[str, Clock], now: datetime) -> dict[str, Any]:
    return {
        "obligations": [
            {**plain_obligation(each.obligation, clocks, now=now), "document": plain_document(each.document)}
            for each in page.rows
        ],
        "more": page.next is not None,
        "open": count and count.open,
        "late": count and count.late,
        "near": count and count.near,
    }


def show_page(page: Page[Owed], clocks: Mapping[str, Clock], *, now: datetime) -> None:
    if not page.rows:
        emit("Không có gì. / Nothing there.")
        return
    heads = (("Số, ký hiệu", "Nợ → với", "Hạn", "Việc"), ("number", "owes → to", f"due {ZONE}", "what"))
    show_rows(heads, [_row(each, clocks, now) for each in page.rows])
    if page.next is not None:
        first = len(page.rows)
        emit("", f"{first} dòng đầu; thêm nữa: --limit. / The first {first} rows; for more: --limit.")


def _row(owed: Owed, clocks: Mapping[str, Clock], now: datetime) -> tuple[Sequence[str], Sequence[str]]:
    each, document = owed.obligation, owed.document
    found = clocks.get(each.clock)
    name = each.clock if found is None else " / ".join(found.name)
    due = "–" if each.due_at is None else due_clock(each.due_at)
    cells = (number_of(document), f"{each.debtor} → {each.creditor}", due, name)
    told = state_of(each, now=now)
    facts = [document.key.id, *([found.article] if found else [])]
    if each.provisional:
        facts.append("tạm tính: lịch chưa xác nhận / provisional: calendar unconfirmed")
    if each.passed_to is not None:
        facts.append(f"thay / for {each.recipient}")
    return cells, [" · ".join(facts), Trouble(f"✗ {told}") if each.is_late(now) else told]


def show_tally(count: Tally, agency: AgencyCode | None, *, owed: bool) -> None:
    who = f"còn nợ {agency} / owed to {agency}" if owed else f"{agency} còn nợ / owes"
    emit("", f"{who}: {count.open:,}; sắp đến hạn / soon due: {count.near:,}")
    if count.late:
        emit(Trouble(f"✗ quá hạn / overdue: {count.late:,}"))
