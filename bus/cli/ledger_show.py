"""`lienthong ledger show`: the whole way of one document, with every receipt proved on the spot, what is missing at
each recipient and whose turn it is."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from bus.cli.asked import asked
from bus.cli.ledger_options import (
    config_option,
    due_clock,
    number_of,
    plain_delivery,
    plain_document,
    plain_obligation,
    standing_words,
)
from bus.cli.ledger_rows import state_of
from bus.cli.output import Trouble, emit, emit_fields, emit_json, json_option
from bus.cli.tables import show_lines
from bus.errors import AmbiguousId, NoSuchMessage, said
from bus.handling.clocks import Clock, by_code
from bus.ledger.proof import SAID, SOUND, Proof
from bus.ledger.queries.told import Told, meant, tell
from bus.ledger.queries.wanted import standing_of
from bus.ledger.records import DeliveryRow, DocumentNumber, DocumentRow
from bus.ledger.store import Ledger
from bus.ledger.tables import GENUINE
from bus.ledger.turns import NEXT, Missing
from bus.wiring.ledger import clocks_of
from bus.wiring.ledger_config import load_ledger_config
from bus.wiring.ledgers import ledger_of, onlooker_of
from schemas.clock import ZONE, local
from schemas.clock import clock as on_the_clock
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
    with ledger_of(loaded) as ledger:
        number = _meant(ledger, document, sender)
        with ledger.reading() as connection:
            most = len(recipients) or _SHOWN
            told = tell(connection, number, keys=keys, recipients=recipients or None, proved=most)
        if told is None:
            subject = {"text": document, "sender": sender, "recipients": list(recipients) or None}
            asked(ledger, "documents.show", subject, found=0)
            raise NoSuchMessage(message=document, box=said("sổ cái", "the ledger"))
        key = told.history.document.key
        asked(ledger, "documents.show", {"issuer": key.issuer, "document": key.id}, found=1)
    if as_json:
        emit_json(_plain(told, clocks, now))
    else:
        show_told(told, clocks, now=now, most=most)


def _meant(ledger: Ledger, document: str, sender: AgencyCode | None) -> DocumentNumber:
    """Recorded where it is none, and where an error names those that may be meant. Raises as `meant`."""
    try:
        with ledger.reading() as connection:
            return meant(connection, document, sender=sender)
    except (AmbiguousId, NoSuchMessage) as error:
        named = error.facts.get("candidates")
        asked(ledger, "documents.show", {"text": document, "sender": sender, "candidates": named}, found=0)
        raise


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


def show_told(told: Told, clocks: Mapping[str, Clock], *, now: datetime, most: int) -> None:
    history = told.history
    emit_fields(_head(history.document))
    for each in _unproven(told):
        emit(each)
    for stranger in history.strangers:
        heard = ", ".join(f"{each.code} {local(each.at)}" for each in stranger.statuses[-3:])
        emit(f"! {stranger.agency}: {heard}; chưa thấy gửi đến đó / it was never sent there")
    for delivery in history.deliveries[:most]:
        emit("", f"→ {delivery.agency} · {standing_words(standing_of(delivery))}")
        show_lines(map(_line, sorted(_steps(told, delivery))), indent=2)
        show_lines(_owed(told, delivery, clocks, now), indent=2)
        show_lines([_turn(told, delivery, now)], indent=2)
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
    said_ = f"{on_the_clock(step.at)}  {step.words}"
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
    """Each with its clock, article and due time; met or not, how late; and what moved it."""
    for each in told.history.owed_at(delivery.agency):
        found = clocks.get(each.clock)
        name = each.clock if found is None else f"{' / '.join(found.name)} [{found.article}]"
        mark = "✗" if each.is_late(now) else "✓" if each.met_at else "·"
        yield Trouble(f"{mark} {name}") if each.is_late(now) else f"{mark} {name}"
        due = "không có hạn / no limit" if each.due_at is None else f"hạn / due {due_clock(each.due_at)} {ZONE}"
        provisional = " (tạm tính / provisional)" if each.provisional else ""
        told_ = f"  {due}{provisional}; {state_of(each, now=now)}"
        yield Trouble(told_) if each.is_late(now) else told_
        for move in told.history.moved:
            if (move.recipient, move.clock) == (each.recipient, each.clock):
                before, after = (due_clock(at) if at else "–" for at in (move.before, move.after))
                yield f"  {local(move.at)}: {before} → {after} ({move.why})"


def _turn(told: Told, delivery: DeliveryRow, now: datetime) -> str:
    turn = told.turns[delivery.agency]
    if turn.missing is Missing.NOTHING:
        return "= xong, không ai phải làm gì / done, nobody's turn"
    words = NEXT[turn.missing]
    line = f"⇒ {turn.who}: {words.vi} / {words.en}"
    return Trouble(line) if turn.is_late(now) else line
