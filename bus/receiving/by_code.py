"""An error that travelled as its code (in a receipt, in the headers of a dead letter), with the facts of its message:
sentences are the reader's own, and name what the reader knows."""

from datetime import datetime, timedelta

from bus.errors import BY_CODE, BadMessage, BusError
from bus.receiving.judge import MAX_AGE
from schemas.clock import local
from schemas.docket import Docket
from schemas.values import MailboxCode


def error_of(code: str, docket: Docket, *, mailbox: MailboxCode | None, judged_at: datetime | None) -> BusError:
    """`mailbox` refused the message of this docket, at `judged_at` by its own clock; None where that is not known."""
    facts: dict[str, object] = {
        "message": docket.id,
        "sender": docket.sender.mailbox,
        "created_at": local(docket.created_at, seconds=True),
        "days": MAX_AGE.days,
        "why": code,
    }
    if mailbox is not None:
        facts["mailbox"] = mailbox
    if docket.document is not None:
        facts["document"] = docket.document.id
    if docket.expires_at is not None:
        facts["expires_at"] = local(docket.expires_at)
    if docket.status is not None:
        facts["status"] = docket.status
    if judged_at is not None:
        facts["minutes"] = max(0, round((docket.created_at - judged_at) / timedelta(minutes=1)))
    return BY_CODE.get(code, BadMessage)(**facts)
