"""bus/receiving/fetch.py: what one step does, by what it finds where segments wait."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bus.errors import BlobsAway
from bus.handling.transport import InboxState
from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.ports.records import Box
from bus.ports.retry import ASK
from bus.receiving.fetch import AWAY, LOOK_AGAIN, Fetched, fetch
from bus.receiving.turns import FAIR, LEAST, SECONDS, SPAN, STEPS, UNKNOWN, Turns
from schemas.codes import Outcome, Priority
from tests.scenarios.country import Land
from tests.scenarios.large import MIB, LargeLand

VAIN = "blobs.looked-in-vain"


@pytest.fixture
def land() -> LargeLand:
    return LargeLand()


def events(land: LargeLand) -> list[tuple[str, str]]:
    """Of looks in vain."""
    with land["H49"].store.read() as tx:
        return [(each.name, each.detail) for each in tx.dossiers.recent_events(limit=999, name=VAIN)]


def told(land: Land) -> list[tuple[Outcome, str | None]]:
    """What H49 has to say to G22."""
    with land["H49"].store.read() as tx:
        return [(line.outcome, line.code) for row in tx.outbox.rows() for line in row.docket.acknowledges][::-1]


def nothing(land: LargeLand) -> None:
    """All is as it should be."""


def trimmed(land: LargeLand) -> None:
    land.depot.trim("G22")


def away(land: LargeLand) -> None:
    land.depot.away = "down"


HELD, MISSING = (Outcome.HELD, None), (Outcome.REFUSED, "blob-missing")


@pytest.mark.parametrize(
    ("found", "steps", "state", "said"),
    [
        (nothing, 1, InboxState.FETCHING, []),
        (nothing, 2, InboxState.FETCHED, [HELD]),
        (trimmed, 1, InboxState.FETCHING, []),
        (trimmed, 2, InboxState.FETCHING, [MISSING]),
    ],
)
def test_a_step_does_one_thing(
    land: LargeLand,
    found: Callable[[LargeLand], None],
    steps: int,
    state: InboxState,
    said: list[tuple[Outcome, str | None]],
) -> None:
    """A few segments; then the proof and the receipt. If they are gone, they are looked for anew, then asked for."""
    _, message = land.sent("G22", "H49", mib=3)
    found(land)
    for _ in range(steps):
        land.fetch("H49")
        land.wait(LOOK_AGAIN)
    assert land.row("H49", Box.IN, message).state is state
    assert told(land) == said


def test_what_is_never_put_there_again_is_parked(land: LargeLand) -> None:
    """After the last question an operator decides."""
    _, message = land.sent("G22", "H49", mib=3)
    land.depot.trim("G22")
    land.fetch("H49")
    land.wait(LOOK_AGAIN)
    for _ in range(ASK.tries + 1):
        land.fetch("H49")
        land.wait(timedelta(hours=7))
    assert land.row("H49", Box.IN, message).state is InboxState.PARKED
    assert told(land) == [MISSING] * ASK.tries


def test_a_place_that_is_away_is_no_failure_of_the_message(land: LargeLand) -> None:
    """It says so, is not counted, and lets the others go first."""
    _, message = land.sent("G22", "H49", mib=3)
    away(land)
    with pytest.raises(BlobsAway):
        land.fetch("H49")
    row = land.row("H49", Box.IN, message)
    assert (row.state, row.attempts, row.next_at) == (InboxState.FETCHING, 0, land.now + AWAY)
    assert land.fetch("H49") == Fetched()


def test_a_kind_of_place_that_is_not_configured_here(land: LargeLand) -> None:
    """Its operator is told which."""
    land.sent("G22", "H49", mib=3)
    with pytest.raises(BlobsAway, match="stream"):
        fetch(land["H49"].store, {}, land.delivery("H49"), land.turns["H49"])


def test_nothing_to_fetch(land: LargeLand) -> None:
    """A step of nothing asks nobody."""
    assert land.fetch("H49") == Fetched()
    assert land.depot.gets == 0


def test_it_says_how_far_it_is(land: LargeLand) -> None:
    """Segments of all that the message names, and the bytes of this step."""
    _, message = land.sent("G22", "H49", mib=20)
    first = land.fetch("H49")
    assert (first.message, first.done, first.more) == (message, SEGMENTS_AT_ONCE, True)
    assert first.of > first.done
    assert first.bytes >= SEGMENTS_AT_ONCE * MIB


def test_what_is_found_nowhere_goes_behind_what_may_be(land: LargeLand) -> None:
    """Of one sender: the second look comes a while later, and others are fetched first, however urgent it is."""
    _, gone = land.sent("G22", "H49", mib=3, priority=Priority.URGENT)
    land.depot.trim("G22")
    _, good = land.sent("G22", "H49", mib=3, number=2)
    assert [land.fetch("H49").message for _ in range(3)] == [gone, good, good]
    assert land.fetch("H49") == Fetched()
    row = land.row("H49", Box.IN, gone)
    assert (row.attempts, row.next_at) == (0, land.now + LOOK_AGAIN)
    assert "no longer where G22 put it" in (row.error or "")
    land.wait(LOOK_AGAIN)
    assert land.fetch("H49").message == gone


def test_looks_in_vain_are_bounded(land: LargeLand) -> None:
    """Of one sender, in an hour; said once, in an event and to the log; then its turn comes again."""
    looks = int(SECONDS / LEAST)
    for number in range(looks + 1):
        land.sent("G22", "H49", mib=1, number=number + 1)
    land.depot.trim("G22")
    done = [land.fetch("H49") for _ in range(looks)]
    assert [each.looked_in_vain for each in done] == [*[0] * (looks - 1), looks]
    assert done[-1].sender == "G22"
    assert land.fetch("H49") == Fetched()
    assert [name for name, _ in events(land)] == [VAIN]
    assert events(land)[0][1].startswith(f"G22: {looks} looks for large attachments in vain, 300 seconds, 0 bytes")
    land.wait(SPAN)
    assert land.fetch("H49").more


def test_a_place_that_one_sender_names_takes_little(land: LargeLand) -> None:
    """Each message of a place that nobody configured here makes the thread fail; after a few they wait."""
    times = int(SECONDS / UNKNOWN)
    for number in range(times + 1):
        land.sent("G22", "H49", mib=1, number=number + 1)
    delivery, turns = land.delivery("H49"), land.turns["H49"]
    for _ in range(times):
        with pytest.raises(BlobsAway):
            fetch(land["H49"].store, {"s3": land.blobs["H49"]}, delivery, turns)
    assert fetch(land["H49"].store, {"s3": land.blobs["H49"]}, delivery, turns) == Fetched()
    assert [name for name, _ in events(land)] == [VAIN]


def test_time_that_a_found_segment_took(land: LargeLand) -> None:
    """Much of others' may lie before it: what goes beyond the usual counts; what was found is kept all the same."""
    _, message = land.sent("G22", "H49", mib=20)
    times = iter([0.0, FAIR + SECONDS])
    turns = Turns(steady=lambda: next(times))
    blobs = land.blobs["H49"]
    done = fetch(land["H49"].store, {blobs.kind: blobs}, land.delivery("H49"), turns)
    assert (done.done, done.looked_in_vain, done.sender) == (SEGMENTS_AT_ONCE, 1, "G22")
    assert land.transfer("H49", Box.IN, message).done == SEGMENTS_AT_ONCE
    assert [name for name, _ in events(land)] == [VAIN]


def test_senders_take_turns(land: LargeLand) -> None:
    """Also where one sends what is urgent: within its own turns only."""
    _, urgent = land.sent("G22", "H49", mib=99, priority=Priority.URGENT)
    _, other = land.sent("H53", "H49", mib=3)
    found = [land.fetch("H49").message for _ in range(STEPS + 1)]
    assert found == [*[urgent] * STEPS, other]
