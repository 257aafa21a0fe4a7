"""What the commands that ask a ledger share: whose TOML, from when until when, where a delivery stands in words."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import click

from bus.handling.clocks import Clock
from bus.ledger.folded import fold_code
from bus.ledger.queries.wanted import Standing
from bus.ledger.records import DeliveryRow, DocumentRow, ObligationRow
from schemas.clock import clock
from schemas.codes import Label, StatusCode
from schemas.values import VIETNAM

config_option = click.option(
    "--config",
    "-c",
    required=True,
    envvar="LIENTHONG_LEDGER",
    show_envvar=True,
    metavar="LEDGER.toml",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The ledger's TOML.",
)

LABELS: Final[Mapping[Standing, Label]] = {
    Standing.UNRECEIPTED: Label("hộp thư chưa nhận", "not receipted"),
    Standing.RECEIPTED: Label("hộp thư đã nhận", "receipted"),
    Standing.NOT_TAKEN: Label("hộp thư từ chối", "not taken"),
    Standing.WITHDRAWN: Label("đã thu hồi", "withdrawn"),
    Standing.CHANGE_ASKED: Label("chờ trả lời lấy lại, cập nhật", "change asked"),
    **{Standing(code.value): code.label for code in StatusCode if code <= StatusCode.DONE},
}


def standing_words(standing: Standing) -> str:
    """`03 Đã tiếp nhận / Accepted`."""
    code = f"{standing.value} " if standing.value.isdecimal() else ""
    return code + " / ".join(LABELS[standing])


def number_of(document: DocumentRow) -> str:
    """Number and notation, as written; where no docket told of them, as the id ends with them; else ""."""
    written = "/".join(filter(None, (document.code_number, document.code_notation)))
    if written or fold_code(None, None, document=document.key.id) is None:
        return written
    return document.key.id.rpartition(",")[2].strip()


def due_clock(at: datetime) -> str:
    """A day's end as that day's 24:00, and not as midnight of the next: `2026-11-30 24:00`."""
    here = at.astimezone(VIETNAM)
    if here.time() != time():
        return clock(at, seconds=False)
    return f"{here.date() - timedelta(days=1)} 24:00"


def span(length: timedelta) -> Label:
    """`3 ngày 4 giờ`, `3 days 4 hours`: the two largest units."""
    minutes = int(length / timedelta(minutes=1))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "ngày", "day"), (hours, "giờ", "hour"), (minutes, "phút", "minute")]
    told = [part for part in parts if part[0]][:2] or [parts[-1]]
    return Label(
        " ".join(f"{amount} {vi}" for amount, vi, _ in told),
        " ".join(f"{amount} {en}{'s' * (amount != 1)}" for amount, _, en in told),
    )


# -- for programs ------------------------------------------------------------------------------------------------------


def plain_document(document: DocumentRow) -> dict[str, Any]:
    return {
        "ledger_number": document.number,
        "issuer": document.key.issuer,
        "document": document.key.id,
        "known": document.known,
        "number": document.code_number,
        "notation": document.code_notation,
        "issued_on": document.issued_on,
        "business_type": None if document.business is None else int(document.business),
        "from": document.sender,
        "mailbox": document.mailbox,
        "message": document.message,
        "sent_at": document.sent_at,
        "priority": int(document.priority),
        "due_on": document.due_on,
        "expires_at": document.expires_at,
        "attachments": document.attachments,
        "size": document.size,
        "changes": [{"issuer": key.issuer, "document": key.id} for key in document.changes],
        "changed_by": [
            {"issuer": each.key.issuer, "document": each.key.id, "business_type": int(each.business), "at": each.at}
            for each in document.changed_by
        ],
    }


def plain_delivery(delivery: DeliveryRow, standing: Standing) -> dict[str, Any]:
    return {
        "to": delivery.agency,
        "mailbox": delivery.mailbox,
        "standing": standing,
        "change": delivery.change,
        "outcome": delivery.outcome,
        "refusal": delivery.refusal,
        "receipted_at": delivery.receipted_at,
        "statuses": [{"code": each.code, "at": each.at} for each in delivery.statuses],
        "last_at": delivery.last_at,
    }


def plain_obligation(obligation: ObligationRow, clocks: Mapping[str, Clock], *, now: datetime) -> dict[str, Any]:
    found = clocks.get(obligation.clock)
    return {
        "clock": obligation.clock,
        "article": found and found.article,
        "debtor": obligation.debtor,
        "creditor": obligation.creditor,
        "recipient": obligation.recipient,
        "started_at": obligation.started_at,
        "warn_at": obligation.warn_at,
        "due_at": obligation.due_at,
        "late": obligation.is_late(now),
        "met_at": obligation.met_at,
        "met_by": obligation.met_by,
        "void_at": obligation.void_at,
        "void_why": obligation.void_why,
        "calendar": obligation.calendar,
        "provisional": obligation.provisional,
        "passed_to": obligation.passed_to,
    }
