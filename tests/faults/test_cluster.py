"""Three nodes of RabbitMQ, real daemons, people who write all the while: whatever becomes of a node, every document is
filed once at each recipient, and every status comes back once. For how long nothing moved is measured, not asserted.

One of the stories is told always; LIENTHONG_FAULTS=full tells all of them.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from bus.rabbit import copies
from bus.rabbit.copies import Thin
from bus.rabbit.management import Management
from bus.rabbit.queues import faults, overview
from bus.topology import inbox_of
from deploy.people import Expected, People
from deploy.probes import NoBroker
from schemas.codes import StatusCode
from tests.e2e.site import Daemon, Site, eventually, founded
from tests.faults.cluster import SIZE, Cluster, Node, cluster
from tests.faults.cluster_report import Report
from tests.faults.traffic import NEW, Traffic

PROJECT = Path(__file__).parents[2]
USUAL = 4.0
"""Seconds of load before anything happens: what is usual on this machine just now."""
STANDS = 20.0
"""Seconds for which there is no majority."""


@dataclass(frozen=True, slots=True)
class Scene:
    cluster: Cluster
    site: Site
    daemons: list[Daemon]
    traffic: Traffic

    @property
    def vhost(self) -> str:
        config = self.site.country.config(self.site.country.mailboxes[0]).read_text(encoding="utf-8")
        return unquote(urlsplit(config.partition('url = ["')[2].partition('"')[0]).path[1:])

    def leader(self) -> Node:
        """Of the first mailbox's inbox."""
        return self.cluster.leader_of(self.vhost, inbox_of(self.site.country.mailboxes[0]))

    def thin(self) -> tuple[Thin, ...]:
        """What an operator is told has too few copies, whichever nodes are there to ask."""
        with Management(self.cluster.management_urls) as management:
            return copies.ask(management, vhost=self.vhost)

    def wrong(self) -> set[str]:
        """What `lienthong queues` finds wrong with any queue."""
        with Management(self.cluster.management_urls) as management:
            return {fault.code for queue in overview(management, vhost=self.vhost).queues for fault in faults(queue)}

    def consumed_from(self) -> Node | None:
        """The node that the first mailbox's daemon takes its messages from; None while there is none."""
        _, body = self.daemons[0].page("/healthz")
        url = json.loads(body)["mailboxes"][0]["broker"]["consuming_from"] if body else None
        return self.cluster.at(urlsplit(url).port) if url else None


# -- the stories: what happens while people write ----------------------------------------------------------------------


def leader_killed(scene: Scene) -> None:
    """The node that leads an inbox dies, and comes back once all goes on without it."""
    node = scene.leader()
    began = time.time()
    scene.traffic.during(lambda: scene.cluster.kill(node))
    scene.traffic.flows(began)
    scene.traffic.during(lambda: scene.cluster.start(node))
    scene.traffic.during(scene.cluster.settled)


def minority_cut_off(scene: Scene) -> None:
    """A node loses sight of the two others, not of its clients: it keeps their connections, and serves nothing."""
    node = scene.traffic.until(scene.consumed_from, within=60)
    began = time.time()
    scene.traffic.during(lambda: scene.cluster.cut_off(node))
    scene.traffic.flows(began)
    scene.traffic.until(lambda: scene.consumed_from() not in (None, node), within=120)
    scene.traffic.during(lambda: scene.cluster.reconnect(node))
    scene.traffic.during(scene.cluster.settled)


def node_frozen(scene: Scene) -> None:
    """A node says nothing more to anybody, and no connection ends."""
    node = scene.traffic.until(scene.consumed_from, within=60)
    began = time.time()
    scene.traffic.during(lambda: scene.cluster.freeze(node))
    scene.traffic.flows(began)
    scene.traffic.during(lambda: scene.cluster.thaw(node))
    scene.traffic.during(scene.cluster.settled)


def majority_killed(scene: Scene) -> None:
    """Two of three die: the road stands still, loses nothing, and goes on by itself once one is back."""
    _without_majority(scene, scene.cluster.kill, scene.cluster.start)


def all_cut_apart(scene: Scene) -> None:
    """No node sees another, and clients see all of them."""
    _without_majority(scene, scene.cluster.cut_off, scene.cluster.reconnect)


def _without_majority(scene: Scene, break_: Callable[[Node], None], mend: Callable[[Node], None]) -> None:
    traffic, two = scene.traffic, scene.cluster.nodes[1:]
    for node in two:
        traffic.during(lambda node=node: break_(node))  # type: ignore[misc]
    broken = time.time()
    traffic.pass_(STANDS)
    # What was confirmed before may still be on its way from inbox to folder; what is written now is not.
    assert not [at for (id_, _), at in traffic.people.filed.items() if traffic.people.dropped[id_, NEW] > broken + 1]
    mending = time.time()
    for node in two:
        traffic.during(lambda node=node: mend(node))  # type: ignore[misc]
    traffic.flows(mending)
    traffic.during(scene.cluster.settled)


def rolling_restart(scene: Scene) -> None:
    """Each node is stopped and started, one after the other, as for an upgrade."""
    began = time.time()
    for node in list(scene.cluster.nodes):
        scene.traffic.during(lambda node=node: scene.cluster.stop(node))  # type: ignore[misc]
        scene.traffic.during(lambda node=node: scene.cluster.start(node))  # type: ignore[misc]
        scene.traffic.during(scene.cluster.settled)
    scene.traffic.flows(began)


def node_lost_for_good(scene: Scene) -> None:
    """Machine and disk are gone; a blank node takes its place, and every queue has three members again."""
    lost, began = scene.cluster.nodes[-1], time.time()
    scene.traffic.during(lambda: scene.cluster.lose(lost))
    scene.traffic.flows(began)
    scene.traffic.during(lambda: scene.cluster.forget(lost))
    fresh = scene.traffic.during(lambda: scene.cluster.replace(lost))
    expected = {"audit", inbox_of(scene.site.country.mailboxes[0])}
    scene.traffic.until(lambda: expected <= {queue.name for queue in scene.thin()}, within=60)
    scene.traffic.until(lambda: "few-copies" in scene.wrong(), within=60)
    scene.traffic.during(lambda: scene.cluster.grow(fresh, vhost=scene.vhost))
    scene.traffic.during(scene.cluster.settled)
    scene.traffic.until(lambda: not scene.thin() and not {"few-copies", "member-missing"} & scene.wrong(), within=60)
    scene.traffic.flows(time.time())


ALWAYS = (leader_killed,)
STORIES = (*ALWAYS, minority_cut_off, node_frozen, majority_killed, all_cut_apart, rolling_restart, node_lost_for_good)
TOLD = STORIES if os.environ.get("LIENTHONG_FAULTS") == "full" else ALWAYS


# -- the stage ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    with ExitStack() as stack:
        try:
            yield stack.enter_context(cluster())
        except NoBroker as error:
            pytest.fail(f"A cluster needs Docker here: {error}", pytrace=False)


@pytest.fixture(scope="module")
def report(three: Cluster, pytestconfig: pytest.Config) -> Report:
    report = Report(f"RabbitMQ {three.version}, {SIZE} nodes in containers, up in {three.boot_seconds} s")
    pytestconfig.pluginmanager.register(report)
    return report


@pytest.fixture
def scene(three: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A country of three mailboxes, a daemon process each, that know all three nodes."""
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    with founded(tmp_path, three.world, mailboxes=3) as site:
        for code in site.country.mailboxes:
            _knows_all_nodes(site.country.config(code), three)
        three.settled()
        with site.at_work(processes=3, ready=False) as daemons:
            for daemon in daemons:
                eventually(lambda daemon=daemon: daemon.page("/healthz")[0] == 200, within=120)  # type: ignore[misc]
            people = People(site.country, site.papers, documents=1_000_000, seed=2016)
            yield Scene(three, site, daemons, Traffic(people))


def _knows_all_nodes(config: Path, cluster: Cluster) -> None:
    text = config.read_text(encoding="utf-8")
    before, _, rest = text.partition('url = "')
    url, _, after = rest.partition('"')
    login = urlsplit(url).netloc.rpartition("@")[0]
    urls = [urlsplit(url)._replace(netloc=f"{login}@127.0.0.1:{node.place.amqp}").geturl() for node in cluster.nodes]
    config.write_text(f"{before}url = {json.dumps(urls)}{after}", encoding="utf-8")


# -- and what must be true of each -------------------------------------------------------------------------------------


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("story", TOLD, ids=lambda story: story.__name__)
def test_nothing_is_lost_and_nothing_comes_twice(scene: Scene, report: Report, story: Callable[[Scene], None]) -> None:
    """Every document that was written is filed once at each recipient, and every status, 01 first, comes back once."""
    traffic = scene.traffic
    traffic.flows(time.time())
    usual_from = time.time()
    traffic.pass_(USUAL)
    began = time.time()
    story(scene)
    ended = time.time()
    traffic.finish()
    people = traffic.people
    arrivals = [seen for seen, _ in people.seen if seen.what == StatusCode.ARRIVED]
    assert sorted(arrivals) == sorted(_arrivals(people))
    report.add(
        story.__name__,
        before=traffic.standstill(usual_from, began),
        after=traffic.standstill(began, ended),
        documents=len(people.sent),
        filed=len(people.filed),
        statuses=len(people.seen) - len(people.filed),
    )


def _arrivals(people: People) -> list[Expected]:
    """The 01 of each recipient of each document."""
    return [
        Expected(document.id, StatusCode.ARRIVED, party.code, document.sender.code)
        for document in people.sent
        for party in document.recipients
    ]
