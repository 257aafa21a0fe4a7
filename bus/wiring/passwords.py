"""The passwords of a broker's users: drawn, kept in the operator's file, and compared with the broker's hashes."""

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bus.files.credentials import add_credentials, load_credentials
from bus.rabbit.admin.definitions import SALT_SIZE, matches_hash, password_hash
from bus.topology.wanted import Topology
from schemas.codes import Label

PASSWORD_BYTES: Final = 24


def password_hashes(users: Sequence[str], credentials: Path | None) -> dict[str, str]:
    """The hash of each user to be made; "" for users who log in by certificate. Missing passwords are drawn, and
    on disk before a broker has them."""
    if credentials is None:
        return dict.fromkeys(users, "")
    known = load_credentials(credentials)
    drawn = {user: secrets.token_urlsafe(PASSWORD_BYTES) for user in users if user not in known}
    if drawn:
        add_credentials(credentials, drawn)
    passwords = known | drawn
    return {user: password_hash(passwords[user], salt=secrets.token_bytes(SALT_SIZE)) for user in users}


def stale_passwords(current: Topology, wanted: Topology, credentials: Path | None) -> Iterator[Label]:
    """A note about passwords in the file that are not those of the broker."""
    known = load_credentials(credentials) if credentials else {}
    ours = {user.name for user in wanted.users}
    stale = [
        user.name
        for user in current.users
        if user.name in ours and user.name in known and not matches_hash(known[user.name], user.password_hash or "")
    ]
    if stale:
        names = ", ".join(stale)
        yield Label(
            f"Mật khẩu trong {credentials} khác với RabbitMQ: {names}. Xóa người dùng đó ở RabbitMQ rồi apply lại.",
            f"The password in {credentials} is not RabbitMQ's: {names}. Delete that user on RabbitMQ and apply again.",
        )
