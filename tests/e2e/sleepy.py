"""A document system that can hang in the middle of a filing, for minutes."""

import time
from collections.abc import Sequence
from pathlib import Path

from adapters.folder import FolderAdapter
from bus.ports.adapter import Filed, Filing

MINUTES = 300.0


class SleepyAdapter(FolderAdapter):
    """The folder adapter. While a file `asleep` is in its root, `deliver` makes the file `sleeping` and hangs."""

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        root = Path(str(self._options.root))
        if (root / "asleep").exists():
            (root / "sleeping").touch()
            time.sleep(MINUTES)
        return super().deliver(filings)
