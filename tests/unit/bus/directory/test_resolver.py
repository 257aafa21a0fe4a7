"""Where a code leads on a date: its line, closings, successors, and the mailbox that serves it."""

from datetime import date

import pytest

from bus.directory.facts import Register
from bus.directory.resolver import NOBODY, Resolver
from bus.directory.sources import Book, read
from bus.errors import AgencyClosed, BusError, NoMailbox, NoSuccessor, SuccessorNotJoined, UnknownAgency
from tests.unit.bus.directory.country import AFTER, BEFORE, COUNTRY

BOOK = read({"country.toml": COUNTRY})


@pytest.fixture(scope="module")
def before() -> Resolver:
    return Resolver(BOOK, BEFORE)


@pytest.fixture(scope="module")
def after() -> Resolver:
    return Resolver(BOOK, AFTER)


@pytest.mark.parametrize(
    ("asked", "code", "mailbox", "via", "listed"),
    [
        ("H01", "H01", "H01", (), True),
        ("000.00.00.H01", "H01", "H01", (), True),
        ("H01.03.1", "H01.03.1", "H01", ("H01",), False),
        ("H01.02", "H01.02", "H01.02", (), True),
        ("000.00.92.H01", "H01.02", "H01.02", (), True),
        ("H01.02.05", "H01.02.05", "H01.02", ("H01.02",), True),
        ("H01.02.77.1", "H01.02.77.1", "H01.02", ("H01.02",), False),
        ("000.07.02.H01", "000.07.02.H01", "H01.02", ("H01.02",), False),
        ("123.07.02.H01", "123.07.02.H01", "H01.02", ("H01.02",), False),
        ("7.2.H01", "7.2.H01", "H01.02", ("H01.02",), False),
        ("02.H01", "02.H01", "H01.02", ("H01.02",), False),
        ("00.01.H01", "00.01.H01", "H01", ("H01",), False),
        ("2016.5.H01", "2016.5.H01", "H01", ("H01",), False),
        ("1.2.3.4.H01", "1.2.3.4.H01", "H01", ("H01",), False),
        ("000.00.05.H21", "000.00.05.H21", "H21", ("H21",), False),
        ("H57.3", "H57.3", "H21", ("H57",), False),
        ("02.44.W00", "02.44.W00", "H21", (), True),
        ("000.02.44.W00", "02.44.W00", "H21", (), True),
        ("001.02.44.W00", "001.02.44.W00", "H21", ("02.44.W00",), False),
        ("H08.14", "H08.14", "H21", ("H21",), True),
        ("H08.14.2", "H08.14.2", "H21", ("H08.14", "H21"), False),
        ("H33", "H01", "H01", ("H01",), True),
        ("H33.4", "H01", "H01", ("H33", "H01"), True),
        ("H34", "H01", "H01", ("H33", "H01"), True),
    ],
)
def test_the_nearest_mailbox_above_a_code_serves_it(
    after: Resolver, asked: str, code: str, mailbox: str, via: tuple[str, ...], listed: bool
) -> None:
    """Own mailbox first, then the nearest listed unit above; old forms are read from the right."""
    resolved = after.resolve(asked)
    assert (resolved.code, resolved.mailbox, resolved.via) == (code, mailbox, via)
    assert (resolved.agency is not None) is listed


@pytest.mark.parametrize(
    ("asked", "error", "successor"),
    [
        ("H08", AgencyClosed, "H21"),
        ("000.00.00.H08", AgencyClosed, "H21"),
        ("000.00.05.H08", AgencyClosed, "H21"),
        ("H08.12", AgencyClosed, "H21"),
        ("H08.12.4", AgencyClosed, "H21"),
        ("H08.13", AgencyClosed, "H21.13"),
        ("H35", AgencyClosed, "H21"),
        ("G37", NoSuccessor, NOBODY),
        ("H50", NoSuccessor, NOBODY),
        ("H36", SuccessorNotJoined, "H14"),
        ("H14", NoMailbox, None),
        ("H14.5", NoMailbox, None),
        ("H99", UnknownAgency, None),
        ("H99.1", UnknownAgency, None),
        ("01.02.G22", UnknownAgency, None),
        ("vxp.saas.03", UnknownAgency, None),
        ("0101234567", UnknownAgency, None),
        ("h01", UnknownAgency, None),
        ("", UnknownAgency, None),
    ],
)
def test_what_cannot_be_reached_says_why(
    after: Resolver, asked: str, error: type[BusError], successor: str | None
) -> None:
    """A closed code names the open successor at the end of the chain; one link without `forward` stops forwarding."""
    with pytest.raises(error) as raised:
        after.resolve(asked)
    assert type(raised.value) is error
    assert raised.value.facts["agency"] == asked or error is NoMailbox
    assert raised.value.facts.get("successor") == successor
    assert raised.value.facts.get("closed") in (None, "2025-07-01")


@pytest.mark.parametrize(
    ("asked", "forwarded_from"), [("H33", "H33"), ("H33.4", "H33.4"), ("H34", "H34"), ("H01", None)]
)
def test_forwarding_is_said(after: Resolver, asked: str, forwarded_from: str | None) -> None:
    """What an explicit rule passed on to a successor names the closed code it came from."""
    assert after.resolve(asked).forwarded_from == forwarded_from


@pytest.mark.parametrize(
    ("on", "code", "closed_by", "successor"),
    [
        (BEFORE, "H08", None, None),
        (BEFORE, "H08.12", None, None),
        (AFTER, "H08", "H08", "H21"),
        (AFTER, "H08.12", "H08", "H21"),
        (AFTER, "H34", "H34", "H01"),
        (AFTER, "H50", "H50", None),
        (AFTER, "G37", "G37", None),
        (AFTER, "H99", None, None),
    ],
)
def test_a_code_is_open_until_the_day_it_closes(
    on: date, code: str, closed_by: str | None, successor: str | None
) -> None:
    """`closed` is the first day on which the code is not in force; a closed unit closes those below it."""
    resolver = Resolver(BOOK, on)
    closing = resolver.closing(code)
    assert (closing and closing.code) == closed_by
    if closing is not None:
        _, after = resolver.succession(closing)
        assert (after and after.code) == successor


def _lines(*lines: str) -> Book:
    """As a signed directory brings them: links were checked by its keeper, or not."""
    return Register.parse("".join(f"{line}\n" for line in sorted(lines)).encode()).book()


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (('agency\tX1\t{"names":[{"vi":"a"}],"parent":"X2"}', 'agency\tX2\t{"names":[{"vi":"b"}],"parent":"X1"}'),
         NoMailbox),
        (('agency\tX1\t{"names":[{"vi":"a"}],"parent":"X9"}',), NoMailbox),
        (('agency\tX1\t{"names":[{"vi":"a"}],"closed":"2020-01-01","successor":"X9"}',), AgencyClosed),
        (tuple(
            f'agency\tX{n}\t{{"names":[{{"vi":"a"}}],"closed":"2020-01-01","successor":"X{n + 1}"}}'
            for n in range(1, 99)
        ), AgencyClosed),
    ],
    ids=["parents in a circle", "a parent that is none", "a successor that is none", "successors without end"],
)  # fmt: skip
def test_links_that_lead_nowhere_end(lines: tuple[str, ...], error: type[Exception]) -> None:
    """Whoever signs a directory can write them: a daemon answers all the same."""
    with pytest.raises(error):
        Resolver(_lines(*lines), date(2026, 11, 30)).resolve("X1")
