"""What stories look at in an office's store, and how bytes of no honest daemon come onto the bus."""

from bus.handling.transport import State
from bus.ports.records import Box, Publication, Row
from schemas.codes import Kind, Priority
from tests.scenarios.country import Land


def rows(land: Land, at: str, box: Box, state: State | None = None) -> list[Row[State]]:
    with land[at].store.read() as tx:
        return [row for row in tx.of(box).rows(state=state) if row.docket.kind is not Kind.RECEIPT]


def events(land: Land, at: str, of: str) -> set[str]:
    with land[at].store.read() as tx:
        return {event.name for event in tx.dossiers.events(document=of)}


def inject(land: Land, to: str, body: bytes, sender: str = "G22") -> None:
    """Bytes on the bus that no honest daemon sent."""
    publication = Publication(
        message=land[sender].member.new_id(),
        kind=Kind.DOCUMENT,
        routing=(f"document.{to}",),
        body=body,
        priority=Priority.NORMAL,
        created_at=land.now,
    )
    land[sender].broker.publish([publication])
