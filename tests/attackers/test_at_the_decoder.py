"""AMQP properties that no decoder was made for, published by an insider: to every mailbox at once, into its stream of
blobs, and into the queues of dead letters. They cost nobody a connection, and what is honest behind them is read."""

import json
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from pika import BasicProperties

from bus.rabbit.io_thread import IoThread
from bus.rabbit.streams.blob_upload import BLOB_HEADER, SEGMENT_HEADER
from bus.rabbit.streams.blobs import StreamBlobs
from bus.topology.names import DEAD, OPERATOR, blob_key, exchange_of, lane_of
from bus.wiring.config import load_config
from bus.wiring.link import link_settings
from schemas.values import VIETNAM
from tests.attackers.besieged import AT_WORK, INSIDER, VHOST, Besieged
from tests.e2e.site import eventually

ME, VICTIM = INSIDER, "H49"
FAR = b"\x0fx-stream-offsetl" + struct.pack(">q", 2**62)
"""An offset of a stream, forged."""
EVERYBODY = (*(f"document.{code}" for code in AT_WORK), *map(lane_of, AT_WORK))
TEXT, TABLE = b"S", b"F"


class Bytes(BasicProperties):
    """Properties as these bytes, which pika could not write."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self._raw = raw

    def encode(self) -> list[bytes]:
        return [self._raw]


def counted(kind: bytes, inside: bytes) -> bytes:
    return kind + struct.pack(">I", len(inside)) + inside


def headers(*poison: bytes, before: bytes = b"\x20\x00", **told: bytes) -> Bytes:
    """Properties that are headers alone: `poison` is name and value of one, behind those that are `told`."""
    named = [bytes((len(name),)) + name.encode() + value for name, value in told.items()]
    return Bytes(before + counted(b"", b"".join((*named, *poison))))


def copies(*keys: str) -> bytes:
    return counted(b"A", b"".join(counted(TEXT, key.encode()) for key in keys))


def nested(depth: int, kind: bytes) -> bytes:
    name = b"\x01a" if kind == TABLE else b""
    value = counted(kind, b"")
    for _ in range(depth):
        value = counted(kind, name + value)
    return value


def when(seconds: int) -> bytes:
    return b"T" + struct.pack(">Q", seconds)


AFTER_9999, LAST = when(253_402_300_800), when(2**63 - 1)
POISONS: Mapping[str, tuple[bytes, bytes, str | None]] = {
    # name: flags and properties before the headers; a header; what the event says, where nothing can be decoded
    "a time beyond the year 9999": (b"\x20\x00", b"\x01a" + AFTER_9999, None),
    "the last time of 64 bits": (b"\x20\x00", b"\x01a" + LAST, None),
    "arrays 9,000 deep": (b"\x20\x00", b"\x01a" + nested(9000, b"A"), "nested more than"),
    "tables 9,000 deep": (b"\x20\x00", b"\x01a" + nested(9000, TABLE), "nested more than"),
    "30,000 values": (b"\x20\x00", b"\x01a" + counted(b"A", b"t\x01" * 30_000), "16384 values"),
    "a header whose name is no text": (b"\x20\x00", b"\x01\xff" + counted(TEXT, b""), "not UTF-8"),
    "a content type that is no text": (b"\xa0\x00\x02\xff\xfe", b"", "not UTF-8"),
    "headers of ours, of other kinds": (
        b"\x20\x00",
        b"\x11x-lienthong-blobs" + LAST + b"\x13x-lienthong-version" + nested(3, TABLE),
        None,
    ),
}


def poisoned(name: str, *keys: str) -> Bytes:
    before, header, _ = POISONS[name]
    return headers(header, before=before, CC=copies(*keys))


@contextmanager
def no_connection_is_lost(land: Besieged) -> Iterator[None]:
    def lost() -> int:
        return sum(fact["event"] == "broker.lost" for daemon in land.daemons for fact in daemon.facts())

    before = lost()
    yield
    assert lost() - before == 0


def dead(land: Besieged, *arguments: str, code: int = 0) -> Any:
    """What an operator's command says, as JSON."""
    certificate, key = land.office.file(OPERATOR)
    where = urlsplit(land.broker.amqps_url)
    url = f"amqps://{where.hostname}:{where.port}/{quote(VHOST, safe='')}"
    files = ["--cafile", str(land.office.root_file), "--certfile", str(certificate), "--keyfile", str(key)]
    done = land.site.command(*arguments, "--amqp", url, *files, "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def letters(land: Besieged, sizes: range) -> list[dict[str, Any]]:
    """The dead letters with bodies of these sizes: each story has its own."""
    return [each for each in dead(land, "dead", "list", "--limit", "10000") if each["bytes"] in sizes]


def events(land: Besieged, code: str) -> list[tuple[str, str]]:
    """Of what was set aside: the name, and why, in the words of POISONS."""
    whys = ["bad-message", *{why for _, _, why in POISONS.values() if why}]
    told = [("inbox.undecodable", f"; published by {ME}"), ("inbox.set-aside", "")]
    return [
        (name, next((why for why in reversed(whys) if why in each["detail"]), each["detail"]))
        for name, words in told
        for each in land.events(code, name)
        if words in each["detail"]
    ]


def test_one_publish_to_everybody_stops_nobody(land: Besieged) -> None:
    """By a key that is no text, with copies to every inbox and lane: each mailbox sets it aside and says who published
    it, takes in the next document, and keeps its connections. An operator can read and remove it."""
    sizes = range(41_000, 41_000 + len(POISONS))
    key: Any = b"document.\xff\xfe"
    with no_connection_is_lost(land):
        with land.channel(ME) as channel:
            for size, name in zip(sizes, POISONS, strict=True):
                channel.basic_publish(exchange_of(ME), key, bytes(size), poisoned(name, *EVERYBODY))
        for code in AT_WORK:
            eventually(lambda code=code: len(events(land, code)) >= len(POISONS), within=240, every=0.5)  # type: ignore[misc]
            assert sorted(events(land, code)) == sorted(
                ("inbox.undecodable", why) if why else ("inbox.set-aside", "bad-message")
                for _, _, why in POISONS.values()
            )
        land.still_works()
    aside = eventually(
        lambda: found if len(found := letters(land, sizes)) == len(AT_WORK) * len(sizes) else [], within=240, every=0.5
    )
    for size, (_, _, why) in zip(sizes, POISONS.values(), strict=True):
        these = [each for each in aside if each["bytes"] == size]
        assert {(each["reason"], *each["for"], each["published_by"]) for each in these} == {
            ("bad-message", code, ME if why else None) for code in AT_WORK
        }
        assert all((each["undecodable"] is not None) == (why is not None) for each in these)
    remove(land, aside, sizes)


def test_the_dead_are_read_whatever_they_are(land: Besieged) -> None:
    """Put into `dead` by their publisher, and into `unroutable`: listed, shown, not replayed, removed."""
    sizes = range(42_000, 42_000 + len(POISONS))
    with land.channel(ME) as channel:
        for size, name in zip(sizes, POISONS, strict=True):
            for key, *also in ((DEAD,), ("document.NOBODY", "document.NOBODY.EITHER")):
                channel.basic_publish(exchange_of(ME), key, bytes(size), poisoned(name, *also))
    found = eventually(
        lambda: seen if len(seen := letters(land, sizes)) == 2 * len(sizes) else [], within=240, every=0.5
    )
    assert {each["queue"] for each in found} == {"dead", "unroutable"}
    refs = {each["message"]: each["bytes"] for each in found}
    done = dead(land, "dead", "replay", *refs, "--queue", "unroutable", "--yes", code=3)["done"]
    fates = {refs[each["message"]]: each["fate"] for each in done}
    for size, (_, _, why) in zip(sizes, POISONS.values(), strict=True):
        assert fates[size] == ("undecodable" if why else "no-place")
    remove(land, found, sizes)


@pytest.mark.parametrize("seconds", [2**63 - 1, 2**64 - 1, 253_402_300_800])
def test_dead_letters_with_any_time(land: Besieged, seconds: int) -> None:
    """The property `timestamp` has 64 bits; a calendar has fewer."""
    sizes = range(43_000, 43_001)
    with land.channel(ME) as channel:
        properties = BasicProperties(timestamp=seconds, headers={"x-death": [{"time": 2**63 - 1, "count": "many"}, 7]})
        channel.basic_publish(exchange_of(ME), DEAD, bytes(sizes.start), properties)
    (letter,) = eventually(lambda: letters(land, sizes), within=240, every=0.5)
    assert (letter["at"], letter["reason"], letter["for"]) == (None, "?", [ME])
    remove(land, [letter], sizes)


def remove(land: Besieged, found: list[dict[str, Any]], sizes: range) -> None:
    """The last of them is shown, all are discarded, and then none is there."""
    assert dead(land, "dead", "show", found[-1]["message"])
    dead(land, "dead", "discard", *{each["message"] for each in found}, "--yes")
    assert letters(land, sizes) == []


def test_the_past_is_replayed_from_behind_them(land: Besieged) -> None:
    """The audit stream holds every poison, some with an offset of their own that is no number, or a far one: a replay
    reads past them all, to its end."""
    since = datetime.now(VIETNAM).replace(tzinfo=None, microsecond=0)
    time.sleep(1)  # the command's times are whole seconds
    with land.channel(ME) as channel:
        for name in POISONS:
            channel.basic_publish(exchange_of(ME), "document.NOBODY", b"poison", poisoned(name))
        for forged in (FAR, FAR + FAR, FAR + b"\x0fx-stream-offset" + counted(TEXT, b"0"), FAR + b"\x01\xff" + LAST):
            channel.basic_publish(exchange_of(ME), "document.NOBODY", b"poison", headers(forged))
    sent = land.site.new("G22", VICTIM)
    land.site.drop(sent)
    eventually(lambda: land.site.filed(VICTIM, sent.id))
    with no_connection_is_lost(land):
        done = dead(land, "audit", "replay", VICTIM, "--since", since.isoformat())
    assert done["kinds"].get("document", 0) >= 1
    assert done["looked_at"] >= len(POISONS) + 5
    assert len(land.site.filed(VICTIM, sent.id)) == 1


def test_a_stream_of_blobs_is_read_past_them(land: Besieged) -> None:
    """Segments of one blob, with poison between them, in its name and number too: those that are segments are read, in
    order, to the end of the stream."""
    blob = "0123456789abcdef" * 2
    named = (BLOB_HEADER, SEGMENT_HEADER, "x-stream-filter-value")  # the last: a broker from 3.13 on hands out no other
    name, number, kept_by = (bytes((len(each),)) + each.encode() for each in named)
    ours = b"".join(each + counted(TEXT, blob.encode()) for each in (name, kept_by))
    key = blob_key(ME)
    with land.channel(ME) as channel:
        for segment in (1, 2, 3):
            for before, header, _ in POISONS.values():
                channel.basic_publish(exchange_of(ME), key, b"poison", headers(ours, header, before=before))
            for odd in (LAST, nested(2, b"A"), b"t\x01", counted(b"x", b"1")):
                channel.basic_publish(exchange_of(ME), key, b"poison", headers(ours, number + odd))
            right = number + b"l" + struct.pack(">q", segment)
            channel.basic_publish(exchange_of(ME), key, bytes((segment,)), headers(ours, right, FAR + FAR))
    config = load_config(land.country.config(VICTIM))
    with IoThread() as io:
        blobs = StreamBlobs(link_settings(config), io=io, quiet=2.0, idle=60.0)
        try:
            found = [*blobs.get(ME, blob, first=1, mark=None)]
            assert [(each.number, each.data) for each in found] == [(1, b"\1"), (2, b"\2"), (3, b"\3")]
            assert all(int(each.mark or "") < 10_000 for each in found), "the broker's offsets, not the forged ones"
            assert not blobs.get(ME, blob, first=4, mark=found[-1].mark)
            assert blobs.connections == 1
        finally:
            blobs.close()
