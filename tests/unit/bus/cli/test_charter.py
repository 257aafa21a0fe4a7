"""Charters and countersignatures, step by step as the keepers of the root and of the signers' keys do it."""

import json
from pathlib import Path

import pytest

from tests.unit.bus.cli.test_pilot import AGENCIES, BUILD, run

ROOT = ("--root", "ca/root.pem")
SIGNERS = ("one", "two", "three")


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority with three signers of the directory, and an edition of the first."""
    folder = tmp_path_factory.mktemp("ceremony")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run("ca", "init", "ca")
        for name in SIGNERS:
            run("ca", "issue-directory", "ca", "--out", f"{name}.pem", "--key", f"{name}.key")
        (folder / "src").mkdir()
        (folder / "src" / "agencies.toml").write_text(AGENCIES, encoding="utf-8")
        sign("1.lt")
        charter("two-of-three.charter", "--threshold", 2, *named(*SIGNERS))
    return folder


@pytest.fixture(autouse=True)
def there(ceremony: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ceremony)


def named(*signers: str) -> list[str]:
    return [part for each in signers for part in ("--signer", f"{each}.pem")]


def sign(out: str, *more: object, by: str = "one") -> str:
    run(*BUILD, "--out", "draft.txt")
    key = ("--key", f"{by}.key", "--cert", f"{by}.pem")
    return run("directory", "sign", "draft.txt", *key, *ROOT, "--out", out, *more).output


def cosign(edition: str, out: str, by: str, *more: object, code: int = 0) -> str:
    key = ("--key", f"{by}.key", "--cert", f"{by}.pem")
    return run("directory", "cosign", edition, *key, *ROOT, "--out", out, *more, code=code).output


def charter(out: str, *more: object, code: int = 0) -> str:
    return run("directory", "charter", out, *ROOT, "--root-key", "ca/root.key", *more, code=code).output


def test_two_of_three_sign_one_after_another() -> None:
    """Each where his key is; before the second has signed nobody takes it, and what is missing is said."""
    assert "wants 2 signers" in sign("2a.lt", "--previous", "1.lt", "--charter", "two-of-three.charter")
    assert "1 count" in run("directory", "verify", "2a.lt", *ROOT, code=1).stderr
    assert "2 / 3" in run("directory", "show", "2a.lt", *ROOT).stdout
    run("directory", "diff", "1.lt", "2a.lt", *ROOT)
    assert "Not signed by enough" in cosign("2a.lt", "2x.lt", "one")
    assert "Right" not in cosign("2a.lt", "2.lt", "three", "--previous", "1.lt")
    assert "Right" in run("directory", "verify", "2.lt", *ROOT, "--held", "1.lt").stdout
    shown = json.loads(run("directory", "show", "2.lt", *ROOT, "--json").stdout)
    assert (shown["threshold"], len(shown["signers"]), shown["signer"]) == (2, 2, "directory")
    assert [each["issuer"] for each in shown["lists"]] == ["Lien thong pilot issuer"]
    assert "wants 2 signers" in sign("3a.lt", "--previous", "2.lt")  # the charter goes on with it
    assert "revocations, Lien thong pilot issuer" in run("directory", "show", "3a.lt", *ROOT).stdout
    cosign("3a.lt", "3.lt", "two", "--previous", "2.lt")


def test_a_stolen_signer_is_withdrawn_by_the_root() -> None:
    """The thief's number is high; the other signer goes on after the last good one, and readers go back to it."""
    sign("9.lt", "--previous", "1.lt")
    charter("reset.charter", *named("two"), "--withdraw", "one.pem", "--last", 1)
    assert "2" in sign("back.lt", "--previous", "1.lt", "--charter", "reset.charter", by="two")
    run("directory", "verify", "back.lt", *ROOT, "--held", "9.lt")
    key = ("--key", "one.key", "--cert", "one.pem")
    refused = run("directory", "sign", "draft.txt", *key, *ROOT, "--out", "x.lt", "--previous", "back.lt").output
    assert "none that the charter names" in refused


def test_a_charter_allows_algorithms() -> None:
    """What it says is shown with every edition."""
    allowed = ("--allow-signature", "p256", "--allow-seal", "x-wing")
    charter("allows.charter", *named("one"), *allowed, "--serial", 7)
    sign("allows.lt", "--charter", "allows.charter")
    shown = json.loads(run("directory", "show", "allows.lt", *ROOT, "--json").stdout)
    assert shown["charter"]["allows"] == {"signatures": ["p256"], "seals": ["x-wing"]}
    assert shown["charter"]["serial"] == 7


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--threshold", 4, *named(*SIGNERS)), 2, "more must sign than may"),
        ((*named("one"), "--withdraw", "one.pem", "--last", 3), 2, "a signer is withdrawn"),
        ((*named("one"), "--last", 3), 2, "go together"),
        ((*named("one"), "--key", "one.key"), 2, "--root-key, or"),
        ((), 2, "--signer"),
    ],
    ids=map(str, range(5)),
)
def test_a_charter_that_contradicts_itself_is_not_made(more: tuple[object, ...], code: int, said: str) -> None:
    """Before anything is signed."""
    assert said in charter("x.charter", *more, code=code)
    assert not Path("x.charter").exists()


def test_only_the_root_makes_charters() -> None:
    """Neither the issuer's key nor a signer's."""
    wrong = ("directory", "charter", "x.charter", *ROOT, *named("one"))
    assert "not its own" in run(*wrong, "--root-key", "ca/issuer.key", code=1).stderr
    assert "purpose" in run(*wrong, "--key", "one.key", "--cert", "one.pem", code=1).stderr
    Path("x.key").write_text("none")
    Path("x.key").chmod(0o600)
    assert "x.key" in run(*wrong, "--key", "x.key", "--cert", "one.pem", code=1).stderr
