"""The folder adapter keeps the contract of adapters. What is its own is in tests/unit/adapters/folder/."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.folder import FolderAdapter
from adapters.folder.names import of_document
from bus.ports import Filing
from schemas.document import Document
from schemas.edxml import read, write_pieces
from schemas.status import Status
from tests.contract.adapter import AdapterContract
from tests.contract.adapter_site import Site


class FolderSite(Site):
    """A clerk with a file manager."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._taken = root.with_name("taken")
        self._taken.mkdir()
        self._submitted = 0
        self.wrong_options = ({}, {"root": str(root), "quiet": -1}, {"root": str(root), "colour": "red"})
        self.make()

    def make(self, options: Mapping[str, object] | None = None) -> FolderAdapter:
        return FolderAdapter({"root": str(self._root), "quiet": 0} if options is None else options)

    def submit(self, item: Document | Status) -> None:
        self._put(write_pieces(item))

    def submit_nonsense(self) -> None:
        self._put([b"<edXML></edXML>"])

    def _put(self, pieces: Iterable[bytes]) -> None:
        self._submitted += 1
        folder = self._root / ("statuses" if self._submitted % 2 else "outgoing")
        path = folder / f"văn bản {100 - self._submitted}.edxml"
        with path.open("wb") as file:
            file.writelines(pieces)
        os.utime(path, (1_700_000_000 + self._submitted,) * 2)

    def refusals(self) -> Sequence[str]:
        return self._texts("rejected", "*.edxml.reason")

    def bounces(self) -> Sequence[str]:
        return self._texts("rejected", "*.G22.reason")

    def _texts(self, folder: str, pattern: str) -> list[str]:
        return [path.read_text(encoding="utf-8") for path in (self._root / folder).glob(pattern)]

    def filed(self) -> Sequence[Document]:
        return [item for item in self._packages("incoming") if isinstance(item, Document)]

    def reported(self) -> Sequence[Status]:
        return [item for item in self._packages("statuses/received") if isinstance(item, Status)]

    def _packages(self, folder: str) -> list[Document | Status]:
        folders = (self._root / folder, self._taken)
        return [read(path.read_bytes()).item for place in folders for path in place.glob("*.edxml")]

    def take_away(self) -> None:
        for folder in ("incoming", "statuses/received"):
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
        name = of_document(filing.document, filing.message, ascii_only=False)
        (self._root / ".lienthong" / "staged" / name).mkdir()

    @contextmanager
    def away(self) -> Iterator[None]:
        elsewhere = self._root.with_name("elsewhere")
        self._root.rename(elsewhere)
        yield
        elsewhere.rename(self._root)


class TestFolderAdapter(AdapterContract):
    @pytest.fixture
    def site(self, tmp_path: Path) -> FolderSite:
        return FolderSite(tmp_path / "dms")
