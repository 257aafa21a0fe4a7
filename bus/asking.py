"""Asking a document system through an adapter that a stranger wrote: whatever it does, each item has its answer."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from bus.errors import BY_CODE, BadMessage, BusError, DmsAway, NotKept
from bus.ports import Adapter, Bounce, Filed, Filing, Report, Transaction
from bus.records import Box, InboxEntry
from schemas.codes import Outcome

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
    """What a receipt refuses of what was sent from here, in the words of this side."""
    bounces = []
    for line in entry.docket.acknowledges:
        if line.outcome is Outcome.HELD:
            continue
        for row in tx.rows(Box.OUT, message=line.message):
            kind = BY_CODE.get(line.code or "", BadMessage)
            bounces.append(
                Bounce(
                    ref=row.ref,
                    message=line.message,
                    document=row.docket.document,
                    mailbox=entry.docket.sender.mailbox,
                    error=kind(
                        message=line.message,
                        mailbox=entry.docket.sender.mailbox,
                        document=row.docket.document.id if row.docket.document else "?",
                        why=line.code,
                    ),
                    at=entry.docket.created_at,
                )
            )
    return bounces
