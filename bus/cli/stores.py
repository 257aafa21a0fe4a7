"""Stores brought up to this version before a daemon opens them."""

import subprocess
import sys
from collections.abc import Sequence

from bus.config import Config
from bus.errors import StoreAway
from bus.files.store import store_url
from bus.store import is_current


def bring_up(loaded: Sequence[Config]) -> None:
    """New and older stores are brought up in a process of its own; what goes wrong there, `open_store` says here."""
    old = [f"{config.mailbox} {store_url(config)}" for config in loaded if _is_old(config)]
    if old:
        command = [sys.executable, "-m", "bus.store"]
        subprocess.run(command, input="\n".join(old), text=True, check=False, capture_output=True)  # noqa: S603


def _is_old(config: Config) -> bool:
    try:
        return not is_current(store_url(config), owner=config.mailbox)
    except StoreAway:
        return False  # its daemon waits for it, and looks then
