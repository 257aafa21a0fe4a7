"""The journal of filed messages, on disk: the file that each message was filed as. For adapters whose document system
has no unique column for a message id. It survives a restart, and a clerk who takes a file out of its folder.

Each batch is one line of JSON; a line that a crash cut short counts as not written. Only the latest messages are kept:
many times more than a crash can bring back. The bus itself knows the older ones.

It knows contents, too: where the bus lost what it knew on both sides, and all that was ever sent is sent again, the
same documents come in new messages. The bus files no content twice within 400 days (`REMEMBERED`); neither do adapters
that ask the journal.
"""

import contextlib
import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from schemas.values import MessageId

FILE_MODE: Final = 0o660
"""The mode of a new file, before the umask."""
_NO_SUCH_CALL: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF})
"""What network file systems say that cannot synchronise a folder."""
KEPT: Final = 40_000
"""Messages and contents in one file. There are two files: the current one and the previous one."""
REMEMBERED: Final = 400 * 86_400.0
"""Seconds for which a content is known: as long as the bus itself knows it. Later it is a document of its own."""
_CONTENT, _AT = "=", "@"
"""How the key of a content begins in the file, and the key of a batch's time."""


class Journal:
    def __init__(self, folder: Path, *, kept: int = KEPT, clock: Callable[[], float] = time.time) -> None:
        self._current = folder / "filed.log"
        self._previous = folder / "filed.log.1"
        self._kept = kept
        self._clock = clock
        self._refs: dict[str, str] | None = None
        self._older: dict[str, str] = {}

    def find(self, message: MessageId) -> str | None:
        refs = self._load()
        return refs.get(message) or self._older.get(message)

    def find_content(self, content: str) -> str | None:
        """Returns the ref under which this content was filed, in whatever message; `content` as given to `add`."""
        refs = self._load()
        return refs.get(_CONTENT + content) or self._older.get(_CONTENT + content)

    def on_disk(self) -> set[MessageId]:
        """Returns the messages that the file holds now. The cache is dropped: from here on the file counts."""
        self._refs = None
        return {MessageId(key) for key in (*self._load(), *self._older) if not key.startswith(_CONTENT)}

    def refs(self) -> set[str]:
        """Returns the refs of all messages in the journal."""
        return {*self._load().values(), *self._older.values()}

    def add(self, filed: Mapping[MessageId, str], contents: Mapping[str, str] | None = None) -> None:
        """Adds messages, and the refs of contents by a digest of each; durable when it returns. Raises OSError; the
        journal is then read from the file again."""
        refs = self._load()
        new: dict[str, str] = dict(filed.items())
        new |= {_CONTENT + content: ref for content, ref in (contents or {}).items()}
        batch = {**new, _AT: str(int(self._clock()))} if contents else new
        line = b"\n" + json.dumps(batch).encode() + b"\n"  # the first line break ends a line that a crash cut short
        self._refs = None
        with os.fdopen(os.open(self._current, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE), "ab") as file:
            file.write(line)
            file.flush()
            os.fdatasync(file.fileno())
        if not refs:
            sync_folder(self._current.parent)
        refs.update(new)
        self._refs = refs
        if len(refs) >= self._kept:
            self._current.replace(self._previous)
            self._older, self._refs = refs, {}

    def _load(self) -> dict[str, str]:
        if self._refs is None:
            since = self._clock() - REMEMBERED
            self._older = dict(_lines(self._previous, since))
            self._refs = dict(_lines(self._current, since))
        return self._refs


def sync_folder(folder: Path) -> None:
    """Makes the name of a new file durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    except OSError as exc:
        if exc.errno not in _NO_SUCH_CALL:
            raise
    finally:
        os.close(fd)


def _lines(path: Path, since: float) -> Iterator[tuple[str, str]]:
    """Yields what is in the file; contents only as far as they are newer."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        for line in file:
            try:
                batch = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(batch, dict):
                at = str(batch.pop(_AT, ""))
                is_old = not at.isdecimal() or int(at) < since
                yield from ((key, str(ref)) for key, ref in batch.items() if not (is_old and key.startswith(_CONTENT)))
