"""Where a mailbox's large attachments wait, by its configuration: opened for a daemon, tried for `adapter check`."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from bus.config import BlobsConfig, Config
from bus.errors import BadConfig, BlobsAway
from bus.files.private import read_private
from bus.ports import Blobs
from bus.rabbit.blobs import StreamBlobs
from bus.rabbit.link import IoThread, LinkSettings

_NAMES = ("access_key_id", "secret_access_key", "session_token")
_NEEDED = _NAMES[:2]


def open_blobs(config: Config, settings: LinkSettings, *, io: IoThread) -> Mapping[str, Blobs]:
    """By kind: all that this mailbox can fetch from, first the one where it puts its own. Nothing is connected before
    it is used; whoever calls closes them. Raises BadConfig."""
    places: list[Blobs] = [StreamBlobs(settings, io=io)]
    if config.blobs.bucket is not None:
        places.append(_s3(config, config.blobs.bucket))
    places.sort(key=lambda each: each.kind != config.blobs.kind)
    return {each.kind: each for each in places}


def blob_findings(config: Config, settings: LinkSettings, *, io: IoThread) -> Iterator[BadConfig | BlobsAway]:
    """What stands in the way of large attachments."""
    try:
        opened = open_blobs(config, settings, io=io)
    except BadConfig as error:
        yield error
        return
    for each in opened.values():
        try:
            each.begin()
        except BlobsAway as error:
            yield error
        each.close()


def _s3(config: Config, bucket: str) -> Blobs:
    try:
        from bus.blobs.s3 import S3Blobs, S3Settings
    except ImportError as exc:
        why = "kho S3 cần thư viện obstore (an S3 store needs it): pip install 'lienthong[s3]', or uv sync --extra s3"
        raise BadConfig(file=f"{config.mailbox} [blobs]", why=f"{why} ({exc})") from exc
    told = config.blobs
    credentials = _credentials(told, mailbox=config.mailbox)
    return S3Blobs(
        S3Settings(
            mailbox=config.mailbox,
            bucket=bucket,
            endpoint=told.endpoint,
            region=told.region,
            plain=told.plain,
            cafile=_read(Path(told.cafile)) if told.cafile else None,
            access_key_id=credentials["access_key_id"],
            secret_access_key=credentials["secret_access_key"],
            session_token=credentials.get("session_token"),
        )
    )


def _credentials(told: BlobsConfig, *, mailbox: str) -> Mapping[str, str]:
    """Raises BadConfig, without a word of what is in them."""
    if told.credentials_file is None:
        source = f"{mailbox} [blobs] credentials_file"
        found = {name: value for name in _NAMES if (value := os.environ.get(f"AWS_{name.upper()}"))}
    else:
        source = told.credentials_file
        try:
            entries = tomllib.loads(read_private(Path(told.credentials_file)).decode())
        except (UnicodeDecodeError, tomllib.TOMLDecodeError):
            raise BadConfig(file=source, why="no TOML / không phải TOML") from None  # the cause may show a secret
        found = {name: value for name, value in entries.items() if name in _NAMES and isinstance(value, str) and value}
    if missing := [name for name in _NEEDED if name not in found]:
        raise BadConfig(file=source, why=f"thiếu / missing: {', '.join(missing)}")
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise BadConfig(file=path, why=exc.strerror) from exc
