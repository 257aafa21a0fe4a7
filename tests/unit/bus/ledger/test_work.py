"""bus/ledger/work.py: streams of isolated mailboxes come and go while the ledger works."""

from bus.daemon.loops import Loop
from bus.ledger.ingest import Ingest
from bus.ledger.work import LedgerWork
from bus.topology.names import AUDIT


class Still(Ingest):
    """Reads nothing."""

    def __init__(self, stream: str) -> None:
        super().__init__(None, stream, open_=None, onlooker=None, rules=None)  # type: ignore[arg-type] # never asked
        self.closed = 0

    def step(self) -> bool:
        return False

    def close(self) -> None:
        self.closed += 1


def look(work: LedgerWork) -> None:
    (loop,) = [each for each in work.loops if each.name == "streams"]
    loop.step()


def stop(work: LedgerWork) -> None:
    for loop in work.loops:
        loop.stop()
    for loop in work.loops:
        loop.join(5)
    work.close()


def test_audit_alone() -> None:
    """Where nobody can be asked which others there are."""
    work = LedgerWork(Still, streams=None, every=1, extras=[Loop("alerts", lambda: False, idle=1, mailbox="ledger")])
    assert [each.name for each in work.loops] == ["ingest", "alerts"]
    assert [each.state.name for each in work.ingests] == [AUDIT]
    stop(work)


def test_streams_come_and_go() -> None:
    """One is read as soon as it is there, and no more when it is gone; `audit` is read whatever is said."""
    names = {AUDIT, "audit.H49", "inbox.H49", "dead.H49", "blobs.H49"}
    made: list[Still] = []

    def make(stream: str) -> Still:
        made.append(Still(stream))
        return made[-1]

    work = LedgerWork(make, streams=lambda: names, every=60)
    look(work)
    assert sorted(each.state.name for each in work.ingests) == [AUDIT, "audit.H49"]
    (loop,) = [each for each in work.loops if each.name == "ingest audit.H49"]
    assert loop.is_alive
    look(work)
    assert len(made) == 2
    names = {"audit.H53"}
    look(work)
    assert sorted(each.state.name for each in work.ingests) == [AUDIT, "audit.H53"]
    assert loop.join(5)
    assert not loop.is_expected
    stop(work)
    assert made[0].closed == 1
