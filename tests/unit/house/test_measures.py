"""The measures of the house. A list of exceptions is exact: what does not need its exception any more is taken out."""

from itertools import chain

import pytest

from tests.house.measures import HOUSE, handed_on, left_for_later, long_functions, sources, unit_test_of

SOURCES = sources()
LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 50

LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[tuple[str, str], str] = {}

# Who imports from here what is defined elsewhere, and why.
DOORS = {
    "bus/errors/__init__.py": "one tree: nobody has to know where in it an error is",
    "bus/ports/__init__.py": "what strangers who write an adapter may import",
    "adapters/conform/__init__.py": "a vendor's harness imports Site, and need not know where in the suite it is",
    "adapters/folder/__init__.py": "a daemon's TOML names `adapters.folder:FolderAdapter`",
    "schemas/edxml/__init__.py": "a package is read and written from here; its files are its own affair",
}

# Files of bus/ without a unit test of their own, by what tests them instead.
WITHOUT_UNIT_TEST = {
    "commands over a broker: tests/integration, tests/e2e/test_operators.py, tests/faults": (
        "bus/cli/amqp.py",
        "bus/cli/audit.py",
        "bus/cli/check.py",
        "bus/cli/dead.py",
        "bus/cli/guard.py",
        "bus/cli/management.py",
        "bus/cli/node.py",
        "bus/cli/queues.py",
        "bus/cli/topology.py",
    ),
    "what a pilot and its operators do: tests/unit/bus/cli/test_pilot.py, tests/e2e": (
        "bus/cli/directory.py",
        "bus/cli/editions.py",
        "bus/cli/endings.py",
        "bus/cli/store.py",
    ),
    "`python -m`, a line each: tests/unit/bus/cli/test_main.py, tests/unit/bus/wiring/test_stores.py": (
        "bus/cli/__main__.py",
    ),
    "it speaks with a broker: tests/integration, tests/contract/blobs.py": ("bus/rabbit/streams/blobs.py",),
    "it asks a broker: tests/e2e/test_ledger.py": ("bus/wiring/ledger_check.py",),
    "told with the server that uses it: tests/unit/bus/console/test_server.py": ("bus/console/tls.py",),
    "a batch is taken in as one thing: tests/unit/bus/receiving/test_take_in.py": (
        "bus/receiving/answers.py",
        "bus/receiving/item.py",
    ),
    "a store is one thing, whatever file a verb is in: tests/contract/store.py": (
        "bus/store/blobs.py",
        "bus/store/box.py",
        "bus/store/dossiers.py",
        "bus/store/inbox.py",
        "bus/store/transaction.py",
    ),
    "a ledger is one thing, whatever file a verb is in: tests/contract/ledger.py": (
        "bus/ledger/keep.py",
        "bus/ledger/retention.py",
        "bus/ledger/shadow.py",
        "bus/ledger/statements/derived.py",
        "bus/ledger/statements/kept.py",
        "bus/ledger/statements/past.py",
        "bus/ledger/store.py",
        "bus/ledger/years.py",
    ),
    "a recovery is one thing: tests/unit/bus/store/test_salvage.py, test_maintenance.py": (
        "bus/store/bodyless.py",
        "bus/store/rebuild.py",
    ),
    "an older store is brought up, step by step: tests/unit/bus/store/test_migrate.py, test_tables.py": (
        "bus/store/migrations/env.py",
        "bus/store/migrations/versions/v0001_begin.py",
        "bus/store/migrations/versions/v0002_kept_key.py",
        "bus/store/migrations/versions/v0003_times.py",
        "bus/store/migrations/versions/v0004_fence.py",
        "bus/store/migrations/versions/v0005_blobs.py",
        "bus/store/migrations/versions/v0006_bounds.py",
    ),
    "statements of the alerts, each told by its verb: tests/unit/bus/ledger/alerts/test_keep.py, test_notices.py": (
        "bus/ledger/alerts/statements.py",
    ),
    "an older ledger is brought up, step by step: tests/unit/bus/ledger/test_migrate.py": (
        "bus/ledger/migrations/env.py",
        "bus/ledger/migrations/versions/v0001_begin.py",
    ),
    "protocols, and records without a rule: tests/contract": (
        "bus/ports/blobs.py",
        "bus/ports/broker.py",
        "bus/ports/records.py",
        "bus/store/sql/database.py",
    ),
    "sentences, each told by a rule of tests/unit/bus/directory/test_edition.py": ("bus/directory/reasons.py",),
    "a ledger is asked, in either database: tests/contract/ledger_queries.py": (
        "bus/ledger/queries/deliveries.py",
        "bus/ledger/queries/documents.py",
        "bus/ledger/queries/lifelines.py",
        "bus/ledger/queries/loading.py",
        "bus/ledger/queries/obligations.py",
        "bus/ledger/queries/statements.py",
    ),
    "every error by its row, wherever it is defined: tests/unit/bus/test_errors.py": (
        "bus/errors/api.py",
        "bus/errors/base.py",
        "bus/errors/broker.py",
        "bus/errors/directory.py",
        "bus/errors/dms.py",
        "bus/errors/message.py",
        "bus/errors/operation.py",
        "bus/errors/store.py",
        "bus/errors/submission.py",
    ),
}

# Unit tests that are of no single file, and what they are of.
OF_NO_FILE = {
    "tests/unit/bus/test_errors.py": "the whole tree of errors",
    "tests/unit/bus/cli/test_golden.py": "what every command shows first",
    "tests/unit/bus/cli/test_pilot.py": "ca, keys and directory: a pilot from nothing",
}


def test_a_file_ends_before_it_is_two() -> None:
    """No file outside tests has more than 400 lines."""
    assert {file for file, text in SOURCES.items() if len(text.splitlines()) > LINES_OF_A_FILE} == set(LONG_FILES)


def test_a_function_fits_a_screen() -> None:
    """No function outside tests has more than 50 lines."""
    found = {(file, name) for file, text in SOURCES.items() for name in long_functions(text, limit=LINES_OF_A_FUNCTION)}
    assert found == set(LONG_FUNCTIONS)


def test_nothing_is_left_for_later() -> None:
    """A comment says what is, not what somebody should do one day."""
    assert {file: lines for file, text in SOURCES.items() if (lines := left_for_later(text))} == {}


def test_a_name_is_imported_from_where_it_is_defined() -> None:
    """But through the doors of DOORS."""
    assert {file for file, text in SOURCES.items() if any(handed_on(text))} == set(DOORS)


def test_who_changes_a_file_opens_its_test() -> None:
    """bus/x/y.py has tests/unit/bus/x/test_y.py, or is in WITHOUT_UNIT_TEST, once, with what tests it instead."""
    code = [file for file in SOURCES if file.startswith("bus/") and not file.endswith("/__init__.py")]
    without = {file for file in code if not (HOUSE / unit_test_of(file)).exists()}
    listed = list(chain.from_iterable(WITHOUT_UNIT_TEST.values()))
    trouble = [
        *(f"no {unit_test_of(file)}" for file in sorted(without - set(listed))),
        *(f"needs its exception no more: {file}" for file in sorted(set(listed) - without)),
        *(f"listed twice: {file}" for file in sorted({file for file in listed if listed.count(file) > 1})),
    ]
    assert not trouble, "\n".join(trouble)


def test_a_unit_test_is_of_a_file() -> None:
    """tests/unit/bus/x/test_y.py has bus/x/y.py, or is in OF_NO_FILE."""
    expected = {unit_test_of(file) for file in SOURCES}
    there = {path.relative_to(HOUSE).as_posix() for path in (HOUSE / "tests/unit/bus").rglob("test_*.py")}
    assert there - expected == set(OF_NO_FILE)


@pytest.mark.parametrize("line", ["x = 1  # TODO: two", "# FIXME", "    # XXX later"])
def test_what_is_left_for_later_is_found(line: str) -> None:
    """Beside code or alone."""
    assert left_for_later(f"'''TODO in a text is a text.'''\n{line}\n") == [2]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from a import b as b", ["b"]),
        ("from a import *", ["*"]),
        ("from a import b\n\n__all__ = ['b', 'c']", ["b"]),
        ("from a import b as c", []),
        ("from a import b\n\nprint(b)", []),
    ],
)
def test_what_is_handed_on_is_found(source: str, names: list[str]) -> None:
    """Under its own name, with all others, or by `__all__`; not what is used here."""
    assert list(handed_on(source)) == names


def test_a_long_function_is_found() -> None:
    """Without its decorators, within a class, too."""
    body = "\n".join("        x = 1" for _ in range(3))
    source = f"class A:\n    @property\n    def f(self):\n{body}\n    async def g(self):\n        x = 1\n"
    assert list(long_functions(source, limit=3)) == ["f"]
