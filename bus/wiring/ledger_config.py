"""A ledger's TOML, parsed into a frozen model. Bytes in, values out; its sections are a daemon's (config.py) where they
mean the same."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from bus.errors import said
from bus.topology.names import LEDGER
from bus.wiring.alerts_config import AlertsConfig, ChannelConfig
from bus.wiring.api_config import ApiConfig
from bus.wiring.config import BrokerConfig, HttpConfig, Section, WithDirectory, data_of, parsed
from schemas.values import MailboxCode


class ManagementConfig(Section):
    """RabbitMQ's management API: figures of queues for the alerts, and which mailboxes have an audit stream of their
    own."""

    url: str
    """https://user:password@host:15671, of a cluster several with spaces between; the user has the tag `monitoring`.
    http:// to this machine only, or together with `plain` in [broker]."""
    password_file: str | None = None
    """Read where the URLs carry no password; must not be readable by others."""
    every: Annotated[float, Field(ge=5, le=3600)] = 60.0
    """Seconds between two looks."""


class RetentionConfig(Section):
    years: Annotated[int, Field(ge=1, le=100)] = 10
    """Whole calendar years that are kept besides the present one; older ones are dropped."""


class CalendarConfig(Section):
    clocks: str | None = None
    """TOML of clocks that are added to the law's own (bus/handling/clocks.py)."""


class LedgerConfig(WithDirectory):
    store: str
    """SQLAlchemy URL: sqlite:////var/lib/lienthong/ledger.db, or postgresql+psycopg://lienthong@db/lienthong, which
    ledgers on several machines may share: one works, the others stand by."""
    store_password_file: str | None = None
    """Read where the URL of a server carries no password; must not be readable by others."""
    broker: BrokerConfig
    """Its user is `ledger`: by [broker] certfile, or by a password."""
    management: ManagementConfig | None = None
    retention: RetentionConfig = RetentionConfig()
    calendar: CalendarConfig = CalendarConfig()
    alerts: AlertsConfig = AlertsConfig()
    channel: tuple[ChannelConfig, ...] = ()
    """Who is told of alerts; none: they are kept and shown."""
    http: HttpConfig | None = None
    api: ApiConfig | None = None
    """Served by `lienthong console run`, a process beside the ledger's."""

    @property
    def mailbox(self) -> MailboxCode:
        """Who logs in, and whose the store is."""
        return LEDGER

    @property
    def keys(self) -> str | None:
        """A ledger signs nothing and opens nothing."""
        return None

    @model_validator(mode="after")
    def _channels_have_names(self) -> Self:
        names = [each.name for each in self.channel]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(said("hai [[channel]] tên {name}", "two [[channel]] of the name {name}", name=twice[0]))
        return self


def parse(data: bytes, *, name: str) -> LedgerConfig:
    """Raises BadConfig, naming the file and every wrong field."""
    return parsed(LedgerConfig, data, name=name)


def load_ledger_config(path: Path) -> LedgerConfig:
    """Raises BadConfig where it cannot be read or is wrong."""
    return parse(data_of(path), name=str(path))
