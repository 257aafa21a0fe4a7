"""Asking a document system through an adapter that a stranger wrote: whatever it does, each item has its answer."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from bus.errors import BusError, DmsAway, HeldAfterAll, NotInTime, NotKept, Withdrawn, Words
from bus.handling.transport import OutboxState
from bus.ports.adapter import Adapter, Bounce, Filed, Filing, Report
from bus.ports.records import InboxEntry, Row
from bus.ports.store import Transaction
from bus.ports.submitted import Reach, Submitted
from bus.receiving.by_code import error_of
from schemas.codes import Outcome
from schemas.docket import Acknowledged
from schemas.values import MailboxCode

T = TypeVar("T")
M = TypeVar("M", Filing, Report)


def ask(call: Callable[[Sequence[T]], Sequence[Filed]], items: Sequence[T]) -> Sequence[Filed]:
    """One answer each. Raises TryLater where the document system does not answer at all.

    An adapter that fails in a way of its own over one item is asked again item by item: the others of the batch are
    filed, and the one is tried later, and in the end parked, like any other trouble.
    """
    if not items:
        return []
    try:
        answers = call(items)
    except BusError:
        raise
    except Exception as exc:  # noqa: BLE001 — one bad message stops nobody
        return _one_by_one(
            call, items, Words(f"bộ nối bị lỗi: {type(exc).__name__}", f"its adapter failed: {type(exc).__name__}")
        )
    if len(answers) != len(items):
        return _one_by_one(call, items, f"its adapter gave {len(answers)} answers to {len(items)} items")
    return answers


def _one_by_one(call: Callable[[Sequence[T]], Sequence[Filed]], items: Sequence[T], why: str) -> Sequence[Filed]:
    if len(items) == 1:
        return [Filed(error=DmsAway(why=why))]
    return [answer for item in items for answer in ask(call, [item])]


def shown(adapter: Adapter, items: Sequence[M], answers: Sequence[Filed]) -> Sequence[Filed]:
    """The answers, but that what was taken and cannot be shown counts as not filed: a yes alone is no proof. Raises
    TryLater where the document system does not answer."""
    taken = {item.message: answer.ref for item, answer in zip(items, answers, strict=True) if answer.error is None}
    if not taken:
        return answers
    try:
        held = set(adapter.holds(taken))
    except BusError:
        raise
    except Exception as exc:  # noqa: BLE001 — as in `ask`
        why = Words(f"bộ nối bị lỗi: {type(exc).__name__}", f"its adapter failed: {type(exc).__name__}")
        return [answer if answer.error else Filed(error=DmsAway(why=why)) for answer in answers]
    return [
        answer if answer.error or item.message in held else Filed(error=NotKept(message=item.message))
        for item, answer in zip(items, answers, strict=True)
    ]


def tell(adapter: Adapter, bounces: Sequence[Bounce]) -> BusError | None:
    """None once the document system knows; the error where its adapter failed. Raises TryLater as `ask` does."""

    def bounced(batches: Sequence[Sequence[Bounce]]) -> Sequence[Filed]:
        for batch in batches:
            adapter.bounced(batch)
        return [Filed()]

    return ask(bounced, [bounces])[0].error


def bounces_of(tx: Transaction, entry: InboxEntry) -> list[Bounce]:
    """What a receipt refuses of what was sent from here, or gives up on, or corrects: in the words of this side."""
    lines = dict.fromkeys(entry.docket.acknowledges)
    rows = {message: tx.outbox.rows(message=message) for message in {line.message for line in lines}}
    by_now = tx.outbox.submitted({row.key for some in rows.values() for row in some if row.key})
    return [
        Bounce(
            ref=row.ref,
            message=line.message,
            document=row.docket.document,
            mailbox=mailbox,
            error=error_of(code, row.docket, mailbox=mailbox, judged_at=entry.docket.created_at),
            at=entry.docket.created_at,
        )
        for line in lines
        for row in rows[line.message]
        for mailbox, code in _said(line, row, entry.docket.sender.mailbox)
        if code == HeldAfterAll.code or not (row.key and _is_there(by_now[row.key], mailbox))
    ]


def _is_there(submission: Submitted, mailbox: MailboxCode) -> bool:
    """Whether another message brought it there, or is on its way: the refusal of one is not the last word then."""
    return submission.reached.get(mailbox) in {Reach.HELD, Reach.UNDER_WAY}


def _said(line: Acknowledged, row: Row[OutboxState], sender: MailboxCode) -> list[tuple[MailboxCode, str]]:
    """Which recipients a line speaks of, and what it says. Read from what is recorded by now: an answer may have come
    since, and what was mended is recorded as no refusal."""
    match line.outcome, line.code:
        case Outcome.REFUSED, NotInTime.code:
            return [(each.mailbox, NotInTime.code) for each in row.recipients if each.code == NotInTime.code]
        case Outcome.REFUSED, Withdrawn.code if sender == row.docket.sender.mailbox:
            answered = {each.mailbox for each in row.recipients}
            return [(mailbox, Withdrawn.code) for mailbox in row.docket.mailboxes if mailbox not in answered]
        case Outcome.REFUSED, code:
            refused = any(each.mailbox == sender and each.outcome is Outcome.REFUSED for each in row.recipients)
            return [(sender, code or "")] if refused else []
        case Outcome.HELD, _:
            known = [each.code for each in row.recipients if each.mailbox == sender]
            return [(sender, HeldAfterAll.code)] if HeldAfterAll.code in known else []
