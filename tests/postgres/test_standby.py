"""Two daemons of one mailbox on one PostgreSQL, with a real RabbitMQ: one works, the other takes over, nothing is lost
and nothing comes twice, whatever became of the first. LIENTHONG_FAULTS=full tells the longer half, too."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.site import Daemon, Site, eventually, founded
from tests.faults.tale import FULL_ONLY, Tale
from tests.integration.broker_world import World
from tests.postgres.pair import Pair, Post, busy, filed_after, now, pair
from tests.postgres.server import Server

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def site(broker: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROJECT))
        with founded(tmp_path_factory.mktemp("country"), broker, mailboxes=2) as site:
            yield site


@pytest.fixture(scope="module")
def far(site: Site) -> Iterator[Daemon]:
    """At the other end of the road: alone, and never in trouble."""
    with site.at_work(site.country.mailboxes[0]) as (far,):
        yield far


@pytest.fixture(scope="module")
def shared(site: Site, postgres: Server) -> Iterator[Pair]:
    with pair(site, site.country.mailboxes[1], postgres) as shared:
        yield shared


@contextmanager
def traffic(site: Site) -> Iterator[Tale]:
    """Documents both ways while the block runs; the first is filed when it begins."""
    one, other = site.country.mailboxes
    tale = Tale(site)
    with busy(lambda: (tale.send(one, other), tale.send(other, one))):
        filed_after(site, other, now())
        yield tale


def goes_on(site: Site, post: Post) -> None:
    """It took over, and files what comes."""
    eventually(lambda: post.is_active, within=60)
    filed_after(site, site.country.mailboxes[1], post.times("daemon.active")[-1])


@pytest.mark.parametrize("round_", [1, pytest.param(2, marks=FULL_ONLY), pytest.param(3, marks=FULL_ONLY)])
def test_killed(site: Site, far: Daemon, shared: Pair, round_: int) -> None:
    """SIGKILL to the one at work while documents flow both ways: the other, which said for whom it waits, and held
    nothing of the broker's, goes on where that one was."""
    active, waiting = shared.both()
    said = waiting.standing()
    assert (said["code"], said["waits_for"].rpartition(":")[2]) == (200, str(active.daemon.process.pid))
    assert "broker" not in said
    assert f'lienthong_active{{mailbox="{shared.code}"}} 0.0' in waiting.daemon.page("/metrics")[1]
    with traffic(site) as tale:
        active.kill()
        goes_on(site, waiting)
    tale.ends_well(far, waiting.daemon)


def test_stopped(site: Site, far: Daemon, shared: Pair) -> None:
    """SIGTERM: it ends as any daemon does, and hands over at once."""
    active, waiting = shared.both()
    with traffic(site) as tale:
        active.stop()
        goes_on(site, waiting)
    assert active.daemon.process.wait(60) == 0
    tale.ends_well(far, waiting.daemon)


@pytest.mark.parametrize(
    "how", ["stalled", pytest.param("cut", marks=FULL_ONLY), pytest.param("frozen", marks=FULL_ONLY)]
)
def test_cut_off(site: Site, far: Daemon, shared: Pair, how: str) -> None:
    """The line to PostgreSQL carries nothing, or ended; or the process stands still. The other takes over; and the
    first, when it comes to itself, stands by: what it had begun is not committed."""
    active, waiting = shared.both()
    with traffic(site) as tale:
        match how:
            case "stalled":
                active.line.stall()
            case "cut":
                active.line.cut()
            case _:
                active.daemon.process.send_signal(signal.SIGSTOP)
        goes_on(site, waiting)
    active.line.mend()
    active.daemon.process.send_signal(signal.SIGCONT)
    eventually(lambda: active.stands_by)
    assert active.times("daemon.stood-down")
    tale.ends_well(far, waiting.daemon)


def test_the_server_goes_and_comes_back(site: Site, far: Daemon, shared: Pair, postgres: Server) -> None:
    """Both say that their store is away, neither ends, and one of them goes on by itself."""
    posts = shared.both()
    tale = Tale(site)
    tale.send(*site.country.mailboxes)
    postgres.kill()
    try:
        for post in posts:
            eventually(lambda post=post: "store-away" in post.daemon.page("/healthz")[1])  # type: ignore[misc]
            assert post.daemon.page("/healthz")[0] == 503
        tale.send(*site.country.mailboxes, count=3)
    finally:
        postgres.start()
    active, _ = shared.both()
    tale.ends_well(far, active.daemon)


def test_commands_beside_it(site: Site, far: Daemon, shared: Pair) -> None:
    """An operator's commands work on the shared store while its daemons run."""
    active, _ = shared.both()
    tale = Tale(site)
    (document,) = tale.send(*site.country.mailboxes)
    tale.ends_well(far, active.daemon)
    config = ("-c", str(shared.config()))
    assert document.id in site.command("inbox", "list", *config, columns=300).output
    assert site.command("trace", document.id, *config).exit_code == 0
    assert site.command("events", *config).exit_code == 0
