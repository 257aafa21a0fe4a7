"""RabbitMQ versions that the bus runs on, and what each can do. Pure."""

import re
from typing import TypeAlias

from bus.errors import BadConfig, said

Version: TypeAlias = tuple[int, int]

TARGET: Version = (4, 3)
OLDEST: Version = (3, 10)
"""At-least-once dead letters, and streams that an exchange can feed, begin here."""
FILTERING: Version = (3, 13)
"""From here on a reader of a stream can ask for some of its messages only."""
STRICT: Version = (4, 3)
"""From here on a quorum queue hands out the most urgent first, whatever waits."""


def has_lanes(version: Version) -> bool:
    """Whether a broker of the version does not put the urgent first by itself."""
    return version < STRICT


def filters(version: Version) -> bool:
    """Whether a broker of the version hands out those messages of a stream only that a reader asks for."""
    return version >= FILTERING


def parse_version(text: str) -> Version:
    """Of "4.3.6": (4, 3). Raises BadConfig for what is no version, or one too old for the bus."""
    found = re.match(r"(\d+)\.(\d+)", text)
    if found is None or (version := (int(found[1]), int(found[2]))) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise BadConfig(
            file="RabbitMQ",
            why=said(
                "bản {text!r}; trục cần {oldest} trở lên",
                "version {text!r}; the bus needs {oldest} or later",
                text=text,
                oldest=oldest,
            ),
        )
    return version
