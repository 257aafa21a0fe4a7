"""What is tried: of a TOML, its adapter and its site."""

import hashlib
from pathlib import Path

import pytest

from adapters.folder import FolderAdapter
from adapters.folder.site import FolderSite
from bus.errors import BadConfig
from bus.wiring.config import load_config
from bus.wiring.conform import load
from tests.unit.bus.wiring.configs import toml_of

FOLDER = '[adapter]\nuse = "folder"\n[adapter.options]\nroot = "{root}"\n'
WRONG = "tests.contract.wrong_adapters"
REGISTER = f'[adapter]\nuse = "{WRONG}.register:RegisterAdapter"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "a.toml"
    path.write_text(text)
    return path


def test_an_adapter_by_its_name_brings_its_site(tmp_path: Path) -> None:
    """Nothing but [adapter] is needed; what is real stays as it is."""
    path = written(tmp_path, FOLDER.format(root=tmp_path / "real"))
    tried, setup = load(path, seed=3, kills=4)
    assert (tried.adapter, tried.site) == (
        "adapters.folder.adapter:FolderAdapter",
        "adapters.folder.site:FolderSite",
    )
    assert tried.package
    assert tried.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (setup.seed, setup.kills) == (3, 4)
    assert setup.site
    own = tmp_path / "own"
    own.mkdir()
    assert isinstance(setup.site(own), FolderSite)
    assert not (tmp_path / "real").exists()
    assert isinstance(setup.make(), FolderAdapter)


def test_a_site_is_named(tmp_path: Path) -> None:
    """With what the report should call the system."""
    conform = f'[conform]\nsite = "{WRONG}.site:RegisterSite"\nsystem = "Sổ 4.2"\n'
    tried, setup = load(written(tmp_path, REGISTER + conform), seed=0, kills=1)
    assert tried.site == f"{WRONG}.site:RegisterSite"
    assert (tried.system, tried.package) == ("Sổ 4.2", None)
    assert setup.site


def test_a_test_system_needs_no_site(tmp_path: Path) -> None:
    """It is said, as documents are filed there."""
    tried, setup = load(written(tmp_path, REGISTER + "[conform]\ntest_system = true\n"), seed=0, kills=1)
    assert tried.site is None
    assert setup.site is None


def test_a_daemons_toml_will_do(tmp_path: Path) -> None:
    """What else is in it is not looked at."""
    path = written(tmp_path, 'mailbox = "H49"\n' + FOLDER.format(root=tmp_path) + '[broker]\nurl = "amqps://x"\n')
    assert load(path, seed=0, kills=1)[0].site


def test_a_daemon_passes_over_what_is_for_the_suite(tmp_path: Path) -> None:
    """One TOML serves both."""
    toml = toml_of("H49", "127.0.0.1:1") + '[conform]\nsystem = "Sổ 4.2"\n'
    assert load_config(written(tmp_path, toml)).mailbox == "H49"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = ", "TOML"),
        ("", "adapter: is missing"),
        (REGISTER + "[conform]\ncolour = 'red'\n", "conform.colour"),
        (REGISTER, "test_system = true"),
        (REGISTER + '[conform]\nsite = "nowhere.at.all:Site"\n', "conform.site: nowhere.at.all:Site cannot be loaded"),
        (
            REGISTER + '[conform]\nsite = "so"\n',
            'conform.site: nothing of the name "so" is installed; installed are: folder',
        ),
        (REGISTER + f'[conform]\nsite = "{WRONG}.sites:NoSite"\n', "no adapters.conform.Site"),
        ('[adapter]\nuse = "mayan"\n', "adapter.use"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, why: str) -> None:
    """In words, with the file."""
    path = written(tmp_path, text)
    with pytest.raises(BadConfig) as caught:
        load(path, seed=0, kills=1)
    assert caught.value.facts["file"] == str(path)
    assert why in str(caught.value.facts["why"])


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A folder, for one."""
    with pytest.raises(BadConfig, match="directory"):
        load(tmp_path, seed=0, kills=1)
