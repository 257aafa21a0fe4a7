"""bus/cli/ca.py: what test_pilot.py does not come by."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bus.cli.main import main
from bus.trust.authority import make_request, read_request
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.renewal import fingerprint
from bus.trust.statements import SealingStatement
from tests.identities import papers


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["ca", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(autouse=True)
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    run("init", "ca")
    return tmp_path


NOW = datetime.now(UTC)


def ask(name: str, *, stated: bool = True, signer: SigningKey | None = None, by: SigningKey | None = None) -> str:
    """A request's file, with the proof of a key in force."""
    signer = signer or SigningKey.generate()
    statements: list[SealingStatement] = []
    if stated:
        statements.append(papers().statement(name, SealingKey.generate(), signer, at=NOW))
    Path("r.req").write_bytes(make_request(signer, mailbox=name, statements=statements, in_force=by))
    return "r.req"


def issue(request: str, *more: str, code: int = 0) -> Result:
    """With the fingerprint of the request itself."""
    return run(
        "issue", "ca", request, "--fingerprint", read_request(Path(request).read_bytes()).key.id, *more, code=code
    )


def entry() -> dict[str, list[str]]:
    """The mailbox's entry in the directory."""
    (found,) = tomllib.loads(Path("e.toml").read_text())["keys"]
    return {"certificates": found["certificates"], "sealing": found["sealing"]}


def issued() -> list[str]:
    return [line["code"] for line in json.loads(run("list", "ca", "--json").stdout)]


@pytest.mark.parametrize(
    ("name", "why"), [("Ha Noi", "no mailbox code"), ("../H49", "no mailbox code"), ("ledger", "a service's")]
)
def test_names_that_get_none(name: str, why: str) -> None:
    """What is no mailbox code, or is a service's, gets no certificate, and nothing is in the index."""
    assert why in issue(ask(name, stated=False), code=1).stderr
    assert issued() == []


def test_without_a_sealing_key_nothing_is_issued() -> None:
    """A directory's entry needs one: said before the certificate exists, so that the next request is a first one."""
    assert "no sealing key" in issue(ask("H49", stated=False), "--entry", "e.toml", code=1).stderr
    assert (issued(), Path("e.toml").exists()) == ([], False)
    issue(ask("H49"), "--entry", "e.toml")
    assert issued() == ["H49"]


def test_renewing_keeps_what_the_entry_had() -> None:
    """Newest certificate first; sealing keys stay where the request states none."""
    first = SigningKey.generate()
    issue(ask("H49", signer=first), "--entry", "e.toml")
    before = entry()
    run("renew", "ca", "H49", ask("H49", stated=False, by=first), "--entry", "e.toml")
    after = entry()
    assert after["certificates"][1:] == before["certificates"]
    assert after["sealing"] == before["sealing"]


def test_a_renewal_says_which_sealing_keys_stay() -> None:
    """It states every key that still opens: one that it leaves out is withdrawn."""
    first = SigningKey.generate()
    issue(ask("H49", signer=first), "--entry", "e.toml")
    before = entry()
    run("renew", "ca", "H49", ask("H49", by=first), "--entry", "e.toml")
    assert len(entry()["sealing"]) == 1
    assert entry()["sealing"] != before["sealing"]


@pytest.mark.parametrize(("revoked", "left"), [(False, 2), (True, 1)])
def test_a_first_request_takes_no_sealing_key_away(revoked: bool, left: int) -> None:
    """What the directory lists stays behind the new one, as long as the certificate that stated it counts."""
    issue(ask("H49"), "--entry", "e.toml")
    before = entry()
    if revoked:
        run(
            "revoke",
            "ca",
            "H49",
            "--reason",
            "superseded",
            "--since",
            f"{datetime.now(UTC).isoformat(timespec='seconds')}",
        )
    issue(ask("H49"), "--beside", "--entry", "e.toml")
    after = entry()
    assert (len(after["sealing"]), len(after["certificates"])) == (left, 2)
    assert after["sealing"][1:] == before["sealing"][: left - 1]


@pytest.mark.parametrize(
    ("said", "typed", "why"),
    [
        (("--fingerprint", "0000 0000"), "", "wrong-fingerprint; authority acts"),
        (("--fingerprint", ""), "", "wrong-fingerprint; authority acts"),
        ((), "", "no-fingerprint; authority acts"),
    ],
)
def test_without_the_fingerprint_nothing_is_issued(said: tuple[str, ...], typed: str, why: str) -> None:
    """A wrong one, none, and nobody to ask; the right one however it is written."""
    refused = run("issue", "ca", ask("H49"), *said, code=1).stderr
    assert why in refused
    assert issued() == []
    assert fingerprint(read_request(Path("r.req").read_bytes()).key) not in refused
    key = read_request(Path("r.req").read_bytes()).key
    run("issue", "ca", "r.req", "--fingerprint", fingerprint(key).upper().replace(" ", ":"))
    assert issued() == ["H49"]


def test_the_operator_types_what_the_agency_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal it is asked for; the request's own is shown neither before nor to whoever typed another: he would
    copy it."""
    key = read_request(Path(ask("H49")).read_bytes()).key
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    for typed, code in (("1234", 1), (fingerprint(key), 0)):
        done = CliRunner().invoke(main, ["ca", "issue", "ca", "r.req"], input=f"{typed}\n")
        assert done.exit_code == code, done.output
        assert fingerprint(key) not in (done.output if code else done.output.partition("reads out")[0])
    assert issued() == ["H49"]


@pytest.mark.parametrize("command", [("issue",), ("renew", "H49")])
def test_a_name_that_steers_a_terminal_is_not_asked_about(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request comes from a stranger: its name is judged before it is shown, and shown escaped."""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "H49\x1b[2K\x1b]0;x\x07\u202e")])
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    Path("r.req").write_bytes(request.public_bytes(serialization.Encoding.PEM))
    done = CliRunner().invoke(main, ["ca", command[0], "ca", *command[1:], "r.req"], input="x\n")
    assert done.exit_code == 1
    assert "no mailbox code" in done.output
    assert "reads out" not in done.output
    assert not {"\x1b", "\x07", "\u202e"} & set(done.output)


def test_nothing_to_renew() -> None:
    """Who has none asks for a first one."""
    assert "ca issue" in run("renew", "ca", "H49", ask("H49"), code=1).stderr


@pytest.mark.parametrize("host", ["bưu.vn", "a" * 65, "a/b", ""])
def test_no_host(host: str) -> None:
    """What cannot be a broker's name makes neither key nor certificate."""
    run("issue-broker", "ca", "--host", host, "--out", "b.pem", "--key", "b.key", code=2)
    assert (issued(), Path("b.key").exists()) == ([], False)


@pytest.mark.parametrize("name", ["", "x" * 58])
def test_no_name(name: str) -> None:
    """Nor is an authority founded whose name cannot stand in a certificate."""
    run("init", "other", "--name", name, code=2)
    assert not Path("other").exists()
