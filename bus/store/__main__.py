"""`python -m bus.store OWNER URL …` brings stores up to this version and ends.

A process of its own: Alembic is needed once in a store's life, and would stay in a daemon's memory for all of it.
"""

import sys

from bus.store.opening import open_store


def main(arguments: list[str]) -> None:
    for owner, url in zip(arguments[::2], arguments[1::2], strict=True):
        open_store(url, owner=owner).close()


if __name__ == "__main__":
    main(sys.argv[1:])
