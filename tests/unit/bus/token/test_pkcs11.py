"""The settings of a key in a token, and what is said where it cannot be used. With a token: tests/integration."""

import tomllib
from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.token.pkcs11 import TokenSettings, make_key, open_signer

FILE = Path("/keys/signing-1.token")


def secret(path: Path) -> str:
    return "1234"


@pytest.mark.parametrize("label", ["Văn thư", 'a "b"', "back\\slash"])
def test_settings_come_back_from_their_file(label: str) -> None:
    """Whatever letters a maker puts into a label."""
    settings = TokenSettings(module="/lib/token.so", token=label, key="H49", pin_file="/keys/pin")
    assert TokenSettings.model_validate(tomllib.loads(settings.to_toml().decode())) == settings


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff", "module, token, key, pin_file"),
        (b"module =", "module, token, key, pin_file"),
        (b'module = "/lib/token.so"', "pin_file"),
        (b'module = "x"\ntoken = "x"\nkey = "x"\npin_file = "x"\npin = "1234"', "Extra inputs"),
    ],
)
def test_settings_that_are_none_are_said(content: bytes, why: str) -> None:
    """With the names that belong there; a PIN never does."""
    with pytest.raises(BadConfig, match=why) as raised:
        open_signer(content, file=FILE, secret=secret)
    assert str(FILE) in str(raised.value)


def test_settings_without_a_pin_file() -> None:
    """The PIN is asked then; where there is nobody to ask, that is said."""
    settings = TokenSettings(module="/lib/token.so", token="goc", key="root")
    assert TokenSettings.model_validate(tomllib.loads(settings.to_toml().decode())) == settings
    with pytest.raises(BadConfig, match="no terminal to ask"):
        open_signer(settings.to_toml(), file=FILE, secret=secret)


def test_a_library_that_is_not_there_is_said(tmp_path: Path) -> None:
    """To open a key as to make one."""
    settings = TokenSettings(module=str(tmp_path / "gone.so"), token="t", key="H49", pin_file="/keys/pin")
    with pytest.raises(BadConfig, match="the token: PKCS11Error"):
        open_signer(settings.to_toml(), file=FILE, secret=secret)
    with pytest.raises(BadConfig, match="the token: PKCS11Error"):
        make_key(settings, file=FILE, secret=secret)
