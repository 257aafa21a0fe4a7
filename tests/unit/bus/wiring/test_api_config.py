from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from bus.console.callers import PREFIX, digest
from bus.console.roles import Role
from bus.console.tls import Tls
from bus.wiring.api_config import ApiConfig
from tests.contract.ledger_rows import NOW

KEY = PREFIX + "k" * 43
SHA = digest(KEY.encode())
CALLER = {"name": "Sở Nội vụ", "role": "agency", "agencies": ["H49.06"], "sha256": SHA}
LOCAL = {"listen": "127.0.0.1:9321"}
OPEN = {"listen": "0.0.0.0:9443", "hosts": ["so-cai.example.vn"], "certfile": "c.pem", "keyfile": "k.pem"}


def test_whom_it_answers() -> None:
    """By the hash of a key, or the fingerprint of a certificate as OpenSSL shows it."""
    fingerprint = digest(b"DER").upper()
    shown = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2))
    auditor = {"name": "Thanh tra", "role": "auditor", "sha256": shown, "ends_on": date(2026, 11, 30)}
    config = ApiConfig.model_validate({**OPEN, "client_cafile": "ca.pem", "key": [CALLER], "certificate": [auditor]})
    callers = config.callers()
    agency = callers.who(key=KEY, certificate=None, now=NOW)
    assert (agency.name, agency.role, agency.sees) == ("Sở Nội vụ", Role.AGENCY, frozenset({"H49.06"}))
    assert callers.who(key=None, certificate=b"DER", now=NOW).ends_on == date(2026, 11, 30)


def test_where_it_listens() -> None:
    """By which names it may be asked, and with which files."""
    config = ApiConfig.model_validate({**OPEN, "client_cafile": "ca.pem"})
    assert config.address == ("0.0.0.0", 9443)
    assert config.host_names == ["0.0.0.0", "127.0.0.1", "[::1]", "localhost", "so-cai.example.vn"]
    assert config.tls == Tls(certfile="c.pem", keyfile="k.pem", client_cafile="ca.pem")
    assert ApiConfig.model_validate(LOCAL).tls is None


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("in clear to others", {"listen": "10.0.0.5:9443"}, "certfile is missing"),
    ("everywhere, under no name", {**OPEN, "hosts": []}, "hosts is missing"),
    ("no host and port", {"listen": "9443"}, "host:port"),
    ("a host with its port", {**LOCAL, "hosts": ["a.vn:443"]}, "hosts"),
    ("every host", {**LOCAL, "hosts": ["*"]}, "hosts"),
    ("a key that nothing is for", {**LOCAL, "keyfile": "k.pem"}, "go with certfile"),
    ("certificates without an authority", {**OPEN, "certificate": [CALLER]}, "needs client_cafile"),
    ("an agency without codes", {**LOCAL, "key": [{**CALLER, "agencies": []}]}, "agencies goes with"),
    ("codes of nobody's", {**LOCAL, "key": [{**CALLER, "role": "auditor"}]}, "agencies goes with"),
    ("a role that there is not", {**LOCAL, "key": [{**CALLER, "role": "admin"}]}, "role"),
    ("the key in place of its hash", {**LOCAL, "key": [{**CALLER, "sha256": KEY}]}, "sha256"),
    ("one hash twice", {**LOCAL, "key": [CALLER, {**CALLER, "name": "another"}]}, "is there twice"),
    ("nobody's name", {**LOCAL, "key": [{**CALLER, "name": " "}]}, "name"),
    ("a word that there is not", {**LOCAL, "keys": []}, "keys"),
]


@pytest.mark.parametrize(("what", "given", "why"), REFUSED, ids=[what for what, *_ in REFUSED])
def test_what_would_be_no_api(what: str, given: dict[str, Any], why: str) -> None:
    """Before anybody is answered."""
    with pytest.raises(ValidationError, match=why):
        ApiConfig.model_validate(given)


def test_a_proxy_may_encrypt() -> None:
    """Whoever says so."""
    assert ApiConfig.model_validate({"listen": "10.0.0.5:9443", "plain": True}).tls is None
