"""The ledger's database, open. What is read and written is in keep.py, queries/ and their like: functions over a
connection."""

from bus.store.sql.opened import Opened


class Ledger(Opened):
    """Made by `open_ledger`. `with ledger.reading() as connection: …`, `with ledger.writing() as connection: …`."""

    @property
    def name(self) -> str:
        """For people. Never a password."""
        return self.database.name
