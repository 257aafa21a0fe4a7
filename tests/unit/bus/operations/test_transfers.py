"""bus/operations/transfers.py: how far large attachments are, as people are told."""

from datetime import timedelta

import pytest

from bus.handling.transport import InboxState, OutboxState
from bus.operations import transfers
from bus.operations.trace import trace_document
from bus.ports.blobs import SEGMENTS_AT_ONCE
from schemas.codes import BusinessType
from schemas.document import Business
from tests.scenarios.country import document
from tests.scenarios.large import MIB, LargeLand


def test_both_ends_say_where_they_stand() -> None:
    """In bytes, from the first segment to the last; what is filed, or was never large, is not among them."""
    land = LargeLand()
    land["G22"].dms.write(document("G22", "H49", number=9))
    land.collect("G22")
    land.send("G22", "H49", mib=20)
    land.collect_large("G22")
    land.upload("G22")
    (out,) = transfers.under_way(land["G22"].store)
    assert (out.row.state, out.done, out.size) == (OutboxState.UPLOADING, SEGMENTS_AT_ONCE * MIB, 20 * MIB + 5)
    land.upload_all("G22")
    land.publish("G22")
    land.take_in("H49")
    assert transfers.under_way(land["G22"].store) == []
    assert [each.done for each in transfers.under_way(land["H49"].store)] == [0]
    land.fetch("H49")
    assert [each.done for each in transfers.under_way(land["H49"].store)] == [SEGMENTS_AT_ONCE * MIB]
    while land.fetch("H49").more and not land.transfer_is_full("H49"):
        pass
    (in_,) = transfers.under_way(land["H49"].store)
    assert (in_.done, in_.size) == (20 * MIB + 5, 20 * MIB + 5)
    land.fetch_all("H49")
    (in_,) = transfers.under_way(land["H49"].store)
    assert in_.row.state is InboxState.FETCHED
    land.deliver_with_blobs("H49")
    assert transfers.under_way(land["H49"].store) == []


def test_one_of_which_nothing_is_known() -> None:
    """As after a store was recovered: it has all before it."""
    land = LargeLand()
    land.sent("G22", "H49", mib=3)
    land["H49"].store.memory.transfers.clear()
    (standing,) = transfers.under_way(land["H49"].store)
    assert (standing.transfer, standing.done) == (None, 0)


def test_the_steps_of_a_large_document() -> None:
    """How far it is while it goes, and how much it was; what waits for it says for which."""
    land = LargeLand()
    sent = land.send("G22", "H49", mib=40)
    (answer,) = land.collect_large("G22")
    land.upload("G22")
    revoked = document("G22", "H49", number=2, business=Business(type=BusinessType.REVOKE, document_id=sent.id))
    land["G22"].dms.write(revoked)
    land.collect("G22")
    assert (f"document uploading {SEGMENTS_AT_ONCE} of 40 MiB", "stream") in _steps(land, "G22", sent.id)
    assert ("revocation waits for another's files", answer.message) in _steps(land, "G22", revoked.id)
    land.wait(timedelta(minutes=1))
    land.upload_all("G22")
    land.publish("G22")
    land.take_in("H49")
    land.fetch("H49")
    assert ("document uploaded 40 MiB", "stream") in _steps(land, "G22", sent.id)
    assert ("revocation waited for another's files", answer.message) in _steps(land, "G22", revoked.id)
    assert (f"document fetching {SEGMENTS_AT_ONCE} of 40 MiB", "stream") in _steps(land, "H49", sent.id)
    land.settle(20)
    assert ("document fetched 40 MiB", "stream") in _steps(land, "H49", sent.id)


def _steps(land: LargeLand, code: str, document_id: str) -> list[tuple[str, str]]:
    return [(step.what, step.detail) for step in trace_document(land[code].store, document_id)]


@pytest.mark.parametrize(("size", "said"), [(0, "0"), (1, "1"), (MIB, "1"), (5 * MIB // 2, "2"), (2048 * MIB, "2,048")])
def test_mebibytes(size: int, said: str) -> None:
    """Whole ones; a little is not nothing."""
    assert transfers.mebibytes(size) == said
