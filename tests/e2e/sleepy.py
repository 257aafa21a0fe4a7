"""A document system that can fall asleep in the middle of a filing: deaf to everybody, for minutes."""

import time
from collections.abc import Sequence
from pathlib import Path

from adapters.folder import FolderAdapter
from bus.ports import Filed, Filing

MINUTES = 300.0


class SleepyAdapter(FolderAdapter):
    """The folder adapter; while a file `asleep` lies in its root, `deliver` makes `sleeping` and sleeps on it."""

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        root = Path(str(self._options.root))
        if (root / "asleep").exists():
            (root / "sleeping").touch()
            time.sleep(MINUTES)
        return super().deliver(filings)
