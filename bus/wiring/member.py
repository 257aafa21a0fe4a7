"""A mailbox as a member of the bus, from its configuration: its keys, and a directory that is signed or not."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import structlog
import uuid_utils

from bus.daemon.current_member import CurrentMember, SignedMember, UnsignedMember, check_in_force, identity_in
from bus.daemon.editions import EditionFollower, Feed, first
from bus.directory.agencies import Directory
from bus.directory.edition import Edition
from bus.directory.member import MAX_CONTENT, Member
from bus.errors import BadConfig, BadEdition, BrokerAway, Words, said
from bus.files.directory import default_folder, load
from bus.files.edition import load_edition, load_roots, save_edition
from bus.files.keys import load_identity, load_keyring, stamp
from bus.rabbit.io_thread import IoThread
from bus.rabbit.streams.directory_reader import DirectoryReader
from bus.trust.certificates import Certificate
from bus.trust.keys import Identity
from bus.trust.trust_store import TrustStore
from bus.wiring.config import Config
from bus.wiring.link import link_settings
from schemas.values import VIETNAM, MessageId

FETCH_SECONDS = 30.0
"""For the first edition of the directory, where none is held."""


def first_edition(feed: Feed, path: Path, roots: Sequence[Certificate], *, keep: bool = True) -> Edition:
    """Fetched from the bus, and kept in its file. Raises BrokerAway where none comes, BadConfig where none there is
    the authority's."""
    structlog.get_logger().info("directory.fetching", file=str(path))
    try:
        edition = first(feed, roots=roots, now=datetime.now(UTC), wait=FETCH_SECONDS)
    except BadEdition as error:  # its own words promise that one is held
        why = said(
            "máy này chưa giữ bản danh mục nào, và trên trục không có bản nào nhận được ({why})",
            "no edition of the directory is held here, and none on the bus can be taken ({why})",
            why=error.facts["why"],
        )
        do = said(
            "Xem [trust] root có đúng gốc không, và hỏi cơ quan quản lý danh mục.",
            "See whether [trust] root is the right one, and ask the authority.",
        )
        raise BadConfig(file=path, why=why, do=do) from error
    if edition is None:
        raise BrokerAway(
            why=Words(
                f"sau {FETCH_SECONDS:g} giây chưa có bản danh mục nào tới, mà {path} cũng chưa có",
                f"no edition of the directory came in {FETCH_SECONDS:g} s, and {path} holds none",
            )
        )
    if keep:
        save_edition(path, edition.encoded)
    return edition


def current_member(config: Config, follower: EditionFollower | None) -> CurrentMember:
    """For a daemon; `follower` is None where nobody signed the directory. Raises now, and not only in a loop:
    BadConfig, BadDirectory, DirectoryExpired, OwnClockWrong."""
    if follower is None:
        return UnsignedMember(member_of(config), as_of=config.as_of)
    keys = Path(config.keys)
    current = SignedMember(
        mailbox=config.mailbox,
        make=partial(_member, config),
        follower=follower,
        keyring=partial(load_keyring, keys),
        stamp=partial(stamp, keys),
        as_of=config.as_of,
    )
    current.member(datetime.now(UTC))
    return current


def member_of(config: Config, *, keep: bool = True) -> Member:
    """For a command: by the signed directory as it is on disk, or by a folder that nobody signed. Where there is none
    on disk it is fetched, and put there if `keep`. Raises as `current_member` does."""
    if config.trust is None:
        folder = Path(config.directory) if config.directory else default_folder()
        return _member(config, load(folder, on=_on(config)), load_identity(Path(config.keys)), None)
    roots, path, now = load_roots(Path(config.trust.root)), Path(config.trust.directory), datetime.now(UTC)
    edition = load_edition(path, roots=roots, now=now) or _fetched(config, path, roots, keep=keep)
    check_in_force(edition, now)
    identity = identity_in(edition, load_keyring(Path(config.keys)), config.mailbox, now=now)
    return _member(config, edition.directory(_on(config)), identity, edition.trust_store)


def _on(config: Config) -> date:
    return config.as_of or datetime.now(VIETNAM).date()


def _member(config: Config, directory: Directory, identity: Identity, trust_store: TrustStore | None) -> Member:
    return Member(
        mailbox=config.mailbox,
        directory=directory,
        identity=identity,
        new_id=new_message_id,
        max_content=config.max_content or MAX_CONTENT,
        large_from=config.blobs.large_from,
        expiry=config.expiry.by_priority(),
        trust_store=trust_store,
    )


def _fetched(config: Config, path: Path, roots: Sequence[Certificate], *, keep: bool) -> Edition:
    with IoThread() as io:
        feed = DirectoryReader(link_settings(config, trust_store=lambda: None), io=io)
        try:
            return first_edition(feed, path, roots, keep=keep)
        finally:
            feed.close()


def new_message_id() -> MessageId:
    return MessageId(str(uuid_utils.uuid7()))
