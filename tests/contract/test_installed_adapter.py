"""A vendor's adapter: a wheel of its own, installed beside ours, found by its name and tried without a checkout."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "wrong_adapters"
TREE = "tests.contract.wrong_adapters"
MODULES = ("register.py", "site.py")
ENTRIES = """[lienthong.adapters]
so-van-ban = so_van_ban.register:RegisterAdapter
[lienthong.sites]
so-van-ban = so_van_ban.site:RegisterSite
"""
METADATA = "Metadata-Version: 2.1\nName: so-van-ban\nVersion: 4.2\nRequires-Dist: lienthong\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel(folder: Path) -> Path:
    """Of the right adapter in wrong_adapters/, under names of its own."""
    files: Mapping[str, str] = {
        "so_van_ban/__init__.py": "",
        **{
            f"so_van_ban/{name}": (HERE / name).read_text().replace(TREE, "so_van_ban")
            for name in ("register.py", "site.py")
        },
        "so_van_ban-4.2.dist-info/METADATA": METADATA,
        "so_van_ban-4.2.dist-info/WHEEL": WHEEL,
        "so_van_ban-4.2.dist-info/entry_points.txt": ENTRIES,
    }
    record = "".join(f"{name},,\n" for name in (*files, "so_van_ban-4.2.dist-info/RECORD"))
    made = folder / "so_van_ban-4.2-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in {**files, "so_van_ban-4.2.dist-info/RECORD": record}.items():
            archive.writestr(name, text)
    return made


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As an installer puts a pure wheel into a folder of packages: unpacked."""
    folder = tmp_path_factory.mktemp("installed")
    packages = folder / "packages"
    with zipfile.ZipFile(wheel(folder)) as archive:
        archive.extractall(packages)
    return packages


def conform(folder: Path, installed: Path, use: str) -> subprocess.CompletedProcess[str]:
    """In an empty folder, as a process of its own."""
    (folder / "a.toml").write_text(f'[adapter]\nuse = "{use}"\n')
    command = [sys.executable, "-m", "bus.cli", "adapter", "conform", "a.toml", "--case", "N-22", "--case", "F-42"]
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONWARNINGS": "error"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_it_is_found_by_its_name_and_tried(tmp_path: Path, installed: Path) -> None:
    """With its site; the report names the package and its version."""
    done = conform(tmp_path, installed, "so-van-ban")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "so_van_ban.register:RegisterAdapter" in done.stdout
    assert "so-van-ban 4.2" in done.stdout
    assert "✓ N-22" in done.stdout
    assert "✓ F-42" in done.stdout


def test_a_slip_of_the_pen_is_said_with_what_is_installed(tmp_path: Path, installed: Path) -> None:
    """The vendor's name among ours."""
    done = conform(tmp_path, installed, "so-vanban")
    assert done.returncode == 4
    assert "folder, so-van-ban" in done.stderr
