"""Whether what was read from a damaged file is a row of ours, and a body the one that its docket describes: half a page
of noise may still look like rows. Nothing is read from the store here."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from bus.errors import BadMessage
from bus.handling.statuses import Change, Verdict
from bus.handling.transport import InboxState, OutboxState
from bus.store.normal_forms import document_form, submission_key
from bus.store.sql.times import to_micros
from bus.wire import envelope
from bus.wire.message import REASON
from schemas.codes import Kind, Outcome, Priority, StatusCode
from schemas.docket import Docket
from schemas.strict_json import read_json

Row: TypeAlias = Mapping[str, Any]

_LATEST: Final = 253_402_300_800_000_000
"""Microseconds up to the year 10000, behind which nothing is."""
_STATES: Final = {"outbox": frozenset(map(str, OutboxState)), "inbox": frozenset(map(str, InboxState))}
_TIMES: Final = frozenset(
    {"at", "next_at", "entered_at", "finished_at", "sent_at", "expires_at", "begun_at", "began_at", "recorded_at"}
    | {"updated_at"}
)


def is_sound(table: str, row: Row) -> bool:
    """Whether a row could have been written by us. Its types are right already."""
    if any(value is not None and not 0 <= value < _LATEST for name, value in row.items() if name in _TIMES):
        return False
    if table not in _STATES and any(isinstance(value, str) and value.endswith("\0") for value in row.values()):
        return False  # half a page of zeros; the end of an entry is its docket
    try:
        return _RULES.get(table, _anything)(row)
    except ValueError:
        return False


def docket_in(body: bytes) -> Docket | None:
    """Of a body as it travels; None where it is none, or its content is not what its docket describes."""
    with suppress(BadMessage):
        parsed = envelope.parse(body)
        content = parsed.docket.content
        digest = sha256(parsed.sealed).hexdigest()
        if content is None or (content.size, content.sha256) == (len(parsed.sealed), digest):
            return parsed.docket
    return None


def is_body_of(docket: Docket, body: bytes, headers: str | None) -> bool:
    """Whether these are the bytes of an entry; what was set aside is under the digest that its note names."""
    if set_aside(headers):
        return docket.acknowledges[0].docket_sha256 == sha256(body).hexdigest()
    if docket.kind is Kind.RECEIPT and not body:
        return True
    found = docket_in(body)
    return found is not None and found.id == docket.id


def set_aside(headers: str | None) -> bool:
    """Of an outbox entry's headers: it goes to the queue `dead`."""
    found = read_json((headers or "{}").encode())
    return isinstance(found, dict) and REASON in found


# -- the tables --------------------------------------------------------------------------------------------------------


def _anything(row: Row) -> bool:
    return True


def _entry(box: str) -> Callable[[Row], bool]:
    def is_one(row: Row) -> bool:
        try:
            docket = Docket.from_kept(row["docket"])
        except ValidationError:
            return False
        document = document_form(docket.document.id) if docket.document else None
        said = (row["message"], row["priority"], row["document"])
        if said != (docket.id, int(docket.priority), document) or row["state"] not in _STATES[box]:
            return False
        if row["submission"] is not None:
            submission_key(row["submission"])
        if box == "inbox":
            blobs = sum(blob.size for blob in docket.blobs or ())
            return bool(row["sender"] == docket.sender.mailbox and row["blobs"] in {0, blobs})
        set_aside(row["headers"])
        expires_at = None if docket.expires_at is None else to_micros(docket.expires_at)
        return row["expires_at"] in {None, expires_at}

    return is_one


def _recipient(row: Row) -> bool:
    return row["outcome"] is None or bool(Outcome(row["outcome"]))


def _dossier(row: Row) -> bool:
    Change(row["change"]), Priority(row["priority"])
    if row["state"] is not None:
        StatusCode(row["state"])
    return bool(row["document_form"] == document_form(row["document"]))


def _status(row: Row) -> bool:
    StatusCode(row["code"]), Verdict(row["verdict"])
    return bool(row["document_form"] == document_form(row["document"]))


_RULES: Final[Mapping[str, Callable[[Row], bool]]] = {
    "outbox": _entry("outbox"),
    "inbox": _entry("inbox"),
    "outbox_recipient": _recipient,
    "dossier": _dossier,
    "status": _status,
}
