"""A clerk with a file manager: the site of the folder adapter, for the conformance suite. Its folders are temporary;
those of the configuration are not touched."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from adapters.conform import Site
from adapters.folder.adapter import FolderAdapter
from adapters.folder.names import of_document, of_status
from bus.ports import Filing, Report
from schemas.document import Document
from schemas.edxml import read, write_pieces
from schemas.status import Status

# As a clerk knows them, whatever the adapter's own files call them.
OUTGOING, STATUSES, REJECTED = "outgoing", "statuses", "rejected"
INCOMING, RECEIVED = "incoming", "statuses/received"
STAGED = ".lienthong/staged"


class FolderSite(Site):
    submits_slowly = True
    sticks = True
    spoils_reports = True

    def __init__(self, options: Mapping[str, object], folder: Path) -> None:
        super().__init__(options, folder)
        self._root = folder / "dms"
        self._right = {**options, "root": str(self._root), "quiet": 0}
        self._right.pop("spool", None)
        self._taken = folder / "taken"
        self._taken.mkdir()
        self._submitted = 0
        self.wrong_options = ({}, {**self._right, "quiet": -1}, {**self._right, "colour": "red"})
        self.make()

    def make(self, options: Mapping[str, object] | None = None) -> FolderAdapter:
        return FolderAdapter(self._right if options is None else options)

    def submit(self, item: Document | Status) -> None:
        self._put(write_pieces(item))

    def submit_nonsense(self) -> None:
        self._put([b"<edXML></edXML>"])

    @contextmanager
    def submit_slowly(self, item: Document | Status) -> Iterator[None]:
        """It is copied under another name, and older than all that came meanwhile when it gets its own."""
        self._submitted += 1
        number, slow = self._submitted, self._root / OUTGOING / "văn bản chậm.part"
        slow.write_bytes(b"".join(write_pieces(item)))
        yield
        os.utime(slow, (1_700_000_000 + number,) * 2)
        slow.rename(slow.with_suffix(".edxml"))

    def _put(self, pieces: Iterable[bytes]) -> None:
        self._submitted += 1
        folder = self._root / (STATUSES if self._submitted % 2 else OUTGOING)
        path = folder / f"văn bản {100 - self._submitted}.edxml"
        with path.open("wb") as file:
            file.writelines(pieces)
        os.utime(path, (1_700_000_000 + self._submitted,) * 2)

    def refusals(self) -> Sequence[str]:
        return self._texts(REJECTED, "*.edxml.reason")

    def bounces(self) -> Sequence[str]:
        return self._texts(REJECTED, "*.G22.reason")

    def _texts(self, folder: str, pattern: str) -> list[str]:
        return [path.read_text(encoding="utf-8") for path in (self._root / folder).glob(pattern)]

    def filed(self) -> Sequence[Document]:
        return [item for item in self._packages(INCOMING) if isinstance(item, Document)]

    def reported(self) -> Sequence[Status]:
        return [item for item in self._packages(RECEIVED) if isinstance(item, Status)]

    def _packages(self, folder: str) -> list[Document | Status]:
        folders = (self._root / folder, self._taken)
        return [read(path.read_bytes()).item for place in folders for path in place.glob("*.edxml")]

    def take_away(self) -> None:
        for folder in (INCOMING, RECEIVED):
            for path in (self._root / folder).iterdir():
                path.rename(self._taken / path.name)

    def clear(self) -> None:
        self.take_away()
        for path in self._taken.iterdir():
            path.unlink()

    def changes(self, ref: str) -> Sequence[str]:
        path = self._root / f"{ref}.changes"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def spoil(self, filing: Filing) -> None:
        name = of_document(filing.document, filing.message, ascii_only=self._right.get("names") == "ascii")
        (self._root / STAGED / name).mkdir()

    def spoil_report(self, report: Report) -> None:
        name = of_status(report.status, report.message, ascii_only=self._right.get("names") == "ascii")
        (self._root / STAGED / name).mkdir()

    def stick(self) -> str:
        """A document of a word processor is no package, and is never taken."""
        stuck = self._root / OUTGOING / "công văn.docx"
        stuck.write_bytes(b"PK")
        return f"{OUTGOING}/{stuck.name}"

    @contextmanager
    def away(self) -> Iterator[None]:
        elsewhere = self._root.with_name("elsewhere")
        self._root.rename(elsewhere)
        yield
        elsewhere.rename(self._root)
