"""The edition of the signed directory in force for one process, followed over the bus with one login."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bus.daemon.editions import EditionFollower
from bus.directory.edition import Edition
from bus.files.edition import load_edition, load_roots, save_edition
from bus.rabbit.io_thread import IoThread
from bus.rabbit.streams.directory_reader import DirectoryReader
from bus.trust.trust_store import TrustStore
from bus.wiring.link import Linked, link_settings
from bus.wiring.member import first_edition


def follower_of(config: Linked, io: IoThread, unwired: ExitStack) -> EditionFollower | None:
    """Not started; what it has open is closed with `unwired`. None where nobody signed the directory. Raises as
    `first_edition`, where none is held."""
    if config.trust is None:
        return None
    path = Path(config.trust.directory)
    roots = load_roots(Path(config.trust.root))
    edition = load_edition(path, roots=roots, now=datetime.now(UTC))
    if edition is None:
        # No list is known yet: what this connection brings is judged by itself.
        with closing(DirectoryReader(link_settings(config, trust_store=lambda: None), io=io)) as first:
            edition = first_edition(first, path, roots)
    followed: list[EditionFollower] = []
    feed = DirectoryReader(link_settings(config, trust_store=lambda: _trust_store(followed, edition)), io=io)
    unwired.callback(feed.close)
    followed.append(EditionFollower(edition, roots=roots, feed=feed, keep=partial(save_edition, path)))
    return followed[0]


def _trust_store(followed: Sequence[EditionFollower], first: Edition) -> TrustStore:
    return (followed[0].edition if followed else first).trust_store
