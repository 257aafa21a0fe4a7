"""A real Prometheus scrapes a country's daemons, its ledger and its RabbitMQ: it evaluates every rule of deploy/alerts,
and answers every query of deploy/dashboards."""

import json
import os
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from deploy.country import LIENTHONG, end
from deploy.dashboards.panels import DASHBOARDS
from deploy.local_broker import LocalBroker, local_broker
from deploy.probes import free_ports
from tests.e2e.site import Site, eventually, founded
from tests.integration.broker_world import World
from tests.unit.deploy.test_alerts import ALERTS, RULES, rules

UNSIGNED = "nobody signed this country's directory"
NO_LONGER = "RabbitMQ 4.3 has no such alarm any more"
EMPTY = {
    "sum by (cause, who) (lienthong_ledger_alerts)": "nothing need be wrong",
    'lienthong:waiting:sum{mailbox=~".*"}': "nothing need wait",
    'lienthong_directory_version{mailbox=~".*"}': UNSIGNED,
    "lienthong_ledger_ends_in_seconds": UNSIGNED,
    "rabbitmq_alarms_file_descriptor_limit": NO_LONGER,
}
"""Queries that may find nothing here, and why."""
ABSENT = {
    "erlang_vm_dist_node_state": "one node has no peers",
    "lienthong_directory_version": UNSIGNED,
    "lienthong_process_loop_failing": UNSIGNED,
    "lienthong_ends_in_seconds": UNSIGNED,
    "lienthong_ledger_ends_in_seconds": UNSIGNED,
    "rabbitmq_alarms_file_descriptor_limit": NO_LONGER,
    "lienthong_ledger_calendar_unconfirmed": "and nobody could confirm a calendar",
}
"""Metrics of the rules that nothing tells here, and why."""


class Prometheus:
    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path: str, **values: str) -> Any:
        """None while it does not answer."""
        try:
            with urllib.request.urlopen(f"{self._url}/{path}?{urllib.parse.urlencode(values)}", timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.SERVICE_UNAVAILABLE:  # it is starting
                return None
            pytest.fail(f"{values}: {error.read().decode()}")
        except OSError:
            return None

    def finds(self, expression: str) -> Sequence[Any]:
        found = self.ask("query", query=expression)
        return found["result"] if found else ()


@contextmanager
def prometheus(folder: Path, targets: dict[str, dict[str, Any]]) -> Iterator[Prometheus]:
    """Scrapes and evaluates every second."""
    for file in RULES:
        (folder / file).write_text(re.sub(r"interval: \w+", "interval: 1s", (ALERTS / file).read_text()))
    jobs = [{"job_name": job, **how} for job, how in targets.items()]
    config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [*RULES]}
    (folder / "prometheus.yml").write_text(json.dumps({**config, "scrape_configs": jobs}))
    (port,) = free_ports(1)
    program = shutil.which("prometheus")
    assert program, "prometheus is missing: deploy/setup.sh installs Debian's package (setup_prometheus)"
    arguments = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", "--log.level=warn"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *arguments, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
        )
        try:
            made = Prometheus(port)
            eventually(lambda: made.ask("status/buildinfo"))
            yield made
        finally:
            end([process])


@contextmanager
def ledger_at_work(site: Site) -> Iterator[str]:
    """Its address."""
    with (site.country.root / "logs" / "ledger.log").open("ab") as log:
        process = subprocess.Popen(
            [*LIENTHONG, "ledger", "run", str(site.country.ledger_config)], stdout=log, stderr=log
        )
        try:
            found = re.search(r'listen = "(127[^"]+)"', site.country.ledger_config.read_text())
            assert found
            yield found[1]
        finally:
            end([process])


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with ExitStack() as stack:
        forced = os.environ.get("LIENTHONG_TEST_BROKER")
        broker = stack.enter_context(local_broker("binary" if forced == "binary" else None))
        site = stack.enter_context(founded(tmp_path_factory.mktemp("country"), _world(broker), mailboxes=2))
        (daemon,) = stack.enter_context(site.at_work())
        ledger = stack.enter_context(ledger_at_work(site))
        sender, recipient = site.country.mailboxes
        document = site.new(sender, recipient)
        site.drop(document)
        eventually(lambda: site.heard(sender, document.id))
        metrics = urllib.parse.urlsplit(broker.metrics_url)
        node = {"static_configs": [{"targets": [metrics.netloc]}]}
        queues = {
            "metrics_path": "/metrics/detailed",
            "params": {"family": ["queue_coarse_metrics", "queue_consumer_count"]},
            **node,
        }
        targets: dict[str, dict[str, Any]] = {
            "lienthong": {"static_configs": [{"targets": [f"127.0.0.1:{daemon.port}"]}]},
            "lienthong-ledger": {"static_configs": [{"targets": [ledger]}]},
            "rabbitmq": node,
            "rabbitmq-queues": queues,
        }
        yield stack.enter_context(prometheus(tmp_path_factory.mktemp("prometheus"), targets))


def _world(broker: LocalBroker) -> World:
    return World(
        amqp_url=broker.amqp_url,
        management_url=broker.management_url,
        kind=broker.kind,
        version=broker.version,
        ctl=broker.ctl,
    )


QUERIES = sorted(
    {
        query.expression.replace("$mailbox", ".*")
        for board in DASHBOARDS
        for _, panels in board.rows
        for panel in panels
        for query in panel.queries
    }
)


def test_everything_is_scraped(scraped: Prometheus) -> None:
    """Daemon, ledger, node and queues answer."""
    eventually(lambda: {each["metric"]["job"] for each in scraped.finds("up == 1")} == {
        "lienthong", "lienthong-ledger", "rabbitmq", "rabbitmq-queues"
    })  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_panel_finds_something(scraped: Prometheus, query: str) -> None:
    """Its query is right for Prometheus, and for what is scraped."""
    if query in EMPTY:
        assert isinstance(scraped.finds(query), list)
    else:
        eventually(lambda: scraped.finds(query))


def test_every_rule_is_evaluated(scraped: Prometheus) -> None:
    """Without an error, over what is really there."""

    def health() -> set[str]:
        groups = scraped.ask("rules")["groups"]
        return {
            f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}"
            for group in groups
            for rule in group["rules"]
        }

    eventually(lambda: not any(": unknown" in each for each in health()))
    assert {each for each in health() if ": ok" not in each} == set()


def test_every_metric_of_the_rules_is_there(scraped: Prometheus) -> None:
    """An alert over a name that nothing tells is silent for ever."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    names = {name for rule in rules() for name in re.findall(r"\b(?:lienthong|rabbitmq|erlang)_\w+", rule["expr"])}
    wanted = names - {"rabbitmq_cluster"} - recorded - ABSENT.keys()
    missing: set[str] = set()

    def all_there() -> bool:
        missing.clear()
        missing.update(wanted.difference(scraped.ask("label/__name__/values")))
        return not missing

    with suppress(AssertionError):
        eventually(all_there, within=60)
    assert missing == set()
