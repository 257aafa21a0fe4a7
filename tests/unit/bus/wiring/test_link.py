"""The settings of a mailbox's link, from its configuration."""

import ssl
from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.rabbit.address import Tls
from bus.trust.authority import Withdrawal
from bus.trust.certificates import Purpose
from bus.trust.keys import SigningKey
from bus.trust.trust_store import TrustStore
from bus.wiring.config import Config, parse
from bus.wiring.link import link_settings
from tests.identities import BEGIN, papers
from tests.unit.bus.wiring.configs import NOBODY, config_of, loaded, toml_of, written


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a mailbox that lacks nothing but a broker."""
    return written(tmp_path, "G22")


def test_a_password_can_lie_in_a_file(tmp_path: Path, config: Path) -> None:
    """For its owner only; it is in no representation of the settings."""
    secret = tmp_path / "password"
    secret.write_text("bí mật\n")
    secret.chmod(0o600)
    text = config.read_text().replace(NOBODY, "amqp://G22@127.0.0.1:1/")
    config.write_text(text.replace("[broker]\n", f'[broker]\npassword_file = "{secret}"\n'))
    settings = link_settings(loaded(config))
    assert settings.password == "bí mật"
    assert "bí mật" not in repr(settings)
    secret.chmod(0o644)
    with pytest.raises(BadConfig):
        link_settings(loaded(config))


def test_tls_files_reach_the_link() -> None:
    """Those of the TOML; without any, the link trusts whom the system trusts."""
    assert link_settings(config_of()).tls is None
    authorities = ssl.get_default_verify_paths().cafile
    if authorities is None:
        pytest.skip("this system has no file of authorities")
    settings = link_settings(config_of(broker=f'cafile = "{authorities}"'))
    assert settings.tls == Tls(cafile=Path(authorities))


def signed(folder: Path) -> Config:
    """Of a mailbox whose directory an authority signs."""
    key = SigningKey.generate()
    (folder / "root.pem").write_bytes(papers().root.certificate.to_pem())
    (folder / "own.crt").write_bytes(papers().certificate("H49", key).to_pem())
    (folder / "own.key").write_bytes(key.to_pem())
    broker = f'certfile = "{folder}/own.crt"\nkeyfile = "{folder}/own.key"'
    trust = f'[trust]\nroot = "{folder}/root.pem"\ndirectory = "{folder}/held.lt"\n'
    return parse((toml_of("H49", None, broker) + trust).encode(), name="H49")


def test_the_brokers_certificate_is_judged_by_the_edition(tmp_path: Path) -> None:
    """By the one that the daemon follows; for a command by the one on disk; by none where there is none, or none that
    can be read: whoever reads it says so."""
    key, other = SigningKey.generate(), SigningKey.generate()
    good, bad = (papers().certificate("bus", each, purpose=Purpose.BROKER) for each in (key, other))
    withdrawn = papers().revoked(Withdrawal(serial=bad.serial, at=BEGIN))
    store = TrustStore(papers().roots, [papers().issuer.certificate], [withdrawn])
    tls = link_settings(signed(tmp_path), trust_store=lambda: store).tls
    assert tls is not None
    assert tls.revocations is not None
    assert (tls.revocations(good), tls.revocations(bad) is None) == (None, False)
    for held in (None, b"no edition"):
        if held is not None:
            (tmp_path / "held.lt").write_bytes(held)
        on_disk = link_settings(signed(tmp_path)).tls
        assert on_disk is not None
        assert on_disk.revocations is not None
        assert on_disk.revocations(bad) is None


@pytest.mark.parametrize("name", ["cafile", "certfile"])
def test_tls_files_are_read_at_start(tmp_path: Path, name: str) -> None:
    """One that is not there is named before the first attempt to connect."""
    with pytest.raises(BadConfig, match=r"gone\.pem"):
        link_settings(config_of(broker=f'{name} = "{tmp_path / "gone.pem"}"'))


def test_every_node_of_a_cluster_reaches_the_link() -> None:
    """In the order of the list, all with the mailbox's one login; nodes of two clusters are refused by name."""
    text = toml_of("H49", None).replace(
        '"amqps://H49:x@localhost/"', '["amqps://H49:x@bus1/gov", "amqps://H49:x@bus2/gov"]'
    )
    settings = link_settings(parse(text.encode(), name="H49"))
    assert [str(node) for node in settings.nodes()] == ["amqps://bus1:5671/gov", "amqps://bus2:5671/gov"]
    with pytest.raises(BadConfig, match="one virtual host"):
        link_settings(parse(text.replace("bus2/gov", "bus2/other").encode(), name="H49"))
