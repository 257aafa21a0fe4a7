"""What packages that are installed call their adapters."""

from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.wiring.installed import ADAPTERS, SITES, names, package, target


def install(folder: Path, package: str, entries: str) -> None:
    """As an installer leaves it behind."""
    info = folder / f"{package}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(entries)


def test_ours_is_found_by_its_name() -> None:
    """The folder adapter is installed as every other is."""
    assert target("folder", group=ADAPTERS, file="a.toml", field="adapter.use") == "adapters.folder:FolderAdapter"
    assert "folder" in names(SITES)
    assert (package("adapters.folder:FolderAdapter", group=ADAPTERS) or "").startswith("lienthong ")


def test_a_class_is_as_it_is() -> None:
    """module:Class needs nothing installed, and belongs to no package."""
    assert target("a.b:C", group=ADAPTERS, file="a.toml", field="adapter.use") == "a.b:C"
    assert package("a.b:C", group=ADAPTERS) is None


def test_a_strangers_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name that its package gives it."""
    install(tmp_path, "so_van_ban", "[lienthong.adapters]\nso = so_van_ban:Adapter\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert target("so", group=ADAPTERS, file="a.toml", field="adapter.use") == "so_van_ban:Adapter"
    assert package("so_van_ban:Adapter", group=ADAPTERS) == "so_van_ban 1.2"


def test_what_is_not_installed_is_said_with_what_is(tmp_path: Path) -> None:
    """In both languages, with the field and the file."""
    with pytest.raises(BadConfig) as caught:
        target("mayan", group=ADAPTERS, file="a.toml", field="adapter.use")
    for text in (caught.value.in_vietnamese(), caught.value.in_english()):
        assert "a.toml" in text
        assert "adapter.use" in text
        assert '"mayan"' in text
        assert "folder" in text
    with pytest.raises(BadConfig, match="installed are: –"):
        target("mayan", group="lienthong.nothing", file="a.toml", field="adapter.use")


def test_a_name_that_two_packages_have_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of them is meant, only the operator knows."""
    for name in ("one", "two"):
        install(tmp_path, name, f"[lienthong.adapters]\nso = {name}:Adapter\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadConfig, match=r"\(one 1\.2, two 1\.2\)"):
        target("so", group=ADAPTERS, file="a.toml", field="adapter.use")
