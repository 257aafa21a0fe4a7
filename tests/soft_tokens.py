"""SoftHSM in the place of tokens: made in a folder of their own, each with its PIN in a file."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pkcs11
import pytest

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
PIN = "1234"


@dataclass(frozen=True)
class SoftToken:
    label: str
    module: str
    pin_file: Path

    def uri(self, key: str, *, asks: bool = False) -> str:
        """With the file of its PIN, unless that is asked."""
        source = "" if asks else f"&pin-source=file:{self.pin_file}"
        return f"pkcs11:token={self.label};object={key}?module-path={self.module}{source}"


def new_tokens(folder: Path, monkeypatch: pytest.MonkeyPatch, *labels: str) -> list[SoftToken]:
    """Tokens of one test; what an earlier one opened in this process is closed."""
    module = next((each for each in MODULES if Path(each).exists()), None)
    assert module, "SoftHSM is missing: apt-get install softhsm2"
    assert shutil.which("softhsm2-util")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    made = [_new_token(folder, module, label) for label in labels]
    pkcs11.lib(module).reinitialize()  # it reads its settings, and looks for tokens, only then
    return made


def _new_token(folder: Path, module: str, label: str) -> SoftToken:
    token = SoftToken(label, module, folder / f"{label}.pin")
    create = ["softhsm2-util", "--init-token", "--free", "--label", token.label, "--pin", PIN, "--so-pin", "5678"]
    subprocess.run(create, check=True, capture_output=True)
    token.pin_file.write_text(f"{PIN}\n")
    token.pin_file.chmod(0o600)
    return token
