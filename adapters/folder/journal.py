"""What was filed here, and as what, on disk: it outlives us, and a clerk who takes the package out of its folder.

Each batch is one line of JSON: what is cut short by a crash counts as not written. Only the latest messages are
remembered, as many as a crash could bring back many times over; older ones the bus itself knows.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from adapters.folder.client import FILE_MODE, sync_folders
from schemas.values import MessageId

KEPT = 20_000
"""Messages in one file. There are two files: the one being written and the one before."""


class Journal:
    def __init__(self, folder: Path, *, kept: int = KEPT) -> None:
        self._current = folder / "filed.log"
        self._previous = folder / "filed.log.1"
        self._kept = kept
        self._refs: dict[MessageId, str] | None = None
        self._older: dict[MessageId, str] = {}

    def find(self, message: MessageId) -> str | None:
        refs = self._load()
        return refs.get(message) or self._older.get(message)

    def on_disk(self) -> set[MessageId]:
        """What can be read there now. That counts from here on, whatever was remembered."""
        self._refs = None
        return {*self._load(), *self._older}

    def refs(self) -> set[str]:
        """As what the messages were filed that are remembered."""
        return {*self._load().values(), *self._older.values()}

    def add(self, filed: Mapping[MessageId, str]) -> None:
        """Durable when it returns. Raises OSError; what then counts is what stands in the file, read again."""
        refs = self._load()
        line = b"\n" + json.dumps(filed).encode() + b"\n"  # the first break ends what a crash cut short
        self._refs = None
        with os.fdopen(os.open(self._current, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE), "ab") as file:
            file.write(line)
            file.flush()
            os.fdatasync(file.fileno())
        if not refs:
            sync_folders([self._current.parent])
        refs.update(filed)
        self._refs = refs
        if len(refs) >= self._kept:
            self._current.replace(self._previous)
            self._older, self._refs = refs, {}

    def _load(self) -> dict[MessageId, str]:
        if self._refs is None:
            self._older = dict(_lines(self._previous))
            self._refs = dict(_lines(self._current))
        return self._refs


def _lines(path: Path) -> Iterator[tuple[MessageId, str]]:
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        for line in file:
            try:
                batch = json.loads(line)
            except ValueError:
                continue
            if isinstance(batch, dict):
                yield from ((MessageId(message), str(ref)) for message, ref in batch.items())
