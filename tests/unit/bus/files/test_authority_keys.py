"""bus/files/authority_keys.py. With tokens: tests/integration/test_authority_in_tokens.py"""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bus.errors import BadCertificate, BadConfig
from bus.files.authority_keys import check_unfounded, key_in_token, load_authority, save_key
from bus.files.private import create_private
from bus.token.pkcs11 import TokenSettings
from bus.trust.authority import new_root
from tests.identities import BEGIN, papers


def certified(folder: Path) -> None:
    (folder / "issuer.pem").write_bytes(papers().issuer.certificate.to_pem())


def settings(folder: Path) -> TokenSettings:
    return TokenSettings(module=str(folder / "gone.so"), token="cap", key="issuer", pin_file=str(folder / "pin"))


def test_a_key_in_a_file(tmp_path: Path) -> None:
    """It comes back as it was saved, and only with its own certificate."""
    certified(tmp_path)
    save_key(tmp_path, "issuer", papers().issuer)
    assert load_authority(tmp_path, "issuer").key_pem() == papers().issuer.key_pem()
    (tmp_path / "issuer.pem").write_bytes(new_root("Khac", at=BEGIN).certificate.to_pem())
    with pytest.raises(BadCertificate, match="not its own"):
        load_authority(tmp_path, "issuer")


def test_a_token_is_asked_when_there_is_something_to_sign(tmp_path: Path) -> None:
    """Not before: its certificate is known without it. Then a token that cannot be opened is said."""
    certified(tmp_path)
    create_private(tmp_path / "issuer.token", settings(tmp_path).to_toml())
    issuer = load_authority(tmp_path, "issuer")
    assert issuer.certificate == papers().issuer.certificate
    assert not isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    with pytest.raises(BadConfig, match="pin cannot be used: No such file"):
        issuer.key.sign(b"x")


@pytest.mark.parametrize("name", ["root.key", "root.token", "issuer.key", "issuer.token"])
def test_founded_already(tmp_path: Path, name: str) -> None:
    """Keys of either kind are never overwritten, and no token is asked to make one first."""
    check_unfounded(tmp_path)
    (tmp_path / name).write_text("")
    with pytest.raises(BadConfig, match="never overwritten"):
        check_unfounded(tmp_path)
    with pytest.raises(BadConfig, match="never overwritten"):
        key_in_token(settings(tmp_path), said_in=tmp_path / name, exists=False)
