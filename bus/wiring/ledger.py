"""A ledger from its configuration: broker, directory, database, and the loops of its process; not started."""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from bus.daemon.editions import EditionFollower
from bus.daemon.loops import Loop
from bus.directory.agencies import Directory
from bus.errors import BadConfig, of_system
from bus.files.directory import default_folder, load
from bus.files.keys import read_secret
from bus.handling.clocks import TABLE, Clock, parse_clocks
from bus.ledger.ingest import Ingest, Open, Reader
from bus.ledger.metrics import More
from bus.ledger.onlookers import Onlookers
from bus.ledger.open import open_ledger
from bus.ledger.process import LedgerProcess
from bus.ledger.recompute import Recompute
from bus.ledger.retention import Retention
from bus.ledger.rule_book import RuleBook
from bus.ledger.store import Ledger
from bus.ledger.streams import StreamState
from bus.ledger.work import LedgerWork
from bus.rabbit.address import Address
from bus.rabbit.admin.management import Management
from bus.rabbit.admin.queue_overview import Overview, fetch_overview
from bus.rabbit.io_thread import IoThread
from bus.rabbit.streams.audit_reader import AuditReader, Place
from bus.store.open import is_shared
from bus.topology.names import LEDGER
from bus.wiring.alerts import Alerts
from bus.wiring.daemon import require_utf8
from bus.wiring.follower import follower_of
from bus.wiring.ledger_config import LedgerConfig, ManagementConfig
from bus.wiring.link import link_settings
from bus.wiring.stores import store_url
from schemas.values import VIETNAM

RECOMPUTE: Final = 60.0
"""Seconds between two looks whether what is owed has to be reckoned anew: a calendar's edition, a closed agency."""
RETENTION: Final = 3600.0
"""Seconds between two looks whether a year may be dropped."""
PATIENCE: Final = 10.0
"""Seconds without an answer after which the management API counts as away."""


@dataclass(frozen=True, slots=True)
class WiredLedger:
    process: LedgerProcess
    threads: Mapping[str, Callable[[], bool]]
    """Whether each thread that is no loop's is alive, by name."""
    more: tuple[More, ...] = ()
    """Further families of /metrics."""


@contextmanager
def wired(config: LedgerConfig) -> Iterator[WiredLedger]:
    """Not started. Raises BadConfig where a file is missing or wrong, or the directory cannot be had."""
    require_utf8(sys.getfilesystemencoding())
    with ExitStack() as stack:
        io = IoThread()
        stack.callback(io.close)
        with ExitStack() as unwired:
            follower = follower_of(config, io, unwired)
            onlookers = Onlookers(follower or _directory(config), as_of=config.as_of)
            onlookers.now()  # whatever is wrong with it is found now
            rules = RuleBook(onlookers.now, clocks_of(config))
            overview = _overview(config)
            alerts = Alerts(config.alerts, config.channel, rules=rules, follower=follower, overview=overview)
            process = LedgerProcess(
                partial(open_ledger, store_url(config)),
                _maker(config, onlookers, follower, rules, alerts),
                follower=follower,
                is_shared=is_shared(config.store),
            )
            unwired.pop_all()  # from here on the process closes what it has
        yield WiredLedger(process, {io.name: lambda: io.is_alive}, (alerts.families,))


def broker_nodes(config: LedgerConfig, follower: EditionFollower | None) -> tuple[Address, ...]:
    """The broker's certificate is judged by the edition in force at each attempt to connect; by the one on disk where
    none is followed."""
    return link_settings(config, trust_store=None if follower is None else lambda: follower.edition.trust_store).nodes()


def open_reader(config: LedgerConfig, follower: EditionFollower | None) -> Open:
    """Of a stream, with the ledger's own login."""
    nodes = broker_nodes(config, follower)

    def opened(stream: str, after: Place | None) -> Reader:
        return AuditReader(*nodes, stream=stream, after=after).open()

    return opened


def _directory(config: LedgerConfig) -> Directory:
    folder = Path(config.directory) if config.directory else default_folder()
    return load(folder, on=config.as_of or datetime.now(VIETNAM).date())


def clocks_of(config: LedgerConfig) -> tuple[Clock, ...]:
    """The law's, and those that the TOML adds. Raises BadConfig."""
    if config.calendar.clocks is None:
        return TABLE
    path = Path(config.calendar.clocks)
    try:
        return parse_clocks(path.read_bytes(), file=str(path))
    except OSError as exc:
        raise BadConfig(file=str(path), why=of_system(exc)) from exc


def _maker(
    config: LedgerConfig, onlookers: Onlookers, follower: EditionFollower | None, rules: RuleBook, alerts: Alerts
) -> Callable[[Ledger], LedgerWork]:
    open_, streams = open_reader(config, follower), _streams(config)

    def make(ledger: Ledger) -> LedgerWork:
        def ingest(stream: str) -> Ingest:
            return Ingest(ledger, stream, open_=open_, onlooker=onlookers.now, rules=rules.of)

        every = config.management.every if config.management else 60.0

        def states() -> list[StreamState]:
            return [each.state for each in work.ingests]

        retention = Retention(ledger, keeps=config.retention.years)
        extras = (
            Loop("recompute", Recompute(ledger, rules.of).step, idle=RECOMPUTE, mailbox=LEDGER),
            Loop("retention", lambda: retention.step(datetime.now(UTC)), idle=RETENTION, mailbox=LEDGER),
            *alerts.begin(ledger, states),
        )
        work = LedgerWork(ingest, streams=streams, every=every, extras=extras)
        return work

    return make


def _streams(config: LedgerConfig) -> Callable[[], Collection[str]] | None:
    """Asks the broker for the names of its queues; None where the TOML has no [management]."""
    if config.management is None:
        return None
    url, vhost = management_url(config.management), _vhost(config)

    def names() -> Collection[str]:
        with Management(url, plain=config.broker.plain) as management:
            return management.queue_names(vhost)

    return names


def _overview(config: LedgerConfig) -> Callable[[], Overview] | None:
    """Asks the broker for the figures of its queues; None where the TOML has no [management]."""
    if config.management is None:
        return None
    url, vhost = management_url(config.management), _vhost(config)

    def overview() -> Overview:
        with Management(url, plain=config.broker.plain, patience=PATIENCE) as management:
            return fetch_overview(management, vhost=vhost)

    return overview


def management_url(config: ManagementConfig) -> str:
    """With the password: show it to nobody. Raises BadConfig where the file cannot be read."""
    if config.password_file is None:
        return config.url
    password = quote(read_secret(Path(config.password_file)), safe="")
    return " ".join(_with_password(each, password) for each in config.url.split())


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    if parts.password is not None or not parts.username:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{password}@{parts.netloc.rpartition('@')[2]}"))


def _vhost(config: LedgerConfig) -> str:
    return link_settings(config, trust_store=lambda: None).nodes()[0].vhost
