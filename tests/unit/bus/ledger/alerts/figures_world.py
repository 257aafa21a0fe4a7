"""Rows of a ledger, as few columns as its figures ask for."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, Protocol

from sqlalchemy import Connection, insert

from bus.ledger.tables import GENUINE, seen
from bus.ledger.tables import now as in_use
from bus.ledger.years import next_number, place_of
from bus.store.sql.times import maybe_micros, to_micros
from schemas.docket import Docket
from tests.unit.bus.ledger.alerts.alerts_world import NOW

_numbers = count(1)


class Writable(Protocol):
    @property
    def writing(self) -> Callable[[], AbstractContextManager[Connection]]: ...


DAY = timedelta(days=1)


def put_event(tables: Writable, *, publisher: str = "H29", standing: str = GENUINE, at: datetime = NOW) -> None:
    with tables.writing() as connection:
        number = next_number(connection, now=at)
        row = _event(number, publisher=publisher, standing=standing, at=at, docket=b"", message="m")
        connection.execute(insert(place_of(connection, number)), row)


def _event(number: int, *, publisher: str, standing: str, at: datetime, docket: bytes, message: str) -> dict[str, Any]:
    return {
        "number": number,
        "received_at": to_micros(at),
        "stream": "audit",
        "epoch": 0,
        "offset": number,
        "at": to_micros(at),
        "kind": "document",
        "message": message,
        "mailbox": publisher,
        "publisher": publisher,
        "standing": standing,
        "size": 0,
        "docket": docket,
        "signature": b"",
    }


def put_delivery(
    tables: Writable,
    docket: Docket,
    *,
    at: datetime,
    expires_at: datetime | None = None,
    **columns: object,
) -> None:
    """The document of this docket, at its first recipient."""
    to, number = docket.recipients[0], next(_numbers)
    assert docket.document
    document: dict[str, Any] = {
        "number": number,
        "issuer": docket.document.issuer,
        "document": f"{docket.document.id}.{number}",
        "form": "",
        "known": True,
        "sender": docket.sender.agency,
        "mailbox": docket.sender.mailbox,
        "message": docket.id,
        "sent_at": to_micros(at),
        "priority": 0,
        "attachments": 0,
        "size": 0,
        "expires_at": maybe_micros(expires_at),
    }
    delivery: dict[str, Any] = {
        "document": number,
        "agency": to.agency,
        "mailbox": to.mailbox,
        "sender": docket.sender.agency,
        "sent_at": to_micros(at),
        "change": "none",
        "withdrawn": False,
        "statuses": "[]",
        "last_at": to_micros(at),
        "message": docket.id,
        **columns,
    }
    with tables.writing() as connection:
        first = next_number(connection, now=at)
        row = _event(first, publisher="H30", standing=GENUINE, at=at, docket=docket.to_json(), message=docket.id)
        told = {"message": docket.id, "mailbox": "H30", "genuine": True, "docket_sha256": b"", "event": first}
        place = place_of(connection, first)
        for table, values in ((place, row), (seen, told), (in_use.document, document), (in_use.delivery, delivery)):
            connection.execute(insert(table), {name: each for name, each in values.items() if name in table.c})


def put_obligation(
    tables: Writable, debtor: str, due_at: datetime | None, *, provisional: bool = False, **columns: object
) -> None:
    row: dict[str, Any] = {
        "document": next(_numbers),
        "recipient": debtor,
        "clock": "finish",
        "debtor": debtor,
        "creditor": "H30",
        "started_at": to_micros(NOW - 30 * DAY),
        "due_at": maybe_micros(due_at),
        "open": True,
        "calendar": "2026-1",
        "provisional": provisional,
        **columns,
    }
    with tables.writing() as connection:
        connection.execute(insert(in_use.obligation), row)


def put_day(tables: Writable, agency: str, day: date, measure: str, amount: int, detail: str = "") -> None:
    row = {"day": day.isoformat(), "agency": agency, "measure": measure, "detail": detail, "amount": amount}
    with tables.writing() as connection:
        connection.execute(insert(in_use.daily), row)
