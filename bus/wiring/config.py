"""One daemon's TOML, parsed into a frozen model. Bytes in, values out; bus/files reads the file."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bus.errors import BadConfig, Words, of_fields, of_system, said
from bus.files.texts import toml_of
from bus.handling.deadlines import LEAD
from bus.wire.message import MAX_BODY, WRAPS
from schemas.codes import Priority
from schemas.values import MailboxCode

_LAST_PORT = 65535
LARGEST_CONTENT = MAX_BODY - WRAPS


def _sendable(size: int) -> int:
    if size > LARGEST_CONTENT:
        raise ValueError(
            Words(
                f"nhiều nhất {LARGEST_CONTENT}: RabbitMQ chỉ nhận bản tin đến {MAX_BODY} byte",
                f"at most {LARGEST_CONTENT} (13 MiB): RabbitMQ takes messages of {MAX_BODY} bytes, keys and signatures "
                "included",
            )
        )
    return size


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrustConfig(Section):
    """The trusted roots and the signed directory. Without this section the directory is a folder that nobody signed:
    for tests and trials."""

    root: str
    """PEM file of the roots that are believed, got from the authority by a way that cannot be forged."""
    directory: str
    """File that holds the signed directory; kept up to date from the bus. Where it is missing it is fetched."""


class BrokerConfig(Section):
    url: str | Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    """amqps:// with the vhost in the path; a list of them for the nodes of a cluster. amqp:// only together with
    `plain`."""
    plain: bool = False
    """True: no encryption, and a password for a name. For trials on one machine only."""
    password_file: str | None = None
    """Read where the URL carries no password; must not be readable by others."""
    cafile: str | None = None
    """PEM file of the authorities that may vouch for the broker; the roots of [trust] where absent, else those that the
    system trusts."""
    certfile: str | None = None
    """PEM file of the mailbox's certificate, with its chain: it logs in with it where there is no password. The newest
    in `keys` where absent."""
    keyfile: str | None = None
    """Its private key, where that is not in `certfile`."""
    heartbeat: Annotated[int, Field(ge=2, le=600)] = 15
    """Seconds."""
    window: Annotated[int, Field(ge=1, le=5000)] = 500
    """Publishes under way before the first confirm is waited for."""
    prefetch: Annotated[int, Field(ge=1, le=5000)] = 256
    """Messages held in memory before they are committed to the inbox."""

    @property
    def urls(self) -> tuple[str, ...]:
        return (self.url,) if isinstance(self.url, str) else self.url

    @property
    def is_encrypted(self) -> bool:
        return all(url.startswith("amqps://") for url in self.urls)

    @model_validator(mode="after")
    def _open_to_all(self) -> Self:
        if not self.plain and any(url.startswith("amqp://") for url in self.urls):
            raise ValueError(
                said(
                    "amqp:// không mã hóa, ai cũng giả danh được: dùng amqps://, hoặc ghi plain = true khi chạy thử",
                    "amqp:// is not encrypted and proves nobody's name: use amqps://, or say plain = true for a trial",
                )
            )
        return self

    @model_validator(mode="after")
    def _files_that_would_not_be_read(self) -> Self:
        if (self.cafile or self.certfile or self.keyfile) and not self.is_encrypted:
            raise ValueError(
                said(
                    "cafile, certfile và keyfile chỉ dùng với url bắt đầu bằng amqps://",
                    "cafile, certfile and keyfile are for a url that begins with amqps://",
                )
            )
        if self.keyfile and not self.certfile:
            raise ValueError(said("có keyfile mà thiếu certfile", "keyfile without certfile"))
        return self


class AdapterConfig(Section):
    use: Annotated[str, Field(pattern=r"^[\w.]+:\w+$|^\w[\w-]*$")]
    """The name of an installed adapter, such as folder; or module:Class, such as adapters.folder:FolderAdapter."""
    every: Annotated[float, Field(gt=0, le=3600)] = 1.0
    """Seconds between two looks at the document system."""
    options: dict[str, Any] = Field(default_factory=dict)


_SPAN = re.compile(r"([1-9][0-9]{0,4})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _span(text: object) -> timedelta:
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(
            said(
                'ghi số giây, phút, giờ hoặc ngày, như "30m", "2h", "3d"',
                'seconds, minutes, hours or days, such as "30m", "2h", "3d"',
            )
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


Span: TypeAlias = Annotated[timedelta, BeforeValidator(_span)]


class ExpiryConfig(Section):
    """After how long a document that was sent is not worth delivering any more, by its urgency; never, where absent."""

    normal: Span | None = None
    urgent: Span | None = None
    very_urgent: Span | None = None
    immediate: Span | None = None
    immediate_timed: Span | None = None

    def by_priority(self) -> Mapping[Priority, timedelta]:
        spans = {priority: getattr(self, priority.name.lower()) for priority in Priority}
        return {priority: span for priority, span in spans.items() if span is not None}


class DeadlineConfig(Section):
    warn: Span = LEAD
    """Before the end of the day by which a document is due (DueDate): when a recipient that has neither accepted nor
    refused it is told of."""


class BlobsConfig(Section):
    """The places for blobs. The broker's streams need no settings; an S3-compatible store that is described here is
    read from too, whichever of the two our own blobs are put into."""

    large_from: Annotated[int, Field(ge=64 * 1024)] = 512 * 1024
    """Bytes of one attachment above which it travels as a blob, where its recipients take blobs."""
    kind: Literal["stream", "s3"] = "stream"
    """Where our own blobs are put: recipients need the same."""
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] | None = None
    endpoint: Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+$")] | None = None
    """https://host[:port]; Amazon's own where absent. http:// only together with `plain`."""
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] = "us-east-1"
    plain: bool = False
    """True: no encryption on the way, for trials on one machine only. The segments there are sealed either way."""
    credentials_file: str | None = None
    """TOML of access_key_id and secret_access_key, perhaps session_token; must not be readable by others. Where absent,
    AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) of the environment."""
    cafile: str | None = None
    """PEM file of the authorities that may vouch for the endpoint; those that the system trusts where absent."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        others = self.endpoint or self.credentials_file or self.cafile or self.plain
        if self.bucket is None and (self.kind == "s3" or others):
            raise ValueError(said("thiếu bucket", "bucket is missing"))
        if not self.plain and self.endpoint is not None and self.endpoint.startswith("http://"):
            raise ValueError(
                said(
                    "http:// không mã hóa: dùng https://, hoặc ghi plain = true khi chạy thử",
                    "http:// is not encrypted: use https://, or say plain = true for a trial",
                )
            )
        return self


_LISTEN: Final = re.compile(r"[^:\s]+:[0-9]{1,5}|\[[0-9a-fA-F:]+\]:[0-9]{1,5}")


def _listening(text: str) -> str:
    if not _LISTEN.fullmatch(text):
        raise ValueError(
            Words(f"{text!r}: ghi MÁY:CỔNG, như 127.0.0.1:9301", f"{text!r}: host:port, such as 127.0.0.1:9301")
        )
    if int(text.rpartition(":")[2]) > _LAST_PORT:
        raise ValueError(Words(f"{text}: số cổng lớn nhất là {_LAST_PORT}", f"{text}: ports end at {_LAST_PORT}"))
    return text


class Listening(Section):
    listen: Annotated[str, AfterValidator(_listening)]
    """host:port"""

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        host, _ = self.address
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


class HttpConfig(Listening):
    """/healthz and /metrics."""

    token_file: str | None = None
    """File whose first line is the operator's token: /healthz tells ids, names and errors to whoever sends
    `Authorization: Bearer <token>`, to all others states and counts. Must not be readable by others."""


class WithDirectory(Section):
    """What the TOMLs of a daemon and of a ledger say alike: whose directory it goes by."""

    trust: TrustConfig | None = None
    directory: str | None = None
    """Folder of TOML files that nobody signed, where there is no [trust]; the project's own where absent."""
    as_of: date | None = None
    """The directory as of one fixed day. Absent: as of today, every day."""

    @model_validator(mode="after")
    def _one_directory(self) -> Self:
        if self.trust and self.directory:
            raise ValueError(
                said("[trust] đã nêu danh mục: bỏ `directory`", "[trust] has the directory: leave `directory` out")
            )
        return self


class Config(WithDirectory):
    mailbox: MailboxCode
    keys: str
    """Folder made by `lienthong keys new`."""
    store: str
    """SQLAlchemy URL: sqlite:////var/lib/lienthong/H49.db, or postgresql+psycopg://lienthong@db/lienthong, which
    daemons of this mailbox on several machines may share: one works, the others stand by."""
    store_password_file: str | None = None
    """Read where the URL of a server carries no password; must not be readable by others. Without either, libpq looks
    in PGPASSFILE and ~/.pgpass."""
    broker: BrokerConfig
    adapter: AdapterConfig
    http: HttpConfig | None = None
    expiry: ExpiryConfig = ExpiryConfig()
    deadline: DeadlineConfig = DeadlineConfig()
    blobs: BlobsConfig = BlobsConfig()
    conform: dict[str, Any] = Field(default_factory=dict)
    """For `lienthong adapter conform`, which judges it; a daemon reads none of it."""
    max_content: Annotated[int, Field(ge=1024), AfterValidator(_sendable)] | None = None
    """Bytes of one document with its attachments; 12 MiB where absent, and never more than a message can carry."""


M = TypeVar("M", bound=BaseModel)


def parsed(model: type[M], data: bytes, *, name: str) -> M:
    """A TOML as its model. Raises BadConfig, naming the file and every wrong field."""
    try:
        return model.model_validate(toml_of(data, file=name))
    except ValidationError as exc:
        raise BadConfig(file=name, why=of_fields(exc.errors())) from exc


def data_of(path: Path) -> bytes:
    """Raises BadConfig where the file cannot be read."""
    try:
        return path.read_bytes()
    except OSError as exc:
        raise BadConfig(file=str(path), why=of_system(exc)) from exc


def parse(data: bytes, *, name: str) -> Config:
    """Raises BadConfig, naming the file and every wrong field."""
    return parsed(Config, data, name=name)


def load_config(path: Path) -> Config:
    """Raises BadConfig where it cannot be read or is wrong."""
    return parse(data_of(path), name=str(path))
