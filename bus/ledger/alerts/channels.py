"""The channels by which alerts are sent: mail and JSON webhook, and no other. Only this file knows apprise."""

import logging
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from bus.errors import BadConfig, Who, Words, quoted, said
from bus.ledger.alerts.causes import Cause
from bus.ledger.alerts.message import Message
from schemas.printable import printable

PATIENCE: Final = 10.0
"""Seconds to connect, and seconds without a byte."""
_SECURE: Final[Mapping[str, str]] = {"starttls": "starttls", "ssl": "ssl", "none": "insecure"}
"""Ours, and apprise's word for it."""


class _Apprise(NamedTuple):
    """What is used of it; it has no types."""

    mail: Any
    webhook: Any
    warning: Any
    asset: Any
    error: type[Exception]


@cache
def _apprise() -> _Apprise:
    """Loaded with the first message: it takes most of a second, and commands need none of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it looks for `imghdr`, which Python gives up
        from apprise import AppriseAsset, NotifyType
        from apprise.exception import AppriseException
        from apprise.plugins.custom_json import NotifyJSON
        from apprise.plugins.email import NotifyEmail
    asset = AppriseAsset(app_id="Lien thong", app_desc="Lien thong", app_url="")
    return _Apprise(NotifyEmail, NotifyJSON, NotifyType.WARNING, asset, AppriseException)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Mail to people, by one server."""

    name: str
    host: str
    sender: str
    to: tuple[str, ...]
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    security: str = "starttls"
    """`starttls`, `ssl`, or `none`: within one machine only."""
    who: frozenset[Who] = frozenset(Who)
    """Alerts on which one of these must act."""
    causes: frozenset[str] = frozenset()
    """Only of these causes; empty: of all."""

    def wants(self, cause: Cause) -> bool:
        return _wants(cause, self.who, self.causes)

    def check(self) -> None:
        """Raises BadConfig where nobody could be written to."""
        with _understood(self.name):
            mail = self._made()
        if self.security not in _SECURE or len(mail.targets) + len(mail.cc) != len(self.to):
            raise _bad(self.name, said("địa chỉ thư không dùng được", "an address of it is no mail address"))

    def send(self, message: Message) -> Words | None:
        """None once the server has taken it for one of them at least; else why not."""
        with _heard() as told:
            taken = self._made().send(body=message.text, title=message.title, notify_type=_apprise().warning)
        # Tried again, it would come again to all who have it.
        return None if taken or 0 < told.refused < len(self.to) else told.why()

    def _made(self) -> Any:
        return _apprise().mail(
            smtp_host=self.host,
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            from_addr=self.sender,
            targets=list(self.to[:1]),
            cc=list(self.to[1:]),
            secure_mode=_SECURE.get(self.security),
            secure=self.security != "none",
            format="text",
            asset=_apprise().asset,
            cto=PATIENCE,
            rto=PATIENCE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One JSON object, posted to a URL; what is in it stands in the handbook."""

    name: str
    url: str
    """https://…; http:// within one machine only."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """As {"Authorization": "Bearer …"}."""
    who: frozenset[Who] = frozenset(Who)
    causes: frozenset[str] = frozenset()

    def wants(self, cause: Cause) -> bool:
        return _wants(cause, self.who, self.causes)

    def check(self) -> None:
        """Raises BadConfig where it names no place."""
        with _understood(self.name):
            self._made({})

    def send(self, message: Message) -> Words | None:
        """None once the place has answered with 2xx; else why not."""
        with _heard() as told:
            made = self._made(message.facts)
            taken = made.send(body=message.text, title=message.title, notify_type=_apprise().warning)
        return None if taken else told.why()

    def _made(self, facts: Mapping[str, Any]) -> Any:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(self.url)
        return _apprise().webhook(
            host=f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname,
            port=parts.port,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            fullpath=f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}",
            secure=parts.scheme == "https",
            headers=dict(self.headers),
            payload={"attachments": "", "alert": dict(facts)},
            format="text",
            asset=_apprise().asset,
            redirect=False,
            cto=PATIENCE,
            rto=PATIENCE,
        )


def _wants(cause: Cause, who: frozenset[Who], causes: frozenset[str]) -> bool:
    return cause.who in who and (not causes or cause.code in causes)


@contextmanager
def _understood(name: str) -> Iterator[None]:
    try:
        with _heard():
            yield
    except (_apprise().error, TypeError, ValueError) as exc:
        raise _bad(name, said("địa chỉ không dùng được", "its address cannot be used")) from exc


def _bad(name: str, why: Words) -> BadConfig:
    return BadConfig(file=said("kênh {name}", "channel {name}", name=name), why=why)


class _Told(logging.Handler):
    """What apprise says of one sending: it tells its log the reason, and its caller yes or no."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._thread = threading.get_ident()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if record.thread == self._thread and (record.levelno >= logging.WARNING or line.startswith(_REASON)):
            self._lines.append(" ".join(line.split()))

    @property
    def refused(self) -> int:
        """How many addresses a server refused, that took the mail for others."""
        return sum(line.startswith(_ADDRESS) for line in self._lines)

    def why(self) -> Words:
        return quoted(printable(": ".join(self._lines) or "?")[:_LONGEST])


_REASON: Final = "Socket Exception"
_ADDRESS: Final = "SMTP recipient"
_LONGEST: Final = 500
"""Letters of a reason that are kept."""


@contextmanager
def _heard() -> Iterator[_Told]:
    log, told = logging.getLogger("apprise"), _Told()
    before, passes = log.level, log.propagate
    log.addHandler(told)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        yield told
    finally:
        log.removeHandler(told)
        log.setLevel(before)
        log.propagate = passes
