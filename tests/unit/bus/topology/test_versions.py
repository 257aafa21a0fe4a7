"""RabbitMQ versions: read, compared, and what each can do."""

import pytest

from bus.errors import BadConfig
from bus.topology.versions import OLDEST, TARGET, filters, has_lanes, parse_version


@pytest.mark.parametrize(("version", "filtering"), [(OLDEST, False), ((3, 12), False), ((3, 13), True), (TARGET, True)])
def test_knows_which_versions_filter(version: tuple[int, int], filtering: bool) -> None:
    """Streams hand out what is asked for from 3.13 on."""
    assert filters(version) is filtering


@pytest.mark.parametrize(("text", "version"), [("4.3.6", (4, 3)), ("3.10.8", (3, 10)), ("4.10.0-rc.1", (4, 10))])
def test_reads_versions(text: str, version: tuple[int, int]) -> None:
    """Numbers, not letters: 3.10 comes after 3.9."""
    assert parse_version(text) == version


@pytest.mark.parametrize("text", ["3.9.29", "2.8", "unknown", ""])
def test_refuses_what_is_too_old(text: str) -> None:
    """Before 3.10 dead letters get lost."""
    with pytest.raises(BadConfig, match=r"3\.10"):
        parse_version(text)


@pytest.mark.parametrize(("version", "lanes"), [(OLDEST, True), ((4, 2), True), ((4, 3), False), ((5, 0), False)])
def test_knows_which_versions_need_lanes(version: tuple[int, int], lanes: bool) -> None:
    """Those that do not put the urgent first by themselves."""
    assert has_lanes(version) is lanes
