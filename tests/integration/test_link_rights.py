"""A link with the rights that a mailbox has, and without them."""

from urllib.parse import quote

import pytest

from bus.errors import BrokerAway, BrokerDenied
from bus.ports.records import Confirmation
from bus.rabbit.link.link import Link
from bus.topology.names import inbox_of
from tests.contract.broker import HOME, OTHER, publication, receive, wait_for
from tests.integration.broker_world import World
from tests.integration.real_ground import RealGround


def confirmed(link: Link) -> bool:
    try:
        return set(link.publish([publication(1)])) == {Confirmation.CONFIRMED}
    except (BrokerAway, BrokerDenied):
        return False


@pytest.mark.long  # for three heartbeats, each of five seconds, nobody else is believed to be there
def test_least_rights(ground: RealGround, broker: World) -> None:
    """To write to its own exchange and read its own inbox is all that a link needs, also for asking a quiet inbox and
    for counting who else reads it; the broker vouches for its name."""
    vhost, escaped = ground.vhost.name, HOME.replace(".", r"\\.")
    rights = {"configure": "^$", "write": rf"^agency\.{escaped}$", "read": rf"^inbox\.{escaped}$"}
    with broker.api() as api:
        api.put(f"/api/users/{HOME}", json={"password": "pass/word", "tags": ""}).raise_for_status()
        try:
            api.put(f"/api/permissions/{vhost}/{HOME}", json=rights).raise_for_status()
            address = f"{ground.forwarder.host}:{ground.forwarder.port}"
            url = f"amqp://{HOME}:pass%2Fword@{address}/{vhost}"
            link = ground.link(HOME, url=url, heartbeat=5, probe_after=0.2, probe_timeout=60.0)
            assert set(link.publish([publication(1, f"document.{HOME}", f"document.{OTHER}")])) == {
                Confirmation.CONFIRMED
            }
            (arrival,) = receive(link, 1)
            assert arrival.user == HOME
            link.ack([arrival])
            twin = ground.link(HOME, url=url, heartbeat=5)
            wait_for(lambda: (link.others, twin.others) == (1, 1), within=90)
            elsewhere = ground.link(OTHER, url=url, ready=False)
            wait_for(lambda: inbox_of(OTHER) in str(elsewhere.status().last_error))
            assert not confirmed(elsewhere)
        finally:
            api.delete(f"/api/users/{HOME}").raise_for_status()


def test_permission_withdrawn(ground: RealGround, broker: World) -> None:
    """Without the right to write, publishing is lost and says so; with it again, it goes on by itself."""
    link = ground.link(HOME)
    path = f"/api/permissions/{ground.vhost.name}/{quote(ground.user, safe='')}"
    with broker.api() as api:
        api.put(path, json={"configure": ".*", "write": "^$", "read": ".*"}).raise_for_status()
        # A channel remembers for a while what it was allowed; a new one does not.
        ground.cut()
        ground.mend()
        assert set(link.publish([publication(n) for n in range(3)])) == {Confirmation.LOST}
        wait_for(lambda: "403" in (link.status().last_error or "") or link.status().reconnects > 2)
        api.put(path, json={"configure": ".*", "write": ".*", "read": ".*"}).raise_for_status()
    wait_for(lambda: confirmed(link))
