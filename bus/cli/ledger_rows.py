"""What lists of a ledger say of an obligation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bus.cli.ledger_options import span
from bus.handling.clocks import End
from bus.ledger.records import ObligationRow
from schemas.clock import local
from schemas.codes import Label

ENDS: Final[Mapping[str, Label]] = {
    End.UNREACHED: Label("hộp thư không nhận", "its mailbox did not take it"),
    End.REFUSED: Label("bị từ chối", "refused"),
    End.WITHDRAWN: Label("đã thu hồi", "withdrawn"),
    End.REPLACED: Label("đã thay thế", "replaced"),
}
"""Why something is owed no longer."""


def state_of(each: ObligationRow, *, now: datetime) -> str:
    """`met … by 03`, `1 day 2 hours late`, `3 hours left`, `no longer owed: withdrawn`."""
    if each.void_at is not None:
        why = ENDS.get(each.void_why or "", Label(each.void_why or "", each.void_why or ""))
        return f"thôi nợ: {why.vi} / no longer owed: {why.en}"
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
