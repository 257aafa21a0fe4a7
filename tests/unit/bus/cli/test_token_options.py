"""bus/cli/token_options.py. With tokens: tests/integration/test_authority_in_tokens.py"""

from pathlib import Path

import click
import pytest

from bus.cli.token_options import token_key
from bus.errors import BadConfig


def test_what_names_no_token(tmp_path: Path) -> None:
    """A wrong URI is the caller's mistake; a token that is not there is the machine's."""
    with pytest.raises(click.UsageError, match="object is missing"):
        token_key("pkcs11:token=goc?module-path=/x.so", tmp_path / "root.token", exists=True)
    away = f"pkcs11:token=goc;object=root?module-path={tmp_path}/x.so&pin-source={tmp_path}/pin"
    with pytest.raises(BadConfig, match="pin cannot be used: No such file"):
        token_key(away, tmp_path / "root.token", exists=True)
