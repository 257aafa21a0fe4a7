"""A document system with faults: slow, refusing everything, or answering yes and storing nothing."""

import time
from collections.abc import Sequence
from pathlib import Path

from adapters.folder import FolderAdapter
from bus.errors import RefusedByDms
from bus.ports.adapter import Filed, Filing

SLOW = 0.4
"""Seconds that a slow document system takes for one document."""


class MoodyAdapter(FolderAdapter):
    """The folder adapter. A file `mood` in its root names the fault; without it the system works."""

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        mood = Path(str(self._options.root)) / "mood"
        match mood.read_text(encoding="utf-8") if mood.exists() else "":
            case "slow":
                return [self._one_slowly(filing) for filing in filings]
            case "refusing":
                return [Filed(error=RefusedByDms(document=each.document.id, why="sổ đã khóa")) for each in filings]
            case "lying":
                return [Filed(ref=f"incoming/{each.message}.edxml") for each in filings]
            case _:
                return super().deliver(filings)

    def _one_slowly(self, filing: Filing) -> Filed:
        time.sleep(SLOW)
        (filed,) = super().deliver([filing])
        return filed
