"""The passwords of the broker's users: one TOML file of user = "password", for the operator's eyes only."""

import os
from collections.abc import Mapping
from json import dumps
from pathlib import Path

from bus.crashpoints import reached
from bus.errors import BadConfig, of_system, said
from bus.files.private import check_private
from bus.files.texts import text_of, toml_of

_HEAD = """\
# Mật khẩu của người dùng RabbitMQ, mỗi hộp thư một dòng; trao riêng cho từng nơi.
# Passwords of RabbitMQ's users, a mailbox a line; hand each to its own place only.
"""


def load_credentials(file: Path) -> dict[str, str]:
    """Empty where the file does not exist yet. Raises BadConfig, also where others may read it."""
    try:
        status = file.stat()
        data = file.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadConfig(file=file, why=of_system(error)) from error
    check_private(file, status)
    entries = toml_of(data, file=file, is_secret=True)
    if wrong := sorted(name for name, password in entries.items() if not (isinstance(password, str) and password)):
        why = said(
            'mỗi dòng phải là "người dùng" = "mật khẩu"; dòng sai: {names}',
            'each line must be "user" = "password"; not so: {names}',
            names=", ".join(wrong),
        )
        raise BadConfig(file=file, why=why)
    return entries


def add_credentials(file: Path, passwords: Mapping[str, str]) -> None:
    """Writes them behind what the file has; whole or not at all, and on disk when this returns."""
    lines = "".join(f"{dumps(user)} = {dumps(password)}\n" for user, password in passwords.items())
    beside = file.with_name(f".{file.name}.new")
    try:
        before = text_of(file.read_bytes(), file=file) if file.exists() else _HEAD
        if before and not before.endswith("\n"):
            before += "\n"
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(before + lines)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
        reached("credentials.kept")
    except OSError as error:
        raise BadConfig(file=file, why=of_system(error)) from error
