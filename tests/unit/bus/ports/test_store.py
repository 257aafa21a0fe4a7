"""bus/ports/store.py: what an adapter has without writing it."""

from collections.abc import Sequence

from bus.ports.adapter import Adapter, Answer, Collected, Filed, Filing, Report


class _Plain(Adapter):
    """As it was written before there were large attachments."""

    def collect(self, limit: int) -> Sequence[Collected]:
        return ()

    def acknowledge(self, answers: Sequence[Answer]) -> None: ...

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        return ()

    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        return ()


def test_an_adapter_of_before_offers_nothing_large() -> None:
    """It need not know that there is such a thing."""
    adapter = _Plain()
    assert not adapter.takes_large
    assert adapter.collect_large(1) == ()
