"""`lienthong documents`: where each document stands at each recipient."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from bus.cli.entries import config_option
from bus.cli.moments import MOMENT, end_of
from bus.cli.output import emit, emit_json, json_option
from bus.cli.tables import show_rows
from bus.operations.documents import Stage, Standing, Wanted, list_documents
from bus.ports.records import Box
from bus.wiring.config import load_config
from bus.wiring.stores import store_of
from schemas.clock import ZONE, clock
from schemas.codes import BusinessType, Label, StatusCode
from schemas.values import AgencyCode

_OVERDUE: Final = "overdue"
_STAGES: Final[Mapping[str, Stage | StatusCode]] = {
    **{stage.value: stage for stage in Stage},
    **{code.value: code for code in StatusCode if code is not StatusCode.TAKE_BACK},
}


@click.command()
@click.argument("part", required=False)
@config_option
@click.option("--received", is_flag=True, help="What this mailbox received. [default: what it sent]")
@click.option(
    "--number", metavar="NUMBER", help="Number and notation (12/VP-TTĐT, with or without marks), or the number."
)
@click.option(
    "--since",
    metavar="TIME",
    type=MOMENT,
    help="Accepted or taken in since then: 2h (ago), 3d, 2026-11-05, 2026-11-05T08:00 (Việt Nam's clock).",
)
@click.option("--until", metavar="TIME", type=MOMENT, help="Before then; a day alone counts whole.")
@click.option("--from", "sender", metavar="AGENCY", help="Only of this sender.")
@click.option("--to", "recipient", metavar="AGENCY", help="Only at this recipient.")
@click.option(
    "--stage",
    metavar="STAGE",
    type=click.Choice([*_STAGES, _OVERDUE]),
    help=f"One of: {', '.join(_STAGES)}, {_OVERDUE}.",
)
@click.option("--overdue", is_flag=True, help="Only those whose day is over, and that nobody has taken up.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@json_option
def command(
    config: Path,
    part: str | None,
    received: bool,
    number: str | None,
    since: datetime | None,
    until: datetime | None,
    sender: AgencyCode | None,
    recipient: AgencyCode | None,
    stage: str | None,
    overdue: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Where each document stands at each recipient, the newest first. Văn bản đã gửi đến đâu.

    PART is any part of a document's id or of its number and notation; case, spaces and marks do not matter. One row for
    each document and recipient.
    """
    wanted = Wanted(
        part=part,
        number=number,
        since=since,
        until=until and end_of(until),
        sender=sender,
        recipient=recipient,
        stage=_STAGES.get(stage or ""),
        overdue=overdue or stage == _OVERDUE,
        limit=limit,
    )
    box = Box.IN if received else Box.OUT
    with store_of(config) as store:
        mailbox = load_config(config).mailbox
        found = list_documents(store, wanted, box=box, mailbox=mailbox, now=datetime.now(UTC))
    if as_json:
        emit_json([_plain(each) for each in found])
        return
    if found:
        _emit(found, received=received)
    emit(_count(len(found), limit))


def _count(count: int, limit: int) -> str:
    if not count:
        return "Không có văn bản nào như vậy. / There is no such document."
    if count < limit:
        return f"{count} dòng. / {count} row{'s' * (count > 1)}."
    return f"{count} dòng đầu; thêm nữa: --limit. / The first {count} rows; for more: --limit."


def _plain(each: Standing) -> dict[str, object]:
    return {
        "document": each.document.id,
        "issuer": each.document.issuer,
        "number": each.number,
        "business_type": int(each.business),
        "from": each.sender,
        "to": each.recipient.agency,
        "mailbox": each.recipient.mailbox,
        "message": each.message,
        "at": each.at,
        "stage": each.stage,
        "stage_since": each.since,
        "due_on": each.due_on,
        "overdue": each.is_overdue,
        "why": each.why,
        "ref": each.ref,
    }


# -- for people --------------------------------------------------------------------------------------------------------

_LABELS: Final[Mapping[Stage, Label]] = {
    Stage.WAITING: Label("chờ gửi", "waiting"),
    Stage.AT_BROKER: Label("ở RabbitMQ", "at the broker"),
    Stage.RECEIPTED: Label("đã nhận", "receipted"),
    Stage.REFUSED: Label("bị từ chối", "refused"),
    Stage.NOT_IN_TIME: Label("không kịp giờ", "not in time"),
    Stage.PARKED: Label("tạm dừng", "parked"),
    Stage.WITHDRAWN: Label("đã rút", "withdrawn"),
    Stage.FETCHING: Label("đang tải tệp", "fetching"),
    Stage.TO_FILE: Label("chờ vào sổ", "to be filed"),
    Stage.FILED: Label("đã vào sổ", "filed"),
    Stage.DISCARDED: Label("đã bỏ", "discarded"),
}


def _emit(found: Sequence[Standing], *, received: bool) -> None:
    """Two lines a row, and a third where something is wrong."""
    heads = (
        ("Số, ký hiệu", "Nơi gửi" if received else "Nơi nhận", "Nhận lúc" if received else "Gửi lúc", "Giai đoạn"),
        ("number", "from" if received else "to", f"{'taken in' if received else 'sent'} {ZONE}", "stage"),
    )
    show_rows(heads, ((_cells(each, received=received), _more(each)) for each in found))


def _cells(each: Standing, *, received: bool) -> tuple[str, ...]:
    who = each.sender if received else each.recipient.agency
    stage = " / ".join(each.stage.label if isinstance(each.stage, StatusCode) else _LABELS[each.stage])
    code = f"{each.stage} " if isinstance(each.stage, StatusCode) else ""
    return (each.number or "", who, clock(each.at, seconds=False), code + stage)


def _more(each: Standing) -> list[str]:
    """The id, what the package does where it is no new document, the day; and what is wrong."""
    facts = [each.document.id]
    if each.business is not BusinessType.NEW:
        facts.append(" / ".join(each.business.label))
    if each.due_on is not None:
        facts.append(f"hạn / due {each.due_on}" + (": QUÁ HẠN / OVERDUE" if each.is_overdue else ""))
    return [" · ".join(facts), *([f"vì / why: {each.why}"] if each.why else [])]
