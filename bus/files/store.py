"""The URL under which a mailbox's store is opened, with the password that lies in a file beside it."""

from pathlib import Path
from urllib.parse import quote

from bus.config import Config
from bus.errors import BadConfig
from bus.files.keys import read_secret


def store_url(config: Config) -> str:
    """Not to be shown to anybody. Raises BadConfig where the file cannot be read, or the URL has no place for it."""
    if config.store_password_file is None:
        return config.store
    scheme, _, rest = config.store.partition("://")
    user, at, where = rest.rpartition("@")
    if not at or ":" in user:
        raise BadConfig(
            file=config.mailbox,
            why="store_password_file goes with a URL that names a user and no password: "
            "postgresql+psycopg://lienthong@db/lienthong",
        )
    password = quote(read_secret(Path(config.store_password_file)), safe="")
    return f"{scheme}://{user}:{password}@{where}"
