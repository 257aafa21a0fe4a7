"""Following the directory's streams: which edition is taken and kept, and what happens where a change does not fit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bus.daemon.editions import EditionFollower, first
from bus.directory.edition import Edition, accept, change, sign
from bus.directory.facts import Register
from bus.directory.sources import read
from bus.errors import BadEdition
from tests.identities import BEGIN, Papers, papers
from tests.scenarios.country import AGENCIES

NOW = BEGIN + timedelta(days=100)


@dataclass
class Stream:
    """The two streams of a directory, as a test fills them."""

    news: list[bytes] = field(default_factory=list)
    last: bytes | None = None
    entries: list[bytes] = field(default_factory=list)
    asked: int = 0
    closed: bool = False

    def changes(self, *, wait: float) -> Sequence[bytes]:
        found, self.news = self.news, []
        return found

    def whole(self, *, wait: float) -> bytes | None:
        self.asked += 1
        return self.last

    def history(self, *, wait: float) -> Iterator[bytes]:
        return iter(self.entries)

    def close(self) -> None:
        self.closed = True


def edition(office: Papers, version: int, name: str = "Tây Ninh") -> Edition:
    signer, chain = office.directory_signer()
    register = Register.of(
        read({"a.toml": AGENCIES.replace("Tây Ninh", name)}), issuers=[office.issuer.certificate.der]
    )
    until = NOW + timedelta(days=60)
    encoded = sign(register, version=version, issued_at=NOW, expires_at=until, signer=signer, chain=chain)
    found = accept(None, encoded, roots=office.roots, now=NOW)
    assert found is not None
    return found


@dataclass
class Scene:
    office: Papers = field(default_factory=papers)
    stream: Stream = field(default_factory=Stream)
    kept: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.editions = [edition(self.office, version, f"Tây Ninh {version}") for version in (1, 2, 3)]
        self.follower = EditionFollower(
            self.editions[0], roots=self.office.roots, feed=self.stream, keep=self.kept.append, clock=lambda: NOW
        )

    def step(self) -> list[str]:
        """What the log says of one step."""
        with capture_logs() as logs:
            assert self.follower.step() is False
        return [entry["event"] for entry in logs]

    @property
    def version(self) -> int:
        return self.follower.edition.header.version


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_without_news_the_edition_held_stays(scene: Scene) -> None:
    """The centre may be away."""
    assert scene.step() == []
    assert (scene.version, scene.kept, scene.stream.asked) == (1, [], 0)


def test_a_change_is_taken_and_kept(scene: Scene) -> None:
    """On disk as the whole edition, before anybody uses it."""
    scene.stream.news = [change(scene.editions[0], scene.editions[1])]
    assert scene.step() == ["directory.taken"]
    assert (scene.version, scene.stream.asked) == (2, 0)
    (kept,) = scene.kept
    again = accept(None, kept, roots=scene.office.roots, now=NOW)
    assert again is not None
    assert again.header == scene.editions[1].header


@pytest.mark.parametrize(
    ("last", "version", "said"),
    [
        pytest.param(2, 3, ["directory.taken"], id="the whole is there"),
        pytest.param(None, 1, ["directory.whole-missing"], id="nobody sends it"),
    ],
)
def test_a_change_to_another_edition_asks_for_the_whole(
    scene: Scene, last: int | None, version: int, said: list[str]
) -> None:
    """One was missed; without the whole, the edition held stays in force."""
    scene.stream.news = [change(scene.editions[1], scene.editions[2])]
    scene.stream.last = None if last is None else scene.editions[last].encoded
    assert scene.step() == said
    assert (scene.version, scene.stream.asked) == (version, 1)


@pytest.mark.parametrize("offered", ["forged", "older", "broken"])
def test_a_refused_edition_changes_nothing(scene: Scene, offered: str) -> None:
    """It is logged, and said with its reason to whoever asks; the whole is not asked for."""
    scene.follower.offer(scene.editions[1].encoded)
    scene.kept.clear()
    match offered:
        case "forged":
            scene.stream.news = [edition(Papers(), 9).encoded]
        case "older":
            scene.stream.news = [scene.editions[0].encoded]
        case _:
            scene.stream.news = [b"LTD\x01 and nothing"]
    assert scene.step() == ["directory.refused"]
    assert (scene.version, scene.kept, scene.stream.asked) == (2, [], 0)
    assert scene.follower.refused is not None
    assert (scene.follower.refused.at, scene.follower.refused.number) == (NOW, 1)


@pytest.mark.parametrize(
    ("stray", "event"),
    [(b"nothing", "directory.refused"), (None, None)],
    ids=["no edition", "a change among whole ones"],
)
def test_a_stray_last_entry_keeps_nobody_behind(scene: Scene, stray: bytes | None, event: str | None) -> None:
    """Whoever may publish, and not sign, puts something last: the newest that may be taken is looked for."""
    scene.stream.news = [change(scene.editions[1], scene.editions[2])]
    scene.stream.entries = [edition(Papers(), 9).encoded, *(each.encoded for each in scene.editions)]
    scene.stream.last = change(scene.editions[1], scene.editions[2]) if stray is None else stray
    assert scene.step() == [each for each in (event, "directory.taken") if each]
    assert scene.version == 3


def test_where_nothing_else_may_be_taken_the_edition_held_stays(scene: Scene) -> None:
    """The stream holds nothing of use."""
    scene.stream.news = [change(scene.editions[1], scene.editions[2])]
    scene.stream.last = b"nothing"
    assert scene.step() == ["directory.refused"]
    assert (scene.version, scene.kept) == (1, [])


def test_each_refusal_has_the_event_of_its_rule(scene: Scene) -> None:
    """And the last ones are remembered, so that each mailbox can tell them."""
    held = scene.editions[0].header
    signer, chain = scene.office.directory_signer()
    for days in (401, 10_000):
        until = NOW + timedelta(days=days)
        register = scene.editions[0].register
        long = sign(register, version=2, issued_at=NOW, expires_at=until, signer=signer, chain=chain)
        scene.stream.news.append(long)
    assert scene.step() == ["directory.lifetime-out-of-bounds"] * 2
    assert [(each.number, each.name, each.mailbox) for each in scene.follower.refusals] == [
        (1, "directory.lifetime-out-of-bounds", None), (2, "directory.lifetime-out-of-bounds", None),
    ]  # fmt: skip
    assert scene.follower.edition.header == held


def test_a_first_edition_is_the_newest_that_may_be_taken() -> None:
    """A daemon that holds none starts, whatever lies behind the last good one; with nothing good, it says so."""
    office = papers()
    good = [edition(office, version).encoded for version in (1, 2)]
    for last in (b"nothing", *good, change(edition(office, 1), edition(office, 2))):
        found = first(Stream(last=last, entries=[*good, last]), roots=office.roots, now=NOW, wait=0)
        assert found is not None
        assert found.header.version == 2
    strays = [b"x", good[0], b"", b"nothing", good[1], b"x" * 100_000, change(edition(office, 1), edition(office, 2))]
    found = first(Stream(entries=strays), roots=office.roots, now=NOW, wait=0)
    assert found is not None
    assert found.header.version == 2
    of_nothing = change(edition(office, 1), edition(office, 2))
    for entry, said in ((b"x", "these bytes are no edition"), (of_nothing, "no entry of the stream")):
        with pytest.raises(BadEdition, match=said):
            first(Stream(last=entry, entries=[entry]), roots=office.roots, now=NOW, wait=0)
    assert first(Stream(), roots=office.roots, now=NOW, wait=0) is None


def test_the_same_edition_again_is_no_news(scene: Scene) -> None:
    """A reader that comes back sees the last change once more."""
    scene.stream.news = [scene.editions[0].encoded]
    assert scene.step() == []
    assert scene.kept == []


def test_its_streams_are_closed_with_it(scene: Scene) -> None:
    """Links to a broker end with the process."""
    scene.follower.close()
    assert scene.stream.closed
