"""A document system that refuses some documents, so that refusals travel."""

from collections.abc import Sequence

from adapters.folder import FolderAdapter
from bus.errors import RefusedByDms
from bus.ports.adapter import Filed, Filing

UNWANTED = "không nhận"


class PickyAdapter(FolderAdapter):
    """The folder adapter; a document with `UNWANTED` in its subject is refused for good."""

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        wanted = [filing for filing in filings if UNWANTED not in filing.document.subject]
        filed = iter(super().deliver(wanted))
        return [
            next(filed)
            if UNWANTED not in filing.document.subject
            else Filed(error=RefusedByDms(document=filing.document.id, why="không thuộc thẩm quyền (not ours)"))
            for filing in filings
        ]
