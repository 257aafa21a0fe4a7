"""One daemon's TOML, parsed into a frozen model. Bytes in, values out; bus/files reads the file."""

import tomllib
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bus.errors import BadConfig
from schemas.values import MailboxCode


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BrokerConfig(_Section):
    url: str
    """amqp:// or amqps://, with the mailbox's user; the vhost in the path."""
    password_file: str | None = None
    """Read where the URL carries no password; must not be readable by others."""
    heartbeat: Annotated[int, Field(ge=2, le=600)] = 30
    """Seconds."""
    window: Annotated[int, Field(ge=1, le=5000)] = 500
    """Publishes under way before the first confirm is waited for."""
    prefetch: Annotated[int, Field(ge=1, le=5000)] = 256
    """Messages held in memory before they are committed to the inbox."""


class AdapterConfig(_Section):
    use: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    """module:Class, such as adapters.folder:FolderAdapter."""
    every: Annotated[float, Field(gt=0, le=3600)] = 1.0
    """Seconds between two looks at the document system."""
    options: dict[str, Any] = Field(default_factory=dict)


class HttpConfig(_Section):
    listen: Annotated[str, Field(pattern=r"^[^:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$")]
    """host:port of /healthz and /metrics."""

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class Config(_Section):
    mailbox: MailboxCode
    keys: str
    """Folder made by `lienthong keys new`."""
    store: str
    """SQLAlchemy URL, such as sqlite:////var/lib/lienthong/H49.db."""
    broker: BrokerConfig
    adapter: AdapterConfig
    directory: str | None = None
    """Folder of TOML files; the project's own where absent."""
    as_of: date | None = None
    """The directory as of one fixed day. Absent: as of today, every day."""
    http: HttpConfig | None = None
    max_content: Annotated[int, Field(ge=1024, le=512 * 1024 * 1024)] | None = None
    """Bytes of one document with its attachments."""


def parse(data: bytes, *, name: str) -> Config:
    """Raises BadConfig, naming the file and every wrong field."""
    try:
        return Config.model_validate(tomllib.loads(data.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise BadConfig(file=name, why=f"no TOML: {exc}") from exc
    except ValidationError as exc:
        wrong = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors())
        raise BadConfig(file=name, why=wrong) from exc
