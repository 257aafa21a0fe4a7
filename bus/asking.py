"""Asking a document system through an adapter that a stranger wrote: whatever it does, each item has its answer."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from bus.errors import BY_CODE, BadMessage, BusError, DmsAway, HeldAfterAll, NotInTime, NotKept
from bus.ports import Adapter, Bounce, Filed, Filing, Report, Transaction
from bus.records import Box, InboxEntry, Row
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
        return _one_by_one(call, items, f"its adapter failed: {type(exc).__name__}")
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
        why = f"its adapter failed: {type(exc).__name__}"
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
    return [
        Bounce(
            ref=row.ref,
            message=line.message,
            document=row.docket.document,
            mailbox=mailbox,
            error=BY_CODE.get(code, BadMessage)(
                message=line.message,
                mailbox=mailbox,
                document=row.docket.document.id if row.docket.document else "?",
                expires_at=f"{row.docket.expires_at:%Y-%m-%d %H:%M}Z" if row.docket.expires_at else "?",
                why=code,
            ),
            at=entry.docket.created_at,
        )
        for line in entry.docket.acknowledges
        for row in tx.rows(Box.OUT, message=line.message)
        for mailbox, code in _said(line, row, entry.docket.sender.mailbox)
    ]


def _said(line: Acknowledged, row: Row, sender: MailboxCode) -> list[tuple[MailboxCode, str]]:
    """Which recipients a line speaks of, and what it says. What we gave up on ourselves, and what came after all, is
    read from what is known by now: an answer may have come since."""
    match line.outcome, line.code:
        case Outcome.REFUSED, NotInTime.code:
            return [(each.mailbox, NotInTime.code) for each in row.recipients if each.code == NotInTime.code]
        case Outcome.REFUSED, code:
            return [(sender, code or "")]
        case Outcome.HELD, _:
            known = [each.code for each in row.recipients if each.mailbox == sender]
            return [(sender, HeldAfterAll.code)] if HeldAfterAll.code in known else []
