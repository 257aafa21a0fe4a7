"""Somebody deletes a part of the bus at the broker under running daemons: said within a minute, nothing counts as sent,
and all goes on once the topology is applied."""

import json
import tomllib
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

import pytest

from bus.rabbit.admin.management import Management
from bus.topology.drift import diff
from bus.topology.names import AUDIT, ROUTE, inbox_of
from bus.topology.versions import parse_version
from bus.topology.wanted import topology
from tests.e2e.site import Daemon, Site, eventually, founded
from tests.integration.applied import hashes, management_url
from tests.integration.broker_world import World

MINUTE = 60


@pytest.fixture(scope="module")
def own(broker: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A country of its own: nobody else's bus is taken apart."""
    with founded(tmp_path_factory.mktemp("gone"), broker, mailboxes=2) as site:
        yield site


def vhost_of(site: Site) -> str:
    config = tomllib.loads(site.country.config(site.country.mailboxes[0]).read_text(encoding="utf-8"))
    return unquote(urlsplit(config["broker"]["url"]).path[1:])


def delete(broker: World, vhost: str, kind: str, name: str) -> None:
    with broker.api() as api:
        api.delete(f"/api/{kind}/{quote(vhost, safe='')}/{quote(name, safe='')}").raise_for_status()


def apply(broker: World, site: Site, vhost: str) -> None:
    with Management(management_url(broker), plain=True) as management:
        wanted = topology(site.country.mailboxes, vhost=vhost, version=management.version())
        changes = diff(management.topology(vhost), wanted)
        management.apply(changes, vhost=vhost, hashes=hashes(wanted))


@pytest.mark.parametrize(("kind", "name"), [("exchanges", ROUTE), ("queues", AUDIT)])
def test_a_part_that_all_need(own: Site, broker: World, kind: str, name: str) -> None:
    """/healthz of everybody and an event name it, and what was dropped waits; applied again, it arrives."""
    if name == AUDIT and parse_version(broker.version) >= (4, 3):
        pytest.skip("RabbitMQ 4.3 does not show a mailbox what it has no right to; `lienthong queues` does")
    vhost, (sender, recipient) = vhost_of(own), own.country.mailboxes
    with own.at_work() as (daemon,):
        try:
            delete(broker, vhost, kind, name)
            eventually(lambda: daemon.page("/healthz")[0] == 503, within=MINUTE)
            eventually(lambda: _lacking(daemon, name) == 2, within=MINUTE)
            # Two outages within minutes are one: its words are those of the first.
            eventually(lambda: ROUTE in _outage(own, sender) or name in _outage(own, sender), within=MINUTE)
            document = own.new(sender, recipient)
            own.drop(document)
            eventually(
                lambda: (
                    [row["state"] for row in own.json("outbox", "list", code=sender) if _is(row, document.id)]
                    == ["waiting"]
                ),
                within=MINUTE,
            )
        finally:
            apply(broker, own, vhost)
        eventually(lambda: daemon.page("/healthz")[0] == 200, within=MINUTE)
        eventually(lambda: own.heard(sender, document.id), within=2 * MINUTE)
        assert len(own.filed(recipient, document.id)) == 1


def test_an_inbox(own: Site, broker: World) -> None:
    """/healthz of its mailbox names it; applied again, its mail comes."""
    vhost, (sender, recipient) = vhost_of(own), own.country.mailboxes
    with own.at_work() as (daemon,):
        try:
            delete(broker, vhost, "queues", inbox_of(recipient))
            eventually(lambda: daemon.page("/healthz")[0] == 503, within=MINUTE)
            states = {each["mailbox"]: each for each in json.loads(daemon.page("/healthz")[1])["mailboxes"]}
            assert inbox_of(recipient) in str(states[recipient]["broker"]["last_error"])
        finally:
            apply(broker, own, vhost)
        eventually(lambda: daemon.page("/healthz")[0] == 200, within=MINUTE)
        document = own.new(sender, recipient)
        own.drop(document)
        eventually(lambda: own.heard(sender, document.id), within=2 * MINUTE)


def _lacking(daemon: Daemon, name: str) -> int:
    """How many mailboxes say that it is gone."""
    said = json.loads(daemon.page("/healthz")[1])
    return [each["broker"]["lacking"] for each in said["mailboxes"]].count([name])


def _outage(own: Site, mailbox: str) -> str:
    """What the newest event about an outage of the broker says."""
    events = own.json("events", code=mailbox)
    return next((str(each["detail"]) for each in events if each["name"] == "broker.away"), "")


def _is(row: dict[str, object], document: str) -> bool:
    docket = row["docket"]
    assert isinstance(docket, dict)
    return bool(docket.get("document") and docket["document"]["id"] == document)
