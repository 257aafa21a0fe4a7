"""Large attachments in an S3-compatible store: OpenStack Swift with its S3 API, the real software, all of its servers
in one process on this machine (swift_server.py)."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from bus.blobs.s3 import S3Blobs, S3Settings
from bus.errors import BadConfig, BlobsAway
from bus.wire.segments import LARGEST
from schemas.values import MailboxCode
from tests.contract.blobs import HOME, ONE, OTHER, TWO, BlobsContract, fetched, plain, segment, segments
from tests.integration.forwarder import Forwarder
from tests.integration.object_store import SECRET, USER, ObjectStore, object_store

_buckets = itertools.count()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("swift") / "root") as store:
        yield store


class S3Ground:
    """A bucket of its own, and a forwarder that everybody goes through."""

    def __init__(self, store: ObjectStore, forwarder: Forwarder, *, quota: int | None = None) -> None:
        self.store = store
        self.forwarder = forwarder
        self.bucket = f"blobs-{next(_buckets)}"
        store.make_bucket(self.bucket, quota=quota)
        self._open: list[S3Blobs] = []
        self.settings = S3Settings(
            mailbox=HOME,
            bucket=self.bucket,
            endpoint=f"http://{forwarder.host}:{forwarder.port}",
            plain=True,
            access_key_id=USER,
            secret_access_key=SECRET,
        )

    def blobs(self, mailbox: MailboxCode, **changes: object) -> S3Blobs:
        self._open.append(S3Blobs(replace(self.settings, mailbox=mailbox, **changes)))  # type: ignore[arg-type]
        return self._open[-1]

    def cut(self) -> None:
        self.forwarder.cut()

    def mend(self) -> None:
        self.forwarder.mend()

    def close(self) -> None:
        for each in self._open:
            each.close()


@pytest.fixture
def ground(store: ObjectStore) -> Iterator[S3Ground]:
    with ExitStack() as stack:
        ground = S3Ground(store, stack.enter_context(Forwarder("127.0.0.1", store.port)))
        stack.callback(ground.close)
        yield ground


class TestS3Blobs(BlobsContract):
    """`bus.blobs.s3.S3Blobs`."""

    @pytest.fixture
    def ground(self, ground: S3Ground) -> S3Ground:
        return ground


def test_names(ground: S3Ground) -> None:
    """`<mailbox>/<blob>/<number in eight digits>`: rights can be given by mailbox, and what lies there can be told."""
    blobs = ground.blobs(OTHER)
    blobs.put([segment(1), segment(12_345_678)])
    assert ground.store.names(ground.bucket) == [f"{OTHER}/{ONE}/00000001", f"{OTHER}/{ONE}/12345678"]


def test_removed_is_gone(ground: S3Ground) -> None:
    """All of a blob's segments, and nothing whose name only begins like it."""
    blobs = ground.blobs(HOME)
    blobs.put(segments(*range(1, 31), size=1))
    blobs.put([segment(1, blob=TWO)])
    ground.store.put(f"{ground.bucket}/{HOME}.1/{ONE}/00000001", b"another mailbox's")
    blobs.remove([ONE, ONE])
    assert ground.store.names(ground.bucket) == [f"{HOME}.1/{ONE}/00000001", f"{HOME}/{TWO}/00000001"]


def test_what_is_no_segment_is_passed_over(ground: S3Ground) -> None:
    """Names of a stranger's making harm nobody; of what is too large there is enough to see that it is."""
    for name, content in (
        ("1", b"x"), ("00000001", bytes(2 * LARGEST)), ("00000002", b""), ("0000000x", b"x"), ("000000003", b"x"),
        ("00000004/5", b"x"),
    ):  # fmt: skip
        ground.store.put(f"{ground.bucket}/{HOME}/{ONE}/{name}", content)
    found = fetched(ground.blobs(OTHER), HOME)
    assert [(each.number, len(each.data)) for each in found] == [(1, LARGEST + 1), (2, 0)]


def test_many_in_one_go(ground: S3Ground) -> None:
    """A blob of many segments comes in order, eight by eight."""
    sender = ground.blobs(HOME)
    for start in range(1, 81, 8):
        sender.put(segments(*range(start, start + 8)))
    assert plain(fetched(ground.blobs(OTHER), HOME, most=80)) == segments(*range(1, 81))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bucket": "no-such-bucket"}, "NoSuchBucket"),
        ({"secret_access_key": "another"}, "SignatureDoesNotMatch"),
        ({"access_key_id": "bus:nobody"}, "InvalidAccessKeyId|AccessDenied|SignatureDoesNotMatch"),
        ({"plain": False}, "http"),
    ],
)
def test_refused(ground: S3Ground, change: dict[str, object], words: str) -> None:
    """It says where and why, in the server's word, and shows no secret."""
    blobs = ground.blobs(HOME, **change)
    for attempt in (
        lambda: blobs.begin(),
        lambda: blobs.put([segment(1)]),
        lambda: blobs.get(OTHER, ONE, first=1, mark=None),
    ):
        with pytest.raises(BlobsAway, match=words) as caught:
            attempt()
        assert str(ground.settings.endpoint) in str(caught.value)
        assert SECRET not in str(caught.value)


def test_full(store: ObjectStore) -> None:
    """A bucket at its quota takes nothing more, and hands out what it has."""
    with Forwarder("127.0.0.1", store.port) as forwarder:
        ground = S3Ground(store, forwarder, quota=1500)
        blobs = ground.blobs(HOME)
        blobs.put([segment(1)])
        with pytest.raises(BlobsAway, match=r"413|EntityTooLarge"):
            blobs.put([segment(2, size=2000)])
        assert plain(fetched(blobs, HOME)) == [segment(1)]
        ground.close()


def test_what_makes_no_store_is_said_at_once() -> None:
    """A file of authorities that is none stops a daemon before it begins."""
    settings = S3Settings(
        mailbox=HOME, bucket="blobs", cafile=b"no PEM", access_key_id="a", secret_access_key="s3cret"
    )  # fmt: skip
    with pytest.raises(BadConfig) as caught:
        S3Blobs(settings)
    assert "s3cret" not in f"{caught.value} {settings}"
