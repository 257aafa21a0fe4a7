"""Blobs in an S3-compatible store: `bus.ports.blobs.Blobs` over one bucket for all mailboxes. Each segment is an
object, `<mailbox>/<blob>/<number in eight digits>`; its content is sealed.

The bus makes no bucket and gives no permission there: the bucket's owner does. A mark has no meaning here, since an
object is found by its name.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from bus.errors import BadConfig, BlobsAway, Words
from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.ports.records import Segment
from bus.wire.segments import LARGEST
from schemas.values import BlobId, MailboxCode

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

KIND: Final = "s3"
MARK: Final = "0"
REQUEST, CONNECT, READ = timedelta(minutes=5), timedelta(seconds=10), timedelta(seconds=30)
"""The longest time for one segment, for a connection, and without a byte."""
RETRIES, RETRY = 3, timedelta(seconds=30)
SAID: Final = 300
"""Letters of an error that are shown: some are very long."""

_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_QUERY: Final = re.compile(r"\?\S+")
_NUMBER: Final = re.compile(r"[0-9]{8}")
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    mailbox: MailboxCode
    bucket: str
    endpoint: str | None = None
    """http[s]://host[:port]; None: Amazon's own of the region."""
    region: str = "us-east-1"
    plain: bool = False
    """Whether the endpoint may be http://."""
    cafile: bytes | None = None
    """PEM of the authorities that vouch for the endpoint; None: those that the system trusts."""
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    def store(self) -> S3Store:
        """Connects to nothing. Raises BadConfig."""
        how: S3Config = {
            "region": self.region,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
        }
        client: ClientConfig = {
            "allow_http": self.plain,
            "timeout": REQUEST,
            "connect_timeout": CONNECT,
            "read_timeout": READ,
        }
        if self.endpoint is not None:
            how["endpoint"] = self.endpoint
        if self.session_token is not None:
            how["session_token"] = self.session_token
        if self.cafile is not None:
            client["root_certificate"] = self.cafile
        retry: RetryConfig = {"max_retries": RETRIES, "retry_timeout": RETRY}
        try:
            return S3Store(self.bucket, config=how, client_options=client, retry_config=retry)
        except (BaseError, ValueError) as exc:
            raise BadConfig(file=f"[blobs] {self.endpoint or self.bucket}", why=_words(exc)) from exc


class S3Blobs:
    kind = KIND

    def __init__(self, settings: S3Settings) -> None:
        self._own = settings.mailbox
        self._place = f"{settings.endpoint or 'S3'} {settings.bucket}"
        self._store = settings.store()
        self._threads = ThreadPoolExecutor(SEGMENTS_AT_ONCE, thread_name_prefix="lienthong-s3")
        self._closed = False

    def begin(self) -> str:
        """Checks that the bucket can be used."""
        with self._asked():
            self._listed(self._own, "0" * 32, 1, limit=1)
        return MARK

    def put(self, segments: Sequence[Segment]) -> None:
        if not segments:
            return

        def put(segment: Segment) -> None:
            obstore.put(self._store, _name(self._own, segment.blob, segment.number), segment.data, use_multipart=False)

        with self._asked():
            self._at_once(put, segments)

    def get(
        self, sender: MailboxCode, blob: BlobId, *, first: int, mark: str | None, limit: int = SEGMENTS_AT_ONCE
    ) -> Sequence[Segment]:
        def get(found: tuple[int, int]) -> Segment | None:
            number, size = found
            name = _name(sender, blob, number)
            try:  # of what is larger no more than shows that it is
                data = obstore.get_range(self._store, name, start=0, end=min(size, LARGEST + 1)) if size else b""
            except NotFoundError:
                return None  # it was removed since
            return Segment(blob=blob, number=number, data=bytes(data), mark=MARK)

        with self._asked():
            found = self._at_once(get, self._listed(sender, blob, first, limit=limit))
        return [segment for segment in found if segment is not None]

    def remove(self, blobs: Sequence[BlobId]) -> None:
        if not blobs:
            return
        with self._asked():
            for blob in blobs:
                for listed in obstore.list(self._store, f"{self._own}/{blob}", chunk_size=1000):
                    obstore.delete(self._store, [each["path"] for each in listed])

    def close(self) -> None:
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _listed(self, sender: MailboxCode, blob: BlobId, first: int, *, limit: int) -> list[tuple[int, int]]:
        """Numbers and sizes of segments, from a number on; other objects are skipped."""
        before = _name(sender, blob, first - 1)
        pages = obstore.list(self._store, f"{sender}/{blob}", offset=before, chunk_size=limit)
        numbered = ((each["path"].rpartition("/")[2], each["size"]) for page in pages for each in page)
        found = ((int(name), size) for name, size in numbered if _NUMBER.fullmatch(name))
        return list(islice(((number, size) for number, size in found if number >= first), limit))

    def _at_once(self, do: Callable[[_Given], _Made], each: Sequence[_Given]) -> list[_Made]:
        return list(self._threads.map(do, each))

    @contextmanager
    def _asked(self) -> Iterator[None]:
        if self._closed:
            raise BlobsAway(kind=KIND, why=Words("đã đóng", "closed"))
        try:
            yield
        except (BaseError, OSError, RuntimeError) as exc:  # the last: closed meanwhile
            raise BlobsAway(kind=KIND, why=f"{self._place}: {_words(exc)}") from exc


def _name(mailbox: MailboxCode, blob: BlobId, number: int) -> str:
    return f"{mailbox}/{blob}/{number:08}"


def _words(error: Exception) -> str:
    """The error on one line, without the details of the request; with the server's error code where it has one."""
    said = " ".join(str(error).partition("Debug source:")[0].split())
    code = _CODE.search(said)
    said = _QUERY.sub("", said.partition("<?xml")[0])
    return said[:SAID] + (code[1] if code else "")
