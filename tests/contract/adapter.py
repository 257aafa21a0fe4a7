"""The conformance suite of adapters (adapters/conform), a test a row of a case. Vendors run the same cases without
pytest, by `lienthong adapter conform`."""

from typing import ClassVar

import pytest

from adapters.conform.case import Case, Need, Row
from adapters.conform.suite import CASES, Attempt, Setup, Verdict, attempt


class AdapterContract:
    """Inherit it, and override `setup`."""

    lacks: ClassVar[frozenset[Need]] = frozenset()
    """What the document system under test does not have: the cases that need it are left out, and no others."""

    @pytest.fixture
    def setup(self) -> Setup:
        raise NotImplementedError("a fixture `setup` gives the document system under test")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "row" in metafunc.fixturenames:
            rows = [(case, row) for case in CASES if not case.needs & self.lacks for row in case.rows]
            names = [f"{case.number} {case.run.__name__} {row.name}".rstrip() for case, row in rows]
            metafunc.parametrize(("case", "row"), rows, ids=names)

    def test_case(self, setup: Setup, case: Case, row: Row) -> None:
        """What the case's own sentence says."""
        tried = attempt(case, row, setup)
        assert tried.verdict is Verdict.PASSED, told(tried)

    def test_what_it_lacks_is_found_out(self, setup: Setup) -> None:
        """The suite needs nobody to tell it."""
        for need in self.lacks:
            case = next(each for each in CASES if need in each.needs)
            assert attempt(case, case.rows[0], setup).need is need


def told(tried: Attempt) -> str:
    lines = [f"{fact.did}: {fact.came}" + (f"; wanted {fact.wanted}" if fact.wanted else "") for fact in tried.facts]
    return "\n".join([tried.why or str(tried.need), *lines])
