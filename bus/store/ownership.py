"""One daemon a file: an advisory lock on one beside it, which the kernel takes back when the process dies. How a store
that several machines share is owned is in claim.py."""

import fcntl
import os
from pathlib import Path
from typing import Final

from bus.errors import AlreadyRunning, BadConfig


class FileOwnership:
    """Held from creation to `release`. The file stays: removed under one who waits for it, it would make two owners."""

    epoch: Final = None
    is_held: Final = True

    def __init__(self, store: Path, *, owner: str) -> None:
        """Raises AlreadyRunning, naming the process."""
        path = store.with_name(f"{store.name}.lock")
        try:
            self._file = path.open("a+", encoding="utf-8")
        except OSError as exc:
            raise BadConfig(file=path, why=exc.strerror, why_vi=exc.strerror) from exc
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            self._file.seek(0)
            pid = self._file.read().partition("\n")[0] or "?"
            self._file.close()
            raise AlreadyRunning(store=store, pid=pid) from exc
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n{owner}\n")
        self._file.flush()

    def enter(self) -> None:
        """A file's lock is enough."""

    def release(self) -> None:
        self._file.close()
