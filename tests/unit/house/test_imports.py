"""Imports that the contracts of pyproject.toml refuse: planted in a copy of the house, and seen by lint-imports."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[3]
COPIED = ("bus", "adapters", "schemas", "tests/house")

Plant = tuple[str, str]
"""A file, and a line for it."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[Plant]], str]:
    """What lint-imports says of a copy with lines planted in it: one copy, and one run, for each list of plants."""
    heard: dict[tuple[Plant, ...], str] = {}

    def lint(plants: Sequence[Plant]) -> str:
        if tuple(plants) not in heard:
            heard[tuple(plants)] = _lint(tmp_path_factory.mktemp("copy"), plants)
        return heard[tuple(plants)]

    return lint


def _lint(copy: Path, plants: Sequence[Plant]) -> str:
    for folder in COPIED:
        shutil.copytree(HOUSE / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOUSE / "pyproject.toml", copy)
    for file, line in plants:
        path = copy / file
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            (path.parent / "__init__.py").touch()
        path.write_text(f"{path.read_text() if path.exists() else ''}\n{line}\n")
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint_imports, "--no-cache"], cwd=copy, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


# A file, the import planted in it, and what is refused.
REFUSED = [
    # An adapter sees the API for strangers, and no room behind it.
    ("adapters/folder/names.py", "from bus.receiving.judge import judge", "bus.receiving.judge"),
    ("adapters/folder/names.py", "from bus.directory.facts import Register", "bus.directory.facts"),
    ("adapters/folder/names.py", "import bus.novel.things", "bus.novel.things"),
    ("adapters/folder/names.py", "from bus.ports.store import Store", "bus.ports.store"),
    ("adapters/folder/names.py", "from bus.errors.store import StoreFull", "bus.errors.store"),
    ("adapters/folder/mapping.py", "from bus import handling", "bus.handling"),
    ("adapters/folder/mapping.py", "import bus", "bus"),
    ("adapters/novel/client.py", "from bus.store import open_store", "bus.store"),
    # What is said knows nobody; the bus knows no adapter.
    ("schemas/values.py", "from bus.errors import Who", "bus.errors"),
    ("schemas/edxml/xml.py", "from adapters.folder.names import *", "adapters.folder.names"),
    ("bus/wiring/adapter.py", "from adapters.folder import FolderAdapter", "adapters.folder"),
    ("bus/novel/things.py", "import adapters.folder.names", "adapters.folder.names"),
    # Each part of the world is one room's.
    ("bus/cli/dead.py", "import pika", "pika"),
    ("bus/daemon/mailbox.py", "from pika.spec import Basic", "pika"),
    ("bus/novel/things.py", "import pika", "pika"),
    ("adapters/folder/client.py", "import pika", "pika"),
    ("bus/rabbit/link/link.py", "import httpx", "httpx"),
    ("bus/cli/store.py", "from sqlalchemy import select", "sqlalchemy"),
    ("bus/novel/things.py", "import sqlalchemy as sa", "sqlalchemy"),
    ("bus/wiring/stores.py", "import alembic.config", "alembic"),
    ("bus/files/keys.py", "import sqlite3", "sqlite3"),
    ("adapters/folder/client.py", "import psycopg", "psycopg"),
    ("bus/wiring/blobs.py", "import obstore", "obstore"),
    ("bus/rabbit/streams/blobs.py", "from obstore.store import S3Store", "obstore"),
    ("bus/novel/things.py", "import obstore", "obstore"),
    ("bus/files/keys.py", "import pkcs11", "pkcs11"),
    ("bus/daemon/process.py", "import click", "click"),
    ("bus/daemon/metrics.py", "from rich.table import Table", "rich"),
    ("bus/cli/queues.py", "import prometheus_client", "prometheus_client"),
    # The rooms of rules and of the road do no I/O.
    ("bus/trust/certificates.py", "import socket", "socket"),
    ("bus/directory/sources.py", "from pathlib import Path", "pathlib"),
    ("bus/topology/wanted.py", "import subprocess", "subprocess"),
    ("bus/handling/deadlines.py", "import time", "time"),
    ("bus/ports/retry.py", "import random", "random"),
    ("bus/wire/envelope.py", "import os", "os"),
    ("bus/dossiers/remind.py", "import structlog", "structlog"),
    ("bus/sending/publish.py", "import threading", "threading"),
    ("bus/receiving/judge.py", "from threading import Lock", "threading"),
    ("bus/operations/trace.py", "import secrets", "secrets"),
    ("bus/operations/trace.py", "def late() -> None:\n    import importlib", "importlib"),
    ("bus/errors/base.py", "import logging", "logging"),
    ("bus/crashpoints.py", "import signal", "signal"),
]

# These would break nothing: the copy with the plants above has them, too.
ALLOWED = [
    ("adapters/novel/__init__.py", "from bus.ports import Adapter"),
    ("adapters/novel/mapping.py", "from bus.errors import BadPackage"),
    ("adapters/novel/mapping.py", "from bus.crashpoints import reached"),
    ("adapters/novel/mapping.py", "from schemas.document import Document"),
    ("adapters/novel/mapping.py", "import httplib_of_a_vendor"),
    ("bus/rabbit/session.py", "from pika.channel import Channel"),
    ("bus/store/novel.py", "from sqlalchemy import select"),
    ("bus/sending/novel.py", "import itertools"),
]

# Arrows upwards, or to the side: a file, the import, and the room that is out of its reach.
UPWARDS = [
    ("bus/trust/keys.py", "from bus.directory.member import Member", "bus.trust -> bus.directory"),
    ("bus/handling/statuses.py", "from bus.ports.records import State", "bus.handling -> bus.ports"),
    ("bus/sending/publish.py", "from bus.receiving.verified import Verified", "bus.sending -> bus.receiving"),
    ("bus/receiving/take_in.py", "from bus.store.store import SqlStore", "bus.receiving -> bus.store"),
    ("bus/rabbit/session.py", "from bus.store.open import open_store", "bus.rabbit -> bus.store"),
    ("bus/store/claim.py", "from bus.daemon.loops import Loop", "bus.store -> bus.daemon"),
    ("bus/daemon/metrics.py", "from bus.cli.output import emit_json", "bus.daemon -> bus.cli"),
    ("bus/errors/base.py", "from bus.crashpoints import reached", "bus.errors -> bus.crashpoints"),
]


@pytest.mark.parametrize(("file", "line", "imported"), REFUSED)
def test_a_planted_import_is_refused(
    said: Callable[[Sequence[Plant]], str], file: str, line: str, imported: str
) -> None:
    """By the contract that it breaks, with the file and what it may not import."""
    told = said([(file, line) for file, line, _ in REFUSED] + ALLOWED)
    assert f"- {_module(file)} -> {imported} (l." in told


@pytest.mark.parametrize(("file", "line"), ALLOWED)
def test_what_is_allowed_is_not_refused(said: Callable[[Sequence[Plant]], str], file: str, line: str) -> None:
    """Beside what is refused, nothing is said of it."""
    told = said([(file, line) for file, line, _ in REFUSED] + ALLOWED)
    assert f"- {_module(file)} -> {line.split()[1]} (l." not in told


def test_a_new_room_has_no_floor(said: Callable[[Sequence[Plant]], str]) -> None:
    """Until it has one, the layers are broken."""
    told = said([(file, line) for file, line, _ in REFUSED] + ALLOWED)
    assert "The rooms of the bus BROKEN" in told
    assert "not listed as layers:\n\n- bus.novel\n" in told


@pytest.mark.parametrize(("file", "line", "arrow"), UPWARDS)
def test_an_arrow_upwards_is_refused(said: Callable[[Sequence[Plant]], str], file: str, line: str, arrow: str) -> None:
    """A room imports rooms below it, and none beside it."""
    told = said([(file, line) for file, line, _ in UPWARDS])
    lower, upper = arrow.split(" -> ")
    assert f"{lower} is not allowed to import {upper}" in told
    assert f"- {_module(file)} -> {line.split()[1]} (l." in told


def _module(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
