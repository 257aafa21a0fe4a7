"""`lienthong adapter`: the wiring of a daemon. Here, and only here, store, broker and document system meet."""

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import structlog
import uuid_utils

from bus.certificates import Certificate
from bus.cli.blobs import blob_findings, open_blobs
from bus.cli.facts import log_as_json
from bus.cli.output import emit_json, json_option
from bus.cli.stores import bring_up
from bus.cli.wiring import adapter_class as adapter_class
from bus.cli.wiring import link_settings as link_settings
from bus.cli.wiring import make_adapter as make_adapter
from bus.config import Config
from bus.daemon.bulletin import Bulletin
from bus.daemon.host import run as run_host
from bus.daemon.mailbox import MailboxDaemon, Surroundings
from bus.daemon.standby import Standby
from bus.daemon.standpoint import Standpoint
from bus.delivering import IN_MEMORY
from bus.directory import Directory
from bus.edition import Edition, accept
from bus.errors import BadConfig, BrokerAway, BusError
from bus.files.config import load_config
from bus.files.directory import default_folder, load
from bus.files.edition import load_edition, load_roots, save_edition
from bus.files.keys import load_identity, load_keyring, stamp
from bus.files.store import store_url
from bus.keys import Identity
from bus.mailroom import MAX_CONTENT, Member
from bus.ports import Adapter, Store
from bus.rabbit.feed import Feed
from bus.rabbit.link import IoThread, Link
from bus.store import Candidate, is_shared, open_store
from schemas.values import VIETNAM, MessageId

FETCH_SECONDS = 30.0
"""For the first edition of the directory, where none is held."""

configs = click.argument("configs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))


@click.group()
def command() -> None:
    """Run and check the adapter daemon of a mailbox."""


@command.command()
@configs
def run(configs: tuple[Path, ...]) -> None:
    """Run the mailboxes of CONFIGS (TOML files, or folders of them) in this process until SIGTERM."""
    log_as_json()
    loaded = [load_config(path) for path in files(configs)]
    listen = listening(loaded)
    warn(loaded)
    with running(loaded) as hosted:
        run_host(hosted.daemons, listen=listen, bulletin=hosted.bulletin)


@command.command()
@configs
@click.option("--wait", default=10.0, show_default=True, type=click.FloatRange(0, 300), help="Seconds for the broker.")
@json_option
def check(configs: tuple[Path, ...], wait: float, as_json: bool) -> None:
    """Say what stands in the way of running: configuration, keys, directory, store, broker, document system."""
    # What the broker's link logs on its way would stand between the findings; these say it in the end.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    findings = {str(path): list(_findings(path, wait)) for path in files(configs)}
    if as_json:
        emit_json([{"config": path, "ok": not found, "findings": found} for path, found in findings.items()])
    else:
        for path, found in findings.items():
            click.echo(f"{path}: {'chưa chạy được / not ready' if found else 'sẵn sàng / ready'}")
            for finding in found:
                click.echo(f"  - {finding}")
    sys.exit(1 if any(findings.values()) else 0)


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
        why = f"[http] listen: a process has one address for all its mailboxes, and these differ: {said}"
        raise BadConfig(file=next(reversed(wanted.values())).mailbox, why=why)
    return next(iter(wanted), None)


def warn(loaded: Sequence[Config]) -> None:
    """Says at start what is for trials only."""
    log = structlog.get_logger()
    for config in loaded:
        if config.broker.plain:
            log.warning("broker.plain", mailbox=config.mailbox, said="not encrypted, for trials only / chỉ để chạy thử")
        if config.trust is None:
            log.warning(
                "directory.unsigned", mailbox=config.mailbox, said="nobody signed it, for trials only / chỉ để chạy thử"
            )


@dataclass(frozen=True, slots=True)
class Hosted:
    """What one process runs."""

    daemons: list[MailboxDaemon | Standby]
    bulletin: Bulletin | None
    """None where the directory is not signed."""


@contextmanager
def running(loaded: Sequence[Config]) -> Iterator[Hosted]:
    """The daemons of these configurations, wired and not started. One I/O thread serves all their links."""
    bring_up(loaded)
    with ExitStack() as stack:
        io = IoThread()
        stack.callback(io.close)
        with ExitStack() as unhosted:
            bulletin = _bulletin(loaded, io, unhosted)
            daemons = [_hosted(config, io, unhosted, bulletin) for config in loaded]
            unhosted.pop_all()  # from here on a daemon closes what it has
        yield Hosted(daemons, bulletin)


def _bulletin(loaded: Sequence[Config], io: IoThread, unhosted: ExitStack) -> Bulletin | None:
    """One for the process, read with the login of the first mailbox; None where nobody signed the directory."""
    trusts = {config.trust: config for config in reversed(loaded)}
    if len(trusts) > 1:
        said = ", ".join(config.mailbox for config in trusts.values())
        raise BadConfig(file=said, why="[trust]: the mailboxes of one process go by one directory, and these differ")
    config = loaded[0]
    if config.trust is None:
        return None
    path = Path(config.trust.directory)
    roots = load_roots(Path(config.trust.root))
    feed = Feed(link_settings(config), io=io)
    unhosted.callback(feed.close)
    edition = load_edition(path, roots=roots, now=datetime.now(UTC)) or _first_edition(feed, path, roots)
    return Bulletin(edition, roots=roots, feed=feed, keep=partial(save_edition, path))


def _first_edition(feed: Feed, path: Path, roots: Sequence[Certificate]) -> Edition:
    """Fetched from the bus. Raises BrokerAway where none comes, BadEdition where it is not the authority's."""
    structlog.get_logger().info("directory.fetching", file=str(path))
    encoded = feed.whole(wait=FETCH_SECONDS)
    if encoded is None:
        raise BrokerAway(
            why=f"no edition of the directory came in {FETCH_SECONDS:g} s, and {path} holds none / "
            "chưa có danh mục nào trên trục"
        )
    edition = accept(None, encoded, roots=roots, now=datetime.now(UTC))
    assert edition is not None, "a whole edition needs no other"
    save_edition(path, edition.encoded)
    return edition


def _hosted(config: Config, io: IoThread, unhosted: ExitStack, bulletin: Bulletin | None) -> MailboxDaemon | Standby:
    if not is_shared(config.store):
        with ExitStack() as opened:
            store = open_store(config.store, owner=config.mailbox)
            opened.callback(store.close)
            daemon = _daemon(config, io, bulletin, store)
            opened.pop_all()
        unhosted.callback(daemon.close)
        return daemon
    # What is wrong with the rest is found now, not on the day when it is needed.
    adapter_class(config.adapter, name=config.mailbox)
    link_settings(config)
    _member(config, bulletin)
    candidate = Candidate(store_url(config), owner=config.mailbox)
    standby = Standby(config.mailbox, candidate, partial(_daemon, config, io, bulletin))
    unhosted.callback(standby.close)
    return standby


def _daemon(config: Config, io: IoThread, bulletin: Bulletin | None, store: Store) -> MailboxDaemon:
    """Around a store that is ours. It is the caller's to close where this raises; nothing else is left open then."""
    standpoint, member = _member(config, bulletin)
    with ExitStack() as unhosted:
        adapter = make_adapter(config.adapter, name=config.mailbox)
        unhosted.callback(adapter.close)
        settings = link_settings(config)
        link = Link(settings, io=io)
        unhosted.callback(link.close)
        blobs = open_blobs(config, settings, io=io)
        unhosted.pop_all()
    return MailboxDaemon(
        Surroundings(
            member=member,
            standpoint=standpoint,
            store=store,
            broker=link,
            adapter=adapter,
            blobs=blobs,
            every=config.adapter.every,
            as_of=config.as_of,
            lead=config.deadline.warn,
        )
    )


def _member(config: Config, bulletin: Bulletin | None) -> tuple[Standpoint | None, Member]:
    """Raises BadConfig."""
    if bulletin is None:
        return None, member_of(config)
    standpoint = _standpoint(config, bulletin)
    return standpoint, standpoint.member(datetime.now(UTC))


def _standpoint(config: Config, bulletin: Bulletin) -> Standpoint:
    """Raises BadConfig where its keys cannot be read."""
    keys = Path(config.keys)
    on = config.as_of or datetime.now(VIETNAM).date()
    ring = load_keyring(keys)
    identity = ring.identity(listed=(), now=datetime.now(UTC))
    base = replace(_configured(config, bulletin.edition.directory(on), identity), vouching=bulletin.edition.vouching)
    return Standpoint(
        base=base,
        bulletin=bulletin,
        keyring=partial(load_keyring, keys),
        stamp=partial(stamp, keys),
        as_of=config.as_of,
    )


def member_of(config: Config) -> Member:
    """By the signed directory as it is held on disk, or by a folder that nobody signed."""
    if config.trust is not None:
        roots = load_roots(Path(config.trust.root))
        path = Path(config.trust.directory)
        edition = load_edition(path, roots=roots, now=datetime.now(UTC)) or _fetched(config, path, roots)
        return _standpoint(config, Bulletin(edition, roots=roots, feed=_NoFeed(), keep=lambda _: None)).member(
            datetime.now(UTC)
        )
    on = config.as_of or datetime.now(VIETNAM).date()
    folder = Path(config.directory) if config.directory else default_folder()
    return _configured(config, load(folder, on=on), load_identity(Path(config.keys)))


def _configured(config: Config, directory: Directory, identity: Identity) -> Member:
    return Member(
        mailbox=config.mailbox,
        directory=directory,
        identity=identity,
        new_id=new_message_id,
        max_content=config.max_content or MAX_CONTENT,
        large_from=config.blobs.large_from,
        expiry=config.expiry.by_priority(),
    )


def _fetched(config: Config, path: Path, roots: Sequence[Certificate]) -> Edition:
    with IoThread() as io:
        feed = Feed(link_settings(config), io=io)
        try:
            return _first_edition(feed, path, roots)
        finally:
            feed.close()


class _NoFeed:
    """For commands that look at what is held and wait for nothing."""

    def changes(self, *, wait: float) -> Sequence[bytes]:
        return ()

    def whole(self, *, wait: float) -> bytes | None:
        return None

    def close(self) -> None:
        pass


def new_message_id() -> MessageId:
    return MessageId(str(uuid_utils.uuid7()))


def _findings(path: Path, wait: float) -> Iterator[str]:
    """Each thing that is wrong, tried in the order in which a daemon would meet it."""
    try:
        config = load_config(path)
    except BusError as error:
        yield _said(error)
        return
    yield from _member_findings(config)
    try:
        open_store(store_url(config), owner=config.mailbox, exclusive=False).close()
    except BusError as error:
        yield _said(error)
    try:
        adapter = make_adapter(config.adapter, name=config.mailbox)
        yield from adapter.check()
        yield from _large_findings(config, adapter)
        adapter.close()
    except BusError as error:
        yield _said(error)
    yield from _broker_findings(config, wait)


def _large_findings(config: Config, adapter: Adapter) -> Iterator[str]:
    """What others may send to it, by the directory, and its document system cannot be handed."""
    try:
        largest = member_of(config).directory.mailbox(config.mailbox).largest
    except BusError:
        return  # it is a finding already
    if largest is not None and largest > IN_MEMORY and not adapter.takes_large:
        vi = f"Danh mục ghi {config.mailbox} nhận tệp lớn đến {largest} byte, phần mềm ở đây chỉ nhận {IN_MEMORY}."
        yield f"{vi} / The directory says {largest} bytes of large files for it; the system here takes {IN_MEMORY}."


def _said(error: BusError) -> str:
    return f"{error.in_vietnamese()} / {error.in_english()}"


def _member_findings(config: Config) -> Iterator[str]:
    try:
        member = member_of(config)
        own = member.identity.signing.public.id
        if own not in {key.id for key in member.verify_keys(config.mailbox)}:
            vi = f"Danh mục chưa có khóa ký {own} của hộp thư {config.mailbox}; đề nghị bổ sung."
            yield f"{vi} / The directory lacks signing key {own} of mailbox {config.mailbox}; have it added."
    except BusError as error:
        yield _said(error)


def _broker_findings(config: Config, wait: float) -> Iterator[str]:
    """Logs in as the daemon would. It may take the oldest message out of the inbox for that while: one at most."""
    try:
        settings = replace(link_settings(config), prefetch=1)
    except BusError as error:
        yield _said(error)
        return
    with IoThread() as io:
        link = Link(settings, io=io)
        if not link.wait_ready(wait):
            why = link.status().last_error or f"không trả lời trong {wait:g} giây (no answer in {wait:g} s)"
            yield _said(BrokerAway(why=why))
        else:
            yield from map(_said, blob_findings(config, settings, io=io))
        link.close()
