"""bus/token/uri.py: RFC 7512, as much of it as names one key."""

import pytest

from bus.token.pkcs11 import TokenSettings
from bus.token.uri import settings_of

LIB = "/usr/lib/x.so"


@pytest.mark.parametrize(
    ("uri", "settings"),
    [
        (
            f"pkcs11:token=goc;object=root?module-path={LIB}",
            TokenSettings(module=LIB, token="goc", key="root"),
        ),
        (
            f"pkcs11:object=root;type=private;token=V%C4%83n%20th%C6%B0?pin-source=file:/etc/pin&module-path={LIB}",
            TokenSettings(module=LIB, token="Văn thư", key="root", pin_file="/etc/pin"),
        ),
        (
            f"pkcs11:token=a%3Bb;object=c%26d?module-path={LIB}&pin-source=/etc/pin",
            TokenSettings(module=LIB, token="a;b", key="c&d", pin_file="/etc/pin"),
        ),
    ],
)
def test_a_key_is_named(uri: str, settings: TokenSettings) -> None:
    """Labels as people write them, percent-encoded; the PIN by its file, or asked."""
    assert settings_of(uri) == settings


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("/etc/root.key", "is named by pkcs11:"),
        (f"pkcs11:object=root?module-path={LIB}", "token is missing"),
        (f"pkcs11:token=;object=root?module-path={LIB}", "token is missing"),
        ("pkcs11:token=goc", "object, module-path is missing"),
        (f"pkcs11:token=goc;object=root?module-path={LIB}&pin-value=1234", "no place on a command line"),
        (f"pkcs11:token=goc;object=root;pin=1234?module-path={LIB}", "no place on a command line"),
        (f"pkcs11:token=goc;object=root?module-path={LIB}&pin-source=|cat /etc/pin", "no program"),
        (f"pkcs11:token=goc;object=root;slot-id=1?module-path={LIB}", "'slot-id' is not known"),
        (f"pkcs11:token=goc;token=cap;object=root?module-path={LIB}", "token is there twice"),
        (f"pkcs11:token=goc;object=root;type=cert?module-path={LIB}", "type can only be private"),
        (f"pkcs11:token=%ff;object=root?module-path={LIB}", "codec can't decode"),
    ],
)
def test_what_names_none(uri: str, why: str) -> None:
    """Said in words; what is not understood is not passed over, for it may say which token is meant."""
    with pytest.raises(ValueError, match=why) as raised:
        settings_of(uri)
    assert "1234" not in str(raised.value)
