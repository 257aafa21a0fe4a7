"""The places for a mailbox's blobs, from its configuration: opened for a daemon, tried for `adapter check`."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from bus.errors import BadConfig, BlobsAway, of_system, quoted, said
from bus.files.private import read_private
from bus.files.texts import toml_of
from bus.ports.blobs import Blobs
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.streams.blobs import StreamBlobs
from bus.wiring.config import BlobsConfig, Config

_NAMES = ("access_key_id", "secret_access_key", "session_token")
_NEEDED = _NAMES[:2]


def open_blobs(config: Config, settings: LinkSettings, *, io: IoThread) -> Mapping[str, Blobs]:
    """By kind: all that this mailbox can fetch from, first the one where it puts its own. Nothing is connected before
    it is used; the caller closes them. Raises BadConfig."""
    places: list[Blobs] = [StreamBlobs(settings, io=io)]
    if config.blobs.bucket is not None:
        places.append(_s3(config, config.blobs.bucket))
    places.sort(key=lambda each: each.kind != config.blobs.kind)
    return {each.kind: each for each in places}


def blob_findings(config: Config, settings: LinkSettings, *, io: IoThread) -> Iterator[BadConfig | BlobsAway]:
    """Findings about the places for blobs."""
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
        why = said(
            "kho S3 cần thư viện obstore, chưa cài ({cause})",
            "an S3 store needs obstore, which is not installed ({cause})",
            cause=quoted(str(exc)),
        )
        do = said(
            "Cài: pip install 'lienthong[s3]', hoặc uv sync --extra s3.",
            "Install it: pip install 'lienthong[s3]', or uv sync --extra s3.",
        )
        raise BadConfig(file=f"{config.mailbox} [blobs]", why=why, do=do) from exc
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
    """Raises BadConfig; its text shows no secret."""
    if told.credentials_file is None:
        source = f"{mailbox} [blobs] credentials_file"
        found = {name: value for name in _NAMES if (value := os.environ.get(f"AWS_{name.upper()}"))}
    else:
        source = told.credentials_file
        entries = toml_of(read_private(Path(told.credentials_file)), file=source, is_secret=True)
        found = {name: value for name, value in entries.items() if name in _NAMES and isinstance(value, str) and value}
    if missing := [name for name in _NEEDED if name not in found]:
        raise BadConfig(file=source, why=said("thiếu {names}", "missing: {names}", names=", ".join(missing)))
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise BadConfig(file=path, why=of_system(exc)) from exc
