"""The log of a daemon process: facts, as JSON lines."""

import contextlib
import logging
import sys

import structlog

from bus.daemon.log_stream import LogStream
from schemas.printable import json_text


def log_as_json() -> LogStream:
    """Facts as JSON lines on standard output. No line raises anything where it cannot be written: what was lost is
    counted by the stream that is returned."""
    stream = LogStream(sys.stdout)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=stream),  # type: ignore[arg-type] # it writes and flushes
        cache_logger_on_first_use=True,
    )
    return stream


def _dumps(value: dict[str, object], **_: object) -> str:
    """A fact whose text cannot be made (an error of a stranger's library) costs that fact, and not the thread."""
    with contextlib.suppress(Exception):
        return json_text(value)
    return json_text({name: each if _has_text(each) else f"({type(each).__name__})" for name, each in value.items()})


def _has_text(value: object) -> bool:
    try:
        json_text(value)
    except Exception:  # noqa: BLE001 — a stranger's `__str__` may do anything
        return False
    return True
