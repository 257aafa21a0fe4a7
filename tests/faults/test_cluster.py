"""Three RabbitMQ nodes, real daemons, people who write all the while: whatever happens to a node, every document is
filed once at each recipient, and every status comes back once. How long the road stood still is measured, not asserted.

One of the stories always runs; LIENTHONG_FAULTS=full runs all.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from bus.rabbit.admin.management import Management
from bus.rabbit.admin.queue_faults import queue_faults
from bus.rabbit.admin.queue_overview import fetch_overview
from bus.rabbit.admin.replicas import UnderReplicated, fetch_under_replicated
from bus.topology.names import inbox_of
from deploy.people import Expected, People
from deploy.probes import NoBroker
from schemas.codes import StatusCode
from tests.e2e.site import Daemon, Site, eventually, founded
from tests.faults.cluster import Cluster, cluster
from tests.faults.cluster_report import Report
from tests.faults.machines import Node
from tests.faults.traffic import NEW, Traffic

PROJECT = Path(__file__).parents[2]
USUAL = 4.0
"""Seconds of normal load before the fault, to measure what is usual on this machine."""
STANDS = 20.0
"""Seconds without a majority."""


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
        """Returns the node that leads the first mailbox's inbox."""
        return self.cluster.leader_of(self.vhost, inbox_of(self.site.country.mailboxes[0]))

    def thin(self) -> tuple[UnderReplicated, ...]:
        """Returns the queues with too few copies, as an operator sees them, whichever nodes answer."""
        with Management(self.cluster.management_urls, plain=True) as management:
            return fetch_under_replicated(management, vhost=self.vhost)

    def wrong(self) -> set[str]:
        """Returns the problems that `lienthong queues` finds with any queue."""
        with Management(self.cluster.management_urls, plain=True) as management:
            return {
                fault.code
                for queue in fetch_overview(management, vhost=self.vhost).queues
                for fault in queue_faults(queue)
            }

    def consumed_from(self) -> Node | None:
        """Returns the node from which the first mailbox's daemon consumes; None if there is none."""
        _, body = self.daemons[0].page("/healthz")
        url = json.loads(body)["mailboxes"][0]["broker"]["consuming_from"] if body else None
        return self.cluster.at(urlsplit(url).port) if url else None


# -- the stories: what happens while people write ----------------------------------------------------------------------


def leader_killed(scene: Scene) -> None:
    """The node that leads an inbox dies, and comes back once all goes on without it."""
    node = scene.leader()
    began = time.time()
    scene.traffic.during(lambda: scene.cluster.kill(node))
    scene.traffic.during(lambda: scene.cluster.shake_off(node))
    scene.traffic.flows(began)
    scene.traffic.during(lambda: scene.cluster.start(node))
    scene.traffic.during(scene.cluster.settled)


def minority_cut_off(scene: Scene) -> None:
    """A node loses sight of the two others, not of its clients: it keeps their connections, and serves nothing."""
    node = scene.traffic.until(scene.consumed_from, within=240)
    began = time.time()
    scene.traffic.during(lambda: scene.cluster.cut_off(node))
    scene.traffic.during(lambda: scene.cluster.shake_off(node))
    scene.traffic.flows(began)
    scene.traffic.until(lambda: scene.consumed_from() not in (None, node), within=240)
    scene.traffic.during(lambda: scene.cluster.reconnect(node))
    scene.traffic.during(scene.cluster.settled)


def node_frozen(scene: Scene) -> None:
    """A node says nothing more to anybody, and no connection ends."""
    node = scene.traffic.until(scene.consumed_from, within=240)
    began = time.time()
    scene.traffic.during(lambda: scene.cluster.freeze(node))
    scene.traffic.during(lambda: scene.cluster.shake_off(node))
    scene.traffic.flows(began)
    scene.traffic.during(lambda: scene.cluster.thaw(node))
    scene.traffic.during(scene.cluster.settled)


def majority_killed(scene: Scene) -> None:
    """Two of three nodes die: the road stands still, loses nothing, and goes on by itself once one of them is back."""
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
    # A document confirmed before may still go from inbox to folder; one written now cannot.
    assert not [at for (id_, _), at in traffic.people.filed.items() if traffic.people.dropped[id_, NEW] > broken + 1]
    mending = time.time()
    for node in two:
        traffic.during(lambda node=node: mend(node))  # type: ignore[misc]
    traffic.during(scene.cluster.shake_off)
    traffic.flows(mending)
    traffic.during(scene.cluster.settled)


def rolling_restart(scene: Scene) -> None:
    """Each node is stopped and started, one after the other, as for an upgrade."""
    began = time.time()
    for node in list(scene.cluster.nodes):
        scene.traffic.during(lambda node=node: scene.cluster.stop(node))  # type: ignore[misc]
        scene.traffic.during(lambda node=node: scene.cluster.start(node))  # type: ignore[misc]
        scene.traffic.during(scene.cluster.shake_off)
        scene.traffic.during(scene.cluster.settled)
    scene.traffic.flows(began)


def node_lost_for_good(scene: Scene) -> None:
    """Machine and disk are gone; a blank node takes its place, and every queue has three members again (every stream,
    too, but for RabbitMQ 3.10's)."""
    lost, began = scene.cluster.nodes[-1], time.time()
    scene.traffic.during(lambda: scene.cluster.lose(lost))
    scene.traffic.during(lambda: scene.cluster.shake_off(lost))
    scene.traffic.flows(began)
    scene.traffic.during(lambda: scene.cluster.forget(lost))
    fresh = scene.traffic.during(lambda: scene.cluster.replace(lost))
    streams = not scene.cluster.is_old
    expected = {inbox_of(scene.site.country.mailboxes[0])} | ({"audit"} if streams else set())
    mended = {"few-copies", *(["member-missing"] if streams else [])}
    scene.traffic.until(lambda: expected <= {queue.name for queue in scene.thin()}, within=240)
    scene.traffic.until(lambda: "few-copies" in scene.wrong(), within=240)
    scene.traffic.during(lambda: scene.cluster.grow(fresh, vhost=scene.vhost))
    scene.traffic.during(scene.cluster.settled)
    scene.traffic.until(lambda: not scene.thin() and not mended & scene.wrong(), within=240)
    scene.traffic.flows(time.time())


ALWAYS = (leader_killed,)
STORIES = (*ALWAYS, minority_cut_off, node_frozen, majority_killed, all_cut_apart, rolling_restart, node_lost_for_good)
TOLD = STORIES if os.environ.get("LIENTHONG_FAULTS") == "full" else ALWAYS


# -- the stage ---------------------------------------------------------------------------------------------------------


@dataclass
class Stage:
    """A cluster that the stories share, as long as each leaves it whole: who fails leaves the next a new one."""

    report: Report = field(default_factory=Report)
    whole: bool = False
    _cluster: Cluster | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def cluster(self) -> Cluster:
        if not self.whole or self._cluster is None:
            self.close()
            self._cluster = self._stack.enter_context(cluster())
            world = self._cluster.world
            self.report.broker = f"RabbitMQ {world.version}, {world.kind}, up in {world.boot_seconds} s"
        self.whole = False
        return self._cluster

    def close(self) -> None:
        self._cluster = None
        self._stack.close()


@pytest.fixture(scope="module")
def stage(pytestconfig: pytest.Config) -> Iterator[Stage]:
    stage = Stage()
    pytestconfig.pluginmanager.register(stage.report)
    yield stage
    stage.close()


@pytest.fixture
def scene(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A country of three mailboxes, a daemon process each, that know all three nodes."""
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.setenv("LIENTHONG_PLAIN", "true")  # the nodes are no other machines, but have addresses of their own
    try:
        three = stage.cluster()
    except NoBroker as error:
        pytest.fail(f"A cluster cannot run here: {error}", pytrace=False)
    with founded(tmp_path, three.world, mailboxes=3) as site:
        for code in site.country.mailboxes:
            _knows_all_nodes(site.country.config(code), three)
        three.settled()
        with site.at_work(processes=3, ready=False) as daemons:
            for daemon in daemons:
                eventually(lambda daemon=daemon: daemon.page("/healthz")[0] == 200, within=240)  # type: ignore[misc]
            people = People(site.country, site.papers, documents=1_000_000, seed=2016)
            yield Scene(three, site, daemons, Traffic(people))


def _knows_all_nodes(config: Path, cluster: Cluster) -> None:
    text = config.read_text(encoding="utf-8")
    before, _, rest = text.partition('url = "')
    url, _, after = rest.partition('"')
    login = urlsplit(url).netloc.rpartition("@")[0]
    urls = [
        urlsplit(url)._replace(netloc=f"{login}@{node.place.address}:{node.place.amqp}").geturl()
        for node in cluster.nodes
    ]
    config.write_text(f"{before}url = {json.dumps(urls)}{after}", encoding="utf-8")


# -- and what must be true of each -------------------------------------------------------------------------------------


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("story", TOLD, ids=lambda story: story.__name__)
def test_nothing_is_lost_and_nothing_comes_twice(scene: Scene, stage: Stage, story: Callable[[Scene], None]) -> None:
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
    stage.report.add(
        story.__name__,
        before=traffic.standstill(usual_from, began),
        after=traffic.standstill(began, ended),
        documents=len(people.sent),
        filed=len(people.filed),
        statuses=len(people.seen) - len(people.filed),
    )
    stage.whole = True


def _arrivals(people: People) -> list[Expected]:
    """Returns the 01 expected from each recipient of each document."""
    return [
        Expected(document.id, StatusCode.ARRIVED, party.code, document.sender.code)
        for document in people.sent
        for party in document.recipients
    ]
