"""bus/files/backup_keys.py"""

from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.files.backup_keys import load_backup_key, load_backup_public_key, new_backup_key


def test_a_pair(tmp_path: Path) -> None:
    """The private half for its owner only; both are of one key; neither is overwritten."""
    public = new_backup_key(tmp_path / "backup.pem")
    assert public == tmp_path / "backup.pub"
    assert (tmp_path / "backup.pem").stat().st_mode & 0o777 == 0o600
    assert load_backup_key(tmp_path / "backup.pem").public == load_backup_public_key(public)
    before = (tmp_path / "backup.pem").read_bytes()
    for taken in ("backup.pem", "backup.pub"):
        with pytest.raises(BadConfig, match="never overwritten"):
            new_backup_key(tmp_path / taken)
    assert (tmp_path / "backup.pem").read_bytes() == before


def test_what_is_no_key(tmp_path: Path) -> None:
    """One half in the place of the other, a private one that others can read, nothing at all."""
    public = new_backup_key(tmp_path / "backup.pem")
    with pytest.raises(BadConfig, match="no public key in it"):
        load_backup_public_key(tmp_path / "backup.pem")
    for mode in (0o600, 0o644):  # of a public one nobody is told to hide it
        public.chmod(mode)
        with pytest.raises(BadConfig, match="it is the public key"):
            load_backup_key(public)
    (tmp_path / "noise").touch(0o600)
    with pytest.raises(BadConfig, match="no private key in it"):
        load_backup_key(tmp_path / "noise")
    (tmp_path / "backup.pem").chmod(0o644)
    with pytest.raises(BadConfig, match="chmod 600"):
        load_backup_key(tmp_path / "backup.pem")
    with pytest.raises(BadConfig, match="No such file"):
        load_backup_public_key(tmp_path / "none.pub")
