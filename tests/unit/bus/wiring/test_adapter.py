"""The adapter that a configuration names."""

from pathlib import Path

import pytest

from adapters.folder import FolderAdapter
from bus.errors import BadConfig
from bus.wiring.adapter import make_adapter
from bus.wiring.config import AdapterConfig


@pytest.mark.parametrize(
    ("use", "why"),
    [
        ("adapters.nowhere:Adapter", "cannot be loaded"),
        ("adapters.folder:Nothing", "cannot be loaded"),
        ("pathlib:Path", "is no bus.ports.Adapter"),
        ("math:pi", "is no bus.ports.Adapter"),
    ],
)
def test_an_adapter_that_is_none_is_a_wrong_configuration(use: str, why: str) -> None:
    """Whatever the TOML names: a module, a class, a kind of class."""
    with pytest.raises(BadConfig) as caught:
        make_adapter(AdapterConfig(use=use), name="G22")
    assert f"{use} {why}" in str(caught.value)


def test_an_adapter_is_made_with_its_options(tmp_path: Path) -> None:
    """Those of the TOML."""
    adapter = make_adapter(
        AdapterConfig(use="adapters.folder:FolderAdapter", options={"root": str(tmp_path / "dms")}), name="G22"
    )
    assert isinstance(adapter, FolderAdapter)
    assert (tmp_path / "dms" / "outgoing").is_dir()
