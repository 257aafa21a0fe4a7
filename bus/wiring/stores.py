"""The stores of a daemon: the URL of each, with the password from its file; opened for a command; and migrated to this
version before a daemon opens them."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

from bus.errors import BadConfig, StoreAway, said
from bus.files.keys import read_secret
from bus.ports.store import Store
from bus.rabbit.address import is_loopback
from bus.store.open import is_current, open_store
from bus.wiring.config import Config, load_config
from schemas.values import MailboxCode


class Stored(Protocol):
    """What a configuration says of a store."""

    @property
    def mailbox(self) -> MailboxCode:
        """Whose it is: a mailbox, or a service."""

    @property
    def store(self) -> str: ...
    @property
    def store_password_file(self) -> str | None: ...


def store_url(config: Stored) -> str:
    """With the password: show it to nobody. Raises BadConfig where the file cannot be read, or the URL has no place for
    it."""
    if config.store_password_file is None:
        return config.store
    scheme, _, rest = config.store.partition("://")
    user, at, where = rest.rpartition("@")
    if not at or ":" in user:
        raise BadConfig(
            file=config.mailbox,
            why=said(
                "store_password_file đi với địa chỉ có người dùng mà không có mật khẩu: "
                "postgresql+psycopg://lienthong@db/lienthong",
                "store_password_file goes with a URL that names a user and no password: "
                "postgresql+psycopg://lienthong@db/lienthong",
            ),
        )
    password = quote(read_secret(Path(config.store_password_file)), safe="")
    return f"{scheme}://{user}:{password}@{where}"


def line_in_clear(store: str) -> str | None:
    """The host of a store's server, where statements, and by the server's choice the password, go there in clear."""
    parts = urlsplit(store)
    host = parts.hostname
    if not parts.scheme.startswith("postgresql") or host is None or is_loopback(host):
        return None
    return None if parse_qs(parts.query).get("sslmode", [""])[-1] in _ENCRYPTED else host


_ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})


@contextmanager
def store_of(config: Path) -> Iterator[Store]:
    """The store of a mailbox, opened for a command; its daemon may run meanwhile."""
    loaded = load_config(config)
    store = open_store(store_url(loaded), owner=loaded.mailbox, exclusive=False)
    try:
        yield store
    finally:
        store.close()


def bring_up(loaded: Sequence[Config]) -> None:
    """Migrates new and older stores in a process of their own. An error there is raised again by `open_store` here."""
    old = [f"{config.mailbox} {store_url(config)}" for config in loaded if _is_old(config)]
    if old:
        command = [sys.executable, "-P", "-m", "bus.store"]  # -P: no `bus.py` of the folder that we were started in
        subprocess.run(command, input="\n".join(old), text=True, check=False, capture_output=True)  # noqa: S603


def _is_old(config: Config) -> bool:
    try:
        return not is_current(store_url(config), owner=config.mailbox)
    except StoreAway:
        return False  # its daemon waits for it, and looks then
