"""One PostgreSQL for all tests of a run, and a store in it for each."""

import secrets
from collections.abc import Iterator

import pytest

from tests.postgres.server import NoPostgres, Server, some_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    try:
        with some_postgres() as server:
            yield server
    except NoPostgres as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    """The URL of a database with nothing in it, on a server that stands: who left none behind fails alone."""
    if not postgres.stands:
        postgres.start()
    name = f"t{secrets.token_hex(4)}"
    postgres.ask(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    postgres.ask(f"DROP DATABASE {name} WITH (FORCE)")
