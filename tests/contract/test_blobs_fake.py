"""The depot in memory keeps the contract, and its faults do what they say."""

from collections.abc import Callable

import pytest

from bus.errors import BlobsAway
from schemas.values import MailboxCode
from tests.contract.blobs import HOME, ONE, OTHER, TWO, BlobsContract, fetched, plain, segment, segments
from tests.fakes.blobs import FakeBlobs, FakeDepot


class FakeGround:
    def __init__(self, kind: str) -> None:
        self._depot = FakeDepot(kind)

    def blobs(self, mailbox: MailboxCode) -> FakeBlobs:
        return self._depot.of(mailbox)

    def cut(self) -> None:
        self._depot.away = "connection lost"

    def mend(self) -> None:
        self._depot.away = None


class TestFakeBlobs(BlobsContract):
    @pytest.fixture(params=["stream", "s3"])
    def ground(self, request: pytest.FixtureRequest) -> FakeGround:
        return FakeGround(request.param)


@pytest.fixture
def depot() -> FakeDepot:
    depot = FakeDepot()
    depot.of(HOME).put([*segments(1, 2, 3, 4), segment(1, blob=TWO)])
    return depot


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (lambda depot: depot.lose(HOME, ONE, 2), [1, 3, 4]),
        (lambda depot: depot.repeat(HOME, ONE, 2), [1, 2, 2, 3, 4]),
        (lambda depot: depot.swap(HOME, ONE, 2, 4), [1, 4, 3, 2]),
        (lambda depot: depot.trim(HOME, keep=3), [3, 4]),
        (lambda depot: depot.trim(HOME), []),
        (lambda depot: depot.trim(OTHER), [1, 2, 3, 4]),
    ],
    ids=["lost", "repeated", "swapped", "trimmed", "all trimmed", "another's trimmed"],
)
def test_what_lies_there(depot: FakeDepot, fault: Callable[[FakeDepot], None], numbers: list[int]) -> None:
    """A fault changes the order or the presence of what it names, and the bytes of nothing."""
    fault(depot)
    assert depot.numbers(HOME, ONE) == numbers
    found = depot.of(OTHER).get(HOME, ONE, first=1, mark=None, limit=len(numbers) + 1)
    assert plain(found) == segments(*numbers)


def test_altered(depot: FakeDepot) -> None:
    """One byte is another, or all are; everything else is as it was put."""
    depot.alter(HOME, ONE, 2)
    depot.alter(HOME, ONE, 3, data=b"")
    found = fetched(depot.of(OTHER), HOME)
    assert [each == put for each, put in zip(plain(found), segments(1, 2, 3, 4), strict=True)] == [
        True,
        False,
        False,
        True,
    ]
    assert len(found[1].data) == len(segment(2).data)
    assert found[2].data == b""


def test_full(depot: FakeDepot) -> None:
    """A full one takes nothing and hands out what it has."""
    depot.full = "no room"
    with pytest.raises(BlobsAway, match="no room"):
        depot.of(HOME).put([segment(5)])
    assert len(fetched(depot.of(OTHER), HOME)) == 4
    depot.full = None
    depot.of(HOME).put([segment(5)])
    assert depot.puts == 6


def test_cut_in_the_middle(depot: FakeDepot) -> None:
    """What was put or handed out before the connection went counts; the next call goes on."""
    depot.cut_put(after=1)
    with pytest.raises(BlobsAway):
        depot.of(HOME).put(segments(5, 6))
    assert depot.numbers(HOME, ONE) == [1, 2, 3, 4, 5]
    depot.cut_get(after=3)
    reader = depot.of(OTHER)
    some = reader.get(HOME, ONE, first=1, mark=None, limit=2)
    some = [*some, *reader.get(HOME, ONE, first=3, mark=some[-1].mark, limit=2)]
    assert [each.number for each in some] == [1, 2, 3]
    with pytest.raises(BlobsAway):
        reader.get(HOME, ONE, first=4, mark=some[-1].mark)
    assert plain(reader.get(HOME, ONE, first=4, mark=some[-1].mark)) == segments(4, 5)
    assert depot.gets == 5
