"""Brings a store's tables to the form this version knows. Alembic is imported only where there is something to do."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bus.errors import BadConfig, Words, said

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every revision in migrations/versions, oldest first; a test holds the two equal."""

SCRIPTS = Path(__file__).with_name("migrations")

_MARK = "alembic_version"


def is_current(connection: Connection, *, store: str, revisions: Sequence[str] = REVISIONS) -> bool:
    """Of the last of these revisions. Raises BadConfig for a store of a newer version, and for a database that is none
    of ours."""
    names = set(inspect(connection).get_table_names())
    if _MARK not in names:
        if names:
            raise BadConfig(
                file=store,
                why=Words(
                    f"trong đó có bảng của chương trình khác ({', '.join(sorted(names)[:3])})",
                    f"it holds tables of another program ({', '.join(sorted(names)[:3])})",
                ),
            )
        return False
    revision = connection.scalar(text(f"SELECT version_num FROM {_MARK}"))  # noqa: S608 — a constant
    if revision not in revisions:
        raise BadConfig(
            file=store,
            why=Words(
                f"do bản mới hơn của chương trình này ghi (bậc {revision}; bản này biết {revisions[-1]})",
                f"it was written by a newer version of this program (revision {revision}; this one knows "
                f"{revisions[-1]})",
            ),
            do=said(
                "Cài lại bản mới đó, hoặc mở bản sao lưu từ trước.",
                "Install that version again, or open a backup from before.",
            ),
        )
    return bool(revision == revisions[-1])


def upgrade(connection: Connection, revision: str = REVISIONS[-1], *, scripts: Path = SCRIPTS) -> None:
    """Within the transaction that is open: all of it, or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    # ConfigParser reads % as the beginning of a reference.
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
