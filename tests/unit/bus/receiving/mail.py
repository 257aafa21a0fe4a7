"""What tests of arrivals share: a message as G22 seals it for H49, and as the broker hands it over."""

from dataclasses import replace
from datetime import timedelta

from bus.ports.records import Arrival, OutboxEntry
from bus.sending.address import address
from bus.sending.seal import seal
from schemas.codes import Priority
from schemas.document import Document
from tests.scenarios.country import Land, document


def sealed(land: Land, item: Document | None = None, *, lasts: timedelta | None = None) -> OutboxEntry:
    """`lasts`: how long it is worth delivering."""
    member = land["G22"].member
    if lasts is not None:
        member = replace(member, expiry=dict.fromkeys(Priority, lasts))
    return seal(member, address(member, item or document()), now=land.now)


def arrival(entry: OutboxEntry, *, user: str | None = "G22", is_copy: bool = False) -> Arrival:
    return Arrival(tag=(1, 1), body=entry.body, user=user, is_copy=is_copy)
