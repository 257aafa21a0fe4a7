"""Sites that a TOML can name."""

import time
from collections.abc import Mapping
from pathlib import Path

from adapters.conform import Site
from tests.contract.wrong_adapters.site import RegisterSite
from tests.contract.wrong_adapters.wrong import MarksInASecondCommit


class TwoCommitsSite(RegisterSite):
    kind = MarksInASecondCommit


class NoSite:
    """Of no use."""


class LacksMethods(Site):
    """Has not one of those that a site must have."""


class FailsAtOnce(RegisterSite):
    def __init__(self, options: Mapping[str, object], folder: Path) -> None:
        raise RuntimeError("the test system is not there")


class HangsAtOnce(RegisterSite):
    def __init__(self, options: Mapping[str, object], folder: Path) -> None:
        time.sleep(60)
        super().__init__(options, folder)
