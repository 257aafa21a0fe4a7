"""What `adapter run` takes from its TOML files for the process and for the link: one [http] address, the TLS files."""

import ssl
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from bus.cli import adapter as wiring
from bus.cli.main import main
from bus.config import Config, parse
from bus.errors import BadConfig
from bus.rabbit.link import Tls


def config(mailbox: str = "H49", *, listen: str | None = None, broker: str = "") -> Config:
    return parse(toml(mailbox, listen, broker).encode(), name=mailbox)


def toml(mailbox: str, listen: str | None, broker: str = "") -> str:
    text = (
        f'mailbox = "{mailbox}"\nkeys = "/keys"\nstore = "sqlite:////tmp/{mailbox}.db"\n'
        f'[broker]\nurl = "amqps://{mailbox}:x@localhost/"\n{broker}\n'
        '[adapter]\nuse = "adapters.folder:FolderAdapter"\n'
    )
    return text + (f'[http]\nlisten = "{listen}"\n' if listen else "")


@pytest.mark.parametrize(
    ("listens", "address"),
    [
        ([None], None),
        ([None, "127.0.0.1:9301"], ("127.0.0.1", 9301)),
        (["127.0.0.1:9301", "127.0.0.1:9301", None], ("127.0.0.1", 9301)),
        (["[::1]:80"], ("::1", 80)),
    ],
)
def test_one_address_for_all(listens: list[str | None], address: tuple[str, int] | None) -> None:
    """The one that some of them name, or none."""
    assert wiring.listening([config(listen=listen) for listen in listens]) == address


def test_two_addresses_are_refused() -> None:
    """Both are named, with whose they are: the second would have been ignored, and nobody would answer there."""
    loaded = [config("H49", listen="127.0.0.1:1"), config("G22"), config("H08", listen="127.0.0.1:2")]
    with pytest.raises(BadConfig, match=r"H49 127\.0\.0\.1:1, H08 127\.0\.0\.1:2"):
        wiring.listening(loaded)


def test_run_refuses_before_it_opens_anything(tmp_path: Path) -> None:
    """Neither keys nor stores of these mailboxes exist, and it is the addresses that are complained of."""
    for number, mailbox in enumerate(("H49", "H08")):
        (tmp_path / f"{mailbox}.toml").write_text(toml(mailbox, f"127.0.0.1:{number + 1}"))
    result = CliRunner().invoke(main, ["adapter", "run", str(tmp_path)])
    structlog.reset_defaults()
    assert result.exit_code != 0
    assert "H08 127.0.0.1:2, H49 127.0.0.1:1" in result.output


def test_tls_files_reach_the_link() -> None:
    """Those of the TOML; without any, the link trusts whom the system trusts."""
    assert wiring.link_settings(config()).tls is None
    authorities = ssl.get_default_verify_paths().cafile
    if authorities is None:
        pytest.skip("this system has no file of authorities")
    settings = wiring.link_settings(config(broker=f'cafile = "{authorities}"'))
    assert settings.tls == Tls(cafile=Path(authorities))


@pytest.mark.parametrize("name", ["cafile", "certfile"])
def test_tls_files_are_read_at_start(tmp_path: Path, name: str) -> None:
    """One that is not there is named before the first attempt to connect."""
    with pytest.raises(BadConfig, match=r"gone\.pem"):
        wiring.link_settings(config(broker=f'{name} = "{tmp_path / "gone.pem"}"'))


def test_every_node_of_a_cluster_reaches_the_link() -> None:
    """In the order of the list, all with the mailbox's one login; nodes of two clusters are refused by name."""
    text = toml("H49", None).replace(
        '"amqps://H49:x@localhost/"', '["amqps://H49:x@bus1/gov", "amqps://H49:x@bus2/gov"]'
    )
    settings = wiring.link_settings(parse(text.encode(), name="H49"))
    assert [str(node) for node in settings.nodes()] == ["amqps://bus1:5671/gov", "amqps://bus2:5671/gov"]
    with pytest.raises(BadConfig, match="one virtual host"):
        wiring.link_settings(parse(text.replace("bus2/gov", "bus2/other").encode(), name="H49"))
