"""The operator of the bus, with the login of the topology: replays dead letters and past messages."""

import tomllib
from datetime import datetime
from urllib.parse import urlsplit

import click.testing

from bus.cli.main import main
from schemas.values import VIETNAM, MailboxCode
from tests.e2e.site import Site
from tests.faults.broker import Node


def operator_url(node: Node, site: Site) -> str:
    """Returns the URL of `operator`'s login at this country's vhost."""
    password = node.broker.password
    node.broker.ctl("change_password", "operator", password)  # set by the first country on this node
    config = tomllib.loads(site.country.config(site.country.mailboxes[0]).read_text(encoding="utf-8"))
    where = urlsplit(node.broker.amqp_url)
    return f"amqp://operator:{password}@{where.hostname}:{where.port}{urlsplit(config['broker']['url']).path}"


def replay(node: Node, site: Site, code: MailboxCode, *, since: datetime) -> str:
    """Replays the messages that were sent to a mailbox since then, into its inbox."""
    moment = since.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M:%S")
    return _run(node, site, "audit", "replay", code, "--since", moment)


def revive(node: Node, site: Site, *, reason: str) -> str:
    """Replays the dead letters of one reason, into the inboxes they came from."""
    return _run(node, site, "dead", "replay", "--reason", reason, "--yes")


def _run(node: Node, site: Site, *arguments: str) -> str:
    runner = click.testing.CliRunner(env={"LIENTHONG_AMQP_URL": operator_url(node, site), "COLUMNS": "200"})
    result = runner.invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output
