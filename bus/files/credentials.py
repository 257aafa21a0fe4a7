"""The passwords of the broker's users: one TOML file of user = "password", for the operator's eyes only."""

import os
import stat
import tomllib
from collections.abc import Mapping
from json import dumps
from pathlib import Path

from bus.crashpoints import reached
from bus.errors import BadConfig

_HEAD = """\
# Mật khẩu của người dùng RabbitMQ, mỗi hộp thư một dòng; trao riêng cho từng nơi.
# Passwords of RabbitMQ's users, a mailbox a line; hand each to its own place only.
"""


def load_credentials(file: Path) -> dict[str, str]:
    """Empty where the file does not exist yet. Raises BadConfig, also where others may read it."""
    try:
        mode = file.stat().st_mode
        text = file.read_text()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(file=file, why=str(error)) from error
    if stat.S_IMODE(mode) & 0o077:
        raise BadConfig(file=file, why=f"others may read it (mode {stat.S_IMODE(mode):04o}): chmod 600 {file}")
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(file=file, why=f"no TOML: {error}") from error
    if wrong := sorted(name for name, password in entries.items() if not (isinstance(password, str) and password)):
        raise BadConfig(file=file, why=f'each line must be "user" = "password"; not so: {", ".join(wrong)}')
    return entries


def add_credentials(file: Path, passwords: Mapping[str, str]) -> None:
    """Writes them behind what the file has; whole or not at all, and on disk when this returns."""
    lines = "".join(f"{dumps(user)} = {dumps(password)}\n" for user, password in passwords.items())
    beside = file.with_name(f".{file.name}.new")
    try:
        before = file.read_text() if file.exists() else _HEAD
        if before and not before.endswith("\n"):
            before += "\n"
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(before + lines)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
        reached("credentials.kept")
    except OSError as error:
        raise BadConfig(file=file, why=str(error)) from error
