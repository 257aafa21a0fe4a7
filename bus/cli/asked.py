"""What a command shows of the ledger is recorded in its log of access, as what the API shows is."""

import os
import pwd
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from bus.ledger.access import Access, record
from bus.ledger.store import Ledger

ROLE: Final = "operator"
"""Whoever may read the ledger's database is one."""


def asked(ledger: Ledger, what: str, subject: Mapping[str, object], *, found: int) -> None:
    """To be called before anything is shown. Raises what a write of the ledger raises: without a record nothing is
    shown."""
    told = {name: value for name, value in subject.items() if value is not None}
    access = Access(at=datetime.now(UTC), who=person(), role=ROLE, agency=None, what=what, subject=told, found=found)
    with ledger.writing() as connection:
        record(connection, [access])


def person() -> str:
    """The user of this machine; behind sudo, whoever called it, as sudo says."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = str(number)
    caller = os.environ.get("SUDO_USER")
    return f"{name} (sudo: {caller})" if caller else name
