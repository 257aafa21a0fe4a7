"""How long a mailbox files nothing when the daemon at work is gone and another one stands by on the same PostgreSQL: it
is killed, stopped by an operator, or cut off from PostgreSQL. Documents come all the time.
`python -m tests.bench.bench_failover [--runs N] [--json]`
"""

import json
import os
import statistics
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import click

from tests.broker import some_broker
from tests.e2e.site import Site, eventually, founded
from tests.postgres.pair import Pair, Post, busy, filed_after, now, pair
from tests.postgres.server import some_postgres


def _cut(post: Post) -> None:
    post.line.cut()


def _stall(post: Post) -> None:
    post.line.stall()


WAYS: Mapping[str, Callable[[Post], None]] = {
    "killed (SIGKILL)": Post.kill,
    "stopped (SIGTERM)": Post.stop,
    "its connections to PostgreSQL ended": _cut,
    "its line to PostgreSQL silent": _stall,
}


def once(site: Site, shared: Pair, how: Callable[[Post], None]) -> dict[str, float]:
    """Returns the seconds from the fault until the other daemon has the store, and until it has filed the next
    document."""
    sender, recipient = site.country.mailboxes
    active, waiting = shared.both()
    with busy(lambda: site.drop(site.new(sender, recipient))):
        filed_after(site, recipient, now())
        at = now()
        how(active)
        eventually(lambda: waiting.is_active)
        taken = waiting.times("daemon.active")[-1]
        filed = filed_after(site, recipient, taken)
    active.line.mend()
    return {"store": taken - at, "filed": filed - at}


@click.command()
@click.option("--runs", default=5, show_default=True, help="Of each.")
@click.option("--json", "as_json", is_flag=True)
def main(runs: int, as_json: bool) -> None:
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    with ExitStack() as stack:
        world, server = stack.enter_context(some_broker()), stack.enter_context(some_postgres())
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        site = stack.enter_context(founded(root, world, mailboxes=2))
        sender, recipient = site.country.mailboxes
        stack.enter_context(site.at_work(sender))
        shared = stack.enter_context(pair(site, recipient, server))
        for _ in range(runs):
            for name, how in WAYS.items():
                figures[name].append(once(site, shared, how))
        said = f"RabbitMQ {world.version} ({world.kind}), PostgreSQL {server.version} ({server.kind})"
    if as_json:
        click.echo(json.dumps({"on": said, "load": os.getloadavg()[0], **figures}))
        return
    click.echo(f"{said}; load {os.getloadavg()[0]:.1f}; seconds, min / median / max of {runs}")
    for name, runs_ in figures.items():
        for what in ("store", "filed"):
            values = [run[what] for run in runs_]
            click.echo(
                f"  {name:<38}{what:<7}{min(values):6.2f} / {statistics.median(values):5.2f} / {max(values):5.2f}"
            )


if __name__ == "__main__":
    main()
