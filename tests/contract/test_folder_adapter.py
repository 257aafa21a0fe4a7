"""The folder adapter keeps the contract of adapters. What is its own is in tests/unit/adapters/folder/."""

from functools import partial
from pathlib import Path

import pytest

from adapters.conform.case import Need
from adapters.conform.suite import Setup
from adapters.folder import FolderAdapter
from adapters.folder.site import FolderSite
from tests.contract.adapter import AdapterContract


class TestFolderAdapter(AdapterContract):
    lacks = frozenset({Need.SERVER})

    @pytest.fixture
    def setup(self, tmp_path: Path) -> Setup:
        options = {"root": str(tmp_path / "dms")}
        return Setup(make=partial(FolderAdapter, options), site=partial(FolderSite, options))
