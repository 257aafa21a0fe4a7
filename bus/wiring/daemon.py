"""Daemons from configurations: each mailbox with its store, broker, adapter, keys and directory; not started."""

import codecs
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import structlog

from bus.daemon.dependencies import Dependencies
from bus.daemon.editions import EditionFollower
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.standby import Standby
from bus.errors import BadConfig, Words, said
from bus.files.keys import read_secret
from bus.ports.store import Store
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.link import Link
from bus.rabbit.link_settings import LinkSettings
from bus.store.candidate import Candidate
from bus.store.open import is_shared, open_store
from bus.wiring.adapter import adapter_class, make_adapter
from bus.wiring.blobs import open_blobs
from bus.wiring.config import Config, HttpConfig
from bus.wiring.follower import follower_of
from bus.wiring.link import link_settings
from bus.wiring.member import current_member
from bus.wiring.stores import bring_up, store_url
from schemas.values import MailboxCode

SHORTEST_TOKEN: Final = 16
BEYOND_LOOPBACK: Final = (
    "other machines can ask, in clear: keep it on 127.0.0.1 or behind a firewall / máy khác hỏi được, không mã hóa"
)


def files(paths: Sequence[Path]) -> list[Path]:
    """The TOML files named, or in the folders named."""
    return [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]


def listening(loaded: Sequence[Config]) -> tuple[str, int] | None:
    """Where the process answers for all its mailboxes. Raises BadConfig where they name more than one place."""
    wanted = {config.http.address: config for config in reversed(loaded) if config.http}
    if len(wanted) > 1:
        said = ", ".join(
            f"{config.mailbox} {config.http.listen}" for config in reversed(wanted.values()) if config.http
        )
        why = Words(
            f"[http] listen: một tiến trình có một địa chỉ cho mọi hộp thư, mà các địa chỉ này khác nhau: {said}",
            f"[http] listen: a process has one address for all its mailboxes, and these differ: {said}",
        )
        raise BadConfig(file=next(reversed(wanted.values())).mailbox, why=why)
    return next(iter(wanted), None)


class Listening(Protocol):
    """What a configuration says of its HTTP port."""

    @property
    def mailbox(self) -> MailboxCode:
        """Or the name of a service."""

    @property
    def http(self) -> HttpConfig | None: ...


def operators_token(loaded: Sequence[Listening]) -> str | None:
    """The token for the whole of /healthz; None where no mailbox names a file. Raises BadConfig where the files differ,
    where one cannot be read, or where a token can be guessed."""
    wanted = {config.http.token_file: config for config in loaded if config.http and config.http.token_file}
    if len(wanted) > 1:
        said = ", ".join(config.mailbox for config in wanted.values())
        raise BadConfig(
            file=said,
            why=Words(
                "[http] token_file: một tiến trình có một mã, mà các tệp này khác nhau",
                "[http] token_file: a process has one token, and these differ",
            ),
        )
    for file in wanted:
        token = read_secret(Path(file))
        if len(token) < SHORTEST_TOKEN:
            why = Words(
                f"ít nhất {SHORTEST_TOKEN} ký tự: openssl rand -hex 32",
                f"at least {SHORTEST_TOKEN} characters: openssl rand -hex 32",
            )
            raise BadConfig(file=file, why=why)
        return token
    return None


def warn(loaded: Sequence[Config]) -> None:
    """Logs settings that are for trials only."""
    log = structlog.get_logger()
    for config in loaded:
        if config.broker.plain:
            log.warning("broker.plain", mailbox=config.mailbox, said="not encrypted, for trials only / chỉ để chạy thử")
        if config.trust is None:
            log.warning(
                "directory.unsigned", mailbox=config.mailbox, said="nobody signed it, for trials only / chỉ để chạy thử"
            )
        if config.http is not None and not config.http.is_local:
            log.warning("http.beyond-loopback", mailbox=config.mailbox, listen=config.http.listen, said=BEYOND_LOOPBACK)


def require_utf8(encoding: str) -> None:
    """`encoding` is that of file names. Raises BadConfig where it cannot write Vietnamese: an adapter would find that
    out at the first document."""
    if codecs.lookup(encoding).name != "utf-8":
        raise BadConfig(
            file="LC_ALL, LANG",
            why=said(
                "bảng mã của máy là {encoding}, không ghi được tên tệp tiếng Việt: đặt LANG=C.UTF-8 hoặc PYTHONUTF8=1",
                "the locale's encoding is {encoding}, and names of files with Vietnamese letters cannot be written: "
                "set LANG=C.UTF-8, or PYTHONUTF8=1",
                encoding=encoding,
            ),
        )


@dataclass(frozen=True, slots=True)
class Wired:
    """The daemons of one process."""

    daemons: list[MailboxDaemon | Standby]
    follower: EditionFollower | None
    """None where the directory is not signed."""
    threads: Mapping[str, Callable[[], bool]]
    """Whether each thread that they share is alive, by name."""


@contextmanager
def wired(loaded: Sequence[Config]) -> Iterator[Wired]:
    """The daemons of these configurations, wired and not started. One I/O thread serves all their links."""
    require_utf8(sys.getfilesystemencoding())
    bring_up(loaded)
    with ExitStack() as stack:
        io = IoThread()
        stack.callback(io.close)
        with ExitStack() as unwired:
            follower = _follower(loaded, io, unwired)
            daemons = [_mailbox(config, io, unwired, follower) for config in loaded]
            unwired.pop_all()  # from here on a daemon closes what it has
        yield Wired(daemons, follower, {io.name: lambda: io.is_alive})


def _follower(loaded: Sequence[Config], io: IoThread, unwired: ExitStack) -> EditionFollower | None:
    """One for the process, read with the login of the first mailbox; None where nobody signed the directory."""
    trusts = {config.trust: config for config in reversed(loaded)}
    if len(trusts) > 1:
        said = ", ".join(config.mailbox for config in trusts.values())
        raise BadConfig(
            file=said,
            why=Words(
                "[trust]: các hộp thư của một tiến trình theo một danh mục, mà ở đây khác nhau",
                "[trust]: the mailboxes of one process go by one directory, and these differ",
            ),
        )
    return follower_of(loaded[0], io, unwired)


def _mailbox(
    config: Config, io: IoThread, unwired: ExitStack, follower: EditionFollower | None
) -> MailboxDaemon | Standby:
    if not is_shared(config.store):
        with ExitStack() as opened:
            store = open_store(config.store, owner=config.mailbox)
            opened.callback(store.close)
            daemon = _daemon(config, io, follower, store)
            opened.pop_all()
        unwired.callback(daemon.close)
        return daemon
    # Whatever is wrong with the rest is found now, not on the day when this daemon takes over.
    adapter_class(config.adapter, name=config.mailbox)
    _link_settings(config, follower)
    current_member(config, follower)
    candidate = Candidate(store_url(config), owner=config.mailbox)
    standby = Standby(config.mailbox, candidate, partial(_daemon, config, io, follower))
    unwired.callback(standby.close)
    return standby


def _link_settings(config: Config, follower: EditionFollower | None) -> LinkSettings:
    """The broker's certificate is judged by the edition in force at each attempt to connect."""
    return link_settings(config, trust_store=None if follower is None else lambda: follower.edition.trust_store)


def _daemon(config: Config, io: IoThread, follower: EditionFollower | None, store: Store) -> MailboxDaemon:
    """Around a store that is ours. Where this raises, the caller closes the store; nothing else is left open."""
    member = current_member(config, follower)
    with ExitStack() as unwired:
        adapter = make_adapter(config.adapter, name=config.mailbox)
        unwired.callback(adapter.close)
        settings = _link_settings(config, follower)
        link = Link(settings, io=io)
        unwired.callback(link.close)
        blobs = open_blobs(config, settings, io=io)
        unwired.pop_all()
    return MailboxDaemon(
        Dependencies(
            member=member,
            store=store,
            broker=link,
            adapter=adapter,
            blobs=blobs,
            every=config.adapter.every,
            lead=config.deadline.warn,
        )
    )
