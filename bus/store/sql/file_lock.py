"""The lock of a store in a file: an advisory lock on a file beside it, which the kernel takes back with the process. A
store that several machines share has a lease (lease.py)."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from bus.errors import AlreadyRunning, BadConfig, of_system, said


class FileLock:
    """Held from creation to `release`. The file stays: removed under one who waits for it, it would make two owners."""

    epoch: Final = None
    is_held: Final = True

    def __init__(self, store: Path, *, owner: str) -> None:
        """`store` is its real path. Raises AlreadyRunning, naming the process; BadConfig where the file system gives no
        lock."""
        path = store.with_name(f"{store.name}.lock")
        try:
            self._file = path.open("ab+", buffering=0)
        except OSError as exc:
            raise BadConfig(file=path, why=of_system(exc)) from exc
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            self._file.seek(0)
            pid = (self._file.read() or b"").decode("ascii", "replace").partition("\n")[0] or "?"
            self._file.close()
            raise AlreadyRunning(store=store, pid=pid) from exc
        except OSError as exc:  # ENOLCK, ENOTSUP: a network file system without its lock server
            self._file.close()
            why = said(
                "ổ đĩa này không khóa được tệp ({why}); đặt kho trên đĩa của máy này",
                "no lock can be had there: {why}; put the store on a disk of this machine",
                why=of_system(exc),
            )
            raise BadConfig(file=path, why=why) from exc
        with suppress(OSError):  # a full disk: the lock is held all the same, only its owner is not named
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n{owner}\n".encode())

    def enter(self) -> None:
        """A file's lock is enough."""

    def release(self) -> None:
        self._file.close()
