"""The connection of one transaction, and whether it may write."""

from sqlalchemy import Connection


class Work:
    """`reads` in every transaction; `writes` raises RuntimeError in one that was opened by `read`."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self.reads = connection
        self._may_write = writes

    @property
    def writes(self) -> Connection:
        if not self._may_write:
            raise RuntimeError("this transaction was opened by read(); open one by write()")
        return self.reads
