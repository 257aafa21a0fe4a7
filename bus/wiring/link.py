"""The settings of a link to the broker, from the configuration of whoever has it."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Protocol

from bus.errors import BusError
from bus.files.edition import load_edition, load_roots
from bus.files.keys import read_secret, tls_files
from bus.rabbit.address import Tls
from bus.rabbit.broker_certificate import by_directory
from bus.rabbit.link_settings import LinkSettings
from bus.trust.trust_store import TrustStore
from bus.wiring.config import BrokerConfig, TrustConfig
from schemas.values import MailboxCode


class Linked(Protocol):
    """What a configuration says of whoever has a link to the broker: a mailbox, or a service such as the ledger."""

    @property
    def mailbox(self) -> MailboxCode:
        """Or the name of the service."""

    @property
    def broker(self) -> BrokerConfig: ...
    @property
    def trust(self) -> TrustConfig | None: ...
    @property
    def keys(self) -> str | None:
        """The folder whose newest certificate logs in; None: the one that [broker] names does, or a password."""


def link_settings(config: Linked, *, trust_store: Callable[[], TrustStore | None] | None = None) -> LinkSettings:
    """`trust_store`: by whose lists the broker's certificate is judged; where absent, those of the edition on disk."""
    broker = config.broker
    return LinkSettings(
        mailbox=config.mailbox,
        url=broker.urls,
        password=read_secret(Path(broker.password_file)) if broker.password_file else None,
        tls=_tls(config, trust_store or cache(partial(_on_disk, config))),
        heartbeat=broker.heartbeat,
        window=broker.window,
        prefetch=broker.prefetch,
    )


def _on_disk(config: Linked) -> TrustStore | None:
    """Of the edition held; None before the first one, and where it cannot be read, which others say."""
    assert config.trust is not None, "by the lists of a signed directory"
    try:
        roots = load_roots(Path(config.trust.root))
        edition = load_edition(Path(config.trust.directory), roots=roots, now=datetime.now(UTC))
    except BusError:
        return None
    return edition.trust_store if edition else None


def _tls(config: Linked, trust_store: Callable[[], TrustStore | None]) -> Tls | None:
    """Raises BadConfig where a file cannot be read: at start, not at each attempt to connect."""
    broker = config.broker
    cafile, certfile, keyfile = (
        Path(file) if file else None for file in (broker.cafile, broker.certfile, broker.keyfile)
    )
    if not broker.is_encrypted:
        return None
    if cafile is None and config.trust is not None:
        cafile = Path(config.trust.root)
    keys = Path(config.keys) if certfile is None and config.trust is not None and config.keys else None
    if cafile is None and certfile is None and keys is None:
        return None
    current_files = partial(tls_files, keys) if keys else None
    revocations = None if config.trust is None else by_directory(trust_store)
    tls = Tls(cafile=cafile, certfile=certfile, keyfile=keyfile, current_files=current_files, revocations=revocations)
    tls.context()
    return tls
