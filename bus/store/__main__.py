"""`python -m bus.store` brings stores up to this version and ends. Standard input names them, a line `OWNER URL` each:
a URL may hold a password, and arguments can be read by everybody on the machine.

A process of its own: Alembic is needed once in a store's life, and would stay in a daemon's memory for all of it.
"""

import sys
from collections.abc import Iterable

from bus.store.open import open_store


def main(lines: Iterable[str]) -> None:
    for line in lines:
        owner, url = line.split(maxsplit=1)
        open_store(url.rstrip("\n"), owner=owner).close()


if __name__ == "__main__":
    main(sys.stdin)
