"""One document as it is told to people: which one is meant, its history with every receipt proved on the spot, what is
missing at each recipient and whose turn it is."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from bus.errors import AmbiguousId, NoSuchMessage, said
from bus.ledger.folded import fold, fold_code
from bus.ledger.keep import events_numbered
from bus.ledger.proof import Keys, Proof, prove
from bus.ledger.queries.documents import Found, Sought, by_number, find
from bus.ledger.queries.lifelines import History, lifeline
from bus.ledger.records import DocumentNumber, EventNumber
from bus.ledger.turns import Turn, turn_of
from schemas.values import AgencyCode

PROVED: Final = 100
"""A circular has thousands of recipients; each receipt is a signature to verify."""
_NAMED: Final = 8
"""Documents that an error names."""
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
"""One of a ledger: it fits a column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    history: History
    proofs: Mapping[EventNumber, Sequence[Proof]]
    """Of the receipts for each message, by its event: of the sender, and of the first recipients."""
    turns: Mapping[AgencyCode, Turn]
    """At each recipient."""


def meant(
    connection: Connection,
    text: str,
    *,
    sender: AgencyCode | None = None,
    of: Collection[AgencyCode] | None = None,
) -> DocumentNumber:
    """The one document that somebody means: by its number in this ledger, its number and notation, its id, or the only
    one that begins so. Raises NoSuchMessage, AmbiguousId."""
    if _NUMBER.fullmatch(text) and (known := by_number(connection, DocumentNumber(int(text)))) is not None:
        return known.number  # whether it may be seen is judged by who shows it
    found = find(connection, Sought(text=text, sender=sender, of=of), limit=_NAMED)
    exact = [each for each in found.documents if _is_exactly(each, text)]
    chosen = exact or found.documents
    if not chosen:
        raise NoSuchMessage(message=text, box=said("sổ cái", "the ledger"))
    if len(chosen) > 1:
        named = ", ".join(f"{each.document.key.id} ({each.document.number})" for each in chosen)
        raise AmbiguousId(given=text, candidates=named + (" …" if found.more and not exact else ""))
    return chosen[0].document.number


def tell(
    connection: Connection,
    number: DocumentNumber,
    *,
    keys: Keys,
    recipients: Collection[AgencyCode] | None = None,
    of: Collection[AgencyCode] | None = None,
    proved: int = PROVED,
) -> Told | None:
    """As `lifeline`, with proofs against the directory of now, and turns. `proved`: the receipts of so many
    recipients."""
    history = lifeline(connection, number, recipients=recipients, of=of)
    if history is None:
        return None
    mailboxes = {history.document.mailbox, *(each.mailbox for each in history.deliveries[:proved])}
    lines = {hop.event.number: [line for line in hop.receipts if line.mailbox in mailboxes] for hop in history.hops}
    receipts = events_numbered(connection, {line.event for some in lines.values() for line in some})
    proofs = {
        hop.event.number: [prove(hop.event, line, receipts.get(line.event), keys=keys) for line in some]
        for hop in history.hops
        if (some := lines[hop.event.number])
    }
    turns = {each.agency: turn_of(each, history.owed_at(each.agency)) for each in history.deliveries}
    return Told(history=history, proofs=proofs, turns=turns)


def _is_exactly(found: Found, text: str) -> bool:
    document = found.document
    code = fold_code(document.code_number, document.code_notation, document=document.key.id)
    return fold(text) in {fold(document.key.id), code}
