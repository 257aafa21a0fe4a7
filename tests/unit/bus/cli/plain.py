"""An adapter as it was before there were large attachments."""

from collections.abc import Mapping

from tests.fakes.dms import MemoryDms


class Plain(MemoryDms):
    """Made with options, as every one that a configuration names."""

    def __init__(self, options: Mapping[str, object]) -> None:
        super().__init__(takes_large=False)
