"""`lienthong ledger show`: the whole way of one document, with every receipt proved on the spot, what is missing at
each recipient and whose turn it is."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from bus.cli.ledger_options import (
    config_option,
    number_of,
    plain_delivery,
    plain_document,
    plain_obligation,
    span,
    standing_words,
)
from bus.cli.output import Trouble, emit, emit_fields, emit_json, json_option
from bus.errors import NoSuchMessage, said
from bus.handling.clocks import Clock, by_code
from bus.ledger.proof import SAID, SOUND, Proof
from bus.ledger.queries.told import Told, meant, tell
from bus.ledger.queries.wanted import standing_of
from bus.ledger.records import DeliveryRow, DocumentRow, ObligationRow
from bus.ledger.tables import GENUINE
from bus.ledger.turns import NEXT, Missing
from bus.wiring.ledger import clocks_of
from bus.wiring.ledger_config import load_ledger_config
from bus.wiring.ledgers import ledger_of, onlooker_of
from schemas.clock import clock as on_the_clock
from schemas.clock import local
from schemas.codes import BusinessType, Kind, Outcome, Priority
from schemas.values import AgencyCode

_SHOWN: Final = 20
"""Recipients that are shown whole, where none is named."""


@click.command(short_help="One document's way at every recipient: receipts, statuses, whose turn it is.")
@click.argument("document")
@config_option
@click.option("--from", "sender", metavar="AGENCY", help="The one that this agency sent.")
@click.option("--to", "recipients", metavar="AGENCY", multiple=True, help="Only at this recipient; may be repeated.")
@json_option
def show(
    document: str, config: Path, sender: AgencyCode | None, recipients: tuple[AgencyCode, ...], as_json: bool
) -> None:
    """One document's way at every recipient: receipts, statuses, what is owed, whose turn it is. Đường đi của văn bản.

    DOCUMENT is its number and notation, its id, the beginning of one of these, or its number in this ledger (see
    `ledger find`). Receipts are proved again, against the directory that is held here.
    """
    loaded, now = load_ledger_config(config), datetime.now(UTC)
    keys, clocks = onlooker_of(loaded), by_code(clocks_of(loaded))
    with ledger_of(loaded) as ledger, ledger.reading() as connection:
        told = tell(connection, meant(connection, document, sender=sender), keys=keys, recipients=recipients or None)
    if told is None:
        raise NoSuchMessage(message=document, box=said("sổ trung tâm", "the ledger"))
    if as_json:
        emit_json(_plain(told, clocks, now))
    else:
        _show(told, clocks, now=now, most=len(recipients) or _SHOWN)


# -- for programs ------------------------------------------------------------------------------------------------------


def _plain(told: Told, clocks: Mapping[str, Clock], now: datetime) -> dict[str, Any]:
    history = told.history
    return {
        **plain_document(history.document),
        "recipients": [_plain_recipient(told, each, clocks, now) for each in history.deliveries],
        "messages": [
            {
                "message": hop.event.docket.id,
                "kind": hop.event.docket.kind,
                "status": hop.event.docket.status,
                "from": hop.event.docket.sender.agency,
                "at": hop.event.docket.created_at,
                "received_at": hop.event.received_at,
                "standing": hop.event.standing,
                "receipts": [_plain_proof(proof) for proof in told.proofs.get(hop.event.number, ())],
            }
            for hop in history.hops
        ],
        "more_messages": history.more_hops,
    }


def _plain_recipient(told: Told, delivery: DeliveryRow, clocks: Mapping[str, Clock], now: datetime) -> dict[str, Any]:
    turn = told.turns[delivery.agency]
    return {
        **plain_delivery(delivery, standing_of(delivery)),
        "missing": turn.missing,
        "turn": turn.who,
        "turn_due_at": turn.due_at,
        "turn_late": turn.is_late(now),
        "obligations": [plain_obligation(each, clocks, now=now) for each in told.history.owed_at(delivery.agency)],
        "moved": [
            {"clock": each.clock, "at": each.at, "why": each.why, "before": each.before, "after": each.after}
            for each in told.history.moved
            if each.recipient == delivery.agency
        ],
    }


def _plain_proof(proof: Proof) -> dict[str, Any]:
    line = proof.line
    return {"mailbox": line.mailbox, "outcome": line.outcome, "code": line.code, "at": line.at, "proof": proof.verdict}


# -- for people --------------------------------------------------------------------------------------------------------


def _show(told: Told, clocks: Mapping[str, Clock], *, now: datetime, most: int) -> None:
    history = told.history
    emit_fields(_head(history.document))
    for each in _unproven(told):
        emit(each)
    for stranger in history.strangers:
        heard = ", ".join(f"{each.code} {local(each.at)}" for each in stranger.statuses[-3:])
        emit(f"! {stranger.agency}: {heard}; chưa thấy gửi đến đó / it was never sent there")
    for delivery in history.deliveries[:most]:
        emit("", f"→ {delivery.agency} · {standing_words(standing_of(delivery))}")
        for step in sorted(_steps(told, delivery)):
            emit(_line(step))
        for line in _owed(told, delivery, clocks, now):
            emit(line)
        emit(_turn(told, delivery, now))
    left = len(history.deliveries) - most
    if left > 0:
        emit("", f"… và {left:,} nơi nhận nữa: --to. / and {left:,} more recipients: --to.")


def _head(document: DocumentRow) -> dict[str, object]:
    business = document.business
    fields: dict[str, object] = {
        "Số, ký hiệu / number": number_of(document) or None,
        "Mã / id": document.key.id,
        "Nơi ban hành / issuer": document.key.issuer,
        "Ngày / issued on": document.issued_on,
        "Loại / type": None if business in {None, BusinessType.NEW} else " / ".join(business.label),
        "Khẩn / priority": None if document.priority is Priority.NORMAL else " / ".join(document.priority.label),
        "Hạn / due on": document.due_on,
        "Gửi / sent": f"{document.sender}, {local(document.sent_at, seconds=True)}",
        "Trong sổ / in the ledger": document.number,
        "Thay đổi / changes": ", ".join(key.id for key in document.changes) or None,
    }
    changed = [f"{' / '.join(each.business.label)}: {each.key.id}, {local(each.at)}" for each in document.changed_by]
    fields["Bị thay đổi / changed by"] = "; ".join(changed) or None
    if not document.known:
        fields["! Chú ý / note"] = "mới thấy trạng thái, chưa thấy văn bản / only statuses of it came so far"
    return {name: value for name, value in fields.items() if value is not None}


def _unproven(told: Told) -> Iterator[str]:
    """Messages that moved nothing: somebody has to look at them."""
    for hop in told.history.hops:
        if (event := hop.event).standing != GENUINE:
            what = event.docket.status or event.docket.kind
            who = f"{event.docket.sender.agency} (qua / by {event.publisher})"
            yield Trouble(f"✗ {on_the_clock(event.received_at)} {what} {who}: {event.standing}, bỏ qua / passed over")


class _Step(NamedTuple):
    at: datetime
    order: int
    words: str
    trouble: bool = False


def _line(step: _Step) -> str:
    said_ = f"  {on_the_clock(step.at)}  {step.words}"
    return Trouble(said_) if step.trouble else said_


def _steps(told: Told, delivery: DeliveryRow) -> Iterator[_Step]:
    document = told.history.document
    if document.known:
        yield _Step(document.sent_at, 0, "đã gửi / sent")
    for proof in _proofs(told, delivery):
        line = proof.line
        held = line.outcome is Outcome.HELD
        words = "hộp thư đã nhận / receipted" if held else f"hộp thư từ chối / not taken: {line.code}"
        verdict = SAID[proof.verdict]
        yield _Step(
            line.at,
            1,
            f"{words}; {verdict.vi} / {verdict}",
            trouble=not held or proof.verdict not in SOUND,
        )
    for number, heard in enumerate(delivery.statuses):
        yield _Step(heard.at, 2 + number, f"{heard.code} {' / '.join(heard.code.label)}")


def _proofs(told: Told, delivery: DeliveryRow) -> Sequence[Proof]:
    """Of the messages that carried the document, by this recipient's mailbox."""
    return [
        proof
        for hop in told.history.hops
        if hop.event.docket.kind is Kind.DOCUMENT and hop.event.standing == GENUINE
        for proof in told.proofs.get(hop.event.number, ())
        if proof.line.mailbox == delivery.mailbox
    ]


def _owed(told: Told, delivery: DeliveryRow, clocks: Mapping[str, Clock], now: datetime) -> Iterator[str]:
    for each in told.history.owed_at(delivery.agency):
        yield obligation_line(each, clocks, now=now)
        for move in told.history.moved:
            if (move.recipient, move.clock) == (each.recipient, each.clock):
                before, after = (local(at) if at else "?" for at in (move.before, move.after))
                yield f"      đổi / moved {local(move.at)}: {before} → {after} ({move.why})"


def obligation_line(each: ObligationRow, clocks: Mapping[str, Clock], *, now: datetime) -> str:
    """What it is, by which article, until when, met or not, how late."""
    clock = clocks.get(each.clock)
    name = each.clock if clock is None else " / ".join(clock.name)
    article = "" if clock is None else f" [{clock.article}]"
    due = "không có hạn / no limit" if each.due_at is None else f"hạn / due {local(each.due_at)}"
    provisional = ", tạm tính / provisional" if each.provisional else ""
    said_ = f"{name}{article}: {due}{provisional}; {state_of(each, now=now)}"
    mark = "✗" if each.is_late(now) else "✓" if each.met_at else "·"
    return Trouble(f"  {mark} {said_}") if each.is_late(now) else f"  {mark} {said_}"


def state_of(each: ObligationRow, *, now: datetime) -> str:
    """`met by 03 on …`, `1 day 2 hours late`, `3 hours left`, `no longer owed: withdrawn`."""
    if each.void_at is not None:
        return f"thôi nợ / no longer owed: {each.void_why}"
    late = ""
    if each.due_at is not None and each.is_late(now):
        vi, en = span((each.met_at or now) - each.due_at)
        late = f"trễ {vi} / {en} late"
    if each.met_at is not None:
        return f"xong / met {local(each.met_at)} ({each.met_by})" + (f", {late}" if late else "")
    if late or each.due_at is None:
        return late or "còn chờ / waited for"
    vi, en = span(each.due_at - now)
    return f"còn {vi} / {en} left"


def _turn(told: Told, delivery: DeliveryRow, now: datetime) -> str:
    turn = told.turns[delivery.agency]
    if turn.missing is Missing.NOTHING:
        return "  = xong, không ai phải làm gì / done, nobody's turn"
    words = NEXT[turn.missing]
    line = f"  ➜ {turn.who}: {words.vi} / {words.en}"
    return Trouble(line) if turn.is_late(now) else line
