"""The line to the broker with faults: cut, silent, silent one way, slow. A forwarder is the network."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.site import Site, eventually
from tests.faults.tale import FULL, FULL_ONLY, PATIENT, Tale, configured, events, health, logged

pytestmark = PATIENT

HEARTBEAT = 2
"""The heartbeat in seconds; pika notices a silent line after at most twice that and ten."""


@pytest.fixture(autouse=True)
def _quick_to_notice(surroundings: Site) -> Iterator[None]:
    with ExitStack() as stack:
        for code in surroundings.country.mailboxes:
            stack.enter_context(configured(surroundings, code, broker__heartbeat=HEARTBEAT))
        yield
        surroundings.forwarder.mend()


def test_cut_again_and_again(surroundings: Site, tale: Tale) -> None:
    """Both ends lose their connections in the middle of batches: unconfirmed messages are published again,
    unacknowledged ones are delivered again, and all is filed once."""
    sender, one, other = surroundings.country.mailboxes
    with surroundings.at_work(processes=2) as daemons:
        for _ in range(12 if FULL else 4):
            before = tale.filed(one) + tale.filed(other)
            tale.send(sender, one, other, count=25)
            tale.send(other, one, count=10)
            eventually(lambda before=before: tale.filed(one) + tale.filed(other) > before, within=60)  # type: ignore[misc]
            surroundings.forwarder.cut()
            surroundings.forwarder.mend()
        tale.ends_well(*daemons)
        assert all(logged(daemon, "broker.lost") for daemon in daemons)
    for code in surroundings.country.mailboxes:
        assert not events(surroundings, code, "status.illegal")


# Both are noticed by the same silence; the short form tests one.
@pytest.mark.parametrize(
    "answers_only", [True, False] if FULL else [True], ids=lambda one: "answers only" if one else "both ways"
)
def test_half_open(surroundings: Site, tale: Tale, answers_only: bool) -> None:
    """The connections are dead without RST or FIN, as behind a firewall that forgot them. Within the heartbeats the
    daemon notices, connects again, and publishes again all messages without a confirm. The broker keeps the dead
    consumer for a while, then delivers its messages again."""
    sender, one, other = surroundings.country.mailboxes
    with surroundings.at_work() as (daemon,):
        tale.send(sender, one, count=5)
        tale.ends_well(daemon)
        surroundings.forwarder.lose(answers_only=answers_only)
        tale.send(sender, one, other, count=20)
        tale.ends_well(daemon, within=120)
        assert logged(daemon, "broker.lost")
        eventually(lambda: daemon.page("/healthz")[0] == 200)


@FULL_ONLY
def test_slow(surroundings: Site, tale: Tale) -> None:
    """A line of 64 KB/s with a delay of 50 ms each way: everything takes its time, nothing is given up, nothing goes
    twice, and no connection is lost over it."""
    sender, one, _ = surroundings.country.mailboxes
    with surroundings.at_work(sender, one) as (daemon,):
        tale.send(sender, one, count=2)
        tale.ends_well(daemon)
        lost = len(logged(daemon, "broker.lost"))
        surroundings.forwarder.slow(64_000, latency=0.05)
        tale.send(sender, one, count=40 if FULL else 10)
        tale.ends_well(daemon, within=300, in_order=True)
        surroundings.forwarder.mend()
        assert len(logged(daemon, "broker.lost")) == lost
        assert health(daemon, sender)["broker"]["reconnects"] == 0
