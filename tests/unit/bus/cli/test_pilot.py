"""A pilot from nothing: `ca`, `keys` and `directory`, step by step as their keepers do it."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bus.cli.main import main
from bus.files.keys import load_certificates, load_keyring, load_statements
from bus.trust.authority import Authority, revocation_list
from schemas.values import VIETNAM

AGENCIES = """
[[agency]]
code = "H49"
names = [{ vi = "UBND tỉnh Quảng Ninh" }]
[[agency]]
code = "H53"
names = [{ vi = "UBND tỉnh Tây Ninh" }]
[[mailbox]]
code = "H49"
[[mailbox]]
code = "H53"
"""


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(main, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An authority, and the sources of a directory without keys."""
    monkeypatch.chdir(tmp_path)
    run("ca", "init", "ca")
    run("ca", "issue-directory", "ca", "--out", "dir.pem", "--key", "dir.key")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "agencies.toml").write_text(AGENCIES, encoding="utf-8")
    return tmp_path


def read_out(keys: str) -> tuple[str, str]:
    """The option of `ca issue` with what the agency reads out."""
    return "--fingerprint", run("keys", "fingerprint", keys).stdout.strip()


def admit(code: str) -> None:
    said = run("keys", "request", f"keys-{code}", "--mailbox", code, "--out", f"{code}.req").stderr
    read = read_out(f"keys-{code}")
    assert read[1] in said
    run("ca", "issue", "ca", f"{code}.req", *read, "--entry", f"src/keys-{code}.toml", "--out", f"{code}.pem")
    run("keys", "install", f"keys-{code}", f"{code}.pem", "--root", "ca/root.pem")


BUILD = ("directory", "build", "src", "--issuer", "ca/issuer.pem", "--crl", "ca/crl.pem", "--root", "ca/root.pem")


def sign(out: str, previous: str | None = None, *, code: int = 0) -> Result:
    run(*BUILD, "--out", "draft.txt")
    more = ("--previous", previous) if previous else ()
    signer = ("--key", "dir.key", "--cert", "dir.pem", "--root", "ca/root.pem")
    return run("directory", "sign", "draft.txt", *signer, "--out", out, *more, code=code)


def test_from_request_to_signed_directory(pilot: Path) -> None:
    """Keys, request, certificate, entry, draft, edition; and openssl reads what it should read."""
    admit("H49")
    assert "1" in sign("e1.lt").stdout
    assert "Right" in run("directory", "verify", "e1.lt", "--root", "ca/root.pem").stdout
    shown = json.loads(run("directory", "show", "e1.lt", "H49", "--root", "ca/root.pem").stdout)
    assert list(shown) == ["agency", "mailbox", "keys"]
    assert json.loads(run("directory", "show", "e1.lt", "--root", "ca/root.pem", "--json").stdout)["version"] == 1
    assert "withdrawn" in run("directory", "show", "e1.lt", "--root", "ca/root.pem").stdout
    run("directory", "show", "e1.lt", "H99", "--root", "ca/root.pem", code=1)
    for command in (
        "openssl req -in H49.req -verify -noout",
        "openssl verify -CAfile ca/root.pem -untrusted ca/issuer.pem -crl_check -CRLfile ca/crl.pem H49.pem",
    ):
        subprocess.run(command.split(), check=True, capture_output=True, cwd=pilot)


def test_rotation_keeps_the_old_keys(pilot: Path) -> None:
    """Twice asked is one new pair; the old certificate stays in the entry; all sealing keys are stated anew."""
    admit("H49")
    sign("e1.lt")
    for _ in range(2):
        run("keys", "rotate", "keys-H49", "--mailbox", "H49", "--out", "2.req")
    ring = load_keyring(pilot / "keys-H49")
    assert (len(ring.signing), len(ring.sealing), len(load_certificates(pilot / "keys-H49"))) == (2, 2, 1)
    assert "pending" in run("keys", "show", "keys-H49").stdout
    assert "ca renew" in run("ca", "issue", "ca", "2.req", code=1).stderr
    run("ca", "renew", "ca", "H53", "2.req", code=1)
    run("ca", "renew", "ca", "H49", "2.req", "--entry", "src/keys-H49.toml", "--out", "2.pem")
    run("keys", "install", "keys-H49", "2.pem", "--root", "ca/root.pem")
    newest = ring.signing[0].id
    assert {each.signed_by for each in load_statements(pilot / "keys-H49").values()} == {newest}
    sign("e2.lt", "e1.lt")
    compared = run("directory", "diff", "e1.lt", "e2.lt", "--root", "ca/root.pem", code=3)
    assert compared.stdout.startswith("~ keys H49\n    certificates\n      + (1/2) ")
    assert "ASK BEFORE" not in compared.stderr
    run("directory", "diff", "e2.lt", "draft.txt", "--root", "ca/root.pem")
    assert "older" in run("directory", "verify", "e1.lt", "--root", "ca/root.pem", "--held", "e2.lt", code=1).stderr
    assert "Nothing changed" in sign("e3.lt", "e2.lt").stderr
    run("keys", "rotate", "keys-H49", "--mailbox", "H49", "--only", "sealing", "--out", "3.req")
    assert len(load_keyring(pilot / "keys-H49").signing) == 2


def test_only_the_key_in_force_renews(pilot: Path) -> None:
    """Somebody else's fresh keys in the same name are no renewal, nor is a request that was changed on its way, nor one
    by a key whose certificate was revoked; a lost key is replaced as at first."""
    admit("H49")
    entry = Path("src/keys-H49.toml").read_bytes()
    renew = ("ca", "renew", "ca", "H49")
    run("keys", "request", "stranger", "--mailbox", "H49", "--out", "s.req")
    assert "not signed by the key in force" in run(*renew, "s.req", "--entry", "src/keys-H49.toml", code=1).stderr
    run("keys", "rotate", "keys-H49", "--mailbox", "H49", "--out", "2.req")
    cut = Path("2.req").read_bytes().rpartition(b"-----BEGIN LIENTHONG RENEWAL-----")
    Path("p.req").write_bytes(Path("s.req").read_bytes() + b"".join(cut[1:]))
    assert "no certificate here that counts now" in run(*renew, "p.req", code=1).stderr
    Path("b.req").write_bytes(cut[0] + cut[1] + b"\nAAAA\n-----END LIENTHONG RENEWAL-----\n")
    assert "proof of renewal" in run(*renew, "b.req", code=1).stderr
    assert Path("src/keys-H49.toml").read_bytes() == entry
    since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S+00:00}"
    run("ca", "revoke", "ca", "H49", "--reason", "key-compromise", "--since", since)
    assert "ca issue" in run(*renew, "2.req", code=1).stderr
    run("ca", "issue", "ca", "s.req", *read_out("stranger"), "--entry", "src/keys-H49.toml")
    assert "no certificate here that counts now" in run(*renew, "2.req", code=1).stderr


def test_a_key_without_a_certificate_proves_nothing(pilot: Path) -> None:
    """Nothing was installed: the authority will ask for the fingerprint, and the command says so."""
    run("keys", "request", "k", "--mailbox", "H49", "--out", "r.req")
    assert "as at first" in run("keys", "rotate", "k", "--mailbox", "H49", "--out", "2.req").stderr
    assert "no signing" in run("keys", "fingerprint", "src", code=1).stderr


def test_a_stolen_sealing_key_is_withdrawn(pilot: Path) -> None:
    """The next request states the new key only; an entry with the old one first is refused when it is signed."""
    admit("H49")
    sign("e1.lt")
    entry = Path("src/keys-H49.toml").read_text()
    run("keys", "rotate", "keys-H49", "--mailbox", "H49", "--withdraw-older", "--out", "2.req")
    run("ca", "renew", "ca", "H49", "2.req", "--entry", "src/keys-H49.toml", "--out", "2.pem")
    shown = sign("e2.lt", "e1.lt").stdout
    assert "2.lt" in shown
    statements = load_statements(pilot / "keys-H49").values()
    assert max(each.withdraws for each in statements) == max(each.serial for each in statements) > 0
    Path("src/keys-H49.toml").write_text(entry)
    assert "older sealing key comes first" in sign("e3.lt", "e2.lt", code=1).stderr


def test_what_does_not_fit_is_not_installed(pilot: Path) -> None:
    """Another's certificate, one of a foreign root, one that is there already and differs."""
    admit("H49")
    admit("H53")
    assert "no key of this certificate" in run("keys", "install", "keys-H49", "H53.pem", code=1).stderr
    run("ca", "init", "other")
    assert "no chain" in run("keys", "install", "keys-H49", "H49.pem", "--root", "other/root.pem", code=1).stderr
    assert "Not checked against a root" in run("keys", "install", "keys-H49", "H49.pem").stderr
    run("keys", "install", "keys-H49", "dir.pem", code=1)


def test_revoking_makes_a_new_list(pilot: Path) -> None:
    """One by its serial, or all of a code; the list says it, and the directory built with it withdraws the mailbox."""
    admit("H49")
    admit("H53")
    issued = json.loads(run("ca", "list", "ca", "--json").stdout)
    serial = next(each["serial"] for each in issued if each["code"] == "H53")
    now = f"{datetime.now(UTC) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S+00:00}"
    run("ca", "revoke", "ca", "--serial", serial, "--reason", "superseded", "--since", now)
    why = ("--reason", "key-compromise", "--since", f"{datetime.now(VIETNAM):%Y-%m-%d}")
    run("ca", "revoke", "ca", "H49", *why)
    assert "key-compromise" in run("ca", "list", "ca").stdout
    run("ca", "revoke", "ca", "H49", *why, code=1)
    run("ca", "revoke", "ca", *why, code=2)
    run("ca", "crl", "ca")
    sign("e1.lt")
    assert "H49, H53" in run("directory", "show", "e1.lt", "--root", "ca/root.pem").stdout
    run("keys", "request", "again", "--mailbox", "H49", "--out", "again.req")
    run("ca", "issue", "ca", "again.req", *read_out("again"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ca", "init", "x", "--name", "Gốc"), 2, "without marks"),
        (("ca", "init", "ca"), 1, "File exists"),
        (("ca", "list", "nowhere"), 1, "ca init"),
        (("ca", "issue", "ca", "dir.pem"), 1, "no certificate request"),
        (("keys", "show", "nowhere"), 1, "No such file"),
        (("keys", "request", "k", "--mailbox", "Hà Nội"), 2, "no mailbox code"),
        (("directory", "verify", "dir.pem", "--root", "ca/root.pem"), 1, "no edition"),
        ((*BUILD[:-2], "--root", "src/agencies.toml", "--out", "d"), 1, "no certificate in PEM"),
        ((*BUILD, "--crl", "ca/root.pem", "--out", "d"), 1, "no revocation list"),
    ],
)
def test_what_is_wrong_is_said(pilot: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    """With the file, and who must act."""
    assert said in run(*arguments, code=code).stderr


def test_a_swapped_key_is_found_when_the_directory_is_built(pilot: Path) -> None:
    """The keeper of the sources cannot put another's sealing key into a mailbox's entry."""
    admit("H49")
    admit("H53")
    entry, other = (Path(f"src/keys-{code}.toml").read_text().split("sealing = ") for code in ("H49", "H53"))
    Path("src/keys-H49.toml").write_text(f"{entry[0]}sealing = {other[1]}")
    assert "may have been swapped" in run(*BUILD, "--out", "d", code=1).stderr


def test_only_a_mailbox_that_is_listed_gets_a_certificate(pilot: Path) -> None:
    """A certificate is a login at the broker: one in the name of its administrator would be his."""
    run("keys", "request", "k", "--mailbox", "admin", "--out", "r.req")
    said = run("ca", "issue", "ca", "r.req", *read_out("k"), "--entry", "src/keys-admin.toml", code=1).stderr
    assert "no mailbox of that name is listed" in said
    assert len(json.loads(run("ca", "list", "ca", "--json").stdout)) == 1


def test_services_and_brokers_get_key_and_certificate(pilot: Path) -> None:
    """Each in one command, key for its owner only."""
    run("ca", "issue-service", "ca", "operator", "--out", "op.pem", "--key", "op.key")
    run(
        "ca", "issue-broker", "ca", "--host", "bus.example.vn", "--host", "10.0.0.1", "--out", "b.pem", "--key", "b.key"
    )
    assert {Path(name).stat().st_mode & 0o777 for name in ("op.key", "b.key")} == {0o600}
    text = subprocess.run(
        ["openssl", "x509", "-in", "b.pem", "-noout", "-ext", "subjectAltName"], check=True, capture_output=True
    )
    assert b"DNS:bus.example.vn, IP Address:10.0.0.1" in text.stdout
    run("keys", "request", "k", "--mailbox", "operator", "--out", "r.req")
    assert "a service's" in run("ca", "issue", "ca", "r.req", *read_out("k"), code=1).stderr


def test_ends_are_announced(pilot: Path) -> None:
    """Exit code 2 within thirty days."""
    run("keys", "request", "k", "--mailbox", "H49", "--sealing-days", "20", "--out", "r.req")
    run("ca", "issue", "ca", "r.req", *read_out("k"), "--days", "6", "--out", "c.pem")
    run("keys", "install", "k", "c.pem")
    assert "days left" in run("keys", "expiring", "k", code=3).stdout
    found = json.loads(run("keys", "expiring", "k", "--json", code=3).stdout)
    assert [each["stage"] for each in found] == [7, 30]


def test_the_authority_hears_of_ends(pilot: Path) -> None:
    """Nothing, then what it issued for a short time, and a list that shuts the broker's door when it has ended."""
    assert run("ca", "expiring", "ca").stdout == ""
    run("ca", "issue-service", "ca", "operator", "--days", "20", "--out", "op.pem", "--key", "op.key")
    assert "certificate of operator (service)" in run("ca", "expiring", "ca", code=3).stdout
    admit("H49")
    write_list(pilot, days=5)
    ends = json.loads(run("ca", "expiring", "ca", "--json", code=3).stdout)
    assert [(each["what"], each["stage"]) for each in ends] == [
        ("revocation list", 7), ("certificate of operator (service)", 30),
    ]  # fmt: skip
    assert "the revocation list ends before the edition" in run(*BUILD, "--out", "d").stderr
    write_list(pilot, days=-1)
    assert "would let nobody in" in run(*BUILD, "--out", "d", code=1).stderr
    run("ca", "crl", "ca")
    assert "revocation list" not in run(*BUILD, "--out", "d").stderr
    assert "no revocation list, RabbitMQ lets in nobody" in run(*BUILD[:5], *BUILD[7:], "--out", "d").stderr


def write_list(pilot: Path, *, days: int) -> None:
    """A revocation list of the pilot's authority with so many days left."""
    folder = pilot / "ca"
    issuer = Authority.from_pem((folder / "issuer.pem").read_bytes(), (folder / "issuer.key").read_bytes())
    until = datetime.now(UTC) + timedelta(days=days)
    made = revocation_list(issuer, (), at=until - timedelta(days=90), until=until, number=1)
    (folder / "crl.pem").write_bytes(made.to_pem())


def test_a_node_gets_its_settings(pilot: Path) -> None:
    """Certificates only: everything that RabbitMQ must be told, in files, the key for its owner."""
    admit("H49")
    sign("e1.lt")
    run("ca", "issue-broker", "ca", "--host", "bus", "--out", "b.pem", "--key", "b.key")
    files = ("--cert", "b.pem", "--key", "b.key", "--out", "node")
    run("topology", "settings", "--edition", "e1.lt", "--root", "ca/root.pem", *files)
    assert {path.name for path in Path("node").iterdir()} == {
        "ca.pem", "cert.pem", "key.pem", "crl", "rabbitmq.conf", "rabbitmq-env.conf", "advanced.config",
    }  # fmt: skip
    assert Path("node/key.pem").stat().st_mode & 0o077 == 0
    assert "listeners.tcp = none" in Path("node/rabbitmq.conf").read_text()
    assert "management.tcp.ip = 127.0.0.1" in Path("node/rabbitmq.conf").read_text()
    assert "tlsv1.3" in Path("node/advanced.config").read_text()
    hashed = subprocess.run(
        ["openssl", "crl", "-in", "ca/crl.pem", "-hash", "-noout"], check=True, capture_output=True, text=True
    )
    assert [path.name for path in Path("node/crl").iterdir()] == [f"{hashed.stdout.strip()}.r0"]
    ca = Path("node/ca.pem").read_bytes()
    said = run("topology", "settings", "--edition", "e1.lt", "--root", "ca/root.pem", *files).stderr
    assert "without --anchor RabbitMQ trusts the root" in said
    assert "ssl_cert_login_from = subject_alternative_name" in Path("node/rabbitmq.conf").read_text()
    settings = ("topology", "settings", "--edition", "e1.lt", "--root", "ca/root.pem", *files)
    anchored = run(*settings, "--anchor", "ca/vouching.pem", "--login", "name")
    assert "without --anchor" not in anchored.stderr
    assert "topology apply --login name" in anchored.stdout
    assert Path("node/ca.pem").read_bytes() == Path("ca/vouching.pem").read_bytes() != ca
    assert "ssl_cert_login_from = common_name" in Path("node/rabbitmq.conf").read_text()
    run("ca", "init", "other")
    assert "signed by somebody else" in run(*settings, "--anchor", "ca/issuer.pem", code=1).stderr
    assert "no issuer in this edition" in run(*settings, "--anchor", "other/vouching.pem", code=1).stderr
    Path("ca/vouching.pem").unlink()  # or of an older folder, with root and issuer in it
    run("ca", "crl", "ca")
    run(*settings, "--anchor", "ca/vouching.pem")
