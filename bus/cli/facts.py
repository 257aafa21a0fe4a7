"""The log of a daemon process: facts, as JSON lines."""

import json
import logging
import sys

import structlog


def log_as_json() -> None:
    """Facts as JSON lines on standard output."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )


def _dumps(value: object, **_: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
