"""The revisions of a ledger's tables. bus/store/migrate.py brings them about."""

from pathlib import Path
from typing import Final

REVISIONS: Final = ("ledger1",)
"""Every revision in migrations/versions, oldest first; a test holds the two equal."""

SCRIPTS: Final = Path(__file__).with_name("migrations")
