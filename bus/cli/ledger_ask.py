"""`lienthong ledger find` and `list`: a document by what is known of it; deliveries by a filter, with counters."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from bus.cli.asked import asked
from bus.cli.ledger_options import (
    config_option,
    due_clock,
    number_of,
    plain_delivery,
    plain_document,
    standing_words,
)
from bus.cli.moments import MOMENT, end_of
from bus.cli.output import Trouble, emit, emit_json, json_option
from bus.cli.tables import show_rows
from bus.ledger.queries.deliveries import count_deliveries, list_deliveries
from bus.ledger.queries.documents import Finding, Found, Sought
from bus.ledger.queries.documents import find as find_documents
from bus.ledger.queries.paging import Amount, Page
from bus.ledger.queries.wanted import Counters, Filter, Listed, Standing
from bus.wiring.ledger_config import load_ledger_config
from bus.wiring.ledgers import ledger_of
from schemas.clock import ZONE, clock
from schemas.codes import BusinessType
from schemas.values import AgencyCode

_TYPES: Final = {each.name.lower(): each for each in BusinessType}


@click.command(short_help="Find documents: by number and notation, by id.")
@click.argument("text_", metavar="TEXT")
@config_option
@click.option("--from", "sender", metavar="AGENCY", help="Only of this sender.")
@click.option("--to", "recipient", metavar="AGENCY", help="Only what this agency receives.")
@click.option("--with", "agency", metavar="AGENCY", help="Only with this agency at either end.")
@click.option("--issued", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Only of this date of issue.")
@click.option("--since", type=MOMENT, help="Sent since then: 2h (ago), 3d, 2026-11-05, 2026-11-05T08:00.")
@click.option("--until", type=MOMENT, help="Sent before then; a day alone counts whole.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
def find(
    text_: str,
    config: Path,
    sender: AgencyCode | None,
    recipient: AgencyCode | None,
    agency: AgencyCode | None,
    issued: datetime | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """Find documents: by number and notation, by id. Tìm văn bản theo số, ký hiệu hoặc mã.

    TEXT is a number and notation (12/QĐ-UBND, with or without marks), a number alone, an id, the beginning of one of
    these, or of a message's id (8 characters at least). What is exactly so stands first, then the newest.
    """
    sought = Sought(
        text=text_,
        sender=sender,
        recipient=recipient,
        agency=agency,
        issued_on=issued and issued.date(),
        since=since,
        until=until and end_of(until),
    )
    with ledger_of(load_ledger_config(config)) as ledger:
        with ledger.reading() as connection:
            finding = find_documents(connection, sought, limit=limit)
        asked(ledger, "documents.find", _subject(sought), found=len(finding.documents))
    if as_json:
        emit_json({"documents": [_plain_found(each) for each in finding.documents], "more": finding.more})
    else:
        show_found(finding)


@click.command("list", short_help="Where documents stand at each recipient, with counters.")
@config_option
@click.option("--from", "sender", metavar="AGENCY", help="Only of this sender.")
@click.option("--to", "recipient", metavar="AGENCY", help="Only at this recipient.")
@click.option("--with", "agency", metavar="AGENCY", help="Only with this agency at either end.")
@click.option("--since", type=MOMENT, help="Sent since then: 2h (ago), 3d, 2026-11-05, 2026-11-05T08:00.")
@click.option("--until", type=MOMENT, help="Sent before then; a day alone counts whole.")
@click.option("--type", "business", type=click.Choice([*_TYPES]), help="Only of this type of message.")
@click.option(
    "--standing", type=click.Choice([each.value for each in Standing]), metavar="STANDING",
    help=f"Only what stands there: {', '.join(Standing)}.",
)  # fmt: skip
@click.option("--overdue", is_flag=True, help="Only where something is overdue, the longest overdue first.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@json_option
def list_(
    config: Path,
    business: str | None,
    standing: str | None,
    until: datetime | None,
    limit: int,
    as_json: bool,
    **ends: Any,
) -> None:
    """Where documents stand at each recipient, the newest first, with counters. Văn bản đang ở đâu.

    One row for each document and recipient. The counters below are of all that the filter asks for, at any standing.
    """
    wanted = Filter(
        **ends,
        until=until and end_of(until),
        business=None if business is None else _TYPES[business],
        standing=None if standing is None else Standing(standing),
    )
    now = datetime.now(UTC)
    with ledger_of(load_ledger_config(config)) as ledger:
        with ledger.reading() as connection:
            page = list_deliveries(connection, wanted, now=now, limit=limit)
            counters = count_deliveries(connection, wanted, now=now)
        asked(ledger, "deliveries.list", _subject(wanted), found=len(page.rows))
    if as_json:
        emit_json({"deliveries": [_plain_listed(each, now) for each in page.rows], "more": page.next is not None,
                   **_plain_counters(counters)})  # fmt: skip
    else:
        show_list(page, counters, now=now)


def _subject(sought: Filter | Sought) -> Mapping[str, object]:
    """As it stands in the log of access."""
    given = ((field.name, getattr(sought, field.name)) for field in fields(sought))
    return {name: value if isinstance(value, bool | int | str) else str(value) for name, value in given if value}


# -- for programs ------------------------------------------------------------------------------------------------------


def _plain_found(found: Found) -> dict[str, Any]:
    return {**plain_document(found.document), "recipients": found.recipients, "standing": dict(found.standing)}


def _plain_listed(listed: Listed, now: datetime) -> dict[str, Any]:
    return {
        **plain_document(listed.document),
        **plain_delivery(listed.delivery, listed.standing),
        "due_at": next((each.due_at for each in listed.open), None),
        "overdue": listed.is_late(now),
    }


def _plain_counters(counters: Counters) -> dict[str, Any]:
    return {
        "counters": {
            **{standing.value: _plain_amount(count) for standing, count in counters.standing.items()},
            "overdue": _plain_amount(counters.overdue),
        }
    }


def _plain_amount(amount: Amount) -> dict[str, object]:
    return {"count": amount.count, "more": amount.more}


# -- for people --------------------------------------------------------------------------------------------------------


def show_found(finding: Finding) -> None:
    if not finding.documents:
        emit("Không có văn bản nào như vậy. / There is no such document.")
        return
    heads = (
        ("Số, ký hiệu", "Nơi gửi", "Gửi lúc", "Ở các nơi nhận"),
        ("number", "from", f"sent {ZONE}", "at its recipients"),
    )
    rows = [
        (
            (number_of(each.document), each.document.sender, clock(each.document.sent_at, seconds=False), _at(each)),
            [_facts(each)],
        )
        for each in finding.documents
    ]
    show_rows(heads, rows)
    if finding.more:
        emit("", "Còn nữa: ghi rõ thêm, hoặc --limit. / There are more: say more of it, or --limit.")


def _at(found: Found) -> str:
    if not found.document.known:
        return "chưa thấy chính văn bản / the document itself has not come"
    several = ((standing, count) for standing, count in sorted(found.standing.items(), key=lambda each: -each[1]))
    return "; ".join(f"{count} × {standing_words(standing)}" for standing, count in several)


def _facts(found: Found) -> str:
    document = found.document
    facts = [document.key.id]
    if document.business not in {None, BusinessType.NEW}:
        assert document.business is not None
        facts.append(" / ".join(document.business.label))
    return " · ".join(facts)


def show_list(page: Page[Listed], counters: Counters, *, now: datetime) -> None:
    if not page.rows:
        emit("Không có văn bản nào như vậy. / There is no such document.")
    else:
        heads = (
            ("Số, ký hiệu", "Gửi → nhận", "Gửi lúc", "Đang ở"),
            ("number", "from → to", f"sent {ZONE}", "standing"),
        )
        show_rows(heads, [_row(each, now) for each in page.rows])
        if page.next is not None:
            more = (
                f"{len(page.rows)} dòng đầu; thêm nữa: --limit. / The first {len(page.rows)} rows; for more: --limit."
            )
            emit("", more)
    _show_counters(counters)


def _row(listed: Listed, now: datetime) -> tuple[Sequence[str], Sequence[str]]:
    document, delivery = listed.document, listed.delivery
    ends = f"{document.sender} → {delivery.agency}"
    cells = (number_of(document), ends, clock(document.sent_at, seconds=False), standing_words(listed.standing))
    facts = [document.key.id]
    if document.business not in {None, BusinessType.NEW}:
        assert document.business is not None
        facts.append(" / ".join(document.business.label))
    more: list[str] = [" · ".join(facts)]
    due = next((each.due_at for each in listed.open if each.due_at), None)
    if due is not None:
        said = f"hạn / due {due_clock(due)} {ZONE}"
        more.append(Trouble(f"✗ {said}: QUÁ HẠN / OVERDUE") if listed.is_late(now) else said)
    return cells, more


def _show_counters(counters: Counters) -> None:
    shown = [(standing_words(standing), count) for standing, count in counters.standing.items() if count.count]
    emit("", "Theo bộ lọc này / by this filter:", *(f"  {_told(count):>7}  {words}" for words, count in shown))
    if not shown:
        emit("        0")
    if counters.overdue.count:
        emit(Trouble(f"✗ {_told(counters.overdue):>7}  quá hạn / overdue"))


def _told(amount: Amount) -> str:
    return f"{amount.count:,}{'+' * amount.more}"
